import { SIPParseError } from "../errors.ts";
import { isSpace, isToken, parseDigits, skip, skipSpace, TAB, TOKEN, trimEnd } from "./characters.ts";
import { CALL_ID, CONTENT_LENGTH, CSEQ, FROM, type HeaderKind, headerKind, MAX_FORWARDS, TO } from "./headerNames.ts";
import { Headers } from "./Headers.ts";
import { DEFAULT_LIMITS, type ParseLimits } from "./limits.ts";
import { shown } from "./Params.ts";
import type { SIPMessage } from "./SIPMessage.ts";
import { SIPMethod } from "./SIPMethod.ts";
import { SIPRequest } from "./SIPRequest.ts";
import { SIPResponse } from "./SIPResponse.ts";
import { OtherURI } from "./TelURI.ts";
import { parseURI, SIPURI, type URI } from "./SIPURI.ts";

/**
 * Parses one whole message: a datagram, or what a {@link StreamParser} cut out of a stream.
 *
 * One pass over the bytes finds the lines; values are taken apart when they are asked for, except those that every
 * element reads (Via, From, To, Call-ID, CSeq, Contact, Route, Record-Route), so that a message returned here never
 * throws later. Bytes behind the body are dropped (RFC 3261 §18.3). Headers are UTF-8; when they are not, they are read
 * as ISO 8859-1, which is what old PBXs send for a caller's name.
 *
 * @throws SIPParseError with the status to answer, and the request as far as it was read
 */
export function parseMessage(bytes: Uint8Array, limits: Partial<ParseLimits> = DEFAULT_LIMITS): SIPRequest | SIPResponse {
  const { maxSize, maxHeaders, maxHeadSize } = limits === DEFAULT_LIMITS ? DEFAULT_LIMITS : { ...DEFAULT_LIMITS, ...limits };
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (buffer.length > maxSize) throw new SIPParseError(`a message of ${buffer.length} bytes, where ${maxSize} are the limit`, 513);
  // Line ends before the start line are keep-alives that a datagram swept along (RFC 3261 §7.5).
  let start = 0;
  while (buffer[start] === 13 && buffer[start + 1] === 10) start += 2;
  let headEnd = buffer.indexOf("\r\n\r\n", start, "latin1");
  const complete = headEnd >= 0;
  if (!complete) headEnd = endsWithLineEnd(buffer, start) ? buffer.length - 2 : buffer.length;
  if (headEnd - start > maxHeadSize) throw new SIPParseError(`headers of ${headEnd - start} bytes, where ${maxHeadSize} are the limit`, 513);
  const head = decodeHead(buffer, start, headEnd);
  const lineEnd = endOfLine(head, 0);
  const headers = new Headers();
  const fault = new FaultKeeper();
  readHeaders(head, lineEnd + 2, headers, maxHeaders, fault);
  // A datagram that ends with its last header has lost nothing but the empty line.
  if (!complete && headEnd === buffer.length) fault.note(new SIPParseError("no line end after the last header", 400, { offset: headEnd }));
  const bodyStart = Math.min(headEnd + 4, buffer.length);
  const available = buffer.length - bodyStart;
  const length = fault.try(() => contentLength(headers)) ?? available;
  if (length > available) fault.note(new SIPParseError(`Content-Length says ${length} bytes, ${available} arrived`, 400, { offset: bodyStart }));
  const body = buffer.subarray(bodyStart, bodyStart + Math.min(length, available));
  const startLine = head.slice(0, lineEnd);
  const message = startsWithVersion(startLine)
    ? readResponse(startLine, headers, body, bytes, fault)
    : readRequest(startLine, headers, body, bytes, fault);
  fault.check(message);
  return message;
}

/** Keeps the first fault while the rest is read, so that even a refused request can be answered. */
class FaultKeeper {
  first: SIPParseError | undefined;

  note(error: SIPParseError): void {
    this.first ??= error;
  }

