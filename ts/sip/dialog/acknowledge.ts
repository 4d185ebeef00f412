import type { SIPRequest } from "../message/SIPRequest.ts";
import type { SIPResponse } from "../message/SIPResponse.ts";
import { Acknowledgement } from "./Acknowledgement.ts";
import { bodyOf, type SIPBody } from "./body.ts";
import type { Dialog } from "./Dialog.ts";
import { settleHandler } from "./handling.ts";
import type { InviteSession } from "./InviteSession.ts";

/** A 2xx to an INVITE of ours. */
export interface Answered {
  readonly dialog: Dialog;
  readonly invite: SIPRequest;
  readonly response: SIPResponse;
  /** The offer/answer exchange of this INVITE is over: what the 2xx says of it is a repetition. */
  readonly described: boolean;
}

/**
 * Acknowledges a 2xx, with our answer if the 2xx made the offer.
 * @param done called when the ACK has gone out
 * @returns the ACK, for the next repetition of the 2xx
 */
export function acknowledge(session: InviteSession, { dialog, invite, response, described }: Answered, done: () => void): Acknowledgement {
  const acknowledgement = new Acknowledgement();
  const offer = invite.body.length === 0 && !described ? bodyOf(response) : undefined;
  const { onLateOffer } = session;
  const send = (answer?: SIPBody): void => {
    acknowledgement.send(session.ua, dialog, invite, answer);
    dialog.exchange.settle();
  };
  if (offer === undefined || onLateOffer === undefined || session.state === "terminated") {
    send();
    done();
  } else {
    dialog.exchange.offer("remote");
    settleHandler(
      session.ua,
      () => onLateOffer(offer, response),
      (answer) => {
        send(answer);
        dialog.localDescription = answer;
        done();
      },
      (rejection) => {
        // The only ways to refuse an offer that comes in a 2xx: acknowledge, then hang up.
        send();
        if (session.state !== "terminated") {
          session.dismiss(dialog);
          session.end({ by: "local", cause: "error", status: rejection.status, error: rejection });
        }
        done();
      },
    );
  }
  return acknowledgement;
}
