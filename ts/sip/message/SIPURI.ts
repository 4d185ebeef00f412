import { SIPHeaderError, SIPParseError } from "../errors.ts";
import { COLON, EQUALS, PASSWORD, QUESTION, SEMICOLON, skipEscaped, URI_HEADER, URI_PARAMETER, USER } from "./characters.ts";
import { escapeURI, normaliseEscapes, unescapeURI } from "./escape.ts";
import { checkedHost, checkedPort, equalHosts, readHostPort, writeHostPort } from "./host.ts";
import { MAX_PARAMS, Params, type ParamsInit, shown } from "./Params.ts";
import type { PlainURI } from "./plain.ts";
import { OtherURI, TelURI } from "./TelURI.ts";

/** Any URI that a request line or an address header may carry. */
export type URI = SIPURI | TelURI | OtherURI;

/** The parts of a SIP URI, unescaped. */
export interface SIPURIParts {
  readonly scheme?: "sip" | "sips";
  readonly user?: string | undefined;
  readonly password?: string | undefined;
  /** A name, an IPv4 or an IPv6 address (brackets may be left out). */
  readonly host: string;
  readonly port?: number | undefined;
  readonly params?: ParamsInit | undefined;
  /** Headers of the request to be made, as in `?Replaces=…`. */
  readonly headers?: Iterable<readonly [string, string]> | undefined;
}

/**
 * A `sip:` or `sips:` URI (RFC 3261 §19.1). Immutable but for its parameters; {@link SIPURI.with} makes variants.
 *
 * ```ts
 * const uri = SIPURI.parse("sip:al%69ce@[2001:db8::1]:5070;transport=tcp");
 * uri.user;                              // "alice"
 * uri.host;                              // "2001:db8::1"
 * String(uri.with({ port: undefined })); // "sip:alice@[2001:db8::1];transport=tcp"
 * ```
 */
export class SIPURI {
  readonly scheme: "sip" | "sips";
  /** Unescaped; undefined when the URI names a host alone. */
  readonly user: string | undefined;
  readonly password: string | undefined;
  /** Without brackets. */
  readonly host: string;
  readonly port: number | undefined;
  /** As received: what is not touched is written as it came. */
  #text: string | undefined;
  /** User and password as received: their escapes matter in comparison (`%2B` is not `+`). */
  #userinfo: string | undefined;
  #paramsText = "";
  #headersText = "";
  #params: Params | undefined;
  #headers: Map<string, string> | undefined;

  /** @throws SIPHeaderError when a part cannot stand in a URI */
  constructor(parts: SIPURIParts);
  /** @internal */
  constructor(parts: SIPURIParts, received: string, userinfo: string | undefined);
  constructor(parts: SIPURIParts, received?: string, userinfo?: string) {
    if (received !== undefined) {
      this.scheme = parts.scheme ?? "sip";
      this.user = parts.user;
      this.password = parts.password;
      this.host = parts.host;
      this.port = parts.port;
      this.#text = received;
      this.#userinfo = userinfo;
      return;
    }
    this.scheme = parts.scheme ?? "sip";
    this.user = parts.user === undefined || parts.user === "" ? undefined : checkedText("user", parts.user);
    this.password = parts.password === undefined ? undefined : checkedText("password", parts.password);
    this.host = checkedHost(parts.host);
    this.port = checkedPort(parts.port);
    if (parts.params !== undefined) this.#params = new Params(parts.params, "uri");
    if (parts.headers !== undefined) this.#headers = new Map(parts.headers);
  }

  /** @throws SIPParseError (400) */
  static parse(text: string): SIPURI {
    const uri = parseURI(text);
    if (!(uri instanceof SIPURI)) throw new SIPParseError(`expected a sip: or sips: URI, not ${shown(text)}`, 416);
    return uri;
  }

  /** What the parser has recognised. @param text of the message @internal */
  static received(text: string, { start, userStart, hostStart, hostEnd, port, paramsStart, end }: PlainURI): SIPURI {
    const user = hostStart === userStart ? undefined : text.slice(userStart, hostStart - 1);
    const scheme = userStart - start === 4 ? "sip" : "sips";
    const parts = { scheme, user, password: undefined, host: text.slice(hostStart, hostEnd), port: port < 0 ? undefined : port } as const;
    const uri = new SIPURI(parts, text.slice(start, end), user);
    uri.#paramsText = text.slice(paramsStart, end);
    return uri;
  }

