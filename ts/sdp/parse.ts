import { SDPParseError } from "./errors.ts";
import { parseAttribute, parseBandwidth, parseConnection, parseMediaLine, parseOrigin, UNKNOWN_ORIGIN } from "./lines.ts";
import { byGrammar } from "./order.ts";
import type { Attribute, Bandwidth, Connection, Line, MediaDescription, Origin, SessionDescription } from "./types.ts";

/** What a stranger may make us read. */
export interface SDPLimits {
  /** Characters; default 65,536: the most that a UDP datagram can bring. */
  readonly maxLength: number;
  /** Lines; default 2,000. A WebRTC offer with video has some 200. */
  readonly maxLines: number;
  /** Media sections; default 64. */
  readonly maxMedia: number;
}

const LIMITS: SDPLimits = { maxLength: 65_536, maxLines: 2000, maxMedia: 64 };

/**
 * Reads a session description. Lenient where a peer's slip does no harm: lines may end in CRLF, LF or CR, stand in any order
 * within their section, be unknown or repeated; o=, s= and t= may be missing.
 *
 * @throws SDPParseError, and nothing else: no `v=0` in the beginning, a broken c= or m= line, a limit exceeded
 * @example parseSDP("v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n")
 */
export function parseSDP(text: string, limits: Partial<SDPLimits> = {}): SessionDescription {
  const { maxLength, maxLines, maxMedia } = { ...LIMITS, ...limits };
  if (text.length > maxLength) throw new SDPParseError(0, `${text.length} characters, at most ${maxLength} are read`);

  const session = new SessionSection();
  const media: MediaSection[] = [];
  let section: Section = session;
  let seen = 0;
  for (const [index, raw] of splitLines(text, maxLines).entries()) {
    const number = index + 1;
    // Peers pad with blanks, and some count a C string's NUL into the body.
    const content = raw.replaceAll("\0", "").trim();
    if (content === "") continue;
    const line = splitLine(content);
    if (seen++ === 0) checkVersion(line, number);
    else if (line.type === "m") {
      if (media.length === maxMedia) throw new SDPParseError(number, `more than ${maxMedia} media sections`);
      const next = new MediaSection(line.value, number);
      media.push(next);
      section = next;
    } else section.take(line, number);
  }
  if (seen === 0) throw new SDPParseError(0, "it is empty");
  return session.build(media.map((each) => each.build()));
}

function splitLines(text: string, maxLines: number): string[] {
  const lines = text.split(/\r\n|\n|\r/, maxLines + 2);
  // One more than allowed is the empty string behind the last line's end.
  if (lines.length > maxLines + 1) throw new SDPParseError(0, `more than ${maxLines} lines`);
  return lines;
}

function splitLine(content: string): Line {
  return /^[A-Za-z]=/.test(content) ? { type: content[0]!, value: content.slice(2).trim() } : { type: "", value: content };
}

function checkVersion(line: Line, number: number): void {
  if (line.type !== "v") throw new SDPParseError(number, "a description begins with v=0 (RFC 8866 §5.1)");
  if (line.value !== "0") throw new SDPParseError(number, `version ${JSON.stringify(line.value.slice(0, 20))}, only 0 is known`);
}

/** The lines that the session and its media sections have in common. */
abstract class Section {
  protected connection: Connection | undefined;
  protected readonly bandwidths: Bandwidth[] = [];
  protected readonly attributes: Attribute[] = [];
  protected readonly others: Line[] = [];

  take(line: Line, number: number): void {
    if (line.type === "a") this.attributes.push(parseAttribute(line.value));
    else if (line.type === "c" && this.connection === undefined) this.connection = parseConnection(line.value, number);
    else {
      const bandwidth = line.type === "b" ? parseBandwidth(line.value) : undefined;
      if (bandwidth === undefined) this.others.push(line);
      else this.bandwidths.push(bandwidth);
    }
  }

  protected common(): Pick<MediaDescription, "connection" | "bandwidths" | "attributes" | "others"> {
    return {
      ...(this.connection === undefined ? {} : { connection: this.connection }),
      bandwidths: this.bandwidths,
      attributes: this.attributes,
      others: byGrammar(this.others),
    };
  }
}

class SessionSection extends Section {
  private origin: Origin | undefined;
  private sessionName: string | undefined;
  private readonly times: Line[] = [];

  override take(line: Line, number: number): void {
    if (line.type === "o" && this.origin === undefined) this.origin = parseOrigin(line.value);
    else if (line.type === "s" && this.sessionName === undefined) this.sessionName = line.value;
    else if (line.type === "t" || line.type === "r") this.times.push(line);
    else super.take(line, number);
  }

  build(media: MediaDescription[]): SessionDescription {
    if (!this.times.some((line) => line.type === "t")) this.times.push({ type: "t", value: "0 0" });
    return {
      origin: this.origin ?? UNKNOWN_ORIGIN,
      sessionName: this.sessionName === undefined || this.sessionName === "" ? "-" : this.sessionName,
      ...this.common(),
      times: this.times,
      media,
    };
  }
}

class MediaSection extends Section {
  private readonly line: ReturnType<typeof parseMediaLine>;

  constructor(value: string, number: number) {
    super();
    this.line = parseMediaLine(value, number);
  }

  build(): MediaDescription {
    return { ...this.line, ...this.common() };
  }
}
