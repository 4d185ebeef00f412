import {
  AT,
  BACKSLASH,
  CLASSES,
  COLON,
  CR,
  DIGIT,
  EQUALS,
  GREATER,
  HOST,
  LESS,
  QUOTE,
  SEMICOLON,
  SPACE,
  TOKEN,
  URI_PARAMETER,
  USER,
  VALUE,
} from "./characters.ts";

/**
 * The plain forms of Via and of addresses, recognised in one look: no escapes, no lists, no white space but the usual, no IPv6. Nearly
 * all that phones send is of this kind, and what is need not be taken apart before somebody asks for it.
 *
 * Each function returns the index behind what it recognised, where the line ends; -1 says nothing about the value but that its own
 * parser must look at it. What is recognised here, that parser takes: the languages here are parts of its own.
 *
 * The head is copied under a glass that lies in one place for good: the compiler knows the address, which makes reading a byte a third
 * cheaper than from wherever a datagram lies. A CR ends every loop; one is put behind the head.
 */
const glass = new Uint8Array(65_536 + 1);
const table = CLASSES;

/** Puts a head under the glass. False when it is too large: then nothing may be looked at. */
export function lookAt(head: Uint8Array): boolean {
  if (head.length >= glass.length) return false;
  glass.set(head);
  glass[head.length] = CR;
  return true;
}

/** The names that are looked for, one behind the other: in one place for good, as the head is. */
const spellings = new Uint8Array(4096);
let spelled = 0;

/** Makes a name known to {@link nameStandsAt}; returns where it lies. @param lower in lower case */
export function spell(lower: string): number {
  const start = spelled;
  for (let i = 0; i < lower.length; i++) spellings[spelled++] = lower.charCodeAt(i);
  return start;
}

/** Whether a header name stands there, with its colon. @param spelling where {@link spell} has put it */
export function nameStandsAt(from: number, spelling: number, length: number): boolean {
  if (glass[from + length] !== COLON) return false;
  for (let i = 0; i < length; i++) {
    const byte = glass[from + i] ?? 0;
    // Bit 5 makes letters lower case; of what names contain, only the dash could come of something else, a CR.
    if ((byte | 32) !== spellings[spelling + i] || byte < SPACE) return false;
  }
  return true;
}

/** `SIP/2.0/UDP host:port;name=value;name` */
export function plainVia(start: number): number {
  for (let i = 0; i < VERSION.length; i++) if (glass[start + i] !== VERSION[i]) return -1;
  const protocol = start + VERSION.length;
  const space = skip(protocol, TOKEN);
  if (space === protocol || glass[space] !== SPACE) return -1;
  const host = plainHostPort(space + 1);
  return host < 0 ? -1 : plainParams(host);
}

const VERSION = Uint8Array.from(Buffer.from("SIP/2.0/", "latin1"));

/** `"Display" <sip:user@host:port;name=value>;name=value`, the display name quoted, of tokens, or left out. */
export function plainAddress(start: number): number {
  let i = start;
  if (glass[i] === QUOTE) {
    i = endOfPlainQuoted(i + 1);
    if (glass[i] !== QUOTE) return -1;
    i++;
    if (glass[i] === SPACE) i++;
  } else while (glass[i] === SPACE || ((table[glass[i] ?? 0] ?? 0) & TOKEN) !== 0) i++;
  if (glass[i] !== LESS) return -1;
  i = plainURI(i + 1);
  return i < 0 || glass[i] !== GREATER ? -1 : plainParams(i + 1);
}

function endOfPlainQuoted(start: number): number {
  for (let i = start; ; i++) {
    const byte = glass[i] ?? 0;
    if (byte < SPACE || byte === QUOTE || byte === BACKSLASH) return i;
  }
}

/** `sip:user@host:port;name=value`, or `sips:`, up to the first byte that can belong to none of it. */
function plainURI(start: number): number {
  if (glass[start] !== 115 || glass[start + 1] !== 105 || glass[start + 2] !== 112) return -1;
  const colon = glass[start + 3] === 115 ? start + 4 : start + 3;
  if (glass[colon] !== COLON) return -1;
  const userEnd = skip(colon + 1, USER);
  const hasUser = glass[userEnd] === AT;
  if (hasUser && userEnd === colon + 1) return -1;
  let i = plainHostPort(hasUser ? userEnd + 1 : colon + 1);
  if (i < 0) return -1;
  for (let count = 0; glass[i] === SEMICOLON; count++) {
    const name = i + 1;
    i = skip(name, URI_PARAMETER);
    if (i === name || count === FEW) return -1;
    if (glass[i] === EQUALS) i = skip(i + 1, URI_PARAMETER);
  }
  return i;
}

/** More parameters than anybody sends in earnest; far fewer than the parsers take. */
const FEW = 16;

function plainHostPort(start: number): number {
  const hostEnd = skip(start, HOST);
  if (hostEnd === start) return -1;
  if (glass[hostEnd] !== COLON) return hostEnd;
  const portEnd = skip(hostEnd + 1, DIGIT);
  // Of five digits, those that make no port would have to be told from those that do.
  const digits = portEnd - hostEnd - 1;
  return digits >= 1 && (digits <= 4 || (digits === 5 && (glass[hostEnd + 1] ?? 0) < SIX)) ? portEnd : -1;
}

const SIX = 54;

/** `;name=value;name` up to the line's end. */
function plainParams(start: number): number {
  let i = start;
  for (let count = 0; glass[i] === SEMICOLON; count++) {
    const name = i + 1;
    i = skip(name, TOKEN);
    if (i === name || count === FEW) return -1;
    if (glass[i] === EQUALS) {
      const value = i + 1;
      i = skip(value, VALUE);
      if (i === value) return -1;
    }
  }
  return glass[i] === CR ? i : -1;
}

/** The first index from `from` whose byte is not of the class. */
function skip(from: number, characters: number): number {
  let i = from;
  while (((table[glass[i] ?? 0] ?? 0) & characters) !== 0) i++;
  return i;
}
