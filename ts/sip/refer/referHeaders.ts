import type { InviteSession } from "../dialog/InviteSession.ts";
import { SessionStateError, SIPTargetError } from "../dialog/errors.ts";
import { NameAddr } from "../message/NameAddr.ts";
import { SIPURI, type URI } from "../message/SIPURI.ts";
import { writeReplaces } from "./replaces.ts";

/** How to refer somebody. */
export interface ReferOptions {
  readonly headers?: readonly (readonly [string, string])[];
  /**
   * The far end takes the place of us in that call (attended transfer, RFC 5589 §7): whom it is with is whom the far end will call.
   * @throws SessionStateError when it has no dialog
   */
  readonly replaces?: InviteSession;
  /** False asks for no NOTIFYs (RFC 4488); a far end that does not know this sends them all the same. Default true. */
  readonly subscribe?: boolean;
}

/** What a REFER carries beside the headers of its dialog. @param local who we are, for Referred-By (RFC 3892) */
export function referHeaders(target: URI | undefined, local: URI, options: ReferOptions): [string, string][] {
  const { headers = [], replaces, subscribe = true } = options;
  const referTo = referToOf(target, replaces);
  const own: [string, string][] = [["Refer-To", new NameAddr({ uri: referTo }).toString()]];
  if (!headers.some(([name]) => /^(referred-by|b)$/i.test(name))) own.push(["Referred-By", new NameAddr({ uri: local }).toString()]);
  if (!subscribe) own.push(["Refer-Sub", "false"]);
  for (const [name, value] of headers) own.push([name, value]);
  return own;
}

function referToOf(target: URI | undefined, replaced: InviteSession | undefined): URI {
  if (replaced === undefined) {
    if (target === undefined) throw new SIPTargetError("", "a REFER needs a target or a call to replace");
    return target;
  }
  const { dialog } = replaced;
  if (dialog === undefined || replaced.state === "terminated") throw new SessionStateError("a REFER that replaces the call", replaced.state);
  // Only the phone that has the dialog can replace it: its Contact, not the address of record, which may ring others (RFC 5589 §7.3).
  const uri = target instanceof SIPURI ? target : dialog.remoteTarget;
  const { callId, remoteTag, localTag } = dialog;
  const value = writeReplaces({ callId, toTag: remoteTag, fromTag: localTag, earlyOnly: false });
  return uri.with({ headers: [["Replaces", value]] });
}
