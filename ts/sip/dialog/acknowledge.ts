import type { SIPRequest } from "../message/SIPRequest.ts";
import type { SIPResponse } from "../message/SIPResponse.ts";
import type { Endpoint } from "../transport/transport.ts";
import { bodyOf, type SIPBody } from "./body.ts";
import type { Dialog } from "./Dialog.ts";
import { settleHandler } from "./handling.ts";
import type { InviteSession } from "./InviteSession.ts";
import type { UserAgent } from "./UserAgent.ts";

/**
 * Sends the ACK to a 2xx (RFC 3261 §13.2.2.4): the INVITE's CSeq number and credentials, the dialog's routes, nobody's transaction.
 * @returns sends it again, for the next retransmission of the 2xx
 */
export function sendAck(ua: UserAgent, dialog: Dialog, invite: SIPRequest, body?: SIPBody): () => void {
  const headers: [string, string][] = [];
  for (const name of ["Authorization", "Proxy-Authorization"]) {
    for (const value of invite.headers.getAll(name)) headers.push([name, value]);
  }
  const ack = dialog.createRequest("ACK", { sequence: invite.cseq.sequence, headers, body });
  const hop = dialog.nextHop;
  const sendTo = ([destination]: readonly Endpoint[]): void => {
    if (destination === undefined) return;
    ua.prepare(ack, destination);
    ua.layer.sendAck(ack, destination);
  };
  const send = (): void => {
    try {
      const found = ua.locate(hop);
      if (found instanceof Promise) found.then(sendTo).catch((error: unknown) => ua.report(error));
      else sendTo(found);
    } catch (error) {
      ua.report(error);
    }
  };
  send();
  return send;
}

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
 * @returns sends it again, for the next retransmission of the 2xx
 */
export function acknowledge(session: InviteSession, { dialog, invite, response, described }: Answered, done: () => void): () => void {
  let again: (() => void) | undefined;
  const offer = invite.body.length === 0 && !described ? bodyOf(response) : undefined;
  const { onLateOffer } = session;
  const send = (answer?: SIPBody): void => {
    again = sendAck(session.ua, dialog, invite, answer);
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
        session.localDescription = answer;
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
  return () => again?.();
}
