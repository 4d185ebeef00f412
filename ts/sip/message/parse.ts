import { SIPParseError } from "../errors.ts";
import { CR, isToken, LF, parseDigits, SLASH, SPACE, TAB } from "./characters.ts";
import { byteAt, endOfLine, lookAt } from "./glass.ts";
import { Head } from "./Head.ts";
import { CALL_ID, CONTENT_LENGTH, CSEQ, FROM, type HeaderKind, MAX_FORWARDS, TO, VIA } from "./headerNames.ts";
import type { Headers } from "./Headers.ts";
import { DEFAULT_LIMITS, type ParseLimits } from "./limits.ts";
import { methodAt } from "./methods.ts";
import { shown } from "./Params.ts";
import { plainRequestLine, plainStatus } from "./plain.ts";
import { type HeadersRead, readHeaders } from "./readHeaders.ts";
import { SIP_VERSION, type SIPMessage } from "./SIPMessage.ts";
import { SIPMethod } from "./SIPMethod.ts";
import { SIPRequest } from "./SIPRequest.ts";
import { SIPResponse } from "./SIPResponse.ts";
import { parseURI, SIPURI, type URI } from "./SIPURI.ts";
import { OtherURI } from "./TelURI.ts";

/**
 * Parses one whole message: a datagram, or what a {@link StreamParser} cut out of a stream.
 *
 * One pass over the bytes finds the lines; values are taken apart when they are asked for. Those that every element reads
 * (Via, From, To, Call-ID, CSeq, Contact, Route, Record-Route) are checked here, so that a message returned never throws
 * later. Bytes behind the body are dropped (RFC 3261 §18.3).
 *
 * @throws SIPParseError with the status to answer, and the request as far as it was read
 */
export function parseMessage(bytes: Uint8Array, limits: Partial<ParseLimits> = DEFAULT_LIMITS): SIPRequest | SIPResponse {
  const { maxSize, maxHeaders, maxHeadSize } = limits === DEFAULT_LIMITS ? DEFAULT_LIMITS : { ...DEFAULT_LIMITS, ...limits };
  const size = bytes.length;
  if (size > maxSize) throw new SIPParseError(`a message of ${size} bytes, where ${maxSize} are the limit`, 513);
  const seen = lookAt(bytes);
  // Line ends before the start line are keep-alives that a datagram swept along (RFC 3261 §7.5).
  let start = 0;
  while (byteAt(start) === CR && byteAt(start + 1) === LF) start += 2;
  const head = new Head(bytes, latin1(bytes, seen), start);
  const lineEnd = endOfLine(start);
  const isEnded = byteAt(lineEnd + 1) === LF;
  const read = readHeaders(head, lineEnd + 2, seen, maxHeaders);
  const headSize = head.end - start;
  const isCut = seen < size && head.end + EMPTY_LINE > seen;
  if (headSize > maxHeadSize || isCut)
    throw new SIPParseError(`headers of ${headSize} bytes, where ${Math.min(maxHeadSize, seen)} are the limit`, 513);
  // The first fault is kept while the rest is read, so that even a refused request can be answered.
  const { headers } = read;
  let fault = isEnded || lineEnd >= head.end ? read.fault : new SIPParseError("a start line that does not end in CRLF");
  if (head.end === size) fault ??= new SIPParseError("no line end after the last header", 400, { offset: size });
  head.bodyStart = Math.min(head.end + EMPTY_LINE, size);
  const available = size - head.bodyStart;
  let length = read.length < 0 ? undefined : read.length;
  if (length === undefined) {
    try {
      length = contentLength(headers);
    } catch (error) {
      fault ??= parseError(error);
    }
  }
  length ??= available;
  if (length > available)
    fault ??= new SIPParseError(`Content-Length says ${length} bytes, ${available} arrived`, 400, { offset: head.bodyStart });
  head.bodyEnd = head.bodyStart + Math.min(length, available);
  return isResponse(start) ? readResponse(head, lineEnd, read, fault) : readRequest(head, lineEnd, read, fault);
}

