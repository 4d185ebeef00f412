import type { SIPRequest } from "../message/SIPRequest.ts";
import { SIPURI, type URI } from "../message/SIPURI.ts";

/** Whether our request asks for TLS all the way: then its Contact must be a sips: URI (RFC 3261 §8.1.1.8). */
export function asksForTLS(request: SIPRequest): boolean {
  return isSIPS(request.uri) || isSIPS(request.routes[0]?.uri);
}

/** Whether a request received does: then the Contact of our response must be one (RFC 3261 §12.1.1). */
export function cameAskingForTLS(request: SIPRequest): boolean {
  return isSIPS(request.uri) || isSIPS((request.recordRoutes[0] ?? request.contact)?.uri);
}

function isSIPS(uri: URI | undefined): boolean {
  return uri instanceof SIPURI && uri.scheme === "sips";
}
