import type { Alarm } from "../../time/clock.ts";
import { newTag } from "../message/random.ts";
import type { SIPRequest } from "../message/SIPRequest.ts";
import type { SIPResponse } from "../message/SIPResponse.ts";
import type { ServerTransaction } from "../transaction/transaction.ts";
import type { Endpoint } from "../transport/transport.ts";
import type { SIPBody } from "./body.ts";
import { ClientInviteSession } from "./ClientInviteSession.ts";
import { Dialog } from "./Dialog.ts";
import { reasonOf } from "./EndReason.ts";
import { RequestTimeoutError, SessionEndedError, SessionStateError } from "./errors.ts";
import { Progress } from "./Progress.ts";
import { InviteSession } from "./InviteSession.ts";
import type { RespondOptions } from "./response.ts";
import { cameAskingForTLS } from "./secure.ts";
import type { UserAgent } from "./UserAgent.ts";

/** A call that comes in. Answer it through `accept` or `reject`; see {@link InviteSession} for its states. */
export class ServerInviteSession extends InviteSession {
  override readonly kind = "server";
  /** The INVITE. */
  readonly invite: SIPRequest;
  /** Who sent it to us: the last hop. */
  readonly source: Endpoint;
  /** The call that this one takes the place of (RFC 3891): it is ended when this one is accepted. Answer at once: somebody is on the line. */
  readonly replaces: InviteSession | undefined;
  /** The ACK to our 2xx has come. */
  onAck?: ((ack: SIPRequest) => void) | undefined;

  readonly #tx: ServerTransaction;
  readonly #dialog: Dialog;
  readonly #progress: Progress;
  #pending = true;
  #expiry: Alarm | undefined;
  /** Our 2xx that waits for a PRACK. */
  #held: { readonly send: () => void; readonly reject: (error: Error) => void } | undefined;

