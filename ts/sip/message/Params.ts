import { SIPHeaderError, SIPParseError } from "../errors.ts";
import {
  EQUALS,
  equalsIgnoreCase,
  hasLineBreak,
  isToken,
  QUOTE,
  SEMICOLON,
  skip,
  skipSpace,
  TOKEN,
  URI_PARAMETER,
  VALUE,
} from "./characters.ts";
import { escapeURI, unescapeURI } from "./escape.ts";
import { endOfQuoted, quote, unquote } from "./quoted.ts";

/** Parameters of one value. Nobody sends a tenth of it; look-ups are linear, so there must be some bound. */
export const MAX_PARAMS = 128;

/** Where parameters stand decides how values are written: quoted after a header value, `%`-escaped inside a URI. */
export type ParamsPlace = "header" | "uri";

/** The parameters to start with; `true` (or undefined) is a parameter without a value, as in `;lr`. */
export type ParamsInit = Params | Readonly<Record<string, string | number | true>> | Iterable<readonly [string, string | true]>;

/** The message that a value's parameters belong to. @internal */
export interface ParamsOwner {
  /** @param key the header, long name in lower case */
  paramsChanged(key: string, params: Params): void;
}

/**
 * `;name=value` parameters in their order, names without regard to case. Values go in and come out plain: quotes and
 * escapes are put on and taken off here.
 *
 * ```ts
 * const params = Params.parse(';tag=1;note="a \\"b\\""');
 * params.get("note");        // 'a "b"'
 * params.set("lr", true);    // ;tag=1;note="a \"b\"";lr
 * ```
 */
export class Params {
  readonly #place: ParamsPlace;
  /** Checked, and not taken apart yet; undefined once it is. */
  #text: string | undefined;
  #names: string[] = NO_NAMES;
  /** Values as they stand on the wire; `true` is a name alone. */
  #values: (string | true)[] = NO_VALUES;
  #changed = false;
  #owner: ParamsOwner | undefined;
  #ownerKey = "";

  constructor(init?: ParamsInit, place: ParamsPlace = "header") {
    this.#place = place;
    if (init === undefined) return;
    this.#open();
    if (init instanceof Params && init.#place === place) {
      init.#open();
      this.#names.push(...init.#names);
      this.#values.push(...init.#values);
    } else if (Symbol.iterator in init) for (const [name, value] of init) this.set(name, value);
    else for (const [name, value] of Object.entries(init)) this.set(name, value);
    this.#changed = false;
  }

