import type { SIPRequest } from "../message/SIPRequest.ts";
import type { SIPResponse } from "../message/SIPResponse.ts";
import { bodyOf, type SIPBody } from "./body.ts";
import type { Dialog } from "./Dialog.ts";
import { settleHandler } from "./handling.ts";
import type { InviteSession } from "./InviteSession.ts";
import { transact } from "./OutgoingRequest.ts";
import { reliableNumberOf } from "./reliable.ts";
import { ReliableReceiver } from "./ReliableReceiver.ts";

interface Branch {
  readonly receiver: ReliableReceiver;
  /** The first description that came reliably: the answer to our offer, or the far end's offer. */
  description?: SIPBody;
}

/** Acknowledges the reliable provisional responses to one INVITE of ours (RFC 3262 §4), each early dialog for itself. */
export class Pracks {
  readonly #session: InviteSession;
  readonly #refused: () => void;
  readonly #branches = new Map<Dialog, Branch>();

  /** @param refused the application has no answer to the offer in a response: the INVITE is to be cancelled */
  constructor(session: InviteSession, refused: () => void) {
    this.#session = session;
    this.#refused = refused;
  }

  /** Sends the PRACK, if the response wants one. @returns whether the response is to be used: it is new and in order */
  receive(dialog: Dialog, invite: SIPRequest, response: SIPResponse): boolean {
    const number = reliableNumberOf(response);
    if (number === undefined || this.#session.ua.extensions.rel100 === "off") return true;
    let branch = this.#branches.get(dialog);
    if (branch === undefined) {
      branch = { receiver: new ReliableReceiver() };
      this.#branches.set(dialog, branch);
    }
    if (branch.receiver.receive(number) !== "next") return false;
    const rack = `${number} ${response.cseq.toString()}`;
    const description = branch.description === undefined ? bodyOf(response) : undefined;
    if (description !== undefined) branch.description = description;
    if (description !== undefined && invite.body.length === 0) this.#answer(dialog, rack, description, response);
    else this.#send(dialog, rack, undefined, description !== undefined);
    return true;
  }

  /** What a dialog's responses have reliably said about the session. */
  descriptionOf(dialog: Dialog): SIPBody | undefined {
    return this.#branches.get(dialog)?.description;
  }

  /** RFC 3262 §5: an offer in a reliable response is answered in its PRACK. */
  #answer(dialog: Dialog, rack: string, offer: SIPBody, response: SIPResponse): void {
    const session = this.#session;
    const { onLateOffer } = session;
    if (onLateOffer === undefined) {
      this.#send(dialog, rack, undefined, false);
      return;
    }
    dialog.exchange.offer("remote");
    settleHandler(
      session.ua,
      () => onLateOffer(offer, response),
      (answer) => {
        dialog.localDescription = answer;
        this.#send(dialog, rack, answer, true);
      },
      () => {
        this.#send(dialog, rack, undefined, true);
        this.#refused();
      },
    );
  }

  /** @param settles whether this ends the exchange: RFC 3311 §5.1 wants the PRACK answered before the next offer */
  #send(dialog: Dialog, rack: string, body: SIPBody | undefined, settles: boolean): void {
    const session = this.#session;
    const done = (): void => {
      if (settles) dialog.exchange.settle();
    };
    // What becomes of a PRACK that is refused or gets lost, the far end decides: it ends the INVITE.
    transact(session.ua, { ...session.inDialog(dialog, "PRACK", { headers: [["RAck", rack]], body }), method: "PRACK" }).then(done, done);
  }
}
