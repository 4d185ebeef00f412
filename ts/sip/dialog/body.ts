import { bodyOfType } from "../message/multipart.ts";
import type { SIPMessage } from "../message/SIPMessage.ts";

/** What a message carries, opaque to SIP. Text is sent as UTF-8. */
export interface SIPBody {
  /** For instance `"application/sdp"`. */
  contentType: string;
  content: string | Uint8Array;
}

/** The body of a message as it was received, of a multipart one its session description; `undefined` when it has none. */
export function bodyOf(message: SIPMessage): SIPBody | undefined {
  if (message.body.length === 0) return undefined;
  if (/^multipart\//i.test(message.contentType ?? "")) {
    // Gateways wrap what they know of the far network around the SDP (RFC 5621).
    const description = bodyOfType(message, "application/sdp");
    if (description !== undefined) return { contentType: "application/sdp", content: description };
  }
  // RFC 3261 §20.15 demands a Content-Type with a body; those who leave it out mean SDP.
  return { contentType: message.contentType ?? "application/sdp", content: message.body };
}
