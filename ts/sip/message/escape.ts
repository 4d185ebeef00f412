import { is, PERCENT, USER } from "./characters.ts";

const encoder = new TextEncoder();
const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * Writes what the classes do not allow as `%XX` of its UTF-8 bytes (RFC 3261 §25.1, `escaped`).
 * `#` is read leniently in a user part but always written escaped.
 */
export function escapeURI(text: string, classes: number): string {
  let plain = true;
  for (let i = 0; i < text.length && plain; i++) plain = allowed(text.charCodeAt(i), classes);
  if (plain) return text;
  let out = "";
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    if (allowed(code, classes)) out += character;
    else for (const byte of encoder.encode(character)) out += hex(byte);
  }
  return out;
}

function allowed(code: number, classes: number): boolean {
  return is(code, classes) && !(classes === USER && code === 35);
}

function hex(byte: number): string {
  return (byte < 16 ? "%0" : "%") + byte.toString(16).toUpperCase();
}

/** Undoes `%XX`. Escapes that make no UTF-8 are taken as ISO 8859-1; a `%` that starts no escape stays as it is. */
export function unescapeURI(text: string): string {
  if (!text.includes("%")) return text;
  let out = "";
  let i = 0;
  while (i < text.length) {
    if (text.charCodeAt(i) !== PERCENT) {
      const next = text.indexOf("%", i);
      const end = next < 0 ? text.length : next;
      out += text.slice(i, end);
      i = end;
      continue;
    }
    const bytes: number[] = [];
    while (i < text.length && text.charCodeAt(i) === PERCENT) {
      const value = escapeAt(text, i);
      if (value < 0) break;
      bytes.push(value);
      i += 3;
    }
    if (bytes.length === 0) {
      out += "%";
      i++;
    } else out += decode(Uint8Array.from(bytes));
  }
  return out;
}

function decode(bytes: Uint8Array): string {
  try {
    return strict.decode(bytes);
  } catch {
    return Buffer.from(bytes).toString("latin1");
  }
}

/**
 * Two spellings of one URI part come out equal (RFC 3261 §19.1.4): an escaped unreserved character is unescaped, an
 * escaped reserved one stays escaped (`%2B` is not `+`) with capital hex digits.
 */
export function normaliseEscapes(text: string): string {
  if (!text.includes("%")) return text;
  let out = "";
  for (let i = 0; i < text.length;) {
    const value = text.charCodeAt(i) === PERCENT ? escapeAt(text, i) : -1;
    if (value < 0) {
      out += text[i];
      i++;
      continue;
    }
    const character = String.fromCharCode(value);
    const unreserved = value < 128 && UNRESERVED.includes(character);
    out += unreserved ? character : hex(value);
    i += 3;
  }
  return out;
}

const UNRESERVED = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.!~*'()";

/** The byte that the escape at `index` stands for; -1 when there is none. */
function escapeAt(text: string, index: number): number {
  const high = hexDigit(text.charCodeAt(index + 1));
  const low = hexDigit(text.charCodeAt(index + 2));
  return high < 0 || low < 0 ? -1 : high * 16 + low;
}

/** The value of a hex digit; -1 for anything else, NaN of a missing character included. */
function hexDigit(code: number): number {
  if (code >= 48 && code <= 57) return code - 48;
  if (code >= 65 && code <= 70) return code - 55;
  if (code >= 97 && code <= 102) return code - 87;
  return -1;
}
