import {
  AT,
  BACKSLASH,
  COLON,
  CR,
  DIGIT,
  EQUALS,
  GREATER,
  HOST,
  isByte,
  LESS,
  QUOTE,
  SEMICOLON,
  skipBytes,
  SPACE,
  TOKEN,
  URI_PARAMETER,
  USER,
  VALUE,
} from "./characters.ts";

/**
 * The plain forms of Via and of addresses, recognised in one look over the bytes: no escapes, no lists, no white space but the usual,
 * no IPv6. Nearly all that phones send is of this kind, and what is need not be taken apart before somebody asks for it.
 *
 * Each function returns the index behind what it recognised, where a line has to end; -1 says nothing about the value but that
 * its own parser must look at it. What is recognised here, that parser takes: the languages here are parts of its own.
 */

/** More parameters than anybody sends in earnest; far fewer than the parsers take. */
const FEW = 16;

/** `SIP/2.0/UDP host:port;name=value;name` */
export function plainVia(bytes: Uint8Array, start: number, end: number): number {
  for (let i = 0; i < VERSION.length; i++) if (bytes[start + i] !== VERSION[i]) return -1;
  const protocol = start + VERSION.length;
  const space = skipBytes(bytes, protocol, end, TOKEN);
  if (space === protocol || bytes[space] !== SPACE) return -1;
  const host = plainHostPort(bytes, space + 1, end);
  return host < 0 ? -1 : plainParams(bytes, host, end);
}

const VERSION = Buffer.from("SIP/2.0/", "latin1");

/** `"Display" <sip:user@host:port;name=value>;name=value`, the display name quoted, of tokens, or left out. */
export function plainAddress(bytes: Uint8Array, start: number, end: number): number {
  let i = start;
  if (bytes[i] === QUOTE) {
    i++;
    while (i < end && isPlainQuoted(bytes[i] ?? 0)) i++;
    if (bytes[i] !== QUOTE) return -1;
    i++;
    if (bytes[i] === SPACE) i++;
  } else if (bytes[i] !== LESS) {
    while (i < end && (bytes[i] === SPACE || isByte(bytes[i] ?? 0, TOKEN))) i++;
  }
  if (bytes[i] !== LESS) return -1;
  i = plainURI(bytes, i + 1, end);
  return i < 0 || bytes[i] !== GREATER ? -1 : plainParams(bytes, i + 1, end);
}

function isPlainQuoted(byte: number): boolean {
  return byte >= SPACE && byte !== QUOTE && byte !== BACKSLASH;
}

/** `sip:user@host:port;name=value`, or `sips:`, up to the first byte that can belong to none of it. */
function plainURI(bytes: Uint8Array, start: number, end: number): number {
  if (bytes[start] !== 115 || bytes[start + 1] !== 105 || bytes[start + 2] !== 112) return -1;
  const colon = bytes[start + 3] === 115 ? start + 4 : start + 3;
  if (bytes[colon] !== COLON) return -1;
  const userEnd = skipBytes(bytes, colon + 1, end, USER);
  const hasUser = bytes[userEnd] === AT;
  if (hasUser && userEnd === colon + 1) return -1;
  let i = plainHostPort(bytes, hasUser ? userEnd + 1 : colon + 1, end);
  if (i < 0) return -1;
  for (let count = 0; bytes[i] === SEMICOLON; count++) {
    const name = i + 1;
    i = skipBytes(bytes, name, end, URI_PARAMETER);
    if (i === name || count === FEW) return -1;
    if (bytes[i] === EQUALS) i = skipBytes(bytes, i + 1, end, URI_PARAMETER);
  }
  return i;
}

function plainHostPort(bytes: Uint8Array, start: number, end: number): number {
  const hostEnd = skipBytes(bytes, start, end, HOST);
  if (hostEnd === start || bytes[hostEnd] !== COLON) return hostEnd === start ? -1 : hostEnd;
  let port = 0;
  let i = hostEnd + 1;
  for (; i < end && port <= 65_535 && isByte(bytes[i] ?? 0, DIGIT); i++) port = port * 10 + (bytes[i] ?? 0) - 48;
  return i === hostEnd + 1 || port > 65_535 ? -1 : i;
}

/** `;name=value;name` up to the line's end. */
function plainParams(bytes: Uint8Array, start: number, end: number): number {
  let i = start;
  for (let count = 0; bytes[i] === SEMICOLON; count++) {
    const name = i + 1;
    i = skipBytes(bytes, name, end, TOKEN);
    if (i === name || count === FEW) return -1;
    if (bytes[i] === EQUALS) {
      const value = i + 1;
      i = skipBytes(bytes, value, end, VALUE);
      if (i === value) return -1;
    }
  }
  return bytes[i] === CR ? i : -1;
}
