import { SIPParseError } from "../errors.ts";
import { COLON, isSpace, parseDigits, skip, skipSpace, TOKEN, trimEnd } from "./characters.ts";
import { CONTENT_LENGTH, headerKind } from "./headerNames.ts";
import { DEFAULT_LIMITS, type ParseLimits } from "./limits.ts";
import { parseMessage } from "./parse.ts";
import { SIPRequest } from "./SIPRequest.ts";
import type { SIPResponse } from "./SIPResponse.ts";

/**
 * What a stream brought, in its order.
 * - `message`: a message, whole and valid, and its bytes.
 * - `invalid`: a whole message that is not valid; the stream goes on behind it.
 * - `pong`, `ping`: a single line end between messages answers a keep-alive; when a second one follows it, the pair was
 *   itself a keep-alive and wants a single line end back (RFC 5626 §4.4.1, §3.5.1).
 * - `fatal`: nobody can tell where the next message starts: close the connection (RFC 3261 §18.3). The error holds the request, if
 *   its head was whole, so that it can be answered first.
 */
export type StreamItem =
  | { readonly type: "message"; readonly message: SIPRequest | SIPResponse; readonly bytes: Uint8Array }
  | { readonly type: "invalid"; readonly error: SIPParseError; readonly bytes: Uint8Array }
  | { readonly type: "ping" }
  | { readonly type: "pong" }
  | { readonly type: "fatal"; readonly error: SIPParseError };

/** Enough for a proxy's longest answer; a stream needs some bound, or a peer fills the memory. */
const STREAM_LIMITS: ParseLimits = { ...DEFAULT_LIMITS, maxSize: 1 << 20 };

/**
 * Cuts a byte stream (TCP, TLS) into messages by their Content-Length, which a stream requires (RFC 3261 §18.3).
 * The same bytes give the same items, however they are split. Each byte is looked at a fixed number of times.
 *
 * ```
 *             CRLF: pong, CRLF again: ping
 *               ┌──┐
 *               ▼  │  other byte              empty line found            length reached
 *            ┌─────────┐ ───────────▶ ┌──────┐ ────────────────▶ ┌──────┐ ───────────────┐
 *            │ between │              │ head │                   │ body │                │
 *            └─────────┘              └──────┘                   └──────┘                │
 *               ▲                        │ no or bad Content-Length, limit passed        │
 *               └────────────────────────┼───────────────────────────────────────────────┘
 *                                        ▼
 *                                    fatal (for good)
 * ```
 */
export class StreamParser {
  readonly #limits: ParseLimits;
  /** What has arrived and is not cut yet: bytes #start to #end of the buffer. */
  #buffer: Buffer = Buffer.alloc(0);
  #start = 0;
  #end = 0;
  /** Where the search for the empty line goes on. */
  #scanned = 0;
  /** Length of the message under way, once its head is known. */
  #messageLength: number | undefined;
  /** Line ends seen between messages. */
  #lineEnds = 0;
  #failure: SIPParseError | undefined;

  constructor(limits: Partial<ParseLimits> = {}) {
    this.#limits = { ...STREAM_LIMITS, ...limits };
  }

  /** Why the stream cannot be read any further; undefined while it can. */
  get failure(): SIPParseError | undefined {
    return this.#failure;
  }

  /** Bytes of a message that is not whole yet: 0 means that the stream may end here. */
  get pending(): number {
    return this.#end - this.#start;
  }