  /** @throws whatever is no SIPParseError */
  try<T>(read: () => T): T | undefined {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof SIPParseError)) throw error;
      this.note(error);
      return undefined;
    }
  }

  check(message: SIPMessage): void {
    const fault = this.first ?? this.#checkHeaders(message);
    if (fault === undefined) return;
    const request = message instanceof SIPRequest && message.headers.has("Via") ? message : undefined;
    throw new SIPParseError(fault.message, fault.status, { offset: fault.offset, cause: fault, request });
  }

  /** What RFC 3261 §8.1.1 demands of every message, and that each typed accessor will be able to read its header. */
  #checkHeaders(message: SIPMessage): SIPParseError | undefined {
    this.try(() => {
      for (const kind of REQUIRED) checkCount(message.headers, kind, true);
      checkCount(message.headers, MAX_FORWARDS, false);
      if (message.vias.length === 0 || message.callId === "") throw new SIPParseError("an empty Via or Call-ID");
      const { cseq } = message;
      void message.from;
      void message.to;
      void message.contacts;
      void message.routes;
      void message.recordRoutes;
      if (message instanceof SIPRequest && cseq.method !== message.method) throw methodMismatch(message.method, cseq.method);
    });
    return this.first;
  }
}

const REQUIRED: readonly HeaderKind[] = [FROM, TO, CALL_ID, CSEQ];
const KNOWN_METHODS: ReadonlySet<string> = new Set(Object.values(SIPMethod));

/** RFC 4475 §3.1.2.17 and §3.1.2.18: 400 for a method we know, 501 for one we do not. */
function methodMismatch(method: string, cseq: string): SIPParseError {
  return new SIPParseError(`the request is ${shown(method)}, its CSeq says ${shown(cseq)}`, KNOWN_METHODS.has(method) ? 400 : 501);
}

function checkCount(headers: Headers, kind: HeaderKind, required: boolean): void {
  const count = headers.count(kind);
  if (count > 1) throw new SIPParseError(`${count} ${kind.name} headers, where only one may be`);
  if (count === 0 && required) throw new SIPParseError(`the message has no ${kind.name}`);
}

/** The length that the headers declare; undefined when they do not. Equal repetitions are harmless, others are not. */
function contentLength(headers: Headers): number | undefined {
  let length: number | undefined;
  for (const line of headers.lines(CONTENT_LENGTH.key)) {
    const value = parseDigits(line, Number.MAX_SAFE_INTEGER);
    if (value === undefined) throw new SIPParseError(`Content-Length must be a number, not ${shown(line)}`);
    if (length !== undefined && length !== value) throw new SIPParseError(`two values of Content-Length, ${length} and ${value}`);
    length = value;
  }
  return length;
}

function endsWithLineEnd(buffer: Buffer, start: number): boolean {
  return buffer.length - start > 2 && buffer[buffer.length - 2] === 13 && buffer[buffer.length - 1] === 10;
}

function decodeHead(buffer: Buffer, start: number, end: number): string {
  const text = buffer.toString("utf8", start, end);
  return text.includes("\uFFFD") && !isUTF8Replacement(buffer, start, end) ? buffer.toString("latin1", start, end) : text;
}

/** Whether the replacement characters were sent as such: then the bytes are valid UTF-8. */
function isUTF8Replacement(buffer: Buffer, start: number, end: number): boolean {
  return Buffer.from(buffer.toString("utf8", start, end), "utf8").equals(buffer.subarray(start, end));
}

function endOfLine(text: string, from: number): number {
  const end = text.indexOf("\r\n", from);
  return end < 0 ? text.length : end;
}

/** `SIP/` at the start makes it a response; a request line starts with a method, which holds no slash. */
function startsWithVersion(line: string): boolean {
  return line.charCodeAt(3) === 47 && line.slice(0, 3).toUpperCase() === "SIP";
}