function latin1(bytes: Uint8Array, size: number): string {
  return (Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)).toString("latin1", 0, size);
}

/** Bytes of a line end and an empty line. */
const EMPTY_LINE = 4;

/** The fault that an error is. @throws the error itself when it is none */
function parseError(error: unknown): SIPParseError {
  if (error instanceof SIPParseError) return error;
  throw error;
}

/** What RFC 3261 §8.1.1 demands of every message, and that each typed accessor will be able to read its header. */
function checkHeaders(message: SIPMessage, head: Head, { counts, doubtful }: HeadersRead): SIPParseError | undefined {
  try {
    for (let i = 0; i < REQUIRED.length; i++) checkCount(counts, REQUIRED[i] ?? VIA, true);
    checkCount(counts, MAX_FORWARDS, false);
    if (counts[VIA.watched] === 0 || (head.callId ?? message.callId) === "") throw new SIPParseError("an empty Via or Call-ID");
    for (const kind of doubtful) message.checkValues(kind);
    const { cseq, method } = message;
    if (method !== null && cseq.method !== method) throw methodMismatch(method, cseq.method);
    message.checked();
    return undefined;
  } catch (error) {
    return parseError(error);
  }
}

const REQUIRED: readonly HeaderKind[] = [FROM, TO, CALL_ID, CSEQ];
const KNOWN_METHODS: ReadonlySet<string> = new Set(Object.values(SIPMethod));

/** RFC 4475 §3.1.2.17 and §3.1.2.18: 400 for a method we know, 501 for one we do not. */
function methodMismatch(method: string, cseq: string): SIPParseError {
  return new SIPParseError(`the request is ${shown(method)}, its CSeq says ${shown(cseq)}`, KNOWN_METHODS.has(method) ? 400 : 501);
}

function checkCount(counts: Readonly<Uint16Array>, kind: HeaderKind, required: boolean): void {
  const count = counts[kind.watched] ?? 0;
  if (count === 1) return;
  if (count > 1) throw new SIPParseError(`${count} ${kind.name} headers, where only one may be`);
  if (required) throw new SIPParseError(`the message has no ${kind.name}`);
}

/** The length that the headers declare; undefined when they do not. Equal repetitions are harmless, others are not. */
function contentLength(headers: Headers): number | undefined {
  let length: number | undefined;
  for (const line of headers.linesOf(CONTENT_LENGTH)) {
    const value = parseDigits(line, Number.MAX_SAFE_INTEGER);
    if (value === undefined) throw new SIPParseError(`Content-Length must be a number, not ${shown(line)}`);
    if (length !== undefined && length !== value) throw new SIPParseError(`two values of Content-Length, ${length} and ${value}`);
    length = value;
  }
  return length;
}

/** `SIP/` at the start makes it a response; a request line starts with a method, which holds no slash. */
function isResponse(start: number): boolean {
  return byteAt(start + 3) === SLASH && (byteAt(start) | 32) === 115 && (byteAt(start + 1) | 32) === 105 && (byteAt(start + 2) | 32) === 112;
}

function readRequest(head: Head, lineEnd: number, read: HeadersRead, headerFault: SIPParseError | undefined): SIPRequest {
  const { start, text } = head;
  const { headers } = read;
  const plain = plainRequestLine(start, lineEnd);
  let fault = headerFault;
  let request: SIPRequest;
  if (plain === undefined) {
    const line = readRequestLine(head.slice(start, lineEnd), headerFault);
    ({ fault } = line);
    request = SIPRequest.received(line.text, line.method, line.uri, line.version, headers, head);
  } else {
    const method = methodAt(text, start, plain.methodEnd);
    request = SIPRequest.received(text.slice(start, lineEnd), method, SIPURI.received(text, plain.uri), SIP_VERSION, headers, head);
  }
  fault ??= checkHeaders(request, head, read);
  if (fault === undefined) return request;
  const answerable = headers.count(VIA) > 0 ? request : undefined;
  throw new SIPParseError(fault.message, fault.status, { offset: fault.offset, cause: fault, request: answerable });
}

