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
  SLASH,
  SPACE,
  TOKEN,
  URI_PARAMETER,
  USER,
  VALUE,
} from "./characters.ts";
import { four, fourAt, fourStandAt, GLASS } from "./glass.ts";

/**
 * The plain forms of what stands in a head, recognised in one look at the message under the glass: no escapes, no lists, no white space but
 * the usual, no IPv6. Nearly all that phones send is of this kind, and what is need not be taken apart before somebody asks for it.
 *
 * What recognises a form returns where its parts lie, or undefined; that says nothing about the value but that its own parser must look at
 * it. What is recognised here, that parser takes: the languages here are parts of its own.
 */
const glass = GLASS;
const table = CLASSES;

/** Where the parts of a request line lie: `method sip:user@host:port;parameters SIP/2.0`. */
export interface PlainRequestLine {
  readonly methodEnd: number;
  readonly uri: PlainURI;
}

/** Where the parts of a URI lie: `sip:user@host:port;parameters`. */
export interface PlainURI {
  readonly start: number;
  /** Behind the colon. */
  readonly userStart: number;
  /** That of the user as well when there is none. */
  readonly hostStart: number;
  readonly hostEnd: number;
  /** -1 for none. */
  readonly port: number;
  readonly paramsStart: number;
  readonly end: number;
}

/** A request line in [start, end). */
export function plainRequestLine(start: number, end: number): PlainRequestLine | undefined {
  const methodEnd = skip(start, TOKEN);
  if (methodEnd === start || glass[methodEnd] !== SPACE) return undefined;
  const uriStart = methodEnd + 1;
  const uriEnd = endOfURI(uriStart);
  const version = uriEnd + 1;
  if (uriEnd < 0 || glass[uriEnd] !== SPACE || !isVersion(version) || version + VERSION_LENGTH !== end) return undefined;
  const { userStart, hostStart, hostEnd, portEnd } = uri;
  const port = portEnd === hostEnd ? -1 : digitsIn(hostEnd + 1, portEnd);
  return { methodEnd, uri: { start: uriStart, userStart, hostStart, hostEnd, port, paramsStart: portEnd, end: uriEnd } };
}

/** The code of a status line in [start, end): `SIP/2.0 200 phrase`. */
export function plainStatus(start: number, end: number): number | undefined {
  const code = start + VERSION_LENGTH + 1;
  if (!isVersion(start) || glass[code - 1] !== SPACE || glass[code + 3] !== SPACE) return undefined;
  const status = digitsIn(code, code + 3);
  if (status < 100 || status > 699) return undefined;
  for (let i = code + 4; i < end; i++) {
    const byte = glass[i] ?? 0;
    if (byte < SPACE || byte >= DELETE) return undefined;
  }
  return status;
}

/** Where the parts of a Via lie: `SIP/2.0/protocol host:port;parameters`. */
export interface PlainVia {
  readonly protocolStart: number;
  readonly protocolEnd: number;
  readonly hostEnd: number;
  /** -1 for none. */
  readonly port: number;
  readonly paramsStart: number;
  readonly branch: Place | undefined;
  readonly end: number;
}

/** What lies in [start, end). */
export interface Place {
  readonly start: number;
  readonly end: number;
}

export function plainVia(start: number): PlainVia | undefined {
  if (!isVersion(start) || glass[start + VERSION_LENGTH] !== SLASH) return undefined;
  const protocolStart = start + VERSION_LENGTH + 1;
  const protocolEnd = skip(protocolStart, TOKEN);
  if (protocolEnd === protocolStart || glass[protocolEnd] !== SPACE) return undefined;
  const hostEnd = skip(protocolEnd + 1, HOST);
  const paramsStart = endOfPort(protocolEnd + 1, hostEnd);
  const end = paramsStart < 0 ? -1 : endOfParams(paramsStart, BRANCH);
  if (end < 0) return undefined;
  const port = paramsStart === hostEnd ? -1 : digitsIn(hostEnd + 1, paramsStart);
  return { protocolStart, protocolEnd, hostEnd, port, paramsStart, branch: wanted, end };
}

/** Where the parts of an address lie: `"Display" <URI>;parameters`, the display name quoted, of tokens, or left out. */
export interface PlainAddress {
  readonly start: number;
  /** The index of `<`. */
  readonly open: number;
  /** The index of `>`. */
  readonly close: number;
  readonly tag: Place | undefined;
  readonly end: number;
}

export function plainAddress(start: number): PlainAddress | undefined {
  let open = start;
  if (glass[open] === QUOTE) {
    open = endOfPlainQuoted(open + 1);
    if (glass[open] !== QUOTE) return undefined;
    open++;
    if (glass[open] === SPACE) open++;
  } else while (glass[open] === SPACE || ((table[glass[open] ?? 0] ?? 0) & TOKEN) !== 0) open++;
  if (glass[open] !== LESS) return undefined;
  const close = endOfURI(open + 1);
  if (close < 0 || glass[close] !== GREATER) return undefined;
  const end = endOfParams(close + 1, TAG);
  return end < 0 ? undefined : { start, open, close, tag: wanted, end };
}

/** Where the parts of a CSeq lie: `sequence method`. */
export interface PlainCSeq {
  readonly sequence: number;
  readonly methodStart: number;
  readonly end: number;
}

