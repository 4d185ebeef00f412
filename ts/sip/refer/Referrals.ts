import type { Dialog } from "../dialog/Dialog.ts";
import { SessionStateError } from "../dialog/errors.ts";
import type { InviteSession } from "../dialog/InviteSession.ts";
import { cameAskingForTLS } from "../dialog/secure.ts";
import type { SIPURI } from "../message/SIPURI.ts";
import type { ServerTransaction } from "../transaction/transaction.ts";
import type { IncomingRefer } from "./IncomingRefer.ts";
import { receiveRefer } from "./receiveRefer.ts";
import { Referral } from "./Referral.ts";
import { referHeaders, type ReferOptions } from "./referHeaders.ts";

/** The REFERs inside one session, both ways, and their subscriptions. */
export class Referrals {
  readonly #session: InviteSession;
  readonly #sent = new Set<Referral>();
  readonly #received = new Set<IncomingRefer>();

  constructor(session: InviteSession) {
    this.#session = session;
  }

  /** Whether the far end may still have to tell how a REFER of ours went. */
  get live(): boolean {
    return this.#sent.size > 0;
  }

  send(target: string | SIPURI | undefined, options: ReferOptions): Referral {
    const session = this.#session;
    const { dialog } = session;
    if (dialog === undefined || session.state === "terminated") throw new SessionStateError("REFER", session.state);
    const headers = referHeaders(target === undefined ? undefined : session.ua.target(target), dialog.local.uri, options);
    const referTo = headers[0]?.[1] ?? "";
    const referral = new Referral(session.ua, referTo, session.request("REFER", { headers }), () => {
      this.#sent.delete(referral);
      if (this.#sent.size === 0) session.referralsOver();
    });
    this.#sent.add(referral);
    return referral;
  }

  /** A NOTIFY. @returns false when it is not about a REFER of ours; else it has been answered */
  receiveNotify(tx: ServerTransaction): boolean {
    const referral = [...this.#sent].find((sent) => sent.matches(tx.request));
    if (referral === undefined) return false;
    this.#session.respond(tx, 200);
    referral.receive(tx.request);
    return true;
  }

  /** A REFER. */
  receiveRefer(tx: ServerTransaction, dialog: Dialog): void {
    const session = this.#session;
    const { onRefer } = session;
    if (onRefer === undefined) {
      session.respond(tx, 405);
      return;
    }
    const contact: [string, string] = ["Contact", session.ua.contactFor(tx.from, cameAskingForTLS(tx.request))];
    const refer = receiveRefer(onRefer, {
      ua: session.ua,
      tx,
      session,
      dialog: () => dialog,
      respond: (status, options) => {
        if (status < 300) dialog.refreshTarget(tx.request);
        session.respond(tx, status, status < 300 ? { ...options, headers: [contact, ...(options.headers ?? [])] } : options);
      },
    });
    if (refer === undefined) return;
    for (const former of this.#received) if (!former.subscribed && former.state !== "new") this.#received.delete(former);
    this.#received.add(refer);
  }

  /** A SUBSCRIBE: it may prolong or end what a REFER began (RFC 3515 §2.4.4), nothing else. */
  receiveSubscribe(tx: ServerTransaction): void {
    const session = this.#session;
    const refer = [...this.#received].find((received) => received.matches(tx.request));
    if (refer === undefined) {
      session.respond(tx, 489, { headers: [["Allow-Events", "refer"]] });
      return;
    }
    const granted = refer.resubscribe(tx.request.expires);
    session.respond(tx, 200, { headers: [["Contact", session.ua.contactFor(tx.from, cameAskingForTLS(tx.request))], ["Expires", String(granted)]] });
  }

  /** The call is over; what is under way comes to its end by itself, soon. */
  callEnded(): void {
    for (const referral of this.#sent) referral.callEnded();
  }
}
