import { BACKSLASH, COMMA, GREATER, LESS, QUOTE, skipSpace, trimEnd } from "./characters.ts";

/**
 * Splits a header value at its commas, except those in quotes and in `<>`. One pass; never throws: a quote that does
 * not end swallows the rest, which the value's own parser then refuses. Empty elements stay, for the same reason.
 */
export function splitList(value: string): string[] {
  if (!value.includes(",")) return [value];
  const out: string[] = [];
  let start = 0;
  let quoted = false;
  let bracketed = false;
  for (let i = 0; i < value.length; i++) {
    const code = value.charCodeAt(i);
    if (quoted) {
      if (code === BACKSLASH) i++;
      else if (code === QUOTE) quoted = false;
    } else if (code === QUOTE) quoted = true;
    else if (code === LESS) bracketed = true;
    else if (code === GREATER) bracketed = false;
    else if (code === COMMA && !bracketed) {
      out.push(trimmed(value, start, i));
      start = i + 1;
    }
  }
  out.push(trimmed(value, start, value.length));
  return out;
}

function trimmed(text: string, from: number, to: number): string {
  const start = skipSpace(text, from, to);
  return text.slice(start, trimEnd(text, start, to));
}
