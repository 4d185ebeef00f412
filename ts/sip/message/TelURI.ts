import { SIPHeaderError, SIPParseError } from "../errors.ts";
import { skipEscaped, URI_PARAMETER } from "./characters.ts";
import { MAX_PARAMS, Params, type ParamsInit, shown } from "./Params.ts";

/** A telephone number as a URI (RFC 3966): `tel:+1-201-555-0123`, `tel:7042;phone-context=example.com`. */
export class TelURI {
  readonly scheme = "tel";
  /** As written, visual separators (`-.()`) included. */
  readonly number: string;
  readonly params: Params;

  /** @throws SIPHeaderError when the number holds anything but digits, `+`, `*`, `#`, A–F and visual separators */
  constructor(parts: { readonly number: string; readonly params?: ParamsInit }) {
    if (!isNumber(parts.number))
      throw new SIPHeaderError("telephone number", `must be made of digits, not ${JSON.stringify(parts.number)}`);
    this.number = parts.number;
    this.params = new Params(parts.params, "uri");
  }

  /** @throws SIPParseError (400) */
  static parse(text: string): TelURI {
    if (text.slice(0, 4).toLowerCase() !== "tel:") throw new SIPParseError(`expected a tel: URI, not ${shown(text)}`);
    return TelURI.read(text, 4);
  }

  /** @internal */
  static read(text: string, start: number): TelURI {
    const semicolon = text.indexOf(";", start);
    const end = semicolon < 0 ? text.length : semicolon;
    const number = text.slice(start, end);
    if (!isNumber(number)) throw new SIPParseError(`no telephone number in ${shown(text)}`, 400, { offset: start });
    for (let i = end, count = 1; i < text.length; count++) {
      const next = skipEscaped(text, i + 1, text.length, URI_PARAMETER);
      const stop = text.charCodeAt(next) === 61 ? skipEscaped(text, next + 1, text.length, URI_PARAMETER) : next;
      if (count > MAX_PARAMS || next === i + 1 || (stop < text.length && text.charCodeAt(stop) !== 59))
        throw new SIPParseError(`a malformed parameter in ${shown(text)}`, 400, { offset: i });
      i = stop;
    }
    return new TelURI({ number, params: Params.parse(text.slice(end), "uri") });
  }

  /** The number without visual separators: what is dialled. */
  get digits(): string {
    let out = "";
    for (const character of this.number) if (!SEPARATORS.includes(character)) out += character;
    return out;
  }

  /** Whether the number is complete in itself (`+…`) and needs no `phone-context`. */
  get isGlobal(): boolean {
    return this.number.startsWith("+");
  }

  clone(): TelURI {
    return new TelURI({ number: this.number, params: this.params });
  }

  toString(): string {
    return `tel:${this.number}${this.params.toString()}`;
  }

  /** RFC 3966 §4: separators do not count, parameters do, whatever their order. */
  equals(other: unknown): boolean {
    if (!(other instanceof TelURI)) return false;
    if (this.digits.toLowerCase() !== other.digits.toLowerCase() || this.params.size !== other.params.size) return false;
    return [...this.params].every(([name, value]) => String(other.params.get(name)).toLowerCase() === String(value).toLowerCase());
  }
}

const SEPARATORS = "-.()";

function isNumber(text: string): boolean {
  let digits = 0;
  for (let i = 0; i < text.length; i++) {
    const character = text[i] ?? "";
    if ("0123456789*#ABCDEFabcdef".includes(character)) digits++;
    else if (!SEPARATORS.includes(character) && !(character === "+" && i === 0)) return false;
  }
  return digits > 0;
}

/** A URI of a scheme that a phone does not speak (`http:`, `urn:`, `isbn:` …): kept as it came. */
export class OtherURI {
  /** In lower case. */
  readonly scheme: string;
  /** All that follows the scheme's colon. */
  readonly opaque: string;
  readonly #text: string;

  private constructor(scheme: string, opaque: string, text: string) {
    this.scheme = scheme;
    this.opaque = opaque;
    this.#text = text;
  }

  /** @throws SIPParseError (400) */
  static parse(text: string): OtherURI {
    const colon = text.indexOf(":");
    if (colon < 1 || colon === text.length - 1 || !isScheme(text, colon)) throw new SIPParseError(`expected a URI, not ${shown(text)}`);
    for (let i = colon + 1; i < text.length; i++) {
      const code = text.charCodeAt(i);
      if (code <= 32 || code === 127 || code === 34 || code === 60 || code === 62)
        throw new SIPParseError(`a character that no URI may contain in ${shown(text)}`, 400, { offset: i });
    }
    return new OtherURI(text.slice(0, colon).toLowerCase(), text.slice(colon + 1), text);
  }

  /** Stands in a request that could not be read, for its error's sake. @internal */
  static unreadable(text: string): OtherURI {
    return new OtherURI("", text, text);
  }

  clone(): OtherURI {
    return this;
  }

  toString(): string {
    return this.#text;
  }

  equals(other: unknown): boolean {
    return other instanceof OtherURI && other.scheme === this.scheme && other.opaque === this.opaque;
  }
}

/** RFC 3986 §3.1: a letter, then letters, digits, `+`, `-`, `.`. */
function isScheme(text: string, end: number): boolean {
  for (let i = 0; i < end; i++) {
    const code = text.charCodeAt(i) | 32;
    const letter = code >= 97 && code <= 122;
    if (!letter && (i === 0 || !"0123456789+-.".includes(text[i] ?? " "))) return false;
  }
  return true;
}
