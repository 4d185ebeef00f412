import type { ServerTransaction } from "../transaction/transaction.ts";
import type { Dialog } from "./Dialog.ts";
import { type RequestHandler, settleHandler, wording } from "./handling.ts";
import { TARGET_REFRESH } from "./inDialog.ts";
import type { InviteSession } from "./InviteSession.ts";
import { cameAskingForTLS } from "./secure.ts";
import { intervalRefusal } from "./sessionExpires.ts";

/** Decides what becomes of a request inside a session's dialogs. */
export class SessionServer {
  readonly #session: InviteSession;

  constructor(session: InviteSession) {
    this.#session = session;
  }

  receive(tx: ServerTransaction, dialog: Dialog): void {
    const session = this.#session;
    const { request } = tx;
    const { method } = request;
    if (!dialog.accept(request)) {
      session.respond(tx, 500, { reason: "CSeq Out Of Order" });
    } else if (method === "BYE") {
      session.respond(tx, 200);
      session.receiveBye(request, dialog);
    } else if (method === "NOTIFY" && session.referrals.receiveNotify(tx)) {
      // Even when the call is over: the subscription of a REFER outlives it.
    } else if (session.state === "terminated" || dialog.state === "terminated") {
      session.respond(tx, 481);
    } else if (method === "PRACK") {
      session.receivePrack(tx, dialog);
    } else if (method === "INVITE" || method === "UPDATE") {
      this.#receiveRefresh(tx, dialog);
    } else if (method === "OPTIONS") {
      const { ua } = session;
      session.respond(tx, 200, { headers: [["Allow", ua.allow(session)], ["Accept", ua.acceptedTypes(session)]] });
    } else if (method === "REFER") {
      session.referrals.receiveRefer(tx, dialog);
    } else if (method === "SUBSCRIBE" && session.onRefer !== undefined) {
      session.referrals.receiveSubscribe(tx);
    } else {
      this.#delegate(tx, dialog);
    }
  }

  #receiveRefresh(tx: ServerTransaction, dialog: Dialog): void {
    const session = this.#session;
    const tooSmall = intervalRefusal(tx.request, session.ua.extensions);
    if (tooSmall !== undefined) session.respond(tx, 422, { headers: [tooSmall] });
    else if (tx.request.method === "INVITE") session.invitations.receive(tx, dialog);
    else session.updates.receive(tx, dialog);
  }

  #delegate(tx: ServerTransaction, dialog: Dialog): void {
    const session = this.#session;
    const { request } = tx;
    const handler = handlerOf(session, request.method);
    if (handler === undefined) {
      // RFC 6665 §4.1.3: a NOTIFY of a subscription that nobody made.
      session.respond(tx, request.method === "NOTIFY" ? 481 : 405);
      return;
    }
    settleHandler(
      session.ua,
      () => handler(request),
      (answer) => {
        const [status, rest] = wording(answer);
        const refreshes = status < 300 && TARGET_REFRESH.has(request.method);
        if (refreshes) dialog.refreshTarget(request);
        const contact: [string, string][] = refreshes ? [["Contact", session.ua.contactFor(tx.from, cameAskingForTLS(request))]] : [];
        session.respond(tx, status, { ...rest, headers: [...contact, ...(rest.headers ?? [])] });
      },
      ({ status, reason, headers }) => session.respond(tx, status, { reason, headers }),
    );
  }
}

/** The application's handler of a method that needs nothing else. */
function handlerOf(session: InviteSession, method: string): RequestHandler | undefined {
  switch (method) {
    case "INFO":
      return session.onInfo;
    case "NOTIFY":
      return session.onNotify;
    case "MESSAGE":
      return session.onMessage;
    default:
      return undefined;
  }
}
