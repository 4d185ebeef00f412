import { SIPParseError } from "../errors.ts";
import { COMMA, isSpace, LESS, QUOTE, SEMICOLON, skipSpace, trimEnd } from "./characters.ts";
import type { Head } from "./Head.ts";
import { Params, type ParamsInit, type ParamsOwner, shown } from "./Params.ts";
import type { PlainAddress } from "./plain.ts";
import { endOfQuoted, quote, unquote } from "./quoted.ts";
import { parseURI, type URI } from "./SIPURI.ts";

/**
 * The value of From, To, Contact, Route, Record-Route, Refer-To …: `"Display" <uri>;params` or `uri;params`
 * (RFC 3261 §20.10). Immutable but for its parameters.
 *
 * ```ts
 * const from = new NameAddr({ displayName: "Alice", uri: SIPURI.parse("sip:alice@example.com"), params: { tag: newTag() } });
 * String(from);  // "Alice" <sip:alice@example.com>;tag=…
 * ```
 */
export class NameAddr {
  /** Undefined for those of a received address that nobody has asked for. */
  #params: Params | undefined;
  #displayName: string | undefined;
  /** Undefined as long as nobody has asked for it. */
  #uri: URI | undefined;
  #uriText = "";
  /** All before the parameters, as received. */
  #text: string | undefined;
  /** Where all that lies in a received message, as long as nobody has asked for it. */
  #plain: PlainAddress | undefined;
  #plainTag: string | undefined;
  #head: Head | undefined;
  #owner: ParamsOwner | undefined;
  #ownerKey = "";

  constructor(parts: { readonly displayName?: string | undefined; readonly uri: URI; readonly params?: ParamsInit | undefined });
  /** @internal */
  constructor(parts: { readonly displayName: string | undefined; readonly uri: string; readonly params: Params });
  /** @internal */
  constructor(parts: undefined);
  constructor(parts: { readonly displayName?: string | undefined; readonly uri: URI | string; readonly params?: ParamsInit | undefined } | undefined) {
    if (parts === undefined) return;
    this.#displayName = parts.displayName === "" ? undefined : parts.displayName;
    if (typeof parts.uri === "string") this.#uriText = parts.uri;
    else this.#uri = parts.uri;
    this.#params = parts.params instanceof Params ? parts.params : new Params(parts.params);
  }

  /**
   * Parses one value (no comma list).
   * @param isChecked whether the value is known to be one; its URI is then parsed when somebody asks for it
   * @throws SIPParseError (400)
   */
  static parse(text: string, isChecked = false): NameAddr {
    const end = trimEnd(text, 0, text.length);
    const start = skipSpace(text, 0, end);
    let displayName: string | undefined;
    let open: number;
    if (text.charCodeAt(start) === QUOTE) {
      const close = endOfQuoted(text, start, end);
      if (close < 0) throw new SIPParseError(`the quoted display name does not end in ${shown(text)}`, 400, { offset: start });
      displayName = unquote(text.slice(start + 1, close));
      open = skipSpace(text, close + 1, end);
      if (text.charCodeAt(open) !== LESS)
        throw new SIPParseError(`expected "<" after the display name in ${shown(text)}`, 400, { offset: open });
    } else {
      open = text.indexOf("<", start);
      if (open > start) {
        // `Contact: sip:a@b;x="<"` has its bracket in a parameter; a display name holds no semicolon.
        const semicolon = text.indexOf(";", start);
        if (semicolon >= 0 && semicolon < open) open = -1;
        else displayName = plainDisplayName(text, start, open);
      }
    }
    if (open < 0) return NameAddr.#bare(text, start, end);
    const close = text.indexOf(">", open);
    if (close < 0 || close >= end) throw new SIPParseError(`expected ">" after the URI in ${shown(text)}`, 400, { offset: open });
    const uriText = text.slice(open + 1, close);
    const params = Params.parse(close + 1 === end ? "" : text.slice(close + 1, end), "header", 0, isChecked);
    const address = isChecked
      ? new NameAddr({ displayName, uri: uriText, params })
      : new NameAddr({ displayName, uri: parseURI(uriText), params });
    address.#text = text.slice(start, close + 1);
    return address;
  }

