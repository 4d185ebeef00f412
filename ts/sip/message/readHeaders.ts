import { isAscii, isUtf8 } from "node:buffer";
import { SIPParseError } from "../errors.ts";
import { COLON, CR, isSpace, LF, skipBytes, skipSpace, TOKEN, trimEnd } from "./characters.ts";
import { headerKind, type HeaderKind, registeredNameAt } from "./headerNames.ts";
import type { Headers } from "./Headers.ts";
import { shown } from "./Params.ts";
import { plainAddress, plainVia } from "./plain.ts";

/**
 * Start line and headers of a message: its bytes, and the text they stand for. Headers are UTF-8; when they are not, they are read as
 * ISO 8859-1, which is what old PBXs send for a caller's name.
 */
export class Head {
  readonly bytes: Buffer;
  readonly start: number;
  readonly end: number;
  /** One character a byte; undefined when there are characters of several bytes. */
  readonly #text: string | undefined;

  constructor(bytes: Buffer, start: number, end: number) {
    this.bytes = bytes;
    this.start = start;
    this.end = end;
    // The whole message first: nearly always that is the answer, and it needs no view of a part.
    const isOneByteEach = isAscii(bytes) || !isUtf8(bytes.subarray(start, end)) || isAscii(bytes.subarray(start, end));
    this.#text = isOneByteEach ? bytes.toString("latin1", start, end) : undefined;
  }

  /** The text of some bytes, counted from the beginning of the message. */
  slice(from: number, to: number): string {
    return this.#text === undefined ? this.bytes.toString("utf8", from, to) : this.#text.slice(from - this.start, to - this.start);
  }

  /** A header's value. @param from the complement (`~from`) when the value is folded and its folds are to be undone */
  value(from: number, to: number): string {
    return from < 0 ? unfold(this.slice(~from, to)) : this.slice(from, to);
  }

  /** The first CR, or the end of the head. */
  endOfLine(from: number): number {
    let i = from;
    while (i < this.end && this.bytes[i] !== CR) i++;
    return i;
  }
}

/** What the reader of header lines leaves to say. */
export interface HeadersRead {
  /** The first one; what lies behind it has been read all the same, where that was possible. */
  readonly fault: SIPParseError | undefined;
  /** Of Via and the addresses, those with a line that is not in one of the plain forms, and so must be parsed to be believed. */
  readonly doubtful: ReadonlySet<HeaderKind>;
}

const NONE: ReadonlySet<HeaderKind> = new Set();

/** Reads header lines from `start` to the end of the head. */
export function readHeaders(head: Head, start: number, headers: Headers, limit: number): HeadersRead {
  const { bytes, end } = head;
  let fault: SIPParseError | undefined;
  let doubtful: Set<HeaderKind> | undefined;
  let i = start;
  for (let lines = 0; i < end; lines++) {
    if (lines >= limit) {
      fault ??= new SIPParseError(`more than ${limit} headers`, 513, { offset: i - head.start });
      break;
    }
    const known = registeredNameAt(bytes, i);
    const nameEnd = known === undefined ? skipBytes(bytes, i, end, TOKEN) : i + known.bytes.length;
    const colon = known === undefined ? skipBlanks(bytes, nameEnd, end) : nameEnd;
    const isNamed = nameEnd > i && colon < end && bytes[colon] === COLON;
    const kind = known?.kind ?? (isNamed ? headerKind(head.slice(i, nameEnd)) : undefined);
    const from = isNamed ? skipBlanks(bytes, colon + 1, end) : nameEnd;
    const plainEnd = kind?.form === undefined ? -1 : (kind.form === "via" ? plainVia : plainAddress)(bytes, from, end);
    let lineEnd = plainEnd < 0 ? endOfText(bytes, from, end) : plainEnd;
    let isBroken = false;
    if (bytes[lineEnd] === LF && lineEnd < end) {
      isBroken = true;
      lineEnd = head.endOfLine(lineEnd);
    }
    // A line that starts with white space goes on with the one before (RFC 3261 §7.3.1).
    let folded = false;
    while (lineEnd + 2 < end && bytes[lineEnd + 1] === LF && isSpace(bytes[lineEnd + 2] ?? 0)) {
      lineEnd = head.endOfLine(lineEnd + 2);
      folded = true;
    }
    if (lineEnd < end && bytes[lineEnd + 1] !== LF) isBroken = true;
    if (folded && head.value(~from, lineEnd).includes("\n")) isBroken = true;
    if (kind === undefined)
      fault ??= new SIPParseError(`a header line without name and colon: ${shown(head.slice(i, lineEnd))}`, 400, { offset: i - head.start });
    else if (isBroken)
      fault ??= new SIPParseError(`a line end that is not CRLF in ${shown(head.slice(i, lineEnd))}`, 400, { offset: i - head.start });
    else {
      headers.receivedAt(kind, head, folded ? ~from : from, folded ? lineEnd : trimBlanks(bytes, from, lineEnd));
      if (kind.form !== undefined && (plainEnd < 0 || folded)) (doubtful ??= new Set()).add(kind);
    }
    i = lineEnd < end && bytes[lineEnd + 1] !== LF ? lineEnd + 1 : lineEnd + 2;
  }
  return { fault, doubtful: doubtful ?? NONE };
}

function skipBlanks(bytes: Uint8Array, from: number, end: number): number {
  let i = from;
  while (i < end && isSpace(bytes[i] ?? 0)) i++;
  return i;
}

function trimBlanks(bytes: Uint8Array, from: number, to: number): number {
  let i = to;
  while (i > from && isSpace(bytes[i - 1] ?? 0)) i--;
  return i;
}

/** The first CR or LF. */
function endOfText(bytes: Uint8Array, from: number, end: number): number {
  let i = from;
  for (; i < end; i++) {
    const byte = bytes[i] ?? 0;
    if (byte <= CR && (byte === CR || byte === LF)) break;
  }
  return i;
}

/** Each fold, with the white space around it, becomes one space. */
function unfold(value: string): string {
  return value
    .split("\r\n")
    .map((line) => line.slice(skipSpace(line, 0, line.length), trimEnd(line, 0, line.length)))
    .filter((line) => line !== "")
    .join(" ");
}
