import type { SIPResponse } from "../message/SIPResponse.ts";
import type { ServerTransaction } from "../transaction/transaction.ts";
import { bodyOf, type SIPBody } from "./body.ts";
import type { Dialog } from "./Dialog.ts";
import { RequestTimeoutError, SessionEndedError, SessionStateError, SIPRejection } from "./errors.ts";
import { GLARE_ATTEMPTS, pauseAfter, retryAfterHeader } from "./glare.ts";
import { settleHandler } from "./handling.ts";
import type { InviteSession, SessionRequestOptions } from "./InviteSession.ts";
import { transact } from "./OutgoingRequest.ts";
import { cameAskingForTLS } from "./secure.ts";

type UpdateOptions = Pick<SessionRequestOptions, "headers">;

/** The UPDATEs of one session, both ways (RFC 3311). Its offers follow the rules of re-INVITE, but may be made before the call is answered. */
export class Updates {
  readonly #session: InviteSession;
  /** Those of theirs that have no final response yet: one in each dialog, for the phones that ring know nothing of one another. */
  readonly #incoming = new Map<Dialog, ServerTransaction>();
  /** Settles when ours has its final response. */
  #outgoing: Promise<unknown> = Promise.resolve();

  constructor(session: InviteSession) {
    this.#session = session;
  }

  // ---- ours ----

  send(body: SIPBody | undefined, options: UpdateOptions): Promise<SIPResponse> {
    const { dialog, state } = this.#session;
    if (dialog === undefined || state === "terminated") return Promise.reject(new SessionStateError("UPDATE", state));
    if (body !== undefined && state !== "confirmed" && dialog.exchange.state !== "settled") {
      // RFC 3311 §5.1: the INVITE's own offer must have been answered, reliably, first.
      return Promise.reject(new SessionStateError("UPDATE with an offer", `${state} and its first offer unanswered`));
    }
    // One without an offer collides with nothing: a session must be kept alive while somebody ponders a re-INVITE, too.
    return body === undefined ? this.#send(body, options) : this.#session.invitations.inTurn(() => this.#send(body, options));
  }

  async #send(body: SIPBody | undefined, options: UpdateOptions): Promise<SIPResponse> {
    const session = this.#session;
    // One after the other is the point of these awaits.
    /* oxlint-disable no-await-in-loop */
    for (let attempt = 1; ; attempt += 1) {
      if (body !== undefined) await session.invitations.clearance();
      const { dialog } = session;
      if (session.state === "terminated" || dialog === undefined) throw new SessionEndedError("UPDATE");
      const response = await this.#afterTheLast(() => this.#attempt(dialog, body, options));
      if (response.isSuccess) return response;
      if (attempt >= GLARE_ATTEMPTS) return response;
      if (session.refresh.raise(response)) continue;
      const seconds = pauseAfter(response, dialog.caller, session.ua.random());
      if (seconds === undefined) return response;
      await session.invitations.sleep(1000 * seconds);
    }
    /* oxlint-enable no-await-in-loop */
  }

  /** Who gets one before it has answered the last, refuses it (RFC 3311 §5.2): one at a time, those without an offer, too. */
  #afterTheLast<T>(send: () => Promise<T>): Promise<T> {
    const sent = this.#outgoing.then(() => {
      if (this.#session.state === "terminated") throw new SessionEndedError("UPDATE");
      return send();
    });
    this.#outgoing = sent.catch(() => {});
    return sent;
  }

  async #attempt(dialog: Dialog, body: SIPBody | undefined, options: UpdateOptions): Promise<SIPResponse> {
    const session = this.#session;
    const confirmed = session.state === "confirmed";
    if (body !== undefined) dialog.exchange.offer("local");
    try {
      const response = await transact(session.ua, {
        ...session.inDialog(dialog, "UPDATE", { ...options, body }, (request) => {
          if (confirmed) session.refresh.ask(request);
        }),
        method: "UPDATE",
      });
      if (response.isSuccess) {
        dialog.refreshTarget(response);
        if (body !== undefined) dialog.localDescription = body;
        session.refresh.note(response);
        if (confirmed) session.refresh.granted(response);
      } else if (response.statusCode === 481 || response.statusCode === 408) {
        session.gone(dialog, response);
      }
      return response;
    } catch (error) {
      // RFC 3311 §5.3 with RFC 3261 §12.2.1.2: silence ends the dialog.
      if (error instanceof RequestTimeoutError) session.gone(dialog);
      throw error;
    } finally {
      if (body !== undefined) dialog.exchange.settle();
    }
  }

  // ---- theirs ----

  receive(tx: ServerTransaction, dialog: Dialog): void {
    const session = this.#session;
    const { exchange } = dialog;
    const offer = bodyOf(tx.request);
    // RFC 3311 §5.2: one at a time; an offer neither while theirs waits for our answer nor while ours waits for theirs.
    if (this.#incoming.has(dialog) || (offer !== undefined && exchange.state === "remote")) {
      session.respond(tx, 500, { headers: [retryAfterHeader(session.ua.random())] });
    } else if (offer === undefined) {
      this.#accept(tx, dialog, undefined);
    } else if (exchange.state === "local") {
      session.respond(tx, 491);
    } else {
      this.#answer(tx, dialog, offer);
    }
  }

  #answer(tx: ServerTransaction, dialog: Dialog, offer: SIPBody): void {
    const session = this.#session;
    const { exchange } = dialog;
    this.#incoming.set(dialog, tx);
    exchange.offer("remote");
    const done = (): void => {
      if (this.#incoming.get(dialog) !== tx) return;
      this.#incoming.delete(dialog);
      exchange.settle();
    };
    // A handler that never comes to an end must not block all further ones: the transaction does not wait for it either.
    tx.onTimeout = done;
    settleHandler(
      session.ua,
      () => {
        if (session.onReinvite === undefined) throw new SIPRejection(488);
        return session.onReinvite(offer, tx.request);
      },
      (answer) => {
        if (this.#incoming.get(dialog) !== tx) return;
        this.#accept(tx, dialog, answer);
        dialog.localDescription = answer ?? dialog.localDescription;
        done();
      },
      ({ status, reason, headers }) => {
        if (this.#incoming.get(dialog) !== tx) return;
        session.respond(tx, status, { reason, headers });
        done();
      },
    );
  }

  #accept(tx: ServerTransaction, dialog: Dialog, body: SIPBody | undefined): void {
    const session = this.#session;
    const { request } = tx;
    dialog.refreshTarget(request);
    session.refresh.note(request);
    const contact = session.ua.contactFor(tx.from, cameAskingForTLS(request));
    const finish = (response: SIPResponse): void => {
      session.addCapabilities(response, contact);
      if (session.state === "confirmed") session.refresh.answer(request, response);
    };
    tx.respond(session.createResponse(request, 200, { body, finish }));
  }

  /** The session has ended: answers what is open. */
  stop(): void {
    const open = [...this.#incoming.values()];
    this.#incoming.clear();
    for (const tx of open) this.#session.respond(tx, 487);
  }
}
