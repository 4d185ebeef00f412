import { SIPParseError } from "../errors.ts";
import { isToken, LF, parseDigits, SLASH, SPACE, TAB } from "./characters.ts";
import { CALL_ID, CONTENT_LENGTH, CSEQ, FROM, type HeaderKind, MAX_FORWARDS, TO, VIA } from "./headerNames.ts";
import { Headers } from "./Headers.ts";
import { DEFAULT_LIMITS, type ParseLimits } from "./limits.ts";
import { shown } from "./Params.ts";
import { Head, readHeaders } from "./readHeaders.ts";
import { type Received, SIP_VERSION, type SIPMessage } from "./SIPMessage.ts";
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
  const buffer = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const size = buffer.length;
  if (size > maxSize) throw new SIPParseError(`a message of ${size} bytes, where ${maxSize} are the limit`, 513);
  // Line ends before the start line are keep-alives that a datagram swept along (RFC 3261 §7.5).
  let start = 0;
  while (buffer[start] === 13 && buffer[start + 1] === 10) start += 2;
  let headEnd = buffer.indexOf(EMPTY_LINE, start);
  // A datagram that ends with its last header has lost nothing but the empty line.
  if (headEnd < 0) headEnd = endsWithLineEnd(buffer, start) ? size - 2 : size;
  if (headEnd - start > maxHeadSize)
    throw new SIPParseError(`headers of ${headEnd - start} bytes, where ${maxHeadSize} are the limit`, 513);
  const head = new Head(buffer.subarray(start, headEnd));
  const lineEnd = head.endOfLine(0);
  const headers = new Headers();
  const read = readHeaders(head, lineEnd + 2, headers, maxHeaders);
  // The first fault is kept while the rest is read, so that even a refused request can be answered.
  let { fault } = read;
  if (lineEnd < head.text.length && head.text.charCodeAt(lineEnd + 1) !== LF) fault ??= new SIPParseError("a start line that does not end in CRLF");
  if (headEnd === size) fault ??= new SIPParseError("no line end after the last header", 400, { offset: headEnd });
  const bodyStart = Math.min(headEnd + 4, size);
  const available = size - bodyStart;
  let length: number | undefined;
  try {
    length = contentLength(headers);
  } catch (error) {
    fault ??= parseError(error);
  }
  length ??= available;
  if (length > available)
    fault ??= new SIPParseError(`Content-Length says ${length} bytes, ${available} arrived`, 400, { offset: bodyStart });
  const received: Received = { bytes, bodyStart, bodyEnd: bodyStart + Math.min(length, available) };
  const line = head.slice(0, lineEnd);
  if (startsWithVersion(line)) {
    const response = readResponse(line, headers, received);
    fault ??= checkHeaders(response, read.doubtful);
    if (fault !== undefined) throw fault;
    return response;
  }
  return readRequest(line, headers, received, fault, read.doubtful);
}

const EMPTY_LINE = Buffer.from("\r\n\r\n", "latin1");

/** The fault that an error is. @throws the error itself when it is none */
function parseError(error: unknown): SIPParseError {
  if (error instanceof SIPParseError) return error;
  throw error;
}

/** What RFC 3261 §8.1.1 demands of every message, and that each typed accessor will be able to read its header. */
function checkHeaders(message: SIPMessage, doubtful: ReadonlySet<HeaderKind>): SIPParseError | undefined {
  const { headers } = message;
  try {
    for (const kind of REQUIRED) checkCount(headers, kind, true);
    checkCount(headers, MAX_FORWARDS, false);
    if (headers.count(VIA) === 0 || message.callId === "") throw new SIPParseError("an empty Via or Call-ID");
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

function checkCount(headers: Headers, kind: HeaderKind, required: boolean): void {
  const count = headers.count(kind);
  if (count > 1) throw new SIPParseError(`${count} ${kind.name} headers, where only one may be`);
  if (count === 0 && required) throw new SIPParseError(`the message has no ${kind.name}`);
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

function endsWithLineEnd(buffer: Buffer, start: number): boolean {
  return buffer.length - start > 2 && buffer[buffer.length - 2] === 13 && buffer[buffer.length - 1] === 10;
}

/** `SIP/` at the start makes it a response; a request line starts with a method, which holds no slash. */
function startsWithVersion(line: string): boolean {
  return line.charCodeAt(3) === SLASH && line.slice(0, 3).toUpperCase() === "SIP";
}

function readRequest(
  line: string,
  headers: Headers,
  received: Received,
  headerFault: SIPParseError | undefined,
  doubtful: ReadonlySet<HeaderKind>,
): SIPRequest {
  const first = line.indexOf(" ");
  const last = line.lastIndexOf(" ");
  const method = line.slice(0, Math.max(0, first));
  // Without a method and a version this is not SIP at all: nobody waits for an answer.
  if (!isToken(method)) throw new SIPParseError(`neither a request nor a response: ${shown(line)}`, 400, { offset: 0 });
  const version = line.slice(last + 1);
  const text = line.slice(first + 1, Math.max(first + 1, last));
  let fault = checkVersion(version, line) ?? headerFault;
  let uri: URI;
  try {
    uri = readRequestURI(text);
  } catch (error) {
    fault ??= parseError(error);
    uri = OtherURI.unreadable(text);
  }
  const request = SIPRequest.received(line, method, uri, version, headers, received);
  fault ??= checkHeaders(request, doubtful);
  if (fault === undefined) return request;
  const answerable = headers.count(VIA) > 0 ? request : undefined;
  throw new SIPParseError(fault.message, fault.status, { offset: fault.offset, cause: fault, request: answerable });
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
    startsWithVersion(text) &&
    parseDigits(text.slice(4, dot), 0xffff) !== undefined &&
    parseDigits(text.slice(dot + 1), 0xffff) !== undefined
  );
}

function readResponse(line: string, headers: Headers, received: Received): SIPResponse {
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
  return SIPResponse.received(status, reason, headers, received);
}
