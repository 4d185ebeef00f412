import type { SIPMessage } from "../message/SIPMessage.ts";

/** What a message carries, opaque to SIP. Text is sent as UTF-8. */
export interface SIPBody {
  /** For instance `"application/sdp"`. */
  contentType: string;
  content: string | Uint8Array;
}

/** The body of a message as it was received; `undefined` when it has none. */
export function bodyOf(message: SIPMessage): SIPBody | undefined {
  if (message.body.length === 0) return undefined;
  // RFC 3261 §20.15 demands a Content-Type with a body; those who leave it out mean SDP.
  return { contentType: message.contentType ?? "application/sdp", content: message.body };
}