  /** @internal */
  static read(text: string, scheme: "sip" | "sips", start: number): SIPURI {
    const end = text.length;
    let userinfo: string | undefined;
    let hostStart = start;
    const at = text.indexOf("@", start);
    if (at >= 0) {
      userinfo = text.slice(start, at);
      hostStart = at + 1;
    }
    const { host, port, end: hostEnd } = readHostPort(text, hostStart, end);
    if (hostEnd < 0) throw new SIPParseError(`no valid host in URI ${shown(text)}`, 400, { offset: hostStart });
    let user: string | undefined;
    let password: string | undefined;
    if (userinfo !== undefined) {
      const length = userinfo.length;
      const userEnd = skipEscaped(userinfo, 0, length, USER);
      if (userEnd === 0) throw new SIPParseError(`an empty or malformed user in URI ${shown(text)}`, 400, { offset: start });
      user = unescapeURI(userinfo.slice(0, userEnd));
      if (userEnd < length) {
        const wrong = userinfo.charCodeAt(userEnd) === COLON ? skipEscaped(userinfo, userEnd + 1, length, PASSWORD) : userEnd;
        if (wrong < length)
          throw new SIPParseError(`a character that must be escaped in URI ${shown(text)}`, 400, { offset: start + wrong });
        password = unescapeURI(userinfo.slice(userEnd + 1));
      }
    }
    const uri = new SIPURI({ scheme, user, password, host, port }, text, userinfo);
    if (hostEnd < end) uri.#readTail(text, hostEnd);
    return uri;
  }

