import type { Alarm } from "../../time/clock.ts";
import type { SIPRequest } from "../message/SIPRequest.ts";
import type { SIPResponse } from "../message/SIPResponse.ts";
import type { ServerTransaction } from "../transaction/transaction.ts";
import { Acceptance, type AcceptanceEnd } from "./Acceptance.ts";
import { bodyOf, type SIPBody } from "./body.ts";
import type { Dialog } from "./Dialog.ts";
import { SessionEndedError, SessionStateError, SIPRejection } from "./errors.ts";
import { settleHandler } from "./handling.ts";
import type { InviteSession } from "./InviteSession.ts";
import { cameAskingForTLS } from "./secure.ts";
import { OutgoingRequest } from "./OutgoingRequest.ts";

/** How a re-INVITE is sent. */
export interface ReinviteOptions {
  readonly headers?: readonly [string, string][];
}

/** Glare that outlasts so many pauses is no accident. */
const GLARE_ATTEMPTS = 7;
/** The longest pause that RFC 3261 §14.2 lets a peer ask for, in seconds. One that asks for more is not waited for. */
const LONGEST_RETRY_AFTER = 10;

/** A re-INVITE of the far end's that has no final response yet. */
interface Incoming {
  readonly tx: ServerTransaction;
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
    const sent = this.#turn.then(() => this.#send(body, options));
    this.#turn = sent.catch(() => {});
    return sent;
  }

  async #send(body: SIPBody | undefined, options: ReinviteOptions): Promise<SIPResponse> {
    // One after the other is the point of these awaits.
    /* oxlint-disable no-await-in-loop */
    for (let attempt = 1; ; attempt += 1) {
      await this.#clearance();
      const { dialog } = this.#session;
      if (this.#session.state !== "confirmed" || dialog === undefined) throw new SessionEndedError("re-INVITE");
      const response = await this.#attempt(dialog, body, options);
      const seconds = attempt < GLARE_ATTEMPTS ? this.#retryAfter(response, dialog) : undefined;
      if (seconds === undefined) return response;
      await this.#sleep(1000 * seconds);
    }
    /* oxlint-enable no-await-in-loop */
  }

  #attempt(dialog: Dialog, body: SIPBody | undefined, options: ReinviteOptions): Promise<SIPResponse> {
    const session = this.#session;
    return new Promise((resolve, reject) => {
      let acknowledgeAgain: (() => void) | undefined;
      const outgoing = new OutgoingRequest(session.ua, {
        ...session.inDialog(dialog, "INVITE", { ...options, body }),
        method: "INVITE",
        onResponse: (response, request) => {
          if (response.statusCode < 200) return;
          if (acknowledgeAgain !== undefined) {
            acknowledgeAgain();
            return;
          }
          this.#outgoing = undefined;
          if (response.statusCode < 300) {
            dialog.refreshTarget(response);
            acknowledgeAgain = session.acknowledge(dialog, request, response, () => resolve(response));
          } else {
            resolve(response);
            // RFC 3261 §14.1: these two end the dialog, all others leave it as it was.
            if (response.statusCode === 481 || response.statusCode === 408) session.gone(dialog, response);
          }
        },
        onFailure: (error) => {
          this.#outgoing = undefined;
          reject(error);
          session.gone(dialog);
        },
      });
      this.#outgoing = outgoing;
      outgoing.send();
    });
  }

  /** Seconds to wait before the re-INVITE may be tried again; undefined when its response is the last word. */
  #retryAfter(response: SIPResponse, dialog: Dialog): number | undefined {
    const { ua } = this.#session;
    if (response.statusCode === 491) {
      // RFC 3261 §14.1, in units of 10 ms: the owner of the Call-ID waits longer, so that the two do not collide again.
      return (dialog.caller ? 210 + Math.floor(ua.random() * 191) : Math.floor(ua.random() * 201)) / 100;
    }
    if (response.statusCode !== 500) return undefined;
    const seconds = Number.parseInt(response.headers.get("Retry-After") ?? "", 10);
    return seconds >= 0 && seconds <= LONGEST_RETRY_AFTER ? seconds : undefined;
  }

  /** Settles when no INVITE of this dialog is under way (RFC 3261 §14.1), rejects when the session ends before. */
  async #clearance(): Promise<void> {
    while (this.#session.state === "confirmed" && (this.#incoming !== undefined || this.#acceptances.size > 0)) {
      // oxlint-disable-next-line no-await-in-loop
      await new Promise<void>((resolve, reject) => this.#waiters.push({ resolve, reject }));
    }
  }

  #sleep(milliseconds: number): Promise<void> {
    const { clock } = this.#session.ua;
    if (this.#session.state !== "confirmed") return Promise.reject(new SessionEndedError("re-INVITE"));
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
    if (session.pendingInvite === "received" || this.#incoming !== undefined) {
      // RFC 3261 §14.2
      session.respond(tx, 500, { headers: [["Retry-After", String(Math.floor(session.ua.random() * (LONGEST_RETRY_AFTER + 1)))]] });
    } else if (session.pendingInvite === "sent" || this.#outgoing !== undefined || this.#offered !== undefined) {
      session.respond(tx, 491);
    } else {
      this.#answer(tx, dialog);
    }
  }

  #answer(tx: ServerTransaction, dialog: Dialog): void {
    const session = this.#session;
    const { request } = tx;
    const incoming: Incoming = { tx, answered: false };
    this.#incoming = incoming;
    settleHandler(
      session.ua,
      () => {
        if (session.onReinvite === undefined) throw new SIPRejection(488);
        return session.onReinvite(bodyOf(request), request);
      },
      (body) => {
        if (incoming.answered) return;
        const response = session.createResponse(request, 200, { body });
        session.addCapabilities(response, session.ua.contactFor(tx.from, cameAskingForTLS(tx.request)));
        incoming.answered = true;
        this.#incoming = undefined;
        dialog.refreshTarget(request);
        this.accept(tx, response, dialog);
      },
      ({ status, reason, headers }) => this.#refuse(incoming, status, reason, headers),
    );
  }

  #refuse(incoming: Incoming, status: number, reason?: string, headers?: readonly (readonly [string, string])[]): void {
    if (incoming.answered) return;
    incoming.answered = true;
    this.#incoming = undefined;
    this.#session.respond(incoming.tx, status, { reason, headers });
    this.#proceed();
  }

  /** A CANCEL has come for one of theirs. */
  cancel(tx: ServerTransaction): void {
    if (this.#incoming?.tx === tx) this.#refuse(this.#incoming, 487);
  }

  // ---- our 2xx and their ACKs ----

  /**
   * Sends a 2xx to an INVITE, the session's first or a later one, until its ACK comes. Silence ends the session with BYE
   * (RFC 3261 §13.3.1.4).
   */
  accept(tx: ServerTransaction, response: SIPResponse, dialog: Dialog, settled?: (end: AcceptanceEnd) => void): void {
    const session = this.#session;
    const { sequence } = tx.request.cseq;
    if (tx.request.body.length === 0 && response.body.length > 0) this.#offered = sequence;
    const acceptance = new Acceptance(
      session.ua.clock,
      session.ua.timers,
      () => tx.respond(response),
      (end) => {
        this.#acceptances.delete(sequence);
        const offered = this.#offered === sequence;
        if (offered) this.#offered = undefined;
        if (end === "silence" && session.state !== "terminated") {
          session.dismiss(dialog);
          session.end({ by: "timeout", cause: "no-ack" });
        }
        settled?.(end);
        if (offered && typeof end === "object") session.receiveAnswerInAck(end);
        this.#proceed();
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

  #proceed(): void {
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