  /** @internal */
  constructor(ua: UserAgent, tx: ServerTransaction, replaces?: InviteSession) {
    const { request } = tx;
    const localTag = newTag();
    super(ua, { callId: request.callId, localTag, remote: request.from, state: "incoming" });
    this.#tx = tx;
    tx.onCancel = (cancel) => this.#receiveCancel(cancel);
    this.invite = request;
    this.source = tx.from;
    this.replaces = replaces;
    this.#dialog = Dialog.fromRequest(request, localTag);
    this.adopt(this.#dialog);
    ua.addDialog(this.#dialog, this);
    if (request.body.length > 0) this.#dialog.exchange.offer("remote");
    this.refresh.note(request);
    this.#progress = new Progress(ua, {
      tx,
      dialog: this.#dialog,
      create: (status, options) => this.#create(status, options),
      answered: (answer) => this.tellAnswer(answer),
      proceed: () => this.#held?.send(),
      silence: () => {
        this.#refuse(500, { reason: "Provisional Response Not Acknowledged" });
        this.end({ by: "timeout", cause: "no-ack", status: 500 });
      },
    });
    const { expires } = request;
    if (expires !== undefined && expires > 0) {
      // RFC 3261 §13.3.1: the caller waits so long, no longer.
      this.#expiry = ua.clock.at(ua.clock.now() + 1000 * expires, () => {
        this.#refuse(487);
        this.end({ by: "timeout", cause: "no-answer", status: 487 });
      });
    }
  }

  /** @internal */
  get pendingInvite(): "received" | undefined {
    return this.#pending ? "received" : undefined;
  }

  /** Sends 180 Ringing. Again, harmless. @throws SessionStateError unless incoming */
  ringing(): void {
    this.progress(180);
  }

  /**
   * Sends a provisional response, with early media if it has a body, and tells the caller each minute that we are still at it.
   *
   * It goes out reliably (RFC 3262: again and again until its PRACK comes; one after the other) when the caller or our `rel100` option
   * demands it, and when it has a body and the caller can do it.
   * @param status 101 to 199
   * @param body the answer to the INVITE's offer, or an offer if the INVITE had none; when reliable it stands, and `accept` repeats it no more
   * @throws SessionStateError unless incoming
   */
  progress(status = 183, body?: SIPBody, headers: readonly [string, string][] = []): void {
    this.#require(`a ${status} response`);
    if (!(status > 100 && status < 200)) throw new RangeError(`${status} is no provisional response that a phone sends: use 101–199`);
    if (body !== undefined) this.#dialog.localDescription = body;
    this.#progress.send(status, body, headers);
  }

  /**
   * Answers the call: 200, until the ACK comes. The session is confirmed at once; while a PRACK for a description is missing, it is
   * `accepting` until that has come (RFC 3262 §3).
   * @param body the answer to the INVITE's offer; the offer, if the INVITE had none (its answer goes to `onAnswer`). Left out of the 200
   * when a reliable provisional response has said it already
   * @returns settles when the ACK has come
   * @throws SessionStateError unless incoming
   * @throws RequestTimeoutError when no ACK came within 64*T1; then BYE was sent and the session is over
   * @throws SessionEndedError when the session ends first
   */
  accept(body?: SIPBody, headers: readonly [string, string][] = []): Promise<void> {
    if (this.state !== "incoming") return Promise.reject(new SessionStateError("accepting", this.state));
    const acknowledged = new Promise<void>((resolve, reject) => {
      const send = (): void => {
        this.#held = undefined;
        this.#sendAccept(this.#progress.described ? undefined : body, headers, resolve, reject);
      };
      this.#expiry?.cancel();
      this.#progress.quiet();
      if (this.#progress.holdsBack) {
        this.#held = { send, reject };
        this.enter("accepting");
      } else {
        send();
      }
    });
    // Nobody has to wait for it: onEnded tells, too.
    acknowledged.catch(() => {});
    return acknowledged;
  }

  #sendAccept(body: SIPBody | undefined, headers: readonly [string, string][], resolve: () => void, reject: (error: Error) => void): void {
    const response = this.#create(200, { body, headers });
    if (body !== undefined) this.#dialog.localDescription = body;
    this.release();
    this.#pending = false;
    this.#dialog.confirm();
    this.enter("confirmed");
    this.invitations.accept(this.#tx, response, this.#dialog, (end) => {
      if (end === "silence") reject(new RequestTimeoutError("ACK", `the caller never acknowledged our answer to call ${this.callId}`));
      else if (end === "stopped") reject(new SessionEndedError("accepting"));
      else {
        this.guard(() => this.onAck?.(end));
        resolve();
      }
    });
    // RFC 3891 §3: the call that this one replaces goes when this one stands.
    if (this.replaces !== undefined) endReplaced(this.replaces);
  }

  /**
   * Turns the caller away, or elsewhere.
   * @param status 300 to 699
   * @throws SessionStateError unless incoming
   */
  reject(status = 486, reason?: string, headers: readonly [string, string][] = []): void {
    this.#require(`a ${status} response`);
    if (!(status >= 300 && status <= 699)) throw new RangeError(`${status} turns nobody away: use 300–699`);
    const response = this.#refuse(status, { reason, headers });
    this.end({ by: "local", cause: status < 400 ? "redirected" : "rejected", status, reason: response.reason });
  }

  /** The caller has given up. */
  #receiveCancel(cancel: SIPRequest): void {
    if (!this.#pending) return;
    this.#refuse(487);
    this.end({ by: "remote", cause: "cancel", status: 487, request: cancel, ...reasonOf(cancel) });
  }

  /** A caller may hang up while we ring (RFC 3261 §15.1.2): its INVITE is answered, too. */
  override receiveBye(request: SIPRequest, dialog: Dialog): void {
    if (this.#pending) this.#refuse(487);
    super.receiveBye(request, dialog);
  }

  /** @internal RFC 3262: the caller has our reliable provisional response. */
  override receivePrack(tx: ServerTransaction, dialog: Dialog): void {
    const offer = this.#progress.acknowledge(tx.request);
    if (offer === undefined) this.respond(tx, 481);
    else if (offer === "none") this.respond(tx, 200);
    else this.updates.receive(tx, dialog);
    this.#progress.proceed();
  }

  protected override withdraw(): void {
    this.#refuse(480);
    this.end({ by: "local", cause: "bye" });
  }

  protected override release(): void {
    this.#progress.close();
    this.#expiry?.cancel();
    this.#held?.reject(new SessionEndedError("accepting"));
    this.#held = undefined;
  }

  #require(action: string): void {
    if (this.state !== "incoming") throw new SessionStateError(action, this.state);
  }

  #create(status: number, options: RespondOptions): SIPResponse {
    const finish = (response: SIPResponse): void => {
      if (status < 300) this.addCapabilities(response, this.ua.contactFor(this.source, cameAskingForTLS(this.invite)));
      if (status >= 200) this.refresh.answer(this.invite, response);
    };
    return this.createResponse(this.invite, status, { ...options, finish });
  }

  #refuse(status: number, options: RespondOptions = {}): SIPResponse {
    const response = this.createResponse(this.invite, status, options);
    this.#pending = false;
    this.#tx.respond(response);
    this.forget(this.#dialog);
    return response;
  }
}

/** RFC 3891 §3: a call is hung up, one of ours that nobody has answered is cancelled. */
function endReplaced(session: InviteSession): void {
  if (session.state === "confirmed") void session.bye([["Reason", 'SIP;cause=200;text="Replaced"']]);
  else if (session instanceof ClientInviteSession) session.cancel('SIP;cause=200;text="Replaced"');
}
