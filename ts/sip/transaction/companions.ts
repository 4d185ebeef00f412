import { SIPRequest } from "../message/SIPRequest.ts";
import type { SIPResponse } from "../message/SIPResponse.ts";

/** The two requests that share the topmost Via of an INVITE, which is put on top of them as they are written: ACK to a refusal, and CANCEL. */

/** The ACK to a final response other than 2xx (RFC 3261 §17.1.1.3). It has no other Via: it takes just one hop. */
export function ackFor(invite: SIPRequest, response: SIPResponse): SIPRequest {
  return companion("ACK", invite, response.headers.get("To") ?? "");
}

/** The CANCEL for an INVITE (RFC 3261 §9.1). No Require, which it must not have; no body. */
export function cancelFor(invite: SIPRequest, headers: Iterable<readonly [string, string]> = []): SIPRequest {
  const cancel = companion("CANCEL", invite, invite.headers.get("To") ?? "");
  for (const [name, value] of headers) cancel.headers.add(name, value);
  return cancel;
}

function companion(method: string, invite: SIPRequest, to: string): SIPRequest {
  return SIPRequest.create({
    method,
    uri: invite.uri,
    headers: [
      ["Max-Forwards", "70"],
      ...invite.headers.getAll("Route").map((route): [string, string] => ["Route", route]),
      ["From", invite.headers.get("From") ?? ""],
      ["To", to],
      ["Call-ID", invite.callId],
      ["CSeq", `${invite.cseq.sequence} ${method}`],
    ],
  });
}
