import type { SIPRequest } from "../message/SIPRequest.ts";
import type { SIPResponse } from "../message/SIPResponse.ts";
import type { ServerTransaction } from "../transaction/transaction.ts";
import { Acknowledgement } from "./Acknowledgement.ts";
import { Dialog } from "./Dialog.ts";
import type { DialogOwner } from "./DialogOwner.ts";
import { inDialog } from "./inDialog.ts";
import { transact } from "./OutgoingRequest.ts";
import { respond } from "./response.ts";
import type { UserAgent } from "./UserAgent.ts";

/**
 * What remains of an INVITE of ours when its session is over, until its transaction is: a 2xx that comes again is acknowledged again, a fork that
 * answers now is acknowledged and hung up (RFC 3261 §13.2.2.4). The session itself is not kept for that.
 */
export class LateAnswers implements DialogOwner {
  readonly #ua: UserAgent;
  /** By To tag. */
  readonly #acknowledged: Map<string, Acknowledgement>;

  constructor(ua: UserAgent, acknowledged: Map<string, Acknowledgement>) {
    this.#ua = ua;
    this.#acknowledged = acknowledged;
  }

  /** @param invite makes the INVITE, of which only the bytes are left */
  hear(response: SIPResponse, invite: () => SIPRequest): void {
    if (!response.isSuccess) return;
    const tag = response.to.tag ?? "";
    const known = this.#acknowledged.get(tag);
    if (known === undefined) this.#hangUp(tag, response, invite());
    else known.again();
  }

  #hangUp(tag: string, response: SIPResponse, invite: SIPRequest): void {
    const dialog = Dialog.fromResponse(invite, response);
    dialog.confirm(response);
    this.#ua.addDialog(dialog, this);
    this.#acknowledged.set(tag, Acknowledgement.to(this.#ua, dialog, invite));
    const done = (): void => this.forget(dialog);
    transact(this.#ua, { ...inDialog(this.#ua, dialog, "BYE", {}), method: "BYE" }).then(done, done);
  }

  /** Both may hang up at the same time. */
  receive(tx: ServerTransaction, dialog: Dialog): void {
    const { method } = tx.request;
    respond(this.#ua, tx, method === "BYE" ? 200 : 481, { toTag: dialog.localTag });
    if (method === "BYE") this.forget(dialog);
  }

  /** Nothing of ours waits for one. */
  receiveAck(): void {}

  forget(dialog: Dialog): void {
    dialog.terminate();
    this.#ua.removeDialog(dialog);
  }
}
