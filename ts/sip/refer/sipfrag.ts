import type { SIPBody } from "../dialog/body.ts";
import type { SIPRequest } from "../message/SIPRequest.ts";
import { reasonPhrase } from "../message/SIPStatus.ts";

/** How far a referred request has come: the status line that a NOTIFY carries (RFC 3515 §2.4.5, RFC 3420). */
export interface ReferProgress {
  readonly status: number;
  readonly reason: string;
}

/** Undefined when the NOTIFY carries no status line. */
export function progressOf(notify: SIPRequest): ReferProgress | undefined {
  // Peers are careless about the type; what a status line looks like is beyond doubt.
  const match = /^\s*SIP\/2\.0[ \t]+([1-6]\d\d)(?:[ \t]+([^\r\n]*))?/i.exec(notify.bodyText);
  if (match === null) return undefined;
  const status = Number(match[1]);
  return { status, reason: match[2]?.trim() ?? "" };
}

export function sipfrag(status: number, reason: string = reasonPhrase(status)): SIPBody {
  // A line break would begin a header of the fragment.
  return { contentType: "message/sipfrag;version=2.0", content: `SIP/2.0 ${status} ${reason.replaceAll(/[\r\n]+/g, " ")}\r\n` };
}
