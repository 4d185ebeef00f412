import type { SIPRequest } from "../message/SIPRequest.ts";
import type { ServerTransaction } from "../transaction/transaction.ts";
import type { Dialog } from "./Dialog.ts";

/** Whose a dialog is: requests that come inside it are handed to it. */
export interface DialogOwner {
  /** A request, CANCEL and ACK aside. */
  receive(tx: ServerTransaction, dialog: Dialog): void;
  receiveAck(ack: SIPRequest): void;
  /** Drops the dialog, without a word to anybody. */
  forget(dialog: Dialog): void;
}
