import type { Challenge } from "../auth/challenge.ts";
import type { DigestCredentials } from "../auth/challenge.ts";
import { SIPParseError } from "../errors.ts";
import { parseDigits } from "./characters.ts";
import { CSeq } from "./CSeq.ts";
import type { Head } from "./Head.ts";
import { CALL_ID, CONTACT, CONTENT_TYPE, CSEQ, FROM, type HeaderKind, MAX_FORWARDS, RECORD_ROUTE, ROUTE, TO, VIA } from "./headerNames.ts";
import type { Headers } from "./Headers.ts";
import { splitList } from "./list.ts";
import { NameAddr } from "./NameAddr.ts";
import type { Params } from "./Params.ts";
import type { PlainAddress } from "./plain.ts";
import { redact } from "./redact.ts";
import type { SIPMessageType } from "./SIPMethod.ts";
import type { SIPStatus } from "./SIPStatus.ts";
import { Via } from "./Via.ts";
import { toBytes } from "./write.ts";

export const SIP_VERSION = "SIP/2.0";

/** Headers as a caller gives them, in the order they are written. */
export type HeadersInit = Iterable<readonly [string, string | number]>;

/**
 * What requests and responses share: headers, body, and the typed view of the headers every stack needs.
 *
 * A message that {@link parseMessage} returned has been checked: none of its accessors throws. On a message built by
 * hand they throw a SIPParseError for a header that is missing or malformed.
 *
 * Typed values are parsed once and kept until their header changes. They are immutable, except for `params`: setting a
 * parameter (or `tag`) of a value that belongs to a message writes that header anew.
 *
 * ```ts
 * request.via.params.set("received", "192.0.2.1"); // the top Via line now says so
 * ```
 */
export abstract class SIPMessage {
  abstract readonly type: SIPMessageType;
  /** The start line, without its line end. */
  abstract readonly heading: string;
  /** Null in a response. */
  abstract readonly method: string | null;
  /** 0 in a request. */
  abstract readonly status: SIPStatus | 0;
  /** What the message proves or asks for: the first usable credentials of a request, challenge of a response. */
  abstract readonly authentication: Challenge | DigestCredentials | undefined;
  readonly version: string = SIP_VERSION;
  readonly headers: Headers;

  /** Undefined for a received body that nobody has asked for. */
  #body: Uint8Array | undefined;
  /** What was received; undefined for a message made or changed here. */
  #head: Head | undefined;
  /** The topmost, as long as nobody has asked for the others. */
  #via: Via | undefined;
  #vias: Via[] | undefined;
  #from: NameAddr | undefined;
  #to: NameAddr | undefined;
  #cseq: CSeq | undefined;
  #contacts: NameAddr[] | undefined;
  #routes: NameAddr[] | undefined;
  #recordRoutes: NameAddr[] | undefined;
  /** Whether the parser has accepted every header, and none has changed since: their values need not be checked again. */
  #isChecked = false;
  /** The header that is being written from its kept values. */
  #writing: string | undefined;

  /** @param body of a message made here @param head of a message received */
  protected constructor(headers: Headers, body: Uint8Array | undefined, head: Head | undefined) {
    this.headers = headers;
    this.#body = body;
    this.#head = head;
    this.#cseq = head?.cseq;
    headers.belongTo(this);
  }

