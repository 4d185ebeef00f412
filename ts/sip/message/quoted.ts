import { SIPHeaderError } from "../errors.ts";
import { BACKSLASH, hasLineBreak, QUOTE } from "./characters.ts";

/** The index of the quote that ends the quoted-string opened at `open`; -1 when none does. */
export function endOfQuoted(text: string, open: number, limit: number = text.length): number {
  for (let i = open + 1; i < limit; i++) {
    const code = text.charCodeAt(i);
    if (code === QUOTE) return i;
    if (code === BACKSLASH) i++;
  }
  return -1;
}

/** What stands between the quotes, with each quoted-pair (`\x`) undone. Takes the text without its quotes. */
export function unquote(inner: string): string {
  if (!inner.includes("\\")) return inner;
  let out = "";
  for (let i = 0; i < inner.length; i++) {
    if (inner.charCodeAt(i) === BACKSLASH && i + 1 < inner.length) i++;
    out += inner[i];
  }
  return out;
}

/** A quoted-string. @throws SIPHeaderError when the text holds a line break, which no quoting can carry */
export function quote(text: string, what = "quoted text"): string {
  if (hasLineBreak(text)) throw new SIPHeaderError(what, "must not contain line breaks");
  let out = "";
  let from = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    // Control characters are legal only as quoted-pairs (RFC 3261 §25.1, qdtext and quoted-pair).
    if (code === QUOTE || code === BACKSLASH || (code < 32 && code !== 9) || code === 127) {
      out += `${text.slice(from, i)}\\`;
      from = i;
    }
  }
  return `"${out}${text.slice(from)}"`;
}