  /** What the parser has recognised. @internal */
  static received(head: Head, plain: PlainAddress): NameAddr {
    const address = new NameAddr(undefined);
    address.#head = head;
    address.#plain = plain;
    if (plain.tag !== undefined) address.#plainTag = head.text.slice(plain.tag.start, plain.tag.end);
    return address;
  }

  /** Tells a message of every change. @param key the header, long name in lower case @internal */
  belongTo(owner: ParamsOwner, key: string): void {
    this.#owner = owner;
    this.#ownerKey = key;
    this.#params?.belongTo(owner, key);
  }

  /** Without brackets, what follows the first semicolon belongs to the header, and `?` and `,` are forbidden (§20). */
  static #bare(text: string, start: number, end: number): NameAddr {
    const semicolon = text.indexOf(";", start);
    const uriEnd = semicolon < 0 ? end : trimEnd(text, start, semicolon);
    const uriText = text.slice(start, uriEnd);
    if (uriText.includes("?") || uriText.includes(","))
      throw new SIPParseError(`a URI with "?" or "," must stand in <>: ${shown(text)}`, 400, { offset: start });
    return new NameAddr({ uri: parseURI(uriText), params: semicolon < 0 ? new Params() : Params.parse(text.slice(semicolon, end)) });
  }

  /** Unquoted; undefined when there is none. */
  get displayName(): string | undefined {
    this.#read();
    return this.#displayName;
  }

  get uri(): URI {
    this.#read();
    return (this.#uri ??= parseURI(this.#uriText));
  }

  get params(): Params {
    this.#read();
    return (this.#params ??= new Params());
  }

  get tag(): string | undefined {
    return this.#plain === undefined ? this.params.text("tag") : this.#plainTag;
  }

  set tag(tag: string | undefined) {
    if (tag === undefined) this.params.delete("tag");
    else this.params.set("tag", tag);
  }

  clone(): NameAddr {
    return new NameAddr({ displayName: this.displayName, uri: this.uri.clone(), params: this.params.clone() });
  }

  /** @throws SIPHeaderError when the display name holds a line break */
  toString(): string {
    this.#read();
    // A URI whose parameters were changed must be written anew, so the received text serves only while they agree.
    const uri = this.uri.toString();
    if (this.#text !== undefined && this.#text.endsWith(`<${uri}>`)) return `${this.#text}${this.params.toString()}`;
    const name = this.#displayName === undefined ? "" : `${quote(this.#displayName, "display name")} `;
    return `${name}<${uri}>${this.params.toString()}`;
  }

  /** Takes all out of the received message. */
  #read(): void {
    if (this.#head === undefined || this.#plain === undefined) return;
    const { start, open, close, end } = this.#plain;
    const { text } = this.#head;
    this.#text = this.#head.slice(start, close + 1);
    const name = this.#head.slice(start, open).trimEnd();
    // The parser has seen neither a backslash nor a quote in the quotes.
    const bare = name.startsWith("\"") ? name.slice(1, -1) : name;
    this.#displayName = bare === "" ? undefined : bare;
    this.#uriText = text.slice(open + 1, close);
    this.#params = Params.parse(text.slice(close + 1, end), "header", 0, true);
    if (this.#owner !== undefined) this.#params.belongTo(this.#owner, this.#ownerKey);
    this.#head = undefined;
    this.#plain = undefined;
  }
}

/**
 * The grammar allows tokens only; phones also send `John (Sales)` or bare UTF-8, which is unambiguous. What would make
 * a list or another address of it is refused (RFC 4475 §3.1.2.15).
 */
function plainDisplayName(text: string, start: number, open: number): string | undefined {
  const end = trimEnd(text, start, open);
  for (let i = start; i < end; i++) {
    const code = text.charCodeAt(i);
    if (
      code === COMMA ||
      code === SEMICOLON ||
      code === QUOTE ||
      code === 62 ||
      code === 92 ||
      (code < 32 && !isSpace(code)) ||
      code === 127
    )
      throw new SIPParseError(`a display name that must be quoted in ${shown(text)}`, 400, { offset: i });
  }
  return end === start ? undefined : text.slice(start, end);
}