  /** Takes the next bytes, which the caller may use again afterwards. After `fatal` there is nothing more. Never throws. */
  push(bytes: Uint8Array): StreamItem[] {
    const items: StreamItem[] = [];
    if (this.#failure !== undefined) return items;
    this.#append(bytes);
    for (;;) {
      const item = this.#next();
      if (item === undefined) break;
      items.push(item);
      if (item.type === "fatal") break;
    }
    if (this.#start === this.#end) {
      this.#start = 0;
      this.#end = 0;
    }
    return items;
  }

  #next(): StreamItem | undefined {
    if (this.#messageLength === undefined) {
      const buffer = this.#buffer;
      if (this.#scanned === 0 && this.#start < this.#end && buffer[this.#start] === 13) {
        if (this.#end - this.#start < 2) return undefined;
        if (buffer[this.#start + 1] === 10) {
          this.#start += 2;
          this.#lineEnds++;
          return { type: this.#lineEnds % 2 === 1 ? "pong" : "ping" };
        }
      }
      const error = this.#findHead();
      if (error !== undefined) return this.#fail(error);
    }
    if (this.#messageLength === undefined || this.#end - this.#start < this.#messageLength) return undefined;
    return this.#cut(this.#messageLength);
  }

  /** Looks for the empty line, from where it last gave up. Sets the message's length, or says why there is none. */
  #findHead(): SIPParseError | undefined {
    const { maxHeadSize, maxSize } = this.#limits;
    const length = this.#end - this.#start;
    const found = this.#buffer.subarray(this.#start, this.#end).indexOf("\r\n\r\n", this.#scanned, "latin1");
    // Up to three bytes of the empty line may be there already: it may be cut in its middle.
    const headLength = found < 0 ? length - 3 : found;
    if (headLength > maxHeadSize) return new SIPParseError(`headers longer than ${maxHeadSize} bytes`, 513);
    if (found < 0) {
      this.#scanned = Math.max(0, length - 3);
      return undefined;
    }
    const body = bodyLength(this.#buffer.toString("latin1", this.#start, this.#start + found));
    if (body instanceof SIPParseError) return this.#refusing(body, found + 4);
    if (found + 4 + body > maxSize) {
      return this.#refusing(new SIPParseError(`a message of ${found + 4 + body} bytes, where ${maxSize} are the limit`, 513), found + 4);
    }
    this.#messageLength = found + 4 + body;
    return undefined;
  }

  /** The error with the request whose head has come, so that it can be answered before the connection is closed. */
  #refusing(error: SIPParseError, headLength: number): SIPParseError {
    const head = Buffer.from(this.#buffer.subarray(this.#start, this.#start + headLength));
    let request: SIPRequest | undefined;
    try {
      const read = parseMessage(head, this.#limits);
      if (read instanceof SIPRequest) request = read;
    } catch (reason) {
      if (!(reason instanceof SIPParseError)) throw reason;
      ({ request } = reason);
    }
    return request === undefined ? error : new SIPParseError(error.message, error.status, { request });
  }

  #cut(length: number): StreamItem {
    const bytes = Buffer.from(this.#buffer.subarray(this.#start, this.#start + length));
    this.#start += length;
    this.#scanned = 0;
    this.#lineEnds = 0;
    this.#messageLength = undefined;
    try {
      return { type: "message", message: parseMessage(bytes, this.#limits), bytes };
    } catch (error) {
      if (error instanceof SIPParseError) return { type: "invalid", error, bytes };
      throw error;
    }
  }

  #fail(error: SIPParseError): StreamItem {
    this.#failure = error;
    this.#buffer = Buffer.alloc(0);
    this.#start = 0;
    this.#end = 0;
    return { type: "fatal", error };
  }

  /** Doubles the buffer when it is full: copies each byte a bounded number of times, however small the pieces. */
  #append(bytes: Uint8Array): void {
    const pending = this.#end - this.#start;
    if (this.#end + bytes.length > this.#buffer.length) {
      const needed = pending + bytes.length;
      const target = needed > this.#buffer.length / 2 ? Buffer.allocUnsafeSlow(Math.max(2048, needed * 2)) : this.#buffer;
      this.#buffer.copy(target, 0, this.#start, this.#end);
      this.#buffer = target;
      this.#start = 0;
      this.#end = pending;
    }
    this.#buffer.set(bytes, this.#end);
    this.#end += bytes.length;
  }
}

/** The declared length of the body. Only the framing is read here; the parser sees the rest. */
function bodyLength(head: string): number | SIPParseError {
  let length: number | undefined;
  for (let i = head.indexOf("\r\n"); i >= 0; i = head.indexOf("\r\n", i + 2)) {
    const nameEnd = skip(head, i + 2, head.length, TOKEN);
    const name = head.slice(i + 2, nameEnd);
    const colon = skipSpace(head, nameEnd, head.length);
    if (head.charCodeAt(colon) !== COLON || headerKind(name) !== CONTENT_LENGTH) continue;
    const text = unfolded(head, colon + 1).trim();
    const value = parseDigits(text, Number.MAX_SAFE_INTEGER);
    if (value === undefined) return new SIPParseError(`Content-Length must be a number, not ${JSON.stringify(text.slice(0, 60))}`);
    if (length !== undefined && length !== value) return new SIPParseError(`two values of Content-Length, ${length} and ${value}`);
    length = value;
  }
  return length ?? new SIPParseError("no Content-Length, which a stream cannot do without");
}

/** A header's value to its end, over folds: `Content-Length:\r\n 5`. */
function unfolded(head: string, from: number): string {
  let text = "";
  for (let i = from; ;) {
    const found = head.indexOf("\r\n", i);
    const end = found < 0 ? head.length : found;
    const start = skipSpace(head, i, end);
    text += head.slice(start, trimEnd(head, start, end));
    i = end + 2;
    if (i >= head.length || !isSpace(head.charCodeAt(i))) return text;
    text += " ";
  }
}
