import type { Alarm } from "../../time/clock.ts";
import { CSeq } from "../message/CSeq.ts";
import type { SIPRequest } from "../message/SIPRequest.ts";
import type { SIPResponse } from "../message/SIPResponse.ts";
import type { Endpoint } from "../transport/transport.ts";
import { sendAck } from "./acknowledge.ts";
import { Dialog } from "./Dialog.ts";
import { type EndReason, reasonOf } from "./EndReason.ts";
import { RequestTimeoutError, RequestTransportError } from "./errors.ts";
import { InviteSession } from "./InviteSession.ts";
import { OutgoingRequest } from "./OutgoingRequest.ts";
import type { UserAgent } from "./UserAgent.ts";

/** @internal What an outgoing call begins with. */
export interface ClientInviteOptions {
  /** The INVITE, whole but for Via and Contact. Each attempt sends a copy under the next CSeq number. */
  readonly invite: SIPRequest;
  readonly destinations: () => readonly Endpoint[] | Promise<readonly Endpoint[]>;
  /** How long the far end may stay without any provisional response, milliseconds, before we cancel. */
  readonly patience: number;
}

/** One answerer: a fork of the INVITE has as many as it likes (RFC 3261 §13.2.2.4). */
interface Leg {
  readonly dialog: Dialog;
  /** Sends the ACK again; there once its first 2xx has come. */
  acknowledge?: () => void;
}

/** A call that we place. See {@link InviteSession} for its states. */
export class ClientInviteSession extends InviteSession {
  override readonly kind = "client";
  /** Each provisional response but 100. Several phones may ring: `response.to.tag` tells them apart. */
  onProgress?: ((response: SIPResponse) => void) | undefined;
  /** The first 2xx, its ACK already sent. */
  onAccepted?: ((response: SIPResponse) => void) | undefined;

  readonly #outgoing: OutgoingRequest;
  readonly #legs = new Map<string, Leg>();
  readonly #patience: number;
  #invite: SIPRequest;
  #sequence: number;
  #pending = true;
  #canceled = false;
  #noAnswer = false;
  #alarm: Alarm | undefined;