function readHeaders(head: string, start: number, headers: Headers, limit: number, fault: FaultKeeper): void {
  let i = start;
  for (let lines = 0; i < head.length; lines++) {
    if (lines >= limit) {
      fault.note(new SIPParseError(`more than ${limit} headers`, 513, { offset: i }));
      return;
    }
    let end = endOfLine(head, i);
    const nameEnd = skip(head, i, end, TOKEN);
    const colon = head.charCodeAt(nameEnd) === 58 ? nameEnd : skipSpace(head, nameEnd, end);
    const valueStart = colon + 1;
    // A line that starts with white space goes on with the one before (RFC 3261 §7.3.1).
    let folded = false;
    while (end + 2 < head.length && isSpace(head.charCodeAt(end + 2))) {
      end = endOfLine(head, end + 2);
      folded = true;
    }
    if (nameEnd === i || head.charCodeAt(colon) !== 58 || colon >= end)
      fault.note(new SIPParseError(`a header line without name and colon: ${shown(head.slice(i, end))}`, 400, { offset: i }));
    else {
      const from = skipSpace(head, valueStart, end);
      const value = folded ? unfold(head.slice(from, end)) : head.slice(from, trimEnd(head, from, end));
      if (value.includes("\r") || value.includes("\n"))
        fault.note(new SIPParseError(`a line end that is not CRLF in ${shown(value)}`, 400, { offset: i }));
      else headers.received(headerKind(head.slice(i, nameEnd)), value);
    }
    i = end + 2;
  }
}

/** Each fold, with the white space around it, becomes one space. */
function unfold(value: string): string {
  return value
    .split("\r\n")
    .map((line) => line.slice(skipSpace(line, 0, line.length), trimEnd(line, 0, line.length)))
    .filter((line) => line !== "")
    .join(" ");
}

function readRequest(line: string, headers: Headers, body: Uint8Array, received: Uint8Array, fault: FaultKeeper): SIPRequest {
  const first = line.indexOf(" ");
  const last = line.lastIndexOf(" ");
  const method = line.slice(0, Math.max(0, first));
  // Without a method and a version this is not SIP at all: nobody waits for an answer.
  if (!isToken(method)) throw new SIPParseError(`neither a request nor a response: ${shown(line)}`, 400, { offset: 0 });
  const version = line.slice(last + 1);
  const text = line.slice(first + 1, Math.max(first + 1, last));
  const uri = fault.try(() => readRequestURI(text)) ?? OtherURI.unreadable(text);
  if (!isVersion(version))
    fault.first = new SIPParseError(`a request line that does not end in the SIP version: ${shown(line)}`, 400, { offset: last + 1 });
  else if (version !== "SIP/2.0" && version.toUpperCase() !== "SIP/2.0")
    fault.first = new SIPParseError(`version ${shown(version)}, where SIP/2.0 is spoken`, 505, { offset: last + 1 });
  return SIPRequest.received(line, method, uri, version, headers, body, received);
}

function readRequestURI(text: string): URI {
  const uri = parseURI(text);
  // RFC 4475 §3.1.2.11: headers may not stand in a Request-URI.
  if (uri instanceof SIPURI && uri.headers.size > 0) throw new SIPParseError(`headers in the Request-URI ${shown(text)}`);
  return uri;
}

/** `SIP/` 1*DIGIT `.` 1*DIGIT */
function isVersion(text: string): boolean {
  const dot = text.indexOf(".");
  return startsWithVersion(text) && parseDigits(text.slice(4, dot), 0xffff) !== undefined && parseDigits(text.slice(dot + 1), 0xffff) !== undefined;
}

function readResponse(line: string, headers: Headers, body: Uint8Array, received: Uint8Array, fault: FaultKeeper): SIPResponse {
  const space = line.indexOf(" ");
  const version = space < 0 ? line : line.slice(0, space);
  if (version.toUpperCase() !== "SIP/2.0") throw new SIPParseError(`a response of version ${shown(version)}`, 505, { offset: 0 });
  const code = line.slice(space + 1, space + 4);
  const status = parseDigits(code, 699);
  // The space after the code belongs to the line even when the phrase is empty; some peers leave it out.
  const next = line.charCodeAt(space + 4);
  if (status === undefined || code.length !== 3 || status < 100 || (space + 4 < line.length && next !== 32))
    throw new SIPParseError(`a malformed status line ${shown(line)}`, 400, { offset: space + 1 });
  const reason = line.slice(space + 5);
  for (let i = 0; i < reason.length; i++) {
    const control = reason.charCodeAt(i);
    if ((control < 32 && control !== TAB) || control === 127) fault.note(new SIPParseError("a control character in the reason phrase"));
  }
  return SIPResponse.received(status, reason, headers, body, received);
}
