import type { NameAddr } from "../sip/message/NameAddr.ts";
import type { SIPRequest } from "../sip/message/SIPRequest.ts";
import type { VoIPCall } from "./VoIPCall.ts";

/** A MESSAGE that somebody sent us (RFC 3428). */
export interface IncomingMessage {
  readonly body: string;
  /** `text/plain` when the sender did not say. */
  readonly contentType: string;
  /** Who says to have sent it: display name and address. Nothing proves it but the server that passed it on. */
  readonly from: NameAddr;
  readonly request: SIPRequest;
  /** The call in which it came; undefined for one outside any. */
  readonly call: VoIPCall | undefined;
}

export function incomingMessage(request: SIPRequest, call: VoIPCall | undefined): IncomingMessage {
  return { body: request.bodyText, contentType: request.contentType ?? "text/plain", from: request.from, request, call };
}
