/** The character classes of RFC 3261 §25.1, as bits of one table: a look-up a character, no regular expression. */
export const TOKEN = 1;
/** `user` of a SIP URI: unreserved, `&=+$,;?/`, and `#`, which gateways send unescaped in feature codes (`*21#`). */
export const USER = 2;
/** `password`: unreserved and `&=+$,`. */
export const PASSWORD = 4;
/** `uri-parameter`: unreserved and `[]/:&+$`. */
export const URI_PARAMETER = 8;
/** `hname` and `hvalue`: unreserved and `[]/?:+$`. */
export const URI_HEADER = 16;
/** `hostname`: letters, digits, `-`, `.`; and `_`, which hosts in containers carry. */
export const HOST = 32;
export const DIGIT = 64;
export const HEX = 128;
/**
 * An unquoted gen-value. The grammar says token or host; peers also send bare IPv6 addresses (RFC 5118 §4.5), base64 and
 * slashes, so anything goes that does not separate.
 */
export const VALUE = 256;

/** The classes of each character up to 255; those beyond ASCII, of which bytes can be, belong to none. */
export const CLASSES: Uint16Array = new Uint16Array(256);
// What is exported is looked up at each use; this is a constant to the compiler.
const table = CLASSES;

function mark(characters: string, bits: number): void {
  for (let i = 0; i < characters.length; i++) {
    const code = characters.charCodeAt(i);
    table[code] = (table[code] ?? 0) | bits;
  }
}

const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
const digits = "0123456789";
mark(letters + digits, VALUE | TOKEN | USER | PASSWORD | URI_PARAMETER | URI_HEADER | HOST);
mark("-.!%*_+`'~", TOKEN);
mark("-_.!~*'()", USER | PASSWORD | URI_PARAMETER | URI_HEADER);
mark("&=+$,;?/#", USER);
mark("&=+$,", PASSWORD);
mark("[]/:&+$", URI_PARAMETER);
mark("[]/?:+$", URI_HEADER);
mark("-._", HOST);
mark("-.!%*_+`'~#$&()/:=?@[\\]^{|}", VALUE);
mark(digits, DIGIT | HEX);
mark("abcdefABCDEF", HEX);

/** Whether the character code belongs to one of the classes. */
export function is(code: number, classes: number): boolean {
  return code < 128 && ((table[code] ?? 0) & classes) !== 0;
}

/** The first index in [from, to) whose character is not of the classes; `to` when all are. */
export function skip(text: string, from: number, to: number, classes: number): number {
  let i = from;
  while (i < to) {
    const code = text.charCodeAt(i);
    if (code >= 128 || ((table[code] ?? 0) & classes) === 0) break;
    i++;
  }
  return i;
}

/** The first index in [from, to) that is neither of the classes nor a whole `%xx` escape; `to` when all are. */
export function skipEscaped(text: string, from: number, to: number, classes: number): number {
  let i = from;
  while (i < to) {
    const code = text.charCodeAt(i);
    if (code === PERCENT) {
      if (i + 2 >= to || !is(text.charCodeAt(i + 1), HEX) || !is(text.charCodeAt(i + 2), HEX)) break;
      i += 3;
    } else if (is(code, classes)) i++;
    else break;
  }
  return i;
}

/** The first index in [from, to) that is neither space nor tab. */
export function skipSpace(text: string, from: number, to: number): number {
  let i = from;
  while (i < to && isSpace(text.charCodeAt(i))) i++;
  return i;
}

/** The index after the last character of [from, to) that is neither space nor tab. */
export function trimEnd(text: string, from: number, to: number): number {
  let i = to;
  while (i > from && isSpace(text.charCodeAt(i - 1))) i--;
  return i;
}

export function isSpace(code: number): boolean {
  return code === SPACE || code === TAB;
}

export function isToken(text: string): boolean {
  return text.length > 0 && skip(text, 0, text.length, TOKEN) === text.length;
}

/** Digits only, with a value of at most `maximum`; undefined otherwise. Any length of input is fine. */
export function parseDigits(text: string, maximum: number): number | undefined {
  if (text.length === 0) return undefined;
  let value = 0;
  for (let i = 0; i < text.length; i++) {
    const digit = text.charCodeAt(i) - 48;
    if (digit < 0 || digit > 9) return undefined;
    value = value * 10 + digit;
    if (value > maximum) return undefined;
  }
  return value;
}

export function equalsIgnoreCase(a: string, b: string): boolean {
  return a === b || (a.length === b.length && a.toLowerCase() === b.toLowerCase());
}

/** Whether the text would break a line of the message. */
export function hasLineBreak(text: string): boolean {
  return text.includes("\r") || text.includes("\n");
}

export const TAB = 9;
export const LF = 10;
export const CR = 13;
export const SPACE = 32;
export const QUOTE = 34;
export const PERCENT = 37;
export const COMMA = 44;
export const SLASH = 47;
export const COLON = 58;
export const SEMICOLON = 59;
export const LESS = 60;
export const EQUALS = 61;
export const GREATER = 62;
export const QUESTION = 63;
export const AT = 64;
export const OPEN_BRACKET = 91;
export const BACKSLASH = 92;
export const CLOSE_BRACKET = 93;