  /** Parameters and headers are checked here and taken apart when somebody asks. */
  #readTail(text: string, start: number): void {
    const end = text.length;
    let i = start;
    for (let count = 0; i < end && text.charCodeAt(i) === SEMICOLON; count++) {
      if (count === MAX_PARAMS) throw new SIPParseError(`more than ${MAX_PARAMS} parameters in URI ${shown(text)}`, 400, { offset: i });
      const nameEnd = skipEscaped(text, i + 1, end, URI_PARAMETER);
      if (nameEnd === i + 1) throw new SIPParseError(`a parameter without a name in URI ${shown(text)}`, 400, { offset: i });
      i = text.charCodeAt(nameEnd) === EQUALS ? skipEscaped(text, nameEnd + 1, end, URI_PARAMETER) : nameEnd;
    }
    this.#paramsText = text.slice(start, i);
    if (i < end && text.charCodeAt(i) === QUESTION) {
      this.#headersText = text.slice(i + 1);
      for (const field of this.#headersText.split("&")) {
        const nameEnd = skipEscaped(field, 0, field.length, URI_HEADER);
        const good = nameEnd > 0 && field.charCodeAt(nameEnd) === EQUALS;
        if (!good || skipEscaped(field, nameEnd + 1, field.length, URI_HEADER) !== field.length)
          throw new SIPParseError(`a malformed header in URI ${shown(text)}`, 400, { offset: i });
      }
    } else if (i < end) throw new SIPParseError(`unexpected characters after the host of URI ${shown(text)}`, 400, { offset: i });
  }

  get params(): Params {
    return (this.#params ??= Params.parse(this.#paramsText, "uri"));
  }

  get hasHeaders(): boolean {
    return this.#headers === undefined ? this.#headersText !== "" : this.#headers.size > 0;
  }

  /** The headers after `?`, unescaped, in their order. */
  get headers(): ReadonlyMap<string, string> {
    if (this.#headers === undefined) {
      this.#headers = new Map();
      for (const field of this.#headersText === "" ? [] : this.#headersText.split("&")) {
        const equals = field.indexOf("=");
        this.#headers.set(unescapeURI(field.slice(0, equals)), unescapeURI(field.slice(equals + 1)));
      }
    }
    return this.#headers;
  }

  /** The same URI with some parts replaced. @throws SIPHeaderError */
  with(parts: Partial<SIPURIParts>): SIPURI {
    const { scheme, user, password, host, port } = this;
    return new SIPURI({ scheme, user, password, host, port, params: this.params, headers: this.headers, ...parts });
  }

  /**
   * What may stand in a request line: no headers, no `method` parameter (RFC 3261 §19.1.1, table 1). Itself when
   * nothing is to be left out.
   */
  forRequest(): SIPURI {
    if (!this.hasHeaders && !this.params.has("method")) return this;
    const params = this.params.clone();
    params.delete("method");
    return this.with({ params, headers: undefined });
  }

  clone(): SIPURI {
    return this.with({});
  }

  toString(): string {
    if (this.#text !== undefined && this.#params?.changed !== true) return this.#text;
    return `${this.scheme}:${this.#writeUserinfo()}${writeHostPort(this.host, this.port)}${this.#writeParams()}${this.#writeHeaders()}`;
  }

  /**
   * RFC 3261 §19.1.4: user and password with regard to case, the rest without; a port that is written never equals one
   * that is not; `transport`, `user`, `ttl`, `method` and `maddr` must be in both or in neither, other parameters
   * count only when both have them; headers must all be in both.
   */
  equals(other: URI): boolean {
    if (!(other instanceof SIPURI)) return false;
    if (this === other) return true;
    if (this.scheme !== other.scheme || this.port !== other.port) return false;
    if (normaliseEscapes(this.#writeUserinfo()) !== normaliseEscapes(other.#writeUserinfo())) return false;
    return equalHosts(this.host, other.host) && equalParams(this.params, other.params) && equalHeaders(this.headers, other.headers);
  }

  #writeUserinfo(): string {
    if (this.user === undefined) return "";
    if (this.#userinfo !== undefined) return `${this.#userinfo}@`;
    const password = this.password === undefined ? "" : `:${escapeURI(this.password, PASSWORD)}`;
    return `${escapeURI(this.user, USER)}${password}@`;
  }

  #writeParams(): string {
    return this.#params?.toString() ?? this.#paramsText;
  }

  #writeHeaders(): string {
    const fields = [...this.headers].map(([name, value]) => `${escapeURI(name, URI_HEADER)}=${escapeURI(value, URI_HEADER)}`);
    return fields.length === 0 ? "" : `?${fields.join("&")}`;
  }
}

const MUST_MATCH = ["transport", "user", "ttl", "method", "maddr"];

function equalParams(a: Params, b: Params): boolean {
  if (a.size === 0 && b.size === 0) return true;
  if (MUST_MATCH.some((name) => a.has(name) !== b.has(name))) return false;
  for (const [name, value] of a) {
    const other = b.get(name);
    if (other !== undefined && String(other).toLowerCase() !== String(value).toLowerCase()) return false;
  }
  return true;
}

function equalHeaders(a: ReadonlyMap<string, string>, b: ReadonlyMap<string, string>): boolean {
  if (a.size !== b.size) return false;
  const others = new Map([...b].map(([name, value]) => [name.toLowerCase(), value]));
  return [...a].every(([name, value]) => others.get(name.toLowerCase()) === value);
}

/** Whatever stands here is escaped when written; a line break is refused all the same, since nobody means it. */
function checkedText(what: string, text: string): string {
  if (text.includes("\r") || text.includes("\n")) throw new SIPHeaderError(what, "must not contain line breaks");
  return text;
}

/**
 * Parses any URI: `sip:` and `sips:` whole, `tel:` by RFC 3966, others as scheme and text.
 * @throws SIPParseError (400) when it is no URI at all, or not a valid one of its scheme
 */
export function parseURI(text: string): URI {
  const colon = text.indexOf(":");
  if (colon < 1) throw new SIPParseError(`expected a URI, not ${shown(text)}`);
  const scheme = text.slice(0, colon);
  if (scheme === "sip" || scheme === "sips") return SIPURI.read(text, scheme, colon + 1);
  const lower = scheme.toLowerCase();
  if (lower === "sip" || lower === "sips") return SIPURI.read(text, lower, colon + 1);
  if (lower === "tel") return TelURI.read(text, colon + 1);
  return OtherURI.parse(text);
}
