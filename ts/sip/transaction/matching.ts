import type { SIPRequest } from "../message/SIPRequest.ts";
import { isUniqueBranch } from "./via.ts";

/**
 * Which messages belong to which transaction, as keys of a map: equal keys mean the same transaction. None holds a line
 * feed inside its parts, which separates them.
 */

/** RFC 3261 §17.1.3: the branch that we chose and the method, since a CANCEL has the branch of its INVITE. */
export function clientKey(branch: string, method: string): string {
  return `${branch}\n${method}`;
}

/**
 * RFC 3261 §17.2.3: the branch, the sent-by and the method (INVITE for an ACK). For a peer that makes no unique branches, the
 * older rule: Request-URI, tags, Call-ID, CSeq number and the top Via.
 *
 * Call it before `received` and `rport` are filled in: a NAT may have given the sender another port since.
 * @param method the request's own, or INVITE to find what an ACK or CANCEL is about
 * @param toTag for the older rule: an ACK has the tag of the response where its INVITE had none
 */
export function serverKey(request: SIPRequest, method: string, toTag: string | undefined = request.to.tag): string {
  const { via } = request;
  if (isUniqueBranch(via.branch)) return [via.branch, via.sentBy.toLowerCase(), method].join("\n");
  const { uri, from, callId, cseq } = request;
  // Without the cookie there is no telling from keys with one apart: these begin with an empty part.
  return ["", uri.toString(), from.tag, toTag, callId, cseq.sequence, via.toString(), method].join("\n");
}

/**
 * RFC 3261 §8.2.2.2: a request outside any dialog with the From tag, Call-ID and CSeq of another one, but another
 * branch, has come by another path. Undefined for a request to which this does not apply.
 */
export function mergeKey(request: SIPRequest): string | undefined {
  if (request.to.tag !== undefined || request.from.tag === undefined || request.method === "CANCEL") return undefined;
  return [request.from.tag, request.callId, request.cseq.toString()].join("\n");
}