  /** @internal Sends nothing until {@link start}. */
  constructor(ua: UserAgent, options: ClientInviteOptions) {
    const { invite } = options;
    super(ua, { callId: invite.callId, localTag: invite.from.tag ?? "", remote: invite.to, state: "calling" });
    this.#invite = invite;
    this.#sequence = invite.cseq.sequence - 1;
    this.#patience = options.patience;
    this.#outgoing = new OutgoingRequest(ua, {
      method: "INVITE",
      destinations: options.destinations,
      build: (destination) => this.#build(destination),
      onResponse: (response, request) => this.#receive(response, request),
      onFailure: (error) => this.#fail(error),
    });
  }

  /** The INVITE as sent last; before that, without Via and Contact. */
  get invite(): SIPRequest {
    return this.#invite;
  }

  /** Whether `cancel()` was called, or nobody answered for so long that it was as good as called. */
  get canceled(): boolean {
    return this.#canceled;
  }

  /** @internal */
  get pendingInvite(): "sent" | undefined {
    return this.#pending ? "sent" : undefined;
  }

  /** @internal */
  start(): void {
    if (this.state === "calling") this.#outgoing.send();
  }

  /**
   * Gives the call up before it is answered. `onEnded` follows when the far end has confirmed (487), or 64*T1 after the CANCEL; if an answer
   * crosses the CANCEL, it is acknowledged and hung up at once. Does nothing when the session is confirmed or over.
   * @param reason told to the far end in a Reason header (RFC 3326), for instance `SIP;cause=200;text="Call completed elsewhere"`
   */
  cancel(reason?: string): void {
    if (this.#canceled || this.state === "confirmed" || this.state === "terminated") return;
    this.#canceled = true;
    this.#alarm?.cancel();
    this.#outgoing.cancel(reason === undefined ? [] : [["Reason", reason]]);
  }

  #build(destination: Endpoint): SIPRequest {
    const request = this.#invite.clone();
    this.#sequence += 1;
    request.headers.delete("Via");
    request.headers.delete("Authorization");
    request.headers.delete("Proxy-Authorization");
    request.headers.set("CSeq", new CSeq(this.#sequence, "INVITE").toString());
    this.addCapabilities(request, this.ua.contactFor(destination));
    this.ua.prepare(request, destination);
    this.#invite = request;
    return request;
  }

  #receive(response: SIPResponse, request: SIPRequest): void {
    const status = response.statusCode;
    if (status < 200) this.#receiveProvisional(response, request);
    else if (status < 300) this.#receiveSuccess(response, request);
    else this.#receiveFailure(response);
  }

  #receiveProvisional(response: SIPResponse, request: SIPRequest): void {
    if (this.state === "terminated" || this.state === "confirmed") return;
    this.#watch();
    if (this.state === "calling") this.enter("proceeding");
    if (response.statusCode === 100) return;
    // A provisional response without a To tag (RFC 2543) makes no dialog, but it rings all the same.
    const { tag } = response.to;
    if (tag !== undefined) {
      let leg = this.#legs.get(tag);
      if (leg === undefined) {
        leg = { dialog: Dialog.fromResponse(request, response) };
        this.#legs.set(tag, leg);
        this.ua.addDialog(leg.dialog, this);
      }
      this.adopt(leg.dialog);
      this.enter("early");
    }
    if (!this.#canceled) this.guard(() => this.onProgress?.(response));
  }

  #receiveSuccess(response: SIPResponse, request: SIPRequest): void {
    const tag = response.to.tag ?? "";
    let leg = this.#legs.get(tag);
    if (leg?.acknowledge !== undefined) {
      leg.acknowledge();
      return;
    }
    if (leg === undefined || leg.dialog.state === "terminated") {
      leg = { dialog: Dialog.fromResponse(request, response) };
      this.#legs.set(tag, leg);
      this.ua.addDialog(leg.dialog, this);
    }
    const { dialog } = leg;
    dialog.confirm(response);
    this.#pending = false;
    this.#alarm?.cancel();
    if (this.#canceled || this.state === "confirmed" || this.state === "terminated") {
      // Another branch of a fork, or an answer that crossed our CANCEL: it must be acknowledged before it can be hung up.
      leg.acknowledge = sendAck(this.ua, dialog, request);
      this.dismiss(dialog);
      // A confirmed session goes on: its call is another leg.
      if (this.state !== "confirmed") this.end(this.#canceledReason(response));
      return;
    }
    this.adopt(dialog);
    this.enter("confirmed");
    for (const [other, { dialog: early }] of this.#legs) {
      if (other !== tag) this.forget(early);
    }
    leg.acknowledge = this.acknowledge(dialog, request, response, () => {
      if (this.state === "confirmed") this.guard(() => this.onAccepted?.(response));
    });
  }

  #receiveFailure(response: SIPResponse): void {
    this.#pending = false;
    const { statusCode: status, reason } = response;
    if (this.#canceled) this.end(this.#canceledReason(response));
    else this.end({ by: "remote", cause: status < 400 ? "redirected" : "rejected", status, reason, response });
  }

  #fail(error: Error): void {
    this.#pending = false;
    // No final response after a CANCEL counts as the 487 that should have come (RFC 3261 §9.1).
    if (this.#canceled) this.end(this.#canceledReason());
    else if (error instanceof RequestTimeoutError) this.end({ by: "timeout", cause: "no-answer", status: 408, reason: "Request Timeout", error });
    else if (error instanceof RequestTransportError) this.end({ by: "error", cause: "transport", status: 503, reason: "Service Unavailable", error });
    else this.end({ by: "error", cause: "error", error });
  }

  #canceledReason(response?: SIPResponse): EndReason {
    const by = this.#noAnswer ? "timeout" : "local";
    const cause = this.#noAnswer ? "no-answer" : "cancel";
    const final = response === undefined || response.statusCode < 300 ? undefined : response;
    return { by, cause, status: this.#noAnswer ? 408 : 487, ...(final === undefined ? {} : { response: final }) };
  }

  /** Cancels a call that rings for ever: its INVITE's transaction has no timer once a provisional response has come. */
  #watch(): void {
    this.#alarm?.cancel();
    if (this.#canceled || !Number.isFinite(this.#patience)) return;
    const { clock } = this.ua;
    this.#alarm = clock.at(clock.now() + this.#patience, () => {
      this.#noAnswer = true;
      this.cancel();
    });
  }

  /** A BYE that overtook the 2xx, or one from a callee that hangs up while it rings. */
  protected override receiveBye(request: SIPRequest, dialog: Dialog): void {
    if (this.state !== "early" && this.state !== "proceeding") {
      super.receiveBye(request, dialog);
      return;
    }
    this.forget(dialog);
    this.#legs.delete(dialog.remoteTag);
    // Other phones may still ring.
    if ([...this.#legs.values()].some((leg) => leg.dialog.state === "early")) return;
    this.#canceled = true;
    this.#outgoing.cancel();
    this.end({ by: "remote", cause: "bye", request, ...reasonOf(request) });
  }

  protected override release(): void {
    this.#alarm?.cancel();
    for (const { dialog } of this.#legs.values()) {
      if (dialog.state === "early") this.forget(dialog);
    }
  }
}
