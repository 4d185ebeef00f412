import type { NameAddr } from "../message/NameAddr.ts";
import type { SIPMessage } from "../message/SIPMessage.ts";
import type { SIPRequest } from "../message/SIPRequest.ts";
import type { SIPResponse } from "../message/SIPResponse.ts";
import type { SIPURI } from "../message/SIPURI.ts";
import type { IncomingRefer } from "../refer/IncomingRefer.ts";
import type { ReferOptions } from "../refer/referHeaders.ts";
import type { Referral } from "../refer/Referral.ts";
import { Referrals } from "../refer/Referrals.ts";
import type { ServerTransaction } from "../transaction/transaction.ts";
import type { SIPBody } from "./body.ts";
import type { Dialog } from "./Dialog.ts";
import { type EndReason, reasonOf } from "./EndReason.ts";
import { SessionStateError } from "./errors.ts";
import type { RequestHandler } from "./handling.ts";
import { inDialog } from "./inDialog.ts";
import { Invitations, type ReinviteOptions } from "./Invitations.ts";
import { type OutgoingRequestOptions, transact } from "./OutgoingRequest.ts";
import { createResponse, type RespondOptions, type ResponseParts } from "./response.ts";
import { SessionRefresh } from "./SessionRefresh.ts";
import { SessionServer } from "./SessionServer.ts";
import { Updates } from "./Updates.ts";
import type { UserAgent } from "./UserAgent.ts";

export type { SIPBody } from "./body.ts";
export type { EndCause, EndedBy, EndReason } from "./EndReason.ts";
export type { RequestAnswer, RequestHandler } from "./handling.ts";
export type { ReinviteOptions } from "./Invitations.ts";

/**
 * A session as its own side sees it:
 *
 * ```
 *  we call                                        we are called
 *  ───────                                        ─────────────
 *  calling ── 1xx without To tag ──▶ proceeding      incoming ◀─┐ ringing(), progress()
 *   ▲ │                                  │           │  │   └───┘
 *   │ ├───── 1xx with a To tag ──▶ early ◀┘          │  │ accept(), a PRACK is missing
 *   │ │                              │               │  ▼
 *   │ │                              │               │ accepting ── PRACK ─┐
 *   │ ├──────────── 2xx, ACK ────────┤               │ accept()            │
 *   │ │                              ▼               ▼                     │
 *   │ │                          confirmed ◀─────────┴─────────────────────┘   (its ACK may be under way yet)
 *   │ │                              │                  │
 *   │ │ cancel(), 4xx–6xx, silence   │ BYE, 481, no ACK,│ reject(), CANCEL, silence, no PRACK
 *   │ ▼                              ▼ no refresh       ▼
 *   │ terminated ─────────────── terminated ────────── terminated
 *   └ 3xx that is followed
 * ```
 */
export type SessionState = "calling" | "proceeding" | "early" | "incoming" | "accepting" | "confirmed" | "terminated";

/** What a request inside a session carries beside the dialog's own headers. */
export interface SessionRequestOptions {
  readonly headers?: readonly (readonly [string, string])[];
  readonly body?: SIPBody | undefined;
}

/** @internal What both kinds of session begin with. */
export interface SessionParts {
  readonly callId: string;
  readonly localTag: string;
  readonly remote: NameAddr;
  readonly state: SessionState;
}

/**
 * A call: what an INVITE sets up (RFC 3261 §13), until it is over. Bodies go through unread.
 *
 * Callbacks are plain properties; each may be set at any time before its event. Those for requests (`onInfo`, `onRefer`, `onMessage`)
 * decide by their presence whether the method is listed in Allow or answered 405.
 */
