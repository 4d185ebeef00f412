import type { SIPRequest } from "../message/SIPRequest.ts";
import type { Endpoint } from "../transport/transport.ts";
import type { SIPBody } from "./body.ts";
import type { Dialog } from "./Dialog.ts";
import type { UserAgent } from "./UserAgent.ts";

/**
 * The ACK to a 2xx (RFC 3261 §13.2.2.4): the INVITE's CSeq number and credentials, the dialog's routes, nobody's transaction. As long as its INVITE's
 * transaction lives the 2xx may come again; of the ACK that has gone out only the bytes are kept so long.
 */
export class Acknowledgement {
  #unsent: { readonly ua: UserAgent; readonly dialog: Dialog; readonly ack: SIPRequest } | undefined;
  #again: (() => void) | undefined;

  /** An ACK that goes out at once. */
  static to(ua: UserAgent, dialog: Dialog, invite: SIPRequest): Acknowledgement {
    const acknowledgement = new Acknowledgement();
    acknowledgement.send(ua, dialog, invite);
    return acknowledgement;
  }

  /** Sends it for the first time. */
  send(ua: UserAgent, dialog: Dialog, invite: SIPRequest, body?: SIPBody): void {
    const headers: [string, string][] = [];
    for (const name of ["Authorization", "Proxy-Authorization"]) {
      for (const value of invite.headers.getAll(name)) headers.push([name, value]);
    }
    this.#unsent = { ua, dialog, ack: dialog.createRequest("ACK", { sequence: invite.cseq.sequence, headers, body }) };
    this.again();
  }

  /** The 2xx has come again. Does nothing while the answer that the ACK is to carry is not there yet. */
  again(): void {
    if (this.#again !== undefined) this.#again();
    else if (this.#unsent !== undefined) this.#begin(this.#unsent.ua, this.#unsent.dialog);
  }

  #begin(ua: UserAgent, dialog: Dialog): void {
    try {
      const found = ua.locate(dialog.nextHop);
      if (found instanceof Promise) found.then((endpoints) => this.#sendTo(endpoints)).catch((error: unknown) => ua.report(error));
      else this.#sendTo(found);
    } catch (error) {
      ua.report(error);
    }
  }

  #sendTo([destination]: readonly Endpoint[]): void {
    if (destination === undefined || this.#unsent === undefined) return;
    const { ua, ack } = this.#unsent;
    ua.prepare(ack, destination);
    this.#again = ua.layer.sendAck(ack, destination);
    this.#unsent = undefined;
  }
}
