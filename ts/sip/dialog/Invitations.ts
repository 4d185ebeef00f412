import type { Alarm } from "../../time/clock.ts";
import type { SIPRequest } from "../message/SIPRequest.ts";
import type { SIPResponse } from "../message/SIPResponse.ts";
import type { ServerTransaction } from "../transaction/transaction.ts";
import { Acceptance, type AcceptanceEnd } from "./Acceptance.ts";
import type { Acknowledgement } from "./Acknowledgement.ts";
import { acknowledge } from "./acknowledge.ts";
import { bodyOf, type SIPBody } from "./body.ts";
import type { Dialog } from "./Dialog.ts";
import { SessionEndedError, SessionStateError, SIPRejection } from "./errors.ts";
import { GLARE_ATTEMPTS, pauseAfter, retryAfterHeader } from "./glare.ts";
import { settleHandler } from "./handling.ts";
import type { InviteSession } from "./InviteSession.ts";
import { cameAskingForTLS } from "./secure.ts";
import { OutgoingRequest } from "./OutgoingRequest.ts";
import { Pracks } from "./Pracks.ts";

/** How a re-INVITE is sent. */
export interface ReinviteOptions {
  readonly headers?: readonly (readonly [string, string])[];
  /** Takes it back by CANCEL while the far end has not decided; what it has decided by then counts. */
  readonly signal?: AbortSignal;
}

/** A re-INVITE of the far end's that has no final response yet. */
interface Incoming {
  readonly tx: ServerTransaction;
  readonly dialog: Dialog;
  answered: boolean;
}

interface Waiter {
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/**
 * The INVITEs inside one session's dialog, both ways, and every 2xx of ours that waits for its ACK (RFC 3261 §14): our re-INVITEs go one
 * after the other and none while one of the far end's is at work; theirs are refused with 491 or 500 while they would collide.
 */
export class Invitations {
  readonly #session: InviteSession;
  readonly #acceptances = new Map<number, Acceptance>();
  #turn: Promise<unknown> = Promise.resolve();
  #outgoing: OutgoingRequest | undefined;
  #incoming: Incoming | undefined;
  /** The CSeq number of a 2xx of ours that carries an offer: until its ACK brings the answer, nobody can make another. */
  #offered: number | undefined;
  #pause: { alarm: Alarm; waiter: Waiter } | undefined;
  #waiters: Waiter[] = [];
  #whenAcknowledged: (() => void)[] = [];

  constructor(session: InviteSession) {
    this.#session = session;
  }

  // ---- ours ----

