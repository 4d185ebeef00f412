import type { Headers } from "./Headers.ts";

/**
 * The message as bytes, with the Content-Length that the body has: in its place when the headers hold one, else last.
 * @param via put on top of the headers
 */
export function toBytes(heading: string, headers: Headers, body: Uint8Array, via?: string): Uint8Array {
  let head = via === undefined ? `${heading}\r\n` : `${heading}\r\nVia: ${via}\r\n`;
  let counted = false;
  for (const [name, value] of headers) {
    if (name === "Content-Length") {
      if (counted) continue;
      counted = true;
      head += `Content-Length: ${body.length}\r\n`;
    } else head += `${name}: ${value}\r\n`;
  }
  head += counted ? "\r\n" : `Content-Length: ${body.length}\r\n\r\n`;
  if (body.length === 0) return Buffer.from(head, "utf8");
  const length = Buffer.byteLength(head, "utf8");
  const bytes = Buffer.allocUnsafe(length + body.length);
  bytes.write(head, 0, "utf8");
  bytes.set(body, length);
  return bytes;
}