export function plainCSeq(start: number): PlainCSeq | undefined {
  const digitsEnd = skip(start, DIGIT);
  const methodStart = digitsEnd + 1;
  const end = skip(methodStart, TOKEN);
  // Of ten digits, some would be more than 32 bits.
  const isPlain = digitsEnd > start && digitsEnd - start < 10 && glass[digitsEnd] === SPACE && end > methodStart && glass[end] === CR;
  return isPlain ? { sequence: digitsIn(start, digitsEnd), methodStart, end } : undefined;
}

/** The end of a word without white space, quotes or separators, which is the line's; -1 for anything else, and for nothing. */
export function endOfPlainWord(start: number): number {
  const end = skip(start, VALUE);
  return end > start && glass[end] === CR ? end : -1;
}

/** The number that the digits of [start, end) make; -1 when they are none, or too many. */
export function digitsIn(start: number, end: number): number {
  if (end <= start || end - start > 9) return -1;
  let value = 0;
  for (let i = start; i < end; i++) {
    const digit = (glass[i] ?? 0) - ZERO;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
  }
  return value;
}

const ZERO = 48;
const DELETE = 127;
/** `SIP/2.0` */
function isVersion(start: number): boolean {
  return fourAt(start) === SIP_SLASH && fourAt(start + 3) === SLASH_TWO;
}

const VERSION_LENGTH = 7;
const SIP_SLASH = four("SIP/");
const SLASH_TWO = four("/2.0");

function endOfPlainQuoted(start: number): number {
  for (let i = start; ; i++) {
    const byte = glass[i] ?? 0;
    if (byte < SPACE || byte === QUOTE || byte === BACKSLASH) return i;
  }
}

/** The end of `sip:user@host:port;name=value`, or `sips:`: the first byte that can belong to none of it. -1 for anything else. */
function endOfURI(start: number): number {
  const scheme = fourAt(start);
  if (scheme !== SIP && (scheme !== SIPS || glass[start + 4] !== COLON)) return -1;
  const colon = scheme === SIP ? start + 3 : start + 4;
  const userEnd = skip(colon + 1, USER);
  const hasUser = glass[userEnd] === AT;
  if (hasUser && userEnd === colon + 1) return -1;
  const host = hasUser ? userEnd + 1 : colon + 1;
  const hostEnd = skip(host, HOST);
  let i = endOfPort(host, hostEnd);
  if (i < 0) return -1;
  uri.userStart = colon + 1;
  uri.hostStart = host;
  uri.hostEnd = hostEnd;
  uri.portEnd = i;
  for (let count = 0; glass[i] === SEMICOLON; count++) {
    const name = i + 1;
    i = skip(name, URI_PARAMETER);
    if (i === name || count === FEW) return -1;
    if (glass[i] === EQUALS) i = skip(i + 1, URI_PARAMETER);
  }
  return i;
}

const SIP = four("sip:");
const SIPS = four("sips");

/** Where the parts of the URI lie that {@link endOfURI} has looked at last. */
const uri = { userStart: 0, hostStart: 0, hostEnd: 0, portEnd: 0 };

/** More parameters than anybody sends in earnest; far fewer than the parsers take. */
const FEW = 16;

/** The end of `host` or `host:port`; -1 when it is neither. */
function endOfPort(host: number, hostEnd: number): number {
  if (hostEnd === host) return -1;
  if (glass[hostEnd] !== COLON) return hostEnd;
  const portEnd = skip(hostEnd + 1, DIGIT);
  // Of five digits, those that make no port would have to be told from those that do.
  const digits = portEnd - hostEnd - 1;
  return digits >= 1 && (digits <= 4 || (digits === 5 && (glass[hostEnd + 1] ?? 0) < SIX)) ? portEnd : -1;
}

const SIX = 54;

/** The value of the parameter that {@link endOfParams} was to look out for; undefined when it is not there or has none. */
let wanted: Place | undefined;

/** A parameter's name to look out for: how long it is, its semicolon with the first three letters, and its last four characters. */
interface ParamName {
  readonly length: number;
  readonly first: number;
  readonly last: number;
}

const BRANCH: ParamName = { length: 6, first: four(";bra"), last: four("anch") };
const TAG: ParamName = { length: 3, first: four(";tag"), last: four(";tag") };

/** The end of `;name=value;name`, which is the line's; -1 for anything else. @param name to look out for */
function endOfParams(start: number, { length, first, last }: ParamName): number {
  wanted = undefined;
  let isFound = false;
  let i = start;
  for (let count = 0; glass[i] === SEMICOLON; count++) {
    const nameStart = i + 1;
    i = skip(nameStart, TOKEN);
    if (i === nameStart || count === FEW) return -1;
    const isWanted = i - nameStart === length && !isFound && fourStandAt(nameStart - 1, first) && fourStandAt(i - 4, last);
    if (isWanted) isFound = true;
    if (glass[i] !== EQUALS) continue;
    const value = i + 1;
    i = skip(value, VALUE);
    if (i === value) return -1;
    if (isWanted) wanted = { start: value, end: i };
  }
  return glass[i] === CR ? i : -1;
}

/** The first index from `from` whose byte is not of the class. */
function skip(from: number, characters: number): number {
  let i = from;
  while (((table[glass[i] ?? 0] ?? 0) & characters) !== 0) i++;
  return i;
}