// Not "implements DialogOwner", which it is: those members are internal, and the published types must not promise what they do not show.
export abstract class InviteSession {
  readonly callId: string;
  /** Our tag in every message of this session. */
  readonly localTag: string;
  /** The session is over. Called once, synchronously by what ends it. */
  onEnded?: ((reason: EndReason) => void) | undefined;
  /**
   * The far end wants to change the session, by re-INVITE, UPDATE (RFC 3311) or PRACK. With an offer: return the answer. Without: return an
   * offer; the answer arrives through `onAnswer`. Throw a {@link SIPRejection} to leave things as they are. Absent: 488.
   * While several phones ring, each may want it for itself: `request.from.tag` tells which.
   */
  onReinvite?: ((offer: SIPBody | undefined, request: SIPRequest) => SIPBody | undefined | Promise<SIPBody | undefined>) | undefined;
  /**
   * The answer to an offer of ours that did not go out by `reinvite` or `update`: it stood in our 2xx (answered in the ACK), in a reliable
   * provisional response (in the PRACK), or in a session refresh (in the 2xx).
   */
  onAnswer?: ((answer: SIPBody) => void) | undefined;
  /**
   * Our INVITE had no offer and the 2xx, or a reliable 1xx, makes one: return the answer, which goes out in the ACK or PRACK. Each phone that
   * rings makes its own: `response.to.tag` tells which.
   */
  onLateOffer?: ((offer: SIPBody, response: SIPResponse) => SIPBody | Promise<SIPBody>) | undefined;
  /**
   * A session refresh by re-INVITE (RFC 4028 §7.4) needs an offer that changes nothing; its answer arrives through `onAnswer`. Absent: the
   * description that we sent last.
   */
  onRefreshOffer?: (() => SIPBody | undefined) | undefined;
  onInfo?: RequestHandler | undefined;
  /** The far end asks us to call somebody: a transfer. See {@link IncomingRefer}. */
  onRefer?: ((refer: IncomingRefer) => void | Promise<void>) | undefined;
  /** A NOTIFY inside the call that is not about a REFER of ours. Absent: 481 (RFC 6665 §4.1.3). */
  onNotify?: RequestHandler | undefined;
  /** A MESSAGE inside the call; those outside go to the client. */
  onMessage?: RequestHandler | undefined;

  /** @internal */
  readonly ua: UserAgent;
  /** @internal */
  readonly invitations: Invitations;
  /** @internal */
  readonly updates: Updates;
  /** @internal */
  readonly refresh: SessionRefresh;
  /** @internal */
  readonly referrals: Referrals;
  /** @internal What our INVITE offered, in all of its dialogs. */
  protected offered: SIPBody | undefined;
  /** Settles when the session has ended and the last BYE that it owed has been answered. Never rejects. */
  readonly closed: Promise<void>;

  readonly #server: SessionServer;
  #state: SessionState;
  /** As long as there is no dialog. */
  readonly #remote: NameAddr;
  #dialog: Dialog | undefined;
  #endReason: EndReason | undefined;
  #farewells = 0;
  #close: () => void = () => {};

  /** @internal */
  constructor(ua: UserAgent, parts: SessionParts) {
    this.ua = ua;
    this.callId = parts.callId;
    this.localTag = parts.localTag;
    this.#remote = parts.remote;
    this.#state = parts.state;
    this.invitations = new Invitations(this);
    this.updates = new Updates(this);
    this.refresh = new SessionRefresh(this);
    this.referrals = new Referrals(this);
    this.#server = new SessionServer(this);
    this.closed = new Promise((resolve) => {
      this.#close = resolve;
    });
  }

  get state(): SessionState {
    return this.#state;
  }

  /** The far end: whom we called, then as its dialog names it; or who calls. */
  get remote(): NameAddr {
    return this.#dialog?.remote ?? this.#remote;
  }

  /** The dialog that counts: the confirmed one, before that the latest early one. */
  get dialog(): Dialog | undefined {
    return this.#dialog;
  }

  /** @internal The description that we sent last in the dialog that counts. */
  get localDescription(): SIPBody | undefined {
    return this.#dialog?.localDescription ?? this.offered;
  }

  /** Why the session is over; `undefined` while it is not. */
  get endReason(): EndReason | undefined {
    return this.#endReason;
  }

