import type { SIPRequest } from "../message/SIPRequest.ts";
import type { Endpoint } from "../transport/transport.ts";
import type { SIPBody } from "./body.ts";
import type { Dialog } from "./Dialog.ts";
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
