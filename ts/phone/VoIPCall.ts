import { AudioInterruptedError } from "../audio/AudioInterruptedError.ts";
import { SessionAudio } from "../audio/SessionAudio.ts";
import type { MediaEvent } from "../media/contract.ts";
import type { EndReason, SIPBody } from "../sip/dialog/InviteSession.ts";
import type { SIPMessage } from "../sip/message/SIPMessage.ts";
import type { SIPRequest } from "../sip/message/SIPRequest.ts";
import type { SIPResponse } from "../sip/message/SIPResponse.ts";
import { CallDigits } from "./CallDigits.ts";
import { CallLife } from "./CallLife.ts";
import { CallMedia } from "./CallMedia.ts";
import type { CallSetup } from "./CallSetup.ts";
import { CallState } from "./CallState.ts";
import { CallStream, isSDP } from "./CallStream.ts";
import type { DenyOptions } from "./callTypes.ts";
import { InvalidOptionError, InvalidStateError } from "./errors.ts";
import { MixedMedia } from "./MixedMedia.ts";
import type { MovableMedia } from "./MovableMedia.ts";
import { refusalHook } from "./refusal.ts";
import { type TransferOptions, transferSession } from "./transfer.ts";
import type { VoIPPhone } from "./VoIPPhone.ts";

/**
 * One call. Subclass it and override {@link ringing} to answer, give the class to the phone as `callClass`; or use the object that
 * `phone.call()` gives.
 *
 * @example
 * class Announcement extends VoIPCall {
 *   override async ringing() {
 *     await this.answer();
 *     await this.play("announcement.wav");
 *     await this.hangup();
 *   }
 * }
 */
export class VoIPCall extends CallMedia {
  readonly phone: VoIPPhone;
  readonly direction: "inbound" | "outbound";
  /** The INVITE that made the call. */
  readonly request: SIPRequest;
  /** Settles when the call is over; never rejects. */
  readonly ended: Promise<EndReason>;

  readonly #setup: CallSetup;
  readonly #life: CallLife;
  readonly #media: MovableMedia | MixedMedia;
  readonly #stream: CallStream;
  readonly #audio: SessionAudio;
  readonly #digits: CallDigits;
  /** What the far end said of itself last, when the call came to be: its INVITE, or its 2xx to ours. */
  #farEnd: SIPMessage;
  #settleEnded: (reason: EndReason) => void = () => {};

  /** The phone makes calls; a subclass with a constructor of its own hands both arguments on. */
  constructor(phone: VoIPPhone, setup: CallSetup) {
    const { sip, direction, engine, further = [] } = setup;
    const media = further.length === 0 ? setup.media : new MixedMedia(setup.media, further);
    const life = new CallLife(direction === "outbound" ? CallState.DIALING : CallState.RINGING, remoteOf(setup));
    const audio = new SessionAudio(media, setup.audioFormat);
    const digits = new CallDigits(media);
    super({ life, media, audio, digits, engine, inform: (body) => sip.request("INFO", { body }) });
    this.phone = phone;
    this.direction = direction;
    this.request = sip.invite;
    this.#setup = setup;
    this.#life = life;
    this.#media = media;
    this.#stream = new CallStream(media, setup.negotiation);
    this.#audio = audio;
    this.#digits = digits;
    this.#farEnd = sip.invite;
    this.ended = new Promise((resolve) => {
      this.#settleEnded = resolve;
    });
    this.#bind();
  }

