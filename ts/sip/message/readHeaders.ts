import { isAscii, isUtf8 } from "node:buffer";
import { SIPParseError } from "../errors.ts";
import { COLON, isSpace, LF, skip, skipSpace, TOKEN, trimEnd } from "./characters.ts";
import { headerKind, type HeaderKind, registeredNameAt } from "./headerNames.ts";
import type { Headers } from "./Headers.ts";
import { shown } from "./Params.ts";
import { lookAt, plainAddress, plainVia } from "./plain.ts";

/**
 * Start line and headers of a message: its bytes, and the text they stand for. Headers are UTF-8; when they are not, they are read as
 * ISO 8859-1, which is what old PBXs send for a caller's name.
 */
export class Head {
  /** One character a byte, so that its indices are those of the bytes. */
  readonly text: string;
  readonly bytes: Buffer;
  /** Whether {@link text} says something else than the bytes mean. */
  readonly #isUTF8: boolean;

  /** @param bytes from the start line to the last header */
  constructor(bytes: Buffer) {
    this.text = bytes.toString("latin1");
    this.bytes = bytes;
    this.#isUTF8 = !isAscii(bytes) && isUtf8(bytes);
  }

  /** What stands in [from, to). */
  slice(from: number, to: number): string {
    return this.#isUTF8 ? this.bytes.toString("utf8", from, to) : this.text.slice(from, to);
  }

  /** A header's value. @param from the complement (`~from`) when the value is folded and its folds are to be undone */
  value(from: number, to: number): string {
    return from < 0 ? unfold(this.slice(~from, to)) : this.slice(from, to);
  }

  /** The first CR from there on, or the end. */
  endOfLine(from: number): number {
    const end = this.text.indexOf("\r", from);
    return end < 0 ? this.text.length : end;
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
  const { text } = head;
  const size = text.length;
  const canLook = lookAt(head.bytes);
  let fault: SIPParseError | undefined;
  let doubtful: Set<HeaderKind> | undefined;
  let i = start;
  for (let lines = 0; i < size; lines++) {
    if (lines >= limit) {
      fault ??= new SIPParseError(`more than ${limit} headers`, 513, { offset: i });
      break;
    }
    const known = canLook ? registeredNameAt(i, text.charCodeAt(i)) : undefined;
    const nameEnd = known === undefined ? skip(text, i, size, TOKEN) : i + known.length;
    const colon = known === undefined ? skipSpace(text, nameEnd, size) : nameEnd;
    const isNamed = nameEnd > i && colon < size && text.charCodeAt(colon) === COLON;
    const kind = known?.kind ?? (isNamed ? headerKind(text.slice(i, nameEnd)) : undefined);
    const from = isNamed ? skipSpace(text, colon + 1, size) : nameEnd;
    const form = canLook ? kind?.form : undefined;
    const plainEnd = form === undefined ? -1 : form === "via" ? plainVia(from) : plainAddress(from);
    let end = plainEnd < 0 ? head.endOfLine(from) : plainEnd;
    // A line that starts with white space goes on with the one before (RFC 3261 §7.3.1).
    let folded = false;
    while (end + 2 < size && isSpace(text.charCodeAt(end + 2)) && text.charCodeAt(end + 1) === LF) {
      end = head.endOfLine(end + 2);
      folded = true;
    }
    const isEnded = end === size || text.charCodeAt(end + 1) === LF;
    if (kind === undefined)
      fault ??= new SIPParseError(`a header line without name and colon: ${shown(head.slice(i, end))}`, 400, { offset: i });
    else if (!isEnded || hasBareLineFeed(head, from, end, folded))
      fault ??= new SIPParseError(`a line end that is not CRLF in ${shown(head.slice(i, end))}`, 400, { offset: i });
    else {
      headers.receivedAt(kind, head, folded ? ~from : from, folded ? end : trimEnd(text, from, end));
      if (kind.form !== undefined && (plainEnd < 0 || folded)) (doubtful ??= new Set()).add(kind);
    }
    i = isEnded ? end + 2 : end + 1;
  }
  return { fault, doubtful: doubtful ?? NONE };
}

function hasBareLineFeed(head: Head, from: number, end: number, folded: boolean): boolean {
  if (folded) return head.value(~from, end).includes("\n");
  const found = head.text.indexOf("\n", from);
  return found >= 0 && found < end;
}

/** Each fold, with the white space around it, becomes one space. */
function unfold(value: string): string {
  return value
    .split("\r\n")
    .map((line) => line.slice(skipSpace(line, 0, line.length), trimEnd(line, 0, line.length)))
    .filter((line) => line !== "")
    .join(" ");
}