interface RequestLine {
  readonly text: string;
  readonly method: string;
  readonly uri: URI;
  readonly version: string;
  readonly fault: SIPParseError | undefined;
}

/**
 * @param headerFault comes behind a wrong version, before a wrong URI
 * @throws SIPParseError for what is no SIP at all: then nobody waits for an answer
 */
function readRequestLine(text: string, headerFault: SIPParseError | undefined): RequestLine {
  const first = text.indexOf(" ");
  const last = text.lastIndexOf(" ");
  const method = text.slice(0, Math.max(0, first));
  if (!isToken(method)) throw new SIPParseError(`neither a request nor a response: ${shown(text)}`, 400, { offset: 0 });
  const version = text.slice(last + 1);
  const uriText = text.slice(first + 1, Math.max(first + 1, last));
  let fault = checkVersion(version, text) ?? headerFault;
  let uri: URI;
  try {
    uri = readRequestURI(uriText);
  } catch (error) {
    fault ??= parseError(error);
    uri = OtherURI.unreadable(uriText);
  }
  return { text, method, uri, version, fault };
}

function checkVersion(version: string, line: string): SIPParseError | undefined {
  if (version === SIP_VERSION) return undefined;
  if (!isVersion(version)) return new SIPParseError(`a request line that does not end in the SIP version: ${shown(line)}`);
  return version.toUpperCase() === SIP_VERSION ? undefined : new SIPParseError(`version ${shown(version)}, where SIP/2.0 is spoken`, 505);
}

function readRequestURI(text: string): URI {
  const uri = parseURI(text);
  // RFC 4475 §3.1.2.11: headers may not stand in a Request-URI.
  if (uri instanceof SIPURI && uri.hasHeaders) throw new SIPParseError(`headers in the Request-URI ${shown(text)}`);
  return uri;
}

/** `SIP/` 1*DIGIT `.` 1*DIGIT */
function isVersion(text: string): boolean {
  const dot = text.indexOf(".");
  return (
    text.slice(0, 4).toUpperCase() === "SIP/" &&
    parseDigits(text.slice(4, dot), 0xffff) !== undefined &&
    parseDigits(text.slice(dot + 1), 0xffff) !== undefined
  );
}

function readResponse(head: Head, lineEnd: number, read: HeadersRead, headerFault: SIPParseError | undefined): SIPResponse {
  const { start, text } = head;
  const { headers } = read;
  const plain = plainStatus(start, lineEnd);
  const { status, reason } =
    plain === undefined ? readStatusLine(head.slice(start, lineEnd)) : { status: plain, reason: text.slice(start + STATUS_AND_SPACES, lineEnd) };
  const response = SIPResponse.received(status, reason, headers, head);
  const fault = headerFault ?? checkHeaders(response, head, read);
  if (fault !== undefined) throw fault;
  return response;
}

const STATUS_AND_SPACES = "SIP/2.0 200 ".length;

/** @throws SIPParseError */
function readStatusLine(line: string): { readonly status: number; readonly reason: string } {
  const space = line.indexOf(" ");
  const version = space < 0 ? line : line.slice(0, space);
  if (version !== SIP_VERSION && version.toUpperCase() !== SIP_VERSION)
    throw new SIPParseError(`a response of version ${shown(version)}`, 505);
  const code = line.slice(space + 1, space + 4);
  const status = parseDigits(code, 699);
  // The space after the code belongs to the line even when the phrase is empty; some peers leave it out.
  const next = line.charCodeAt(space + 4);
  if (status === undefined || code.length !== 3 || status < 100 || (space + 4 < line.length && next !== SPACE))
    throw new SIPParseError(`a malformed status line ${shown(line)}`, 400, { offset: space + 1 });
  const reason = line.slice(space + 5);
  for (let i = 0; i < reason.length; i++) {
    const control = reason.charCodeAt(i);
    if ((control < 32 && control !== TAB) || control === 127) throw new SIPParseError("a control character in the reason phrase");
  }
  return { status, reason };
}
