import { SIPParseError } from "../errors.ts";
import { COLON, CR, isSpace, LF } from "./characters.ts";
import { CSeq } from "./CSeq.ts";
import { byteAt, endOfLine, endOfText, endOfToken, endWithoutBlanks, skipBlanks } from "./glass.ts";
import type { Head } from "./Head.ts";
import { headerKind, type HeaderKind, registeredNameAt, Watched } from "./headerNames.ts";
import { Headers } from "./Headers.ts";
import { methodAt } from "./methods.ts";
import { shown } from "./Params.ts";
import { digitsIn, endOfPlainWord, plainAddress, plainCSeq, plainVia } from "./plain.ts";

/** What the reader of header lines has found. */
export interface HeadersRead {
  readonly headers: Headers;
  /** The first one; what lies behind it has been read all the same, where that was possible. */
  readonly fault: SIPParseError | undefined;
  /** Of Via and the addresses, those with a line that is not in one of the plain forms, and so must be parsed to be believed. */
  readonly doubtful: ReadonlySet<HeaderKind>;
  /** How many lines there are of each watched header, by its number. Holds until the next message is read. */
  readonly counts: Readonly<Uint16Array>;
  /** What the Content-Length says when it is a number and nothing else; -1 otherwise, and when there is none. */
  readonly length: number;
}

const { OTHER, VIA, FROM, TO, RECORD_ROUTE, CALL_ID, CSEQ, CONTENT_LENGTH } = Watched;
const NONE: ReadonlySet<HeaderKind> = new Set();
const counts = new Uint16Array(Math.max(...Object.values(Watched)) + 1);
/** Lists that are filled anew for each message, and copied when it is known how long they are. */
const kinds: HeaderKind[] = [];
const bounds: number[] = [];

/**
 * Reads the header lines of the message under the glass (see glass.ts), and finds the end of its head.
 * @param start of the first header
 * @param size of what lies under the glass
 */
export function readHeaders(head: Head, start: number, size: number, limit: number): HeadersRead {
  for (let n = 0; n < counts.length; n++) counts[n] = 0;
  let fault: { problem: string; from: number; to: number } | undefined;
  let doubtful: Set<HeaderKind> | undefined;
  let length = -1;
  let tooMany = -1;
  let found = 0;
  let registered = 0;
  let i = start;
  for (let lines = 0; ; lines++) {
    if (i >= size) {
      head.end = endOfUnfinished(head.start, size);
      break;
    }
    if (byteAt(i) === CR && byteAt(i + 1) === LF && byteAt(i - 1) === LF) {
      head.end = i - 2;
      break;
    }
    if (lines >= limit) {
      tooMany = i;
      const end = head.text.indexOf("\r\n\r\n", i);
      head.end = end < 0 ? endOfUnfinished(head.start, size) : end;
      break;
    }
    const known = registeredNameAt(i);
    let kind = known?.kind;
    let from: number;
    if (known !== undefined) from = skipBlanks(i + known.length + 1);
    else {
      from = endOfToken(i);
      const colon = skipBlanks(from);
      if (from > i && byteAt(colon) === COLON) {
        kind = headerKind(head.text.slice(i, from));
        from = skipBlanks(colon + 1);
      }
    }
    const watched = kind === undefined ? OTHER : kind.watched;
    const isFirst = counts[watched] === 0;
    let end = watched === OTHER ? -1 : endOfPlain(watched, head, from, isFirst);
    const isPlain = end >= 0;
    if (!isPlain) end = endOfText(from);
    let hasBareLineFeed = byteAt(end) === LF;
    if (hasBareLineFeed) end = endOfLine(end);
    // A line that starts with white space goes on with the one before (RFC 3261 §7.3.1).
    let folded = false;
    while (isFold(end)) {
      folded = true;
      end = endOfText(end + 2);
      if (byteAt(end) !== LF) continue;
      hasBareLineFeed = true;
      end = endOfLine(end);
    }
    const isEnded = end === size || byteAt(end + 1) === LF;
    if (kind === undefined) fault ??= { problem: "a header line without name and colon:", from: i, to: end };
    else if (!isEnded || hasBareLineFeed) fault ??= { problem: "a line end that is not CRLF in", from: i, to: end };
    else {
      const to = isPlain || folded ? end : endWithoutBlanks(from, end);
      kinds[found] = kind;
      bounds[2 * found] = folded ? ~from : from;
      bounds[2 * found + 1] = to;
      found++;
      if (known !== undefined) registered++;
      counts[watched] = (counts[watched] ?? 0) + 1;
      if (watched === CONTENT_LENGTH) length = isFirst && !folded ? digitsIn(from, to) : -1;
      else if (!isPlain && (watched === VIA || isAddress(watched))) (doubtful ??= new Set()).add(kind);
    }
    i = isEnded ? end + 2 : end + 1;
  }
  let error: SIPParseError | undefined;
  if (fault !== undefined) error = new SIPParseError(`${fault.problem} ${shown(head.slice(fault.from, fault.to))}`, 400, { offset: fault.from });
  else if (tooMany >= 0) error = new SIPParseError(`more than ${limit} headers`, 513, { offset: tooMany });
  const headers = Headers.received(kinds.slice(0, found), head, bounds.slice(0, 2 * found));
  // A kind that is not registered has its name from the message, which must not be kept for its sake.
  if (registered < found) kinds.length = 0;
  return { headers, fault: error, doubtful: doubtful ?? NONE, counts, length };
}

/** Recognises a watched header's value in its plain form: where its line ends; -1 when it is not plain. What lies where is noted in the head. */
function endOfPlain(watched: Watched, head: Head, from: number, isFirst: boolean): number {
  if (watched === VIA) {
    const via = plainVia(from);
    if (via === undefined || !isLineEnd(via.end)) return -1;
    if (isFirst) head.via = via;
    return via.end;
  }
  if (isAddress(watched)) {
    const address = plainAddress(from);
    if (address === undefined || !isLineEnd(address.end)) return -1;
    if (isFirst && watched === FROM) head.from = address;
    if (isFirst && watched === TO) head.to = address;
    return address.end;
  }
  if (watched === CSEQ) {
    const cseq = plainCSeq(from);
    if (cseq === undefined || !isLineEnd(cseq.end)) return -1;
    if (isFirst) head.cseq = CSeq.received(cseq.sequence, methodAt(head.text, cseq.methodStart, cseq.end));
    return cseq.end;
  }
  if (watched === CALL_ID) {
    const end = endOfPlainWord(from);
    if (end < 0 || !isLineEnd(end)) return -1;
    if (isFirst) head.callId = head.text.slice(from, end);
    return end;
  }
  return -1;
}

/** From, To, Contact, Route, or Record-Route. */
function isAddress(watched: Watched): boolean {
  return watched >= FROM && watched <= RECORD_ROUTE;
}

/** Whether the CR there ends a line, and all that belongs to it. */
function isLineEnd(end: number): boolean {
  return byteAt(end + 1) === LF && !isSpace(byteAt(end + 2));
}

/** Whether the line that ends there goes on in the next one. */
function isFold(end: number): boolean {
  return byteAt(end + 1) === LF && isSpace(byteAt(end + 2));
}

/** Where a head without an empty line ends: a datagram that ends with its last header has lost nothing but that line. */
function endOfUnfinished(start: number, size: number): number {
  return size - start > 2 && byteAt(size - 2) === CR && byteAt(size - 1) === LF ? size - 2 : size;
}
