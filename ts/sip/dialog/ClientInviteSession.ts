import type { Alarm } from "../../time/clock.ts";
import { CSeq } from "../message/CSeq.ts";
import type { SIPRequest } from "../message/SIPRequest.ts";
import type { SIPResponse } from "../message/SIPResponse.ts";
import type { SIPURI } from "../message/SIPURI.ts";
import type { Endpoint } from "../transport/transport.ts";
import { acknowledge } from "./acknowledge.ts";
import { Acknowledgement } from "./Acknowledgement.ts";
import { bodyOf, type SIPBody } from "./body.ts";
import { Dialog } from "./Dialog.ts";
import { type EndReason, reasonOf } from "./EndReason.ts";
import { RequestTimeoutError, RequestTransportError } from "./errors.ts";
import { InviteSession } from "./InviteSession.ts";
import { LateAnswers } from "./LateAnswers.ts";
import { OutgoingRequest } from "./OutgoingRequest.ts";
import { Pracks } from "./Pracks.ts";
import { Redirection } from "./Redirection.ts";
import { hasTag } from "./reliable.ts";
import type { UserAgent } from "./UserAgent.ts";

/** @internal What an outgoing call begins with. */
export interface ClientInviteOptions {
  /** The INVITE, whole but for Via and Contact. Each attempt sends a copy under the next CSeq number. */
  readonly invite: SIPRequest;
  readonly uri: SIPURI;
  /** How long the far end may stay without any provisional response, milliseconds, before we cancel. */
  readonly patience: number;
}

/** One answerer: a fork of the INVITE has as many as it likes (RFC 3261 §13.2.2.4). */
interface Leg {
  readonly dialog: Dialog;
  /** There once its first 2xx has come. */
  acknowledgement?: Acknowledgement;
}

/** A call that we place. See {@link InviteSession} for its states. */
export class ClientInviteSession extends InviteSession {
  override readonly kind = "client";
  /**
   * Each provisional response but 100. Several phones may ring: `response.to.tag` tells them apart.
   * @param description the answer to our offer, if the response has it: final when it came reliably (RFC 3262), else what will come in the 2xx
   */
  onProgress?: ((response: SIPResponse, description?: SIPBody) => void) | undefined;
  /**
   * The first 2xx, its ACK already sent.
   * @param answer what answers our offer, from the 2xx or a reliable response before it; undefined when our INVITE had none, or when an
   * UPDATE has changed the session since
   */
  onAccepted?: ((response: SIPResponse, answer?: SIPBody) => void) | undefined;
  /**
   * A 300, 301 or 302 has sent the call elsewhere; `followRedirects` limits how often.
   * @param response that one, or the refusal of the place tried before; undefined when that did not answer
   */
  onRedirect?: ((target: SIPURI, response: SIPResponse | undefined) => void) | undefined;