  /** The far end's address of record, as its From or our To named it: `sip:bob@pbx.example.com`. */
  get remote(): string {
    return remoteOf(this.#setup);
  }

  /** The Call-ID (RFC 3261 §20.8), which names the call in every log on its way. */
  get callId(): string {
    return this.request.callId;
  }

  /** Somebody calls: answer or deny. The base class denies. See {@link CallHooks} for the other hooks. */
  ringing(_invite: SIPMessage): void | Promise<void> {
    this.deny();
  }

  /**
   * Answers the call. Settles when the caller has acknowledged: from then on it hears us.
   * @throws InvalidStateError unless RINGING (or PROGRESS of an incoming call), and when the caller is gone before the acknowledgement
   */
  async answer(): Promise<void> {
    const sip = this.#inbound("answer");
    const { answer } = this.#setup;
    if (answer !== undefined) this.#stream.configureOnce(answer.parameters);
    const acknowledged = sip.accept(answer?.body ?? this.#stream.offer());
    this.#life.become(CallState.ANSWERED);
    this.emit("answered");
    const gone = "the call ended before the caller acknowledged the answer";
    try {
      await acknowledged;
    } catch (error) {
      throw new InvalidStateError(gone, this.state, undefined, { cause: error });
    }
    if (this.state !== CallState.ANSWERED) throw new InvalidStateError(gone, this.state);
  }

  /**
   * Plays to the caller before the call is answered, so that it costs nothing yet: sends 183 with our description, and audio flows.
   * The state is PROGRESS; then `answer()` or `deny()`. To a caller whose INVITE made no offer only the 183 goes: audio comes with the answer.
   * @throws InvalidStateError unless RINGING
   */
  earlyMedia(): void {
    this.#life.require("earlyMedia", CallState.RINGING);
    const sip = this.#inbound("earlyMedia");
    const { answer } = this.#setup;
    if (answer !== undefined) this.#stream.configureOnce(answer.parameters);
    sip.progress(183, answer?.body);
    this.#life.become(CallState.PROGRESS);
  }

  /**
   * Turns the caller away: 486 Busy Here unless told otherwise.
   * @throws InvalidStateError unless RINGING (or PROGRESS of an incoming call)
   * @throws InvalidOptionError for a status that refuses nothing; the call goes on ringing
   */
  deny(options: DenyOptions = {}): void {
    const sip = this.#inbound("deny");
    const status = options.status ?? 486;
    if (!Number.isInteger(status) || status < 300 || status > 699) {
      throw new InvalidOptionError("status", `${status} is no final SIP status: use 300–699, for instance 486 or 603`);
    }
    sip.reject(status, options.reason);
    this.#end({ by: "local", cause: "rejected", status, ...(options.reason === undefined ? {} : { reason: options.reason }) });
  }

  /**
   * Ends the call. The state is ENDED at once; the promise settles when the far end has confirmed or could not be reached.
   * @throws InvalidStateError unless ANSWERED
   */
  async hangup(): Promise<void> {
    this.#life.require("hangup", CallState.ANSWERED);
    const over = this.#setup.sip.bye();
    this.#end({ by: "local", cause: "bye" });
    await over;
    await this.#audio.close();
  }

  /**
   * Gives up a call that nobody has answered. Settles when the call is over.
   * @throws InvalidStateError unless DIALING, or PROGRESS of an outgoing call
   */
  async cancel(): Promise<void> {
    this.#life.require("cancel", CallState.DIALING, CallState.PROGRESS);
    const { sip } = this.#setup;
    if (sip.kind !== "client") throw this.#life.wrong("cancel");
    this.#life.become(CallState.CANCELING);
    sip.cancel();
    await this.ended;
  }

  /**
   * Hands the far end over to somebody else. Blind, the call ends as soon as the far end agrees. Otherwise we wait for what it tells: when it got
   * through, the call ends; when not, it goes on.
   * @returns whether the far end agreed (blind), or got through
   * @throws InvalidStateError unless ANSWERED; InvalidOptionError when the target cannot be used. Nothing was sent then
   * @example
   * await call.transfer("carol");
   * await call.transfer({ uri: "<sip:carol@example.com>", blind: false });
   * await call.transfer({ call: consultation });
   */
  transfer(options: TransferOptions): Promise<boolean>;
  transfer(user?: string, uri?: string, blind?: boolean): Promise<boolean>;
  async transfer(first?: string | TransferOptions, uri?: string, blind?: boolean): Promise<boolean> {
    const options = typeof first === "object" ? first : { user: first, uri, blind };
    this.#life.require("transfer", CallState.ANSWERED);
    const { call } = options;
    if (call === this) throw new InvalidOptionError("call", "a call cannot be transferred to itself");
    if (call !== undefined) call.#life.require("transfer", CallState.ANSWERED);
    const { sip, referral } = this.#setup;
    const done = await transferSession({
      ...referral,
      session: sip,
      farEnd: this.#farEnd,
      target: referral.target(options),
      replaces: call === undefined ? undefined : call.#setup.sip,
      blind: options.blind ?? call === undefined,
    });
    // The far end may have hung up by itself, as some do once they have got through.
    if (done && this.state === CallState.ANSWERED) await this.hangup();
    return done;
  }

  /** Whether we have put the far end on hold. */
  get held(): boolean {
    return this.#stream.direction !== "sendrecv";
  }

  /**
   * Puts the far end on hold (RFC 3264 §8.4): it is asked to stop sending, and hears what we play.
   * @throws InvalidStateError unless ANSWERED, NegotiationError when the far end refuses; the call then goes on as it was
   */
  async hold(): Promise<void> {
    this.#life.require("hold", CallState.ANSWERED);
    await this.#stream.redirect("hold", this.#setup.sip, "sendonly");
  }

  /** Takes the far end off hold. @throws as {@link hold} */
  async resume(): Promise<void> {
    this.#life.require("resume", CallState.ANSWERED);
    await this.#stream.redirect("resume", this.#setup.sip, "sendrecv");
  }

  /** Ends the call in whatever way its state asks for. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.end();
  }

  /** @internal Ends the call in whatever way its state asks for; does nothing when it is over. */
  async end(): Promise<void> {
    if (this.state === CallState.ANSWERED) await this.hangup();
    else if (this.#setup.sip.kind === "server" && this.#life.pending) this.deny({ status: 480 });
    else if (this.#life.pending) await this.cancel();
    else if (this.state === CallState.CANCELING) await this.ended;
    // An answer that crossed our CANCEL is hung up again: the far end has yet to confirm that.
    await this.#setup.sip.closed;
  }

  // ---- within ----

  #inbound(action: string): Extract<CallSetup["sip"], { kind: "server" }> {
    this.#life.require(action, CallState.RINGING, CallState.PROGRESS);
    if (this.#setup.sip.kind !== "server") throw this.#life.wrong(action);
    return this.#setup.sip;
  }

  /** Connects what happens below with what is told. */
  #bind(): void {
    this.#life.onChange = (state) => this.emit("state", state);
    this.#media.onEvent = (event) => this.#onMedia(event);
    this.#digits.onDigit = (digit, source) => {
      this.#run(() => this.dtmfCallback(digit, source));
      this.emit("dtmf", digit, source);
    };
    this.#digits.onEnd = (event) => this.emit("dtmfEnd", event);
    const { sip } = this.#setup;
    sip.onEnded = (reason) => this.#end(reason);
    sip.onInfo = (request) => this.#digits.hearInfo(request);
    sip.onReinvite = (offer) => this.#stream.reanswer(offer);
    // The answer to an offer of ours that travelled in a 200 (RFC 3261 §13.2.1), or in a session refresh.
    sip.onAnswer = (body) => this.#takeAnswer(body);
    sip.onRefreshOffer = () => this.#stream.offer();
    if (sip.kind === "client") {
      sip.onProgress = (response, description) => this.#onProgress(response, description);
      sip.onAccepted = (response, answer) => this.#onAccepted(response, answer);
    }
  }

  #onProgress(response: SIPResponse, description: SIPBody | undefined): void {
    // Early media comes with any provisional that has a description, not with 183 alone (RFC 3960 §3).
    if (isSDP(description)) this.#takeAnswer(description);
    if (response.statusCode === 180) this.emit("ringing", response);
    if (response.statusCode === 183 && this.#life.pending) {
      this.#life.become(CallState.PROGRESS);
      this.#run(() => this.progress(response));
      this.emit("progress", response);
    }
  }

  #onAccepted(response: SIPResponse, answer: SIPBody | undefined): void {
    this.#farEnd = response;
    if (isSDP(answer) && !this.#takeAnswer(answer)) return;
    this.#life.become(CallState.ANSWERED);
    this.#run(() => this.answered(response));
    this.emit("answered");
  }

  /** Takes the far end's answer to our offer. An answer that cannot be used ends the call. */
  #takeAnswer(body: SIPBody): boolean {
    try {
      this.#stream.accept(body);
      return true;
    } catch (error) {
      this.phone.reportCallError(this, error);
      const { sip } = this.#setup;
      if (sip.kind === "client" && sip.state !== "confirmed") sip.cancel();
      else void sip.bye();
      this.#end({ by: "local", cause: "error", reason: error instanceof Error ? error.message : String(error) });
      return false;
    }
  }