  /** The bytes of the body; empty when there is none. Assigning leaves Content-Type to the caller. */
  get body(): Uint8Array {
    return (this.#body ??= this.#head?.body ?? EMPTY);
  }

  set body(body: Uint8Array | string) {
    this.touch();
    this.#body = bodyBytes(body);
  }

  /** The body as UTF-8. */
  get bodyText(): string {
    const { buffer, byteOffset, byteLength } = this.body;
    return Buffer.from(buffer, byteOffset, byteLength).toString("utf8");
  }

  /** As received; what would be sent, for a message that was made or changed here. */
  get raw(): Uint8Array {
    return this.toBytes();
  }

  /** What goes on the wire. A message received and not changed is written byte for byte as it came. */
  toBytes(): Uint8Array {
    return this.#head?.bytes ?? toBytes(this.heading, this.headers, this.body);
  }

  /** The topmost Via. */
  get via(): Via {
    return this.#vias?.[0] ?? (this.#via ??= this.#topVia());
  }

  /** Replaces the topmost Via. */
  set via(via: Via) {
    this.headers.setAll("Via", [via, ...this.vias.slice(1)].map(String));
  }

  get vias(): readonly Via[] {
    if (this.#vias === undefined) {
      const vias = this.#list(VIA, parseVia);
      // Who has been given the topmost goes on changing this message by it.
      if (this.#via !== undefined) vias[0] = this.#via;
      this.#vias = vias;
    }
    return this.#vias;
  }

  get from(): NameAddr {
    return (this.#from ??= this.#address(FROM, this.#checkedHead?.from));
  }

  set from(address: NameAddr) {
    this.headers.set("From", address.toString());
  }

  get to(): NameAddr {
    return (this.#to ??= this.#address(TO, this.#checkedHead?.to));
  }

  set to(address: NameAddr) {
    this.headers.set("To", address.toString());
  }

  get callId(): string {
    return this.#checkedHead?.callId ?? this.headers.lineOf(CALL_ID) ?? missing("Call-ID");
  }

  get cseq(): CSeq {
    return (this.#cseq ??= CSeq.parse(this.headers.lineOf(CSEQ) ?? missing("CSeq")));
  }

  set cseq(cseq: CSeq) {
    this.headers.set("CSeq", cseq.toString());
  }

  /** Every Contact; empty for none and for `Contact: *`. */
  get contacts(): readonly NameAddr[] {
    if (this.contactIsWildcard) return [];
    return (this.#contacts ??= this.#list(CONTACT, parseNameAddr));
  }

  get contact(): NameAddr | undefined {
    return this.contacts[0];
  }

  /** `Contact: *` of a REGISTER that removes every binding (RFC 3261 §10.2.2). */
  get contactIsWildcard(): boolean {
    return this.headers.lineOf(CONTACT) === "*";
  }

  get routes(): readonly NameAddr[] {
    return (this.#routes ??= this.#list(ROUTE, parseNameAddr));
  }

  get recordRoutes(): readonly NameAddr[] {
    return (this.#recordRoutes ??= this.#list(RECORD_ROUTE, parseNameAddr));
  }

  /** Type and subtype in lower case, without parameters: "application/sdp". */
  get contentType(): string | undefined {
    const value = this.headers.lineOf(CONTENT_TYPE);
    if (value === undefined) return undefined;
    const semicolon = value.indexOf(";");
    return (semicolon < 0 ? value : value.slice(0, semicolon)).trim().toLowerCase();
  }

  /** Seconds; undefined when absent or beyond 2^32 - 1, which counts as absent (RFC 4475 §3.1.2.4). */
  get expires(): number | undefined {
    return parseDigits(this.headers.line("expires") ?? "", 0xffff_ffff);
  }

  /** Undefined when absent or beyond 255, which counts as absent (RFC 4475 §3.1.2.4). */
  get maxForwards(): number | undefined {
    return parseDigits(this.headers.lineOf(MAX_FORWARDS) ?? "", 255);
  }

  /** Undefined when absent or not an RFC 1123 date in GMT, the only form SIP has (RFC 3261 §20.17). */
  get date(): Date | undefined {
    const text = this.headers.line("date");
    if (text === undefined) return undefined;
    const date = new Date(text);
    return Number.isNaN(date.getTime()) || date.toUTCString() !== text ? undefined : date;
  }

  /** The message as a person reads it, credentials left out. */
  summary(): string {
    let out = `${this.heading}\r\n`;
    for (const [name, value] of this.headers) out += `${name}: ${value}\r\n`;
    const type = this.contentType ?? "";
    const textual = type.startsWith("text/") || type === "application/sdp" || type.startsWith("message/") || type.endsWith("xml");
    if (this.body.length > 0)
      out += `\r\n${textual || isPrintable(this.bodyText) ? this.bodyText : `<${this.body.length} bytes of ${type}>`}`;
    return redact(out).replaceAll("\r\n", "\n");
  }

  toString(): string {
    return Buffer.from(this.toBytes()).toString("utf8");
  }

  /** Forgets the received bytes: they say something else now. */
  protected touch(): void {
    if (this.#head === undefined) return;
    // The body lies in them.
    void this.body;
    this.#head = undefined;
  }

  /** Tells that the parser has checked all that this class reads. @internal */
  checked(): void {
    this.#isChecked = true;
  }

  /** Parses what the parser could not check by looking at it. @throws SIPParseError @internal */
  checkValues(kind: HeaderKind): void {
    if (kind === CONTACT && this.contactIsWildcard) return;
    for (const line of this.headers.linesOf(kind))
      for (const text of kind.list ? splitList(line) : [line]) {
        if (kind === VIA) Via.parse(text);
        else NameAddr.parse(text);
      }
  }

  /** What was received, if it still says what the headers say, and where the parser has found things in it. */
  get #checkedHead(): Head | undefined {
    return this.#isChecked ? this.#head : undefined;
  }

  #topVia(): Via {
    const head = this.#checkedHead;
    const via = head?.via === undefined ? this.#parsedTopVia() : Via.received(head.text, head.via);
    via.belongTo(this);
    return via;
  }

  #parsedTopVia(): Via {
    const line = this.headers.lineOf(VIA) ?? missing("Via");
    return Via.parse(splitList(line)[0] ?? line, this.#isChecked);
  }

  /** @param plain where the parser has found it in the head */
  #address(kind: HeaderKind, plain: PlainAddress | undefined): NameAddr {
    const address =
      plain === undefined || this.#head === undefined
        ? NameAddr.parse(this.headers.lineOf(kind) ?? missing(kind.name), this.#isChecked)
        : NameAddr.received(this.#head, plain);
    address.belongTo(this, kind.key);
    return address;
  }

  #list<T extends { readonly params: Params }>(kind: HeaderKind, parse: (text: string, isChecked: boolean) => T): T[] {
    const values: T[] = [];
    for (const line of this.headers.linesOf(kind))
      for (const text of splitList(line)) {
        const value = parse(text, this.#isChecked);
        value.params.belongTo(this, kind.key);
        values.push(value);
      }
    return values;
  }

  /**
   * Writes a header from the very values that are kept of it: they stay, and whoever holds them stays connected.
   * A value that its message has dropped changes nothing any more. @internal
   */
  paramsChanged(key: string, params: Params): void {
    const kept = this.#kept(key);
    if (!kept.some((value) => value.params === params)) return;
    this.#writing = key;
    this.headers.setAll(key, kept.map(String));
    this.#writing = undefined;
  }

  /** @internal */
  headerChanged(key: string): void {
    this.touch();
    if (key === this.#writing) return;
    this.#isChecked = false;
    if (key === VIA.key) {
      this.#via = undefined;
      this.#vias = undefined;
    }
    else if (key === FROM.key) this.#from = undefined;
    else if (key === TO.key) this.#to = undefined;
    else if (key === CSEQ.key) this.#cseq = undefined;
    else if (key === CONTACT.key) this.#contacts = undefined;
    else if (key === ROUTE.key) this.#routes = undefined;
    else if (key === RECORD_ROUTE.key) this.#recordRoutes = undefined;
  }

  #kept(key: string): readonly { readonly params: Params }[] {
    if (key === VIA.key) return this.#via === undefined && this.#vias === undefined ? [] : this.vias;
    if (key === CONTACT.key) return this.#contacts ?? [];
    if (key === ROUTE.key) return this.#routes ?? [];
    if (key === RECORD_ROUTE.key) return this.#recordRoutes ?? [];
    const address = key === FROM.key ? this.#from : this.#to;
    return address === undefined ? [] : [address];
  }
}

const parseVia = (text: string, isChecked: boolean): Via => Via.parse(text, isChecked);
const parseNameAddr = (text: string, isChecked: boolean): NameAddr => NameAddr.parse(text, isChecked);

/** A body as bytes; text becomes UTF-8. */
export function bodyBytes(body: Uint8Array | string | undefined): Uint8Array {
  if (body === undefined) return EMPTY;
  return typeof body === "string" ? Buffer.from(body, "utf8") : body;
}

const EMPTY = new Uint8Array(0);

function missing(name: string): never {
  throw new SIPParseError(`the message has no ${name}`);
}

function isPrintable(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if ((code < 32 && code !== 9 && code !== 10 && code !== 13) || code === 127 || code === 0xfffd) return false;
  }
  return true;
}