  /**
   * Parses `;a=b;c` to the end of the text (from `start`). Header parameters are checked at once and taken apart when
   * somebody asks; those of a URI are taken as checked by the URI's parser.
   * @param isChecked whether the text is known to hold parameters and nothing else
   * @throws SIPParseError (400)
   */
  static parse(text: string, place: ParamsPlace = "header", start = 0, isChecked: boolean = place === "uri"): Params {
    const params = new Params(undefined, place);
    if (start >= text.length) return params;
    params.#text = text.slice(start);
    if (!isChecked) scanHeaderParams(params.#text, undefined, undefined);
    return params;
  }

  get size(): number {
    this.#open();
    return this.#names.length;
  }

  /** Whether anything was set or deleted since the parameters were parsed or built. @internal */
  get changed(): boolean {
    return this.#changed;
  }

  /** Tells a message of every change, so that it writes the header they belong to anew. @internal */
  belongTo(owner: ParamsOwner, key: string): void {
    this.#owner = owner;
    this.#ownerKey = key;
  }

  has(name: string): boolean {
    return this.get(name) !== undefined;
  }

  /** The plain value; `true` for a parameter without one; undefined when it is absent. */
  get(name: string): string | true | undefined {
    // One look at received parameters (a branch, a tag) is not worth taking all of them apart.
    const value = this.#text !== undefined && this.#place === "header" ? findHeaderParam(this.#text, name) : this.#opened(name);
    if (value === true || value === undefined) return value;
    if (this.#place === "uri") return unescapeURI(value);
    return value.charCodeAt(0) === QUOTE ? unquote(value.slice(1, -1)) : value;
  }

  /** The plain value of a parameter that has one; undefined when it is absent or has none. */
  text(name: string): string | undefined {
    const value = this.get(name);
    return value === true ? undefined : value;
  }

  /** Replaces in place, or appends. @throws SIPHeaderError when the name is no token or the value breaks the line */
  set(name: string, value: string | number | true = true): this {
    this.#put(name, value);
    this.#touch();
    return this;
  }

  /** Sets several; the header that they belong to is written anew once. @throws SIPHeaderError as {@link set} */
  assign(values: Readonly<Record<string, string | number | true>>): this {
    for (const [name, value] of Object.entries(values)) this.#put(name, value);
    this.#touch();
    return this;
  }

  #put(name: string, value: string | number | true): void {
    const written = this.#write(name, value);
    this.#open();
    const index = this.#indexOf(name);
    if (index < 0) {
      this.#names.push(this.#place === "uri" ? escapeURI(name, URI_PARAMETER) : name);
      this.#values.push(written);
    } else this.#values[index] = written;
  }

  delete(name: string): boolean {
    let found = false;
    for (let index = this.#indexOf(name); index >= 0; index = this.#indexOf(name)) {
      this.#names.splice(index, 1);
      this.#values.splice(index, 1);
      found = true;
    }
    if (found) this.#touch();
    return found;
  }

  *entries(): IterableIterator<[name: string, value: string | true]> {
    this.#open();
    for (const name of this.#names) yield [name, this.get(name) ?? true];
  }

  [Symbol.iterator](): IterableIterator<[name: string, value: string | true]> {
    return this.entries();
  }

  clone(): Params {
    return new Params(this, this.#place);
  }

  /** `;a=b;c`, or the empty string. */
  toString(): string {
    this.#open();
    let out = "";
    for (let i = 0; i < this.#names.length; i++) {
      const value = this.#values[i];
      out += value === true ? `;${this.#names[i]}` : `;${this.#names[i]}=${value}`;
    }
    return out;
  }

  #touch(): void {
    this.#changed = true;
    this.#owner?.paramsChanged(this.#ownerKey, this);
  }

  #opened(name: string): string | true | undefined {
    const index = this.#indexOf(name);
    return this.#values[index];
  }

  #indexOf(name: string): number {
    this.#open();
    for (let i = 0; i < this.#names.length; i++) {
      const own = this.#names[i] ?? "";
      if (own === name || equalsIgnoreCase(own, name)) return i;
      if (this.#place === "uri" && own.includes("%") && equalsIgnoreCase(unescapeURI(own), name)) return i;
    }
    return -1;
  }

  #write(name: string, value: string | number | true): string | true {
    if (name.length === 0 || hasLineBreak(name) || (this.#place === "header" && !isToken(name)))
      throw new SIPHeaderError("parameter name", `must be a token, not ${JSON.stringify(name)}`);
    if (value === true) return true;
    const text = String(value);
    if (hasLineBreak(text)) throw new SIPHeaderError(`parameter ${name}`, "must not contain line breaks");
    if (this.#place === "uri") return escapeURI(text, URI_PARAMETER);
    return text.length > 0 && endOfValue(text, 0) === text.length ? text : quote(text, `parameter ${name}`);
  }

  /** Takes the text apart. */
  #open(): void {
    if (this.#names === NO_NAMES) {
      this.#names = [];
      this.#values = [];
    }
    const text = this.#text;
    if (text === undefined) return;
    this.#text = undefined;
    if (this.#place === "uri") readURIParams(text, this.#names, this.#values);
    else scanHeaderParams(text, this.#names, this.#values);
  }
}

/** Stand for lists not there yet: most parameters of most messages are never looked at. */
const NO_NAMES: string[] = [];
const NO_VALUES: (string | true)[] = [];

/** `;a=b;c` of a URI that has been checked. */
function readURIParams(text: string, names: string[], values: (string | true)[]): void {
  for (const param of text.slice(1).split(";")) {
    const equals = param.indexOf("=");
    names.push(equals < 0 ? param : param.slice(0, equals));
    values.push(equals < 0 ? true : param.slice(equals + 1));
  }
}

/** Whether the text has that word there, whatever its case. Comparing codes is cheaper than cutting the word out to look at it. */
function standsAt(text: string, start: number, word: string): boolean {
  for (let i = 0; i < word.length; i++)
    if (text.charCodeAt(start + i) !== word.charCodeAt(i)) return equalsIgnoreCase(text.slice(start, start + word.length), word);
  return true;
}

/** The value of one parameter of a header that has been checked; `true` for a name alone, undefined for none. */
function findHeaderParam(text: string, name: string): string | true | undefined {
  const end = text.length;
  let i = skipSpace(text, 0, end);
  while (i < end) {
    const nameStart = skipSpace(text, i + 1, end);
    const nameEnd = skip(text, nameStart, end, TOKEN);
    i = skipSpace(text, nameEnd, end);
    const wanted = nameEnd - nameStart === name.length && standsAt(text, nameStart, name);
    if (text.charCodeAt(i) !== EQUALS) {
      if (wanted) return true;
      continue;
    }
    const start = skipSpace(text, i + 1, end);
    const valueEnd = text.charCodeAt(start) === QUOTE ? endOfQuoted(text, start) + 1 : endOfValue(text, start);
    if (wanted) return text.slice(start, valueEnd);
    i = skipSpace(text, valueEnd, end);
  }
  return undefined;
}

/** Reads `;a=b;c` of a header to the end; into the lists, when there are any. @throws SIPParseError */
function scanHeaderParams(text: string, names: string[] | undefined, values: (string | true)[] | undefined): void {
  const end = text.length;
  let i = skipSpace(text, 0, end);
  for (let count = 0; i < end; count++) {
    if (count === MAX_PARAMS) throw new SIPParseError(`more than ${MAX_PARAMS} parameters in ${shown(text)}`);
    if (text.charCodeAt(i) !== SEMICOLON) throw new SIPParseError(`expected ";" before a parameter in ${shown(text)}`, 400, { offset: i });
    i = skipSpace(text, i + 1, end);
    const nameEnd = skip(text, i, end, TOKEN);
    if (nameEnd === i) throw new SIPParseError(`a parameter without a name in ${shown(text)}`, 400, { offset: i });
    names?.push(text.slice(i, nameEnd));
    i = skipSpace(text, nameEnd, end);
    if (text.charCodeAt(i) !== EQUALS) {
      values?.push(true);
      continue;
    }
    i = skipSpace(text, i + 1, end);
    let valueEnd: number;
    if (text.charCodeAt(i) === QUOTE) {
      valueEnd = endOfQuoted(text, i) + 1;
      if (valueEnd === 0) throw new SIPParseError(`a quoted parameter value does not end in ${shown(text)}`, 400, { offset: i });
    } else valueEnd = endOfValue(text, i);
    if (valueEnd === i) throw new SIPParseError(`a parameter without a value after "=" in ${shown(text)}`, 400, { offset: i });
    values?.push(text.slice(i, valueEnd));
    i = skipSpace(text, valueEnd, end);
  }
}

/** The end of an unquoted value; characters beyond ASCII belong to it. */
function endOfValue(text: string, start: number): number {
  let i = skip(text, start, text.length, VALUE);
  while (i < text.length && text.charCodeAt(i) > 127) i = skip(text, i + 1, text.length, VALUE);
  return i;
}

/** Enough of a header value for an error message. @internal */
export function shown(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);
}