  send(body: SIPBody | undefined, options: ReinviteOptions): Promise<SIPResponse> {
    const { state } = this.#session;
    if (state !== "confirmed") return Promise.reject(new SessionStateError("re-INVITE", state));
    return this.inTurn(() => this.#send(body, options));
  }

  /** Requests of ours that change the session go one after the other. */
  inTurn<T>(send: () => Promise<T>): Promise<T> {
    const sent = this.#turn.then(send);
    this.#turn = sent.catch(() => {});
    return sent;
  }

  async #send(body: SIPBody | undefined, options: ReinviteOptions): Promise<SIPResponse> {
    // One after the other is the point of these awaits.
    /* oxlint-disable no-await-in-loop */
    for (let attempt = 1; ; attempt += 1) {
      await this.clearance();
      const { dialog } = this.#session;
      if (this.#session.state !== "confirmed" || dialog === undefined) throw new SessionEndedError("re-INVITE");
      const response = await this.#attempt(dialog, body, options);
      if (response.isSuccess || attempt >= GLARE_ATTEMPTS || options.signal?.aborted === true) return response;
      if (this.#session.refresh.raise(response)) continue;
      const seconds = pauseAfter(response, dialog.caller, this.#session.ua.random());
      if (seconds === undefined) return response;
      await this.sleep(1000 * seconds);
    }
    /* oxlint-enable no-await-in-loop */
  }

  #attempt(dialog: Dialog, body: SIPBody | undefined, options: ReinviteOptions): Promise<SIPResponse> {
    const session = this.#session;
    const { headers = [], signal } = options;
    if (body !== undefined) dialog.exchange.offer("local");
    return new Promise((resolve, reject) => {
      let acknowledgement: Acknowledgement | undefined;
      const cancel = (): void => outgoing.cancel();
      const pracks = new Pracks(session, cancel);
      const done = (): void => {
        this.#outgoing = undefined;
        signal?.removeEventListener("abort", cancel);
      };
      const outgoing = new OutgoingRequest(session.ua, {
        ...session.inDialog(dialog, "INVITE", { headers, body }, (request) => session.refresh.ask(request)),
        method: "INVITE",
        onResponse: (response, request) => {
          if (response.statusCode < 200) {
            if (response.to.tag === dialog.remoteTag) pracks.receive(dialog, request, response);
            return;
          }
          if (acknowledgement !== undefined) {
            acknowledgement.again();
            return;
          }
          done();
          if (response.statusCode < 300) {
            dialog.refreshTarget(response);
            session.refresh.note(response);
            if (body !== undefined) dialog.localDescription = body;
            session.refresh.granted(response);
            const described = pracks.descriptionOf(dialog) !== undefined;
            acknowledgement = acknowledge(session, { dialog, invite: request, response, described }, () => resolve(response));
          } else {
            dialog.exchange.settle();
            resolve(response);
            // RFC 3261 §14.1: these two end the dialog, all others leave it as it was.
            if (response.statusCode === 481 || response.statusCode === 408) session.gone(dialog, response);
          }
        },
        onFailure: (error) => {
          done();
          dialog.exchange.settle();
          reject(error);
          session.gone(dialog);
        },
      });
      this.#outgoing = outgoing;
      signal?.addEventListener("abort", cancel);
      outgoing.send();
    });
  }

  /** Settles when no INVITE of this dialog and no offer is under way (RFC 3261 §14.1), rejects when the session ends before. */
  async clearance(): Promise<void> {
    while (this.#session.state !== "terminated" && this.#isBusy()) {
      // oxlint-disable-next-line no-await-in-loop
      await new Promise<void>((resolve, reject) => this.#waiters.push({ resolve, reject }));
    }
  }

  #isBusy(): boolean {
    const { dialog } = this.#session;
    return this.#incoming !== undefined || this.#acceptances.size > 0 || (dialog !== undefined && dialog.exchange.state !== "settled");
  }

  /** Settles after a pause, rejects when the session ends before. */
  sleep(milliseconds: number): Promise<void> {
    const { clock } = this.#session.ua;
    if (this.#session.state === "terminated") return Promise.reject(new SessionEndedError("re-INVITE"));
    return new Promise((resolve, reject) => {
      const alarm = clock.at(clock.now() + milliseconds, () => {
        this.#pause = undefined;
        resolve();
      });
      this.#pause = { alarm, waiter: { resolve, reject } };
    });
  }

  // ---- theirs ----

  /** A re-INVITE has come. */
  receive(tx: ServerTransaction, dialog: Dialog): void {
    const session = this.#session;
    const { exchange } = dialog;
    if (session.pendingInvite === "received" || this.#incoming !== undefined || exchange.state === "remote") {
      // RFC 3261 §14.2
      session.respond(tx, 500, { headers: [retryAfterHeader(session.ua.random())] });
    } else if (session.pendingInvite === "sent" || this.#outgoing !== undefined || exchange.state === "local") {
      session.respond(tx, 491);
    } else {
      this.#answer(tx, dialog);
    }
  }

  #answer(tx: ServerTransaction, dialog: Dialog): void {
    const session = this.#session;
    const { request } = tx;
    const incoming: Incoming = { tx, dialog, answered: false };
    this.#incoming = incoming;
    tx.onCancel = () => this.#refuse(incoming, 487);
    if (request.body.length > 0) dialog.exchange.offer("remote");
    settleHandler(
      session.ua,
      () => {
        if (session.onReinvite === undefined) throw new SIPRejection(488);
        return session.onReinvite(bodyOf(request), request);
      },
      (body) => {
        if (incoming.answered) return;
        const contact = session.ua.contactFor(tx.from, cameAskingForTLS(request));
        const finish = (made: SIPResponse): void => {
          session.addCapabilities(made, contact);
          session.refresh.answer(request, made);
        };
        const response = session.createResponse(request, 200, { body, finish });
        incoming.answered = true;
        this.#incoming = undefined;
        dialog.refreshTarget(request);
        session.refresh.note(request);
        dialog.localDescription = body ?? dialog.localDescription;
        this.accept(tx, response, dialog);
      },
      ({ status, reason, headers }) => this.#refuse(incoming, status, reason, headers),
    );
  }

  #refuse(incoming: Incoming, status: number, reason?: string, headers?: readonly (readonly [string, string])[]): void {
    if (incoming.answered) return;
    incoming.answered = true;
    this.#incoming = undefined;
    incoming.dialog.exchange.settle();
    this.#session.respond(incoming.tx, status, { reason, headers });
    this.proceed();
  }

  // ---- our 2xx and their ACKs ----

  /**
   * Sends a 2xx to an INVITE, the session's first or a later one, until its ACK comes. Silence ends the session with BYE
   * (RFC 3261 §13.3.1.4).
   */
  accept(tx: ServerTransaction, response: SIPResponse, dialog: Dialog, settled?: (end: AcceptanceEnd) => void): void {
    const session = this.#session;
    const { sequence } = tx.request.cseq;
    const offers = tx.request.body.length === 0 && response.body.length > 0;
    if (offers) {
      this.#offered = sequence;
      dialog.exchange.offer("local");
    } else {
      dialog.exchange.settle();
    }
    const acceptance = new Acceptance(
      session.ua.clock,
      session.ua.timers,
      () => tx.respond(response),
      (end) => {
        this.#acceptances.delete(sequence);
        const offered = this.#offered === sequence;
        if (offered) {
          this.#offered = undefined;
          dialog.exchange.settle();
        }
        if (end === "silence" && session.state !== "terminated") {
          session.dismiss(dialog);
          session.end({ by: "timeout", cause: "no-ack" });
        }
        settled?.(end);
        if (offered && typeof end === "object") session.tellAnswer(bodyOf(end));
        this.proceed();
      },
    );
    this.#acceptances.set(sequence, acceptance);
  }

  acknowledged(ack: SIPRequest): void {
    this.#acceptances.get(ack.cseq.sequence)?.end(ack);
  }

  /** Calls back when no 2xx waits for its ACK (any more). */
  whenAcknowledged(callback: () => void): void {
    if (this.#acceptances.size === 0) callback();
    else this.#whenAcknowledged.push(callback);
  }

  /** Something has come to its end that others may wait for. */
  proceed(): void {
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const { resolve } of waiters) resolve();
    if (this.#acceptances.size > 0) return;
    const callbacks = this.#whenAcknowledged;
    this.#whenAcknowledged = [];
    for (const callback of callbacks) callback();
  }

  // ---- the end ----

  /** The session has ended: answers what is open, gives up what waits. A 2xx still wants its ACK, before which no BYE may be sent. */
  stop(): void {
    if (this.#incoming !== undefined) this.#refuse(this.#incoming, 487);
    // Nothing but a final response ends an INVITE's transaction, and the far end may forget it along with the session.
    this.#outgoing?.cancel();
    const waiters = this.#waiters;
    this.#waiters = [];
    if (this.#pause !== undefined) {
      this.#pause.alarm.cancel();
      waiters.push(this.#pause.waiter);
      this.#pause = undefined;
    }
    for (const { reject } of waiters) reject(new SessionEndedError("re-INVITE"));
  }

  /** The dialog is gone: no ACK will come. */
  forget(): void {
    for (const acceptance of this.#acceptances.values()) acceptance.end("stopped");
  }
}
