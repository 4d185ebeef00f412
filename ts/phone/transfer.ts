import type { InviteSession } from "../sip/dialog/InviteSession.ts";
import { NameAddr } from "../sip/message/NameAddr.ts";
import type { SIPMessage } from "../sip/message/SIPMessage.ts";
import type { SIPURI } from "../sip/message/SIPURI.ts";
import type { IncomingRefer } from "../sip/refer/IncomingRefer.ts";
import type { Referral } from "../sip/refer/Referral.ts";
import type { ReferOptions } from "../sip/refer/referHeaders.ts";
import { InvalidOptionError } from "./errors.ts";
import { takesTargetDialog, targetDialog, TARGET_DIALOG } from "./targetDialog.ts";
import type { VoIPCall } from "./VoIPCall.ts";

/** Where a call is transferred to: exactly one of `user`, `uri` and `call`. */
export interface TransferOptions {
  /** A user of the phone's server. */
  readonly user?: string | undefined;
  /** A whole address: `sip:carol@example.com`, or with brackets `<sip:carol@example.com;transport=tcp>`. */
  readonly uri?: string | undefined;
  /** Attended transfer: the far end takes our place in this call, which has to be ANSWERED (RFC 5589 §7). */
  readonly call?: VoIPCall | undefined;
  /** Do not wait for the outcome: the call ends as soon as the far end agrees. Default true; for `call` false. */
  readonly blind?: boolean | undefined;
}

/** Which transfers to follow when the far end of a call asks for one: none, all, or those that the function agrees to. */
export type TransferPolicy = boolean | ((refer: IncomingRefer, call: VoIPCall) => boolean | Promise<boolean>);

/** The address in a `uri` argument, which may come in brackets and with a name before them. */
export function withoutBrackets(uri: string): string {
  if (!uri.includes("<")) return uri.trim();
  try {
    return NameAddr.parse(uri).uri.toString();
  } catch (error) {
    throw new InvalidOptionError("uri", `${JSON.stringify(uri)} is no address: write sip:user@host or <sip:user@host> (${String(error)})`);
  }
}

/** A transfer that we ask for. */
export interface Transfer {
  readonly session: InviteSession;
  /** The far end's INVITE, or its 2xx to ours: it says what the far end supports. */
  readonly farEnd: SIPMessage;
  readonly target: SIPURI | undefined;
  /** The call of ours that the far end is to take our place in. */
  readonly replaces: InviteSession | undefined;
  readonly blind: boolean;
  /** Nobody is between us and the far end. */
  readonly direct: boolean;
  /** Sends a REFER outside of any dialog. */
  readonly refer: (to: SIPURI, target: SIPURI | undefined, options: ReferOptions) => Referral;
}

/**
 * Asks the far end to call somebody (RFC 3515). In a dialog of its own where the far end takes that (RFC 5589 §6.1), so that this call's is not
 * kept alive by the subscription; otherwise, or when that is refused for whatever reason but a plain no, in the dialog of the call.
 * @returns whether it agreed (blind), or whether it got through
 */
export async function transferSession({ session, farEnd, target, replaces, blind, direct, refer }: Transfer): Promise<boolean> {
  // Who does not wait for the outcome asks not to be told (RFC 4488); a far end that does not know this tells all the same.
  const options: ReferOptions = { subscribe: !blind, ...(replaces === undefined ? {} : { replaces }) };
  const { dialog } = session;
  if (dialog !== undefined && takesTargetDialog(farEnd, dialog, direct)) {
    const headers: [string, string][] = [["Target-Dialog", targetDialog(dialog)], ["Require", TARGET_DIALOG]];
    const outside = refer(dialog.remoteTarget, target, { ...options, headers });
    if (await outside.accepted) return outcomeOf(outside, blind);
    const { status } = await outside.outcome;
    if (status >= 600 || session.state !== "confirmed") return false;
  }
  return outcomeOf(session.refer(target, options), blind);
}

async function outcomeOf(referral: Referral, blind: boolean): Promise<boolean> {
  if (blind) return referral.accepted;
  const { success, status } = await referral.outcome;
  // A far end that agreed and will tell no more (Refer-Sub: false) is trusted as in a blind transfer; one that fell silent is not.
  return success ?? (status >= 200 && status < 300);
}

/** Tells whoever referred us how the call that we placed for it goes. */
export function reportProgress(call: VoIPCall, refer: IncomingRefer): void {
  call.on("ringing", ({ statusCode, reason }) => refer.report(statusCode, reason));
  call.on("progress", ({ statusCode, reason }) => refer.report(statusCode, reason));
  call.once("answered", () => refer.report(200));
  // After an answer this says nothing more: 200 was the last word.
  call.once("ended", ({ status = 487 }) => refer.report(status));
}
