import type { Alarm } from "../../time/clock.ts";
import { newTag } from "../message/random.ts";
import type { SIPRequest } from "../message/SIPRequest.ts";
import type { SIPResponse } from "../message/SIPResponse.ts";
import type { ServerTransaction } from "../transaction/transaction.ts";
import type { Endpoint } from "../transport/transport.ts";
import type { SIPBody } from "./body.ts";
import { Dialog } from "./Dialog.ts";
import { reasonOf } from "./EndReason.ts";
import { RequestTimeoutError, SessionEndedError, SessionStateError } from "./errors.ts";
import type { RespondOptions } from "./handling.ts";
import { InviteSession } from "./InviteSession.ts";
import { cameAskingForTLS } from "./secure.ts";
import type { UserAgent } from "./UserAgent.ts";

/** RFC 3261 §13.3.1.1: provisional responses go out each minute, lest a proxy give the call up after three. */
const PROVISIONAL_INTERVAL = 60_000;

/** A call that comes in. Answer it through `accept` or `reject`; see {@link InviteSession} for its states. */
export class ServerInviteSession extends InviteSession {
  override readonly kind = "server";
  /** The INVITE. */
  readonly invite: SIPRequest;
  /** Who sent it to us: the last hop. */
  readonly source: Endpoint;
  /** The ACK to our 2xx has come. */
  onAck?: ((ack: SIPRequest) => void) | undefined;

  readonly #tx: ServerTransaction;
  readonly #dialog: Dialog;
  #pending = true;
  #repeat: Alarm | undefined;
  #expiry: Alarm | undefined;

  /** @internal */
  constructor(ua: UserAgent, tx: ServerTransaction) {
    const { request } = tx;
    const localTag = newTag();
    super(ua, { callId: request.callId, localTag, remote: request.from, state: "incoming" });
    this.#tx = tx;
    this.invite = request;
    this.source = tx.from;
    this.#dialog = Dialog.fromRequest(request, localTag);
    this.adopt(this.#dialog);
    ua.addDialog(this.#dialog, this);
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
   * Sends a provisional response, with early media if it has a body, and repeats it each minute.
   * @param status 101 to 199
   * @throws SessionStateError unless incoming
   */
  progress(status = 183, body?: SIPBody, headers: readonly [string, string][] = []): void {
    this.#require(`a ${status} response`);
    if (!(status > 100 && status < 200)) throw new RangeError(`${status} is no provisional response that a phone sends: use 101–199`);
    const response = this.#create(status, { body, headers });
    this.#tx.respond(response);
    this.#repeatLater(response);
  }

  /**
   * Answers the call: 200, until the ACK comes. The session is confirmed at once.
   * @param body the answer to the INVITE's offer; the offer, if the INVITE had none (its answer goes to `onAnswerInAck`)
   * @returns settles when the ACK has come
   * @throws SessionStateError unless incoming
   * @throws RequestTimeoutError when no ACK came within 64*T1; then BYE was sent and the session is over
   * @throws SessionEndedError when the session ends first
   */
  accept(body?: SIPBody, headers: readonly [string, string][] = []): Promise<void> {
    if (this.state !== "incoming") return Promise.reject(new SessionStateError("accepting", this.state));
    const acknowledged = new Promise<void>((resolve, reject) => {
      const response = this.#create(200, { body, headers });
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
    });
    // Nobody has to wait for it: onEnded tells, too.
    acknowledged.catch(() => {});
    return acknowledged;
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

  /** @internal The caller has given up. */
  override receiveCancel(tx: ServerTransaction, cancel: SIPRequest): void {
    if (tx !== this.#tx) {
      super.receiveCancel(tx, cancel);
    } else if (this.#pending) {
      this.#refuse(487);
      this.end({ by: "remote", cause: "cancel", status: 487, request: cancel, ...reasonOf(cancel) });
    }
  }

  /** A caller may hang up while we ring (RFC 3261 §15.1.2): its INVITE is answered, too. */
  protected override receiveBye(request: SIPRequest, dialog: Dialog): void {
    if (this.#pending) this.#refuse(487);
    super.receiveBye(request, dialog);
  }

  protected override release(): void {
    this.#repeat?.cancel();
    this.#expiry?.cancel();
  }

  #require(action: string): void {
    if (this.state !== "incoming") throw new SessionStateError(action, this.state);
  }

  #create(status: number, options: RespondOptions): SIPResponse {
    const response = this.createResponse(this.invite, status, options);
    if (status < 300) this.addCapabilities(response, this.ua.contactFor(this.source, cameAskingForTLS(this.invite)));
    return response;
  }

  #refuse(status: number, options: RespondOptions = {}): SIPResponse {
    const response = this.createResponse(this.invite, status, options);
    this.#pending = false;
    this.#tx.respond(response);
    this.forget(this.#dialog);
    return response;
  }

  #repeatLater(response: SIPResponse): void {
    this.#repeat?.cancel();
    const { clock } = this.ua;
    this.#repeat = clock.at(clock.now() + PROVISIONAL_INTERVAL, () => {
      this.#tx.respond(response);
      this.#repeatLater(response);
    });
  }
}
