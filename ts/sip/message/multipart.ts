import { SIPParseError } from "../errors.ts";
import { isSpace, skip, skipSpace, TOKEN, trimEnd } from "./characters.ts";
import { Headers } from "./Headers.ts";
import { headerKind } from "./headerNames.ts";
import { Params } from "./Params.ts";
import type { SIPMessage } from "./SIPMessage.ts";

/** One part of a multipart body (RFC 2046 §5.1). */
export interface BodyPart {
  readonly headers: Headers;
  /** Type and subtype in lower case; text/plain when the part does not say (RFC 2046 §5.1). */
  readonly contentType: string;
  readonly body: Uint8Array;
}

/** More parts than anybody sends; a body of nothing but boundaries has a part every few bytes. */
const MAX_PARTS = 64;
const MAX_DEPTH = 4;

/**
 * Takes a `multipart/…` body apart. What stands before the first boundary and after the last is left out.
 *
 * @param contentType the value of the Content-Type header, with its boundary
 * @throws SIPParseError (400) when there is no boundary, the last one is missing, or a part has malformed headers
 */
export function parseMultipart(body: Uint8Array, contentType: string): BodyPart[] {
  const boundary = Params.parse(parametersOf(contentType)).text("boundary");
  if (boundary === undefined || boundary === "") throw new SIPParseError(`no boundary in Content-Type ${JSON.stringify(contentType)}`);
  const buffer = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  const parts: BodyPart[] = [];
  let start = -1;
  for (const delimiter of delimiters(buffer, `--${boundary}`)) {
    if (start >= 0) parts.push(readPart(buffer.subarray(start, Math.max(start, delimiter.start))));
    if (delimiter.last) return parts;
    if (parts.length >= MAX_PARTS) throw new SIPParseError(`a body of more than ${MAX_PARTS} parts`, 513);
    start = delimiter.end;
  }
  throw new SIPParseError(`the multipart body does not end with --${boundary}--`);
}

/**
 * The body of a type, wherever it is: the message's own, or the first such part of a multipart body, nested ones
 * included. Undefined when there is none, or the body cannot be taken apart.
 *
 * ```ts
 * const sdp = bodyOfType(invite, "application/sdp");
 * ```
 */
export function bodyOfType(message: SIPMessage, type: string): Uint8Array | undefined {
  const value = message.headers.get("Content-Type");
  return value === undefined ? undefined : find(message.body, value, type.toLowerCase(), 0);
}

function find(body: Uint8Array, contentType: string, type: string, depth: number): Uint8Array | undefined {
  const own = mediaType(contentType);
  if (own === type) return body;
  if (!own.startsWith("multipart/") || depth >= MAX_DEPTH) return undefined;
  let parts: BodyPart[];
  try {
    parts = parseMultipart(body, contentType);
  } catch (error) {
    if (error instanceof SIPParseError) return undefined;
    throw error;
  }
  for (const part of parts) {
    const found = find(part.body, part.headers.get("Content-Type") ?? "text/plain", type, depth + 1);
    if (found !== undefined) return found;
  }
  return undefined;
}

interface Delimiter {
  /** Where the part before it ends: the line end that leads to the boundary belongs to the boundary. */
  readonly start: number;
  readonly end: number;
  readonly last: boolean;
}

function* delimiters(buffer: Buffer, dashes: string): IterableIterator<Delimiter> {
  for (let at = buffer.indexOf(dashes, 0, "latin1"); at >= 0; at = buffer.indexOf(dashes, at + 1, "latin1")) {
    const atLineStart = at === 0 || (at >= 2 && buffer[at - 2] === 13 && buffer[at - 1] === 10);
    let i = at + dashes.length;
    const last = buffer[i] === 45 && buffer[i + 1] === 45;
    if (last) i += 2;
    while (isSpace(buffer[i] ?? 0)) i++;
    const lineEnds = i === buffer.length ? last : buffer[i] === 13 && buffer[i + 1] === 10;
    if (atLineStart && lineEnds) yield { start: at === 0 ? 0 : at - 2, end: i + 2, last };
  }
}

function readPart(bytes: Buffer): BodyPart {
  const headers = new Headers();
  let bodyStart = 0;
  if (bytes[0] === 13 && bytes[1] === 10) bodyStart = 2;
  else {
    const found = bytes.indexOf("\r\n\r\n", 0, "latin1");
    const headEnd = found < 0 ? bytes.length : found;
    bodyStart = Math.min(bytes.length, headEnd + 4);
    readPartHeaders(bytes.toString("utf8", 0, headEnd), headers);
  }
  return { headers, contentType: mediaType(headers.get("Content-Type") ?? "text/plain"), body: bytes.subarray(bodyStart) };
}

function readPartHeaders(head: string, headers: Headers): void {
  // Each fold becomes a space (RFC 5322 §2.2.3); none is left to end a line.
  const lines: string[] = [];
  for (const line of head.split("\r\n")) {
    if (lines.length > 0 && isSpace(line.charCodeAt(0))) lines[lines.length - 1] += ` ${line.trim()}`;
    else lines.push(line);
  }
  for (const line of lines) {
    if (line === "") continue;
    const nameEnd = skip(line, 0, line.length, TOKEN);
    const colon = skipSpace(line, nameEnd, line.length);
    if (nameEnd === 0 || line[colon] !== ":")
      throw new SIPParseError(`a header line without name and colon in a body part: ${JSON.stringify(line.slice(0, 60))}`);
    const start = skipSpace(line, colon + 1, line.length);
    headers.received(headerKind(line.slice(0, nameEnd)), line.slice(start, trimEnd(line, start, line.length)));
  }
}

function parametersOf(contentType: string): string {
  const semicolon = contentType.indexOf(";");
  return semicolon < 0 ? "" : contentType.slice(semicolon);
}

function mediaType(contentType: string): string {
  const semicolon = contentType.indexOf(";");
  return (semicolon < 0 ? contentType : contentType.slice(0, semicolon)).trim().toLowerCase();
}
