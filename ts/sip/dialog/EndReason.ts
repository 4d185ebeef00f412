import type { SIPRequest } from "../message/SIPRequest.ts";
import type { SIPResponse } from "../message/SIPResponse.ts";

/** Who or what ended a session. */
export type EndedBy = "local" | "remote" | "timeout" | "error";

/**
 * What ended it:
 *
 * - `bye`: somebody hung up an established call
 * - `cancel`: the caller gave up before an answer
 * - `rejected`: a final response of 4xx to 6xx; `redirected`: one of 3xx, its Contacts in `response`
 * - `no-answer`: nobody answered in time, or no response came at all
 * - `no-ack`: our 2xx (RFC 3261 §13.3.1.4) or our reliable provisional response (RFC 3262 §3) was never acknowledged
 * - `expired`: the session was not refreshed in time (RFC 4028 §10)
 * - `gone`: the far end does not know the dialog any more (481), did not answer a re-INVITE (RFC 3261 §14.1), or could not follow us to
 *   another network
 * - `transport`: the request could not be sent
 * - `error`: on our own side, see `error`
 */
export type EndCause = "bye" | "cancel" | "rejected" | "redirected" | "no-answer" | "no-ack" | "expired" | "gone" | "transport" | "error";

/** Why a session is over; handed to `onEnded` once. */
export interface EndReason {
  readonly by: EndedBy;
  readonly cause: EndCause;
  /** The final status, for calls that were never established: received, sent, or what stands for the silence (408, 487, 503). */
  readonly status?: number;
  /** The reason phrase of that status, or the text of the Reason header (RFC 3326) of the BYE or CANCEL. */
  readonly reason?: string;
  /** The final response received. */
  readonly response?: SIPResponse;
  /** The BYE or CANCEL received. */
  readonly request?: SIPRequest;
  readonly error?: Error;
}

/** @internal The text of the first Reason header (RFC 3326) that has one. */
export function reasonOf(request: SIPRequest): { reason?: string } {
  for (const value of request.headers.getAll("Reason")) {
    const text = /;\s*text\s*=\s*"((?:[^"\\]|\\.)*)"/i.exec(value)?.[1];
    if (text !== undefined) return { reason: text.replaceAll(/\\(.)/g, "$1") };
  }
  return {};
}