  #onMedia(event: MediaEvent): void {
    if (event.type === "timeout") this.emit("mediaTimeout", event.initial);
    else if (event.type === "resumed") this.emit("mediaResumed");
    else if (event.type === "failed") this.#failed(event.reason);
    else this.#digits.hear(event);
  }

  /** The engine closed the session after a defect of its own: a call without media is no call. */
  #failed(reason: string): void {
    this.phone.reportCallError(this, new Error(`the media engine failed: ${reason}; please report this`));
    this.end().catch((error: unknown) => this.phone.reportCallError(this, error));
  }

  #end(reason: EndReason): void {
    if (this.state === CallState.ENDED) return;
    this.#life.become(CallState.ENDED);
    // A recording that the disk has no room for: nobody awaits it here, and it must not end the process.
    this.#audio.close().catch((error: unknown) => this.phone.reportCallError(this, error));
    this.#digits.close();
    if (this.direction === "outbound" && reason.cause === "rejected") this.#tellRefusal(reason.response);
    else if (reason.cause === "no-answer" || reason.cause === "transport") this.#run(() => this.unavailable(reason.response));
    else if (reason.by === "remote" && reason.cause === "bye") this.#run(() => this.bye());
    this.emit("ended", reason);
    this.#settleEnded(reason);
  }

  #tellRefusal(response: SIPResponse | undefined): void {
    const hook = refusalHook(response);
    if (hook === "unavailable") this.#run(() => this.unavailable(response));
    else if (hook !== undefined && response !== undefined) this.#run(() => this[hook](response));
  }

  /** @internal Runs the ringing hook; an error in it ends the call. */
  ring(): void {
    this.#run(() => this.ringing(this.request));
  }

  /** Runs a subclass's hook: its error is reported, ends this call, and harms no other. */
  #run(hook: () => void | Promise<void>): void {
    const failed = (error: unknown): void => {
      // A hook that waited for a call which is over by now has nothing to tell.
      if (this.state === CallState.ENDED && tellsOfTheEnd(error)) return;
      this.phone.reportCallError(this, error);
      this.end().catch((second: unknown) => this.phone.reportCallError(this, second));
    };
    try {
      Promise.resolve(hook()).catch(failed);
    } catch (error) {
      failed(error);
    }
  }
}

function remoteOf({ direction, sip }: CallSetup): string {
  return (direction === "outbound" ? sip.invite.to : sip.invite.from).uri.toString();
}

/** What methods reject with when the call ends under them. */
function tellsOfTheEnd(error: unknown): boolean {
  return error instanceof InvalidStateError || error instanceof AudioInterruptedError || (error instanceof Error && error.name === "AbortError");
}