  #outgoing: OutgoingRequest;
  #pracks: Pracks;
  #uri: SIPURI;
  readonly #redirection: Redirection;
  readonly #legs = new Map<string, Leg>();
  readonly #patience: number;
  /** As it was given to us: what a generator adds to an attempt must not be there twice in the next. */
  readonly #template: SIPRequest;
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
    this.#template = invite;
    this.#invite = invite;
    this.#sequence = invite.cseq.sequence - 1;
    this.#patience = options.patience;
    this.#uri = options.uri;
    this.#redirection = new Redirection(options.uri, ua.extensions.followRedirects);
    this.offered = bodyOf(invite);
    this.#outgoing = this.#newOutgoing();
    this.#pracks = new Pracks(this, () => this.cancel());
  }

  #newOutgoing(): OutgoingRequest {
    const uri = this.#uri;
    return new OutgoingRequest(this.ua, {
      method: "INVITE",
      destinations: () => this.ua.destinationsFor(uri),
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

  /** @internal Nothing of ours is held back. */
  protected override withdraw(): void {}

  /** Sends the INVITE again, elsewhere or worded otherwise, under the same Call-ID and From tag (RFC 3261 §8.1.3.4, RFC 4028 §7.3). */
  #sendAgain(): void {
    for (const { dialog } of this.#legs.values()) this.forget(dialog);
    this.#legs.clear();
    this.#alarm?.cancel();
    this.enter("calling");
    this.#outgoing = this.#newOutgoing();
    this.#pracks = new Pracks(this, () => this.cancel());
    this.#outgoing.send();
  }

  #build(destination: Endpoint): SIPRequest {
    const request = this.#template.clone();
    this.#sequence += 1;
    request.uri = this.#uri;
    request.headers.set("CSeq", new CSeq(this.#sequence, "INVITE").toString());
    if (this.ua.extensions.rel100 === "required" && !hasTag(request, "Require", "100rel")) request.headers.add("Require", "100rel");
    this.addCapabilities(request, this.ua.contactFor(destination));
    this.refresh.ask(request);
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

  /** The dialog of a response, and a new one if it is the first with its To tag. */
  #legOf(tag: string, request: SIPRequest, response: SIPResponse): Leg {
    const known = this.#legs.get(tag);
    if (known !== undefined && known.dialog.state !== "terminated") return known;
    const leg: Leg = { dialog: Dialog.fromResponse(request, response) };
    if (request.body.length > 0) leg.dialog.exchange.offer("local");
    this.#legs.set(tag, leg);
    this.ua.addDialog(leg.dialog, this);
    return leg;
  }

  #receiveProvisional(response: SIPResponse, request: SIPRequest): void {
    if (this.state === "terminated" || this.state === "confirmed") return;
    this.#watch();
    if (this.state === "calling") this.enter("proceeding");
    if (response.statusCode === 100) return;
    // A provisional response without a To tag (RFC 2543) makes no dialog, but it rings all the same.
    const { tag } = response.to;
    if (tag !== undefined) {
      const { dialog } = this.#legOf(tag, request, response);
      this.adopt(dialog);
      this.enter("early");
      this.refresh.note(response);
      const described = this.#pracks.descriptionOf(dialog) !== undefined;
      if (!this.#pracks.receive(dialog, request, response)) return;
      if (!this.#canceled) this.#tellProgress(response, described || request.body.length === 0 ? undefined : bodyOf(response));
    } else if (!this.#canceled) {
      this.#tellProgress(response, request.body.length === 0 ? undefined : bodyOf(response));
    }
  }

  #tellProgress(response: SIPResponse, description: SIPBody | undefined): void {
    this.guard(() => this.onProgress?.(response, description));
  }

  #receiveSuccess(response: SIPResponse, request: SIPRequest): void {
    const tag = response.to.tag ?? "";
    const acknowledgement = this.#legs.get(tag)?.acknowledgement;
    if (acknowledgement !== undefined) {
      acknowledgement.again();
      return;
    }
    const leg = this.#legOf(tag, request, response);
    const { dialog } = leg;
    dialog.confirm(response);
    this.#pending = false;
    this.#alarm?.cancel();
    if (this.#canceled || this.state === "confirmed" || this.state === "terminated") {
      // Another branch of a fork, or an answer that crossed our CANCEL: it must be acknowledged before it can be hung up.
      leg.acknowledgement = Acknowledgement.to(this.ua, dialog, request);
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
    this.refresh.note(response);
    this.refresh.granted(response);
    const description = this.#pracks.descriptionOf(dialog);
    // An UPDATE since then has made it void.
    const answer = request.body.length === 0 || dialog.exchange.rounds > 1 ? undefined : (description ?? bodyOf(response));
    leg.acknowledgement = acknowledge(this, { dialog, invite: request, response, described: description !== undefined }, () => {
      if (this.state === "confirmed") this.guard(() => this.onAccepted?.(response, answer));
    });
  }

  #receiveFailure(response: SIPResponse): void {
    if (!this.#canceled && this.state !== "terminated") {
      if (this.refresh.raise(response)) {
        this.#sendAgain();
        return;
      }
      if (this.#follow(this.#redirection.next(response), response)) return;
    }
    this.#pending = false;
    const { statusCode: status, reason } = response;
    if (this.#canceled) this.end(this.#canceledReason(response));
    else this.end({ by: "remote", cause: status < 400 ? "redirected" : "rejected", status, reason, response });
  }

  #fail(error: Error): void {
    if (!this.#canceled && this.state !== "terminated" && this.#follow(this.#redirection.further())) return;
    this.#pending = false;
    // No final response after a CANCEL counts as the 487 that should have come (RFC 3261 §9.1).
    if (this.#canceled) this.end(this.#canceledReason());
    else if (error instanceof RequestTimeoutError) this.end({ by: "timeout", cause: "no-answer", status: 408, reason: "Request Timeout", error });
    else if (error instanceof RequestTransportError) this.end({ by: "error", cause: "transport", status: 503, reason: "Service Unavailable", error });
    else this.end({ by: "error", cause: "error", error });
  }

  /** Calls the next of the places that redirections named. @returns whether there is one */
  #follow(target: SIPURI | undefined, response?: SIPResponse): boolean {
    if (target === undefined) return false;
    this.guard(() => this.onRedirect?.(target, response));
    // Whoever hears of it may have given up.
    if (this.#canceled) return false;
    this.#uri = target.forRequest();
    this.#sendAgain();
    return true;
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
  override receiveBye(request: SIPRequest, dialog: Dialog): void {
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
    const acknowledged = new Map<string, Acknowledgement>();
    for (const [tag, { dialog, acknowledgement }] of this.#legs) {
      if (dialog.state === "early") this.forget(dialog);
      if (acknowledgement !== undefined) acknowledged.set(tag, acknowledgement);
    }
    this.#outgoing.handOver(new LateAnswers(this.ua, acknowledged));
  }
}