  /**
   * Hangs up. The session is over at once; the promise settles when the far end has answered the BYE or has stayed silent for 64*T1.
   * A callee's BYE waits for the ACK of its 2xx (RFC 3261 §15); before that 2xx could go out, the caller is turned away instead.
   * Does nothing more once the session has ended.
   * @throws SessionStateError before it is confirmed: `cancel()` or `reject()` it
   */
  async bye(headers: readonly [string, string][] = []): Promise<void> {
    if (this.#state === "accepting") {
      this.withdraw();
    } else if (this.#state !== "terminated") {
      const dialog = this.#dialog;
      if (this.#state !== "confirmed" || dialog === undefined) throw new SessionStateError("BYE", this.#state);
      this.dismiss(dialog, headers);
      this.end({ by: "local", cause: "bye" });
    }
    await this.closed;
  }

  /**
   * Changes the session by a re-INVITE. One at a time: a second waits for the first, and for one of the far end's. Glare (491) is
   * tried again after the pause of RFC 3261 §14.1.
   * @param body the offer; without one the far end makes it in its 2xx, see `onLateOffer`
   * @returns the final response, whatever its status; its ACK has gone out
   * @throws SessionStateError when the session is not confirmed, SessionEndedError when it ends meanwhile
   */
  reinvite(body?: SIPBody, options: ReinviteOptions = {}): Promise<SIPResponse> {
    return this.invitations.send(body, options);
  }

  /**
   * Changes the session by an UPDATE (RFC 3311), before it is answered, too; without a body it only says that we live, and where.
   * In turn with re-INVITEs, and tried again after glare like them.
   * @param body the offer; the answer stands in the 2xx
   * @returns the final response, whatever its status
   * @throws SessionStateError without a dialog, or with an offer while the INVITE's own is unanswered; SessionEndedError when the
   * session ends meanwhile; RequestTimeoutError, RequestTransportError
   */
  update(body?: SIPBody, options: Pick<SessionRequestOptions, "headers"> = {}): Promise<SIPResponse> {
    return this.updates.send(body, options);
  }

  /**
   * Asks the far end to call somebody (RFC 3515): a blind transfer; with `replaces`, an attended one. The call goes on: hang up when the
   * outcome is known, or leave that to the far end.
   * @param target whom; may be left out with `replaces`
   * @throws SessionStateError without a dialog, SIPTargetError when the target is no address
   */
  refer(target: string | SIPURI | undefined, options: ReferOptions = {}): Referral {
    return this.referrals.send(target, options);
  }

  /**
   * Sends any other request inside the session's dialog: INFO, NOTIFY, MESSAGE, OPTIONS…
   * @returns the final response, whatever its status
   * @throws SessionStateError without a dialog, RequestTimeoutError, RequestTransportError
   */
  async request(method: string, options: SessionRequestOptions = {}): Promise<SIPResponse> {
    if (method === "UPDATE") return this.update(options.body, options);
    const dialog = this.#dialog;
    if (dialog === undefined || this.#state === "terminated") throw new SessionStateError(method, this.#state);
    const response = await transact(this.ua, { ...this.inDialog(dialog, method, options), method });
    if (response.statusCode === 481) this.gone(dialog, response);
    return response;
  }

  /** @internal How a request of this session's dialog is built and where it goes. */
  inDialog(
    dialog: Dialog,
    method: string,
    options: SessionRequestOptions,
    finish?: (request: SIPRequest) => void,
  ): Pick<OutgoingRequestOptions, "destinations" | "build"> {
    return inDialog(this.ua, dialog, method, options, (request) => {
      if (request.headers.has("Contact") && !request.headers.has("Allow")) request.headers.set("Allow", this.ua.allow(this));
      finish?.(request);
    });
  }

  /** @internal Answers a request of this session. */
  respond(tx: ServerTransaction, status: number, options: RespondOptions = {}): SIPResponse {
    const response = this.createResponse(tx.request, status, options);
    tx.respond(response);
    return response;
  }

  /** @internal */
  createResponse(request: SIPRequest, status: number, options: RespondOptions & Pick<ResponseParts, "finish"> = {}): SIPResponse {
    const allow: [string, string][] = status === 405 ? [["Allow", this.ua.allow(this)]] : [];
    return createResponse(this.ua, request, status, { ...options, headers: [...(options.headers ?? []), ...allow], toTag: this.localTag });
  }

  /** @internal What RFC 3261 §13.2.1 and §13.3.1.4 want in an INVITE and its 2xx. A header already there stays. */
  addCapabilities(message: SIPMessage, contact: string): void {
    message.headers.set("Contact", contact);
    if (!message.headers.has("Allow")) message.headers.set("Allow", this.ua.allow(this));
  }

  /** Which of the two kinds it is. */
  abstract readonly kind: "client" | "server";

  /** The INVITE that made the session; for one of ours, its latest repetition with credentials. */
  abstract get invite(): SIPRequest;

  /** @internal Enters a state that is not the end. */
  protected enter(state: Exclude<SessionState, "terminated">): void {
    if (this.#state !== "terminated") this.#state = state;
  }

  /** @internal */
  protected adopt(dialog: Dialog): void {
    this.#dialog = dialog;
    dialog.exchange.onSettled = () => this.invitations.proceed();
  }

  /** @internal Ends the session, once. What the wire still needs is the caller's to send. */
  end(reason: EndReason): void {
    if (this.#state === "terminated") return;
    this.#state = "terminated";
    this.#endReason = reason;
    this.release();
    this.refresh.stop();
    this.invitations.stop();
    this.updates.stop();
    this.referrals.callEnded();
    this.ua.removeSession(this);
    this.guard(() => this.onEnded?.(reason));
    this.#closeIfDone();
  }

  /** @internal Frees the timers of the state that ends. */
  protected abstract release(): void;

  /** @internal Takes back an answer that has not gone out. */
  protected abstract withdraw(): void;

  /** @internal An INVITE that has no final response yet, by its direction; re-INVITEs aside. */
  abstract get pendingInvite(): "sent" | "received" | undefined;

  /** @internal Sends BYE on a dialog, and forgets the dialog when that is settled. To be called before {@link end}, which it keeps open. */
  dismiss(dialog: Dialog, headers: readonly [string, string][] = []): void {
    this.#farewells += 1;
    const done = (): void => {
      this.forget(dialog);
      this.#farewells -= 1;
      this.#closeIfDone();
    };
    // RFC 3261 §15: a callee's BYE waits for the ACK to its 2xx, or for it to stay away.
    this.invitations.whenAcknowledged(() => {
      // The far end's own BYE may have come first.
      if (dialog.state === "terminated") done();
      else transact(this.ua, { ...this.inDialog(dialog, "BYE", { headers }), method: "BYE" }).then(done, done);
    });
  }

  /** @internal */
  forget(dialog: Dialog): void {
    dialog.terminate();
    // A REFER's subscription outlives the call (RFC 5057 §4): its NOTIFYs still have to find us.
    if (dialog !== this.#dialog || !this.referrals.live) this.ua.removeDialog(dialog);
    if (dialog === this.#dialog) this.invitations.forget();
  }

  /** @internal The last subscription is over. */
  referralsOver(): void {
    if (this.#dialog?.state === "terminated") this.ua.removeDialog(this.#dialog);
  }

  /** @internal The far end answers a request with "unknown dialog", or none at all (RFC 3261 §12.2.1.2). */
  gone(dialog: Dialog, response?: SIPResponse): void {
    // An early dialog is its INVITE's: that one's final response tells what becomes of it.
    if (this.#state !== "confirmed") return;
    // It costs one request to tell a far end that does know the dialog: the 481 or 408 may have been a proxy's own.
    this.dismiss(dialog);
    this.end(
      response === undefined
        ? { by: "timeout", cause: "gone", status: 408 }
        : { by: "remote", cause: "gone", status: response.statusCode, reason: response.reason, response },
    );
  }

  /** @internal A request in one of this session's dialogs, CANCEL and ACK aside. */
  receive(tx: ServerTransaction, dialog: Dialog): void {
    this.#server.receive(tx, dialog);
  }

  /** @internal */
  receiveAck(ack: SIPRequest): void {
    this.invitations.acknowledged(ack);
  }

  /** @internal */
  receivePrack(tx: ServerTransaction, _dialog: Dialog): void {
    this.respond(tx, 481);
  }

  /** @internal */
  receiveBye(request: SIPRequest, dialog: Dialog): void {
    this.forget(dialog);
    if (dialog !== this.#dialog) return;
    this.end({ by: "remote", cause: "bye", request, ...reasonOf(request) });
  }

  /** @internal Runs the application's code; what it throws must not reach the receive path. */
  guard(callback: () => void): void {
    try {
      callback();
    } catch (error) {
      this.ua.report(error);
    }
  }

  /** @internal The answer to an offer of ours that the application did not send itself. */
  tellAnswer(answer: SIPBody | undefined): void {
    if (answer !== undefined) this.guard(() => this.onAnswer?.(answer));
  }

  #closeIfDone(): void {
    if (this.#state === "terminated" && this.#farewells === 0) this.#close();
  }
}
