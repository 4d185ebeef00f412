import type { EndReason } from "./dialog/EndReason.ts";
import type { InviteSession } from "./dialog/InviteSession.ts";
import type { SIPResponse } from "./message/SIPResponse.ts";
import type { Transport } from "./transport/transport.ts";

/** What to do when the network has changed. */
export interface RecoverOptions {
  /**
   * Makes the new sockets, not open yet; called with the port that we had, and with 0 when that cannot be bound any more. Default: the
   * sockets stay, for instance because they are bound to every address.
   */
  readonly transport?: (port: number) => Transport;
  /**
   * Tells the far end of a running call where we are now. Default: a re-INVITE with the offer of `onRefreshOffer`, or the description sent
   * last.
   */
  readonly reinvite?: (session: InviteSession) => Promise<SIPResponse>;
}

/** The re-INVITE of a call whose owner has nothing of his own to say: the Contact is new, the media as it was. */
export function repeatOffer(session: InviteSession): Promise<SIPResponse> {
  return session.reinvite(session.onRefreshOffer?.() ?? session.localDescription);
}

/**
 * Tells one call's far end where we are now. A call that cannot follow is over: its far end would go on talking to an address that is
 * not ours any more. Never rejects.
 */
export async function relocate(session: InviteSession, reinvite: (session: InviteSession) => Promise<SIPResponse>): Promise<void> {
  let reason: EndReason;
  try {
    const response = await reinvite(session);
    if (response.isSuccess) return;
    reason = { by: "remote", cause: "gone", status: response.statusCode, reason: response.reason, response };
  } catch (error) {
    reason = { by: "error", cause: "gone", error: error instanceof Error ? error : new Error(String(error)) };
  }
  // A re-INVITE without any answer has ended it already (RFC 3261 §14.1).
  if (session.state !== "confirmed" || session.dialog === undefined) return;
  session.dismiss(session.dialog);
  session.end(reason);
}
