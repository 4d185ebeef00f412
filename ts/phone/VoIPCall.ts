import type { Readable } from "node:stream";
import { samplesOf } from "../audio/source.ts";
import type { Direction, MediaEvent, MediaSession, StreamParameters } from "../media/contract.ts";
import { bodyOf } from "../sip/dialog/body.ts";
import { SIPRejection } from "../sip/dialog/errors.ts";
import type { EndReason, InviteSession, SIPBody } from "../sip/dialog/InviteSession.ts";
import type { SIPMessage } from "../sip/message/SIPMessage.ts";
import type { SIPRequest } from "../sip/message/SIPRequest.ts";
import type { SIPResponse } from "../sip/message/SIPResponse.ts";
import { CallAudio, type Recording } from "./CallAudio.ts";
import { CallHooks } from "./CallHooks.ts";
import type { CallSetup } from "./CallSetup.ts";
import { CallState } from "./CallState.ts";
import type { CallStatistics, DenyOptions, DtmfOptions } from "./callTypes.ts";
import { type CollectOptions, DigitBuffer } from "./DigitBuffer.ts";
import { digitsOfInfo, eventOf, infoBody, symbolOf } from "./dtmf.ts";
import { InvalidOptionError, InvalidStateError, NegotiationError } from "./errors.ts";
import { type Negotiation, warning } from "./Negotiation.ts";
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
export class VoIPCall extends CallHooks {
  readonly phone: VoIPPhone;
  readonly direction: "inbound" | "outbound";
  /** The INVITE that made the call. */
  readonly request: SIPRequest;
  /** Settles when the call is over; never rejects. */
  readonly ended: Promise<EndReason>;

  readonly #setup: CallSetup;
  readonly #media: MediaSession;
  readonly #audio: CallAudio;
  #state: CallState;
  /** Early media, or an UPDATE while it rang, have set the media up already. */
  #configured = false;
  readonly #digits = new DigitBuffer();
  #dtmfWaiters: (() => void)[] = [];
  #settleEnded: (reason: EndReason) => void = () => {};

  constructor(phone: VoIPPhone, setup: CallSetup) {
    super();
    this.phone = phone;
    this.direction = setup.direction;
    this.request = setup.sip.invite;
    this.#setup = setup;
    this.#media = setup.media;
    this.#audio = new CallAudio(setup.media, setup.audioFormat);
    this.#state = setup.direction === "outbound" ? CallState.DIALING : CallState.RINGING;
    this.ended = new Promise((resolve) => {
      this.#settleEnded = resolve;
    });
    this.#media.onEvent = (event) => this.#onMedia(event);
    this.#bind();
  }

  /** Where the call stands. */
  get state(): CallState {
    return this.#state;
  }

  /** The far end's address of record, as its From or our To named it: `sip:bob@pbx.example.com`. */
  get remote(): string {
    return (this.direction === "outbound" ? this.request.to : this.request.from).uri.toString();
  }

  /** The Call-ID (RFC 3261 §20.8), which names the call in every log on its way. */
  get callId(): string {
    return this.request.callId;
  }

  /** Somebody calls: answer or deny. The base class denies. See {@link CallHooks} for the other hooks. */
  ringing(_invite: SIPMessage): void | Promise<void> {
    this.deny();
  }

  // ---- signalling ----

  /**
   * Answers the call. Settles when the caller has acknowledged: from then on it hears us.
   * @throws InvalidStateError unless RINGING (or PROGRESS of an incoming call), and when the caller is gone before the acknowledgement
   */
  async answer(): Promise<void> {
    const sip = this.#inbound("answer");
    const { negotiation } = this.#setup;
    const body = this.#setup.answer?.body ?? negotiation.offer();
    if (this.#setup.answer !== undefined) this.#configureOnce(this.#setup.answer.parameters);
    const acknowledged = sip.accept(body);
    this.#become(CallState.ANSWERED);
    this.emit("answered");
    try {
      await acknowledged;
    } catch (error) {
      throw new InvalidStateError("the call ended before the caller acknowledged the answer", this.#state, undefined, { cause: error });
    }
    if (this.#state !== CallState.ANSWERED) throw new InvalidStateError("the call ended before the caller acknowledged the answer", this.#state);
  }

  /**
   * Plays to the caller before the call is answered, so that it costs nothing yet: sends 183 with our description, and audio flows.
   * The state is PROGRESS; then `answer()` or `deny()`. To a caller whose INVITE made no offer only the 183 goes: audio comes with the answer.
   * @throws InvalidStateError unless RINGING
   */
  earlyMedia(): void {
    this.#require("earlyMedia", CallState.RINGING);
    const sip = this.#inbound("earlyMedia");
    const { answer } = this.#setup;
    if (answer !== undefined) this.#configureOnce(answer.parameters);
    sip.progress(183, answer?.body);
    this.#become(CallState.PROGRESS);
  }

  /**
   * Turns the caller away: 486 Busy Here unless told otherwise.
   * @throws InvalidStateError unless RINGING (or PROGRESS of an incoming call)
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
    this.#require("hangup", CallState.ANSWERED);
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
    this.#require("cancel", CallState.DIALING, CallState.PROGRESS);
    const { sip } = this.#setup;
    if (sip.kind !== "client") throw this.#wrongState("cancel");
    this.#become(CallState.CANCELING);
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
    this.#require("transfer", CallState.ANSWERED);
    const { call } = options;
    if (call === this) throw new InvalidOptionError("call", "a call cannot be transferred to itself");
    if (call !== undefined) call.#require("transfer", CallState.ANSWERED);
    const target = { uri: this.phone.transferTarget(options), ...(call === undefined ? {} : { replaces: call.#setup.sip }) };
    const done = await transferSession(this.#setup.sip, target, options.blind ?? call === undefined);
    // The far end may have hung up by itself, as some do once they have got through.
    if (done && this.#state === CallState.ANSWERED) await this.hangup();
    return done;
  }

  /** @internal */
  isOf(session: InviteSession): boolean {
    return this.#setup.sip === session;
  }

  /** Whether we have put the far end on hold. */
  get held(): boolean {
    return this.#setup.negotiation.direction !== "sendrecv";
  }

  /**
   * Puts the far end on hold (RFC 3264 §8.4): it is asked to stop sending, and hears what we play.
   * @throws InvalidStateError unless ANSWERED, NegotiationError when the far end refuses; the call then goes on as it was
   */
  hold(): Promise<void> {
    return this.#reoffer("hold", "sendonly");
  }

  /** Takes the far end off hold. @throws as {@link hold} */
  resume(): Promise<void> {
    return this.#reoffer("resume", "sendrecv");
  }

  // ---- audio ----

  /** Queues linear audio for sending, in the phone's `audioFormat`. Any amount is taken; it goes out at its own pace. */
  writeAudio(data: Uint8Array): void {
    this.#requireLive("writeAudio");
    this.#audio.write(data);
  }

  /**
   * Reads received linear audio in the phone's `audioFormat`.
   * @param length bytes; 160 are one 20 ms packet of 8-bit audio
   * @param blocking wait until all are there; fewer come back only at the end of the call, at last none.
   * Otherwise the promise is settled at once, and silence fills what is missing.
   */
  readAudio(length = 160, blocking = true): Promise<Uint8Array> {
    return this.#audio.read(length, blocking);
  }

  /**
   * Plays a WAV file, or samples: 16-bit, 8 kHz, mono. Settles when the last has been sent. A later source takes over: this one then
   * rejects with an AbortError.
   * @throws WavError when the file cannot be read or is no WAV
   */
  async play(source: string | Int16Array | Readable, options: { signal?: AbortSignal } = {}): Promise<void> {
    this.#requireLive("play");
    const samples = await samplesOf(source);
    this.#requireLive("play");
    await this.#audio.play(samples, options.signal);
  }

  /** Records what the far end says into a WAV file: 16-bit, 8 kHz, mono. The end of the call finishes it. */
  record(path: string): Promise<Recording> {
    this.#requireLive("record");
    return this.#audio.record(path);
  }

  /** Drops what is queued and stops what plays, for instance because the caller interrupts. */
  clearAudio(): void {
    this.#audio.clear();
  }

  // ---- DTMF ----

  /** Takes the next `length` digits received; all of them when negative or null. Fewer, or none, when no more were pressed. */
  getDtmf(length: number | null = 1): string {
    return this.#digits.take(length);
  }

  /**
   * Waits for a caller's input, for instance `{ count: 4, terminator: "#" }`. Settles with the digits: fewer than asked for, or none, after a pause or
   * at the end of the call. @throws the signal's reason on abort
   */
  collectDtmf(options: CollectOptions = {}): Promise<string> {
    return this.#digits.collect(options);
  }

  /**
   * Sends digits (0–9, `*`, `#`, A–D) as RFC 4733 events, or by INFO when the far end takes no events. Settles when they are sent.
   * @param options 120 ms a digit with 80 ms between, unless given
   */
  async sendDtmf(digits: string, options: DtmfOptions = {}): Promise<void> {
    this.#require("sendDtmf", CallState.ANSWERED);
    const events = Array.from(digits, (digit) => {
      const event = eventOf(digit);
      if (event === undefined) throw new InvalidOptionError("digits", `${JSON.stringify(digit)} is no DTMF digit: use 0–9, *, #, A–D`);
      return event;
    });
    if (events.length === 0) return;
    const duration = options.duration ?? 120;
    if (this.#media.sendEvents(events, duration, options.gap ?? 80)) {
      await new Promise<void>((resolve) => this.#dtmfWaiters.push(resolve));
      if (this.#state !== CallState.ANSWERED) throw this.#wrongState("sendDtmf");
      return;
    }
    for (const event of events) await this.#setup.sip.request("INFO", { body: infoBody(event, duration) });
  }

  /** Counters of this call's media, live; they keep their last values after its end. */
  stats(): CallStatistics {
    return { ...this.#media.statistics(), engine: this.#setup.engine };
  }

  /** Ends the call in whatever way its state asks for. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.end();
  }

  /** @internal Ends the call in whatever way its state asks for; does nothing when it is over. */
  async end(): Promise<void> {
    if (this.#state === CallState.ANSWERED) await this.hangup();
    else if (this.#setup.sip.kind === "server" && this.#isPending()) this.deny({ status: 480 });
    else if (this.#isPending()) await this.cancel();
    else if (this.#state === CallState.CANCELING) await this.ended;
  }

  // ---- within ----

  #isPending(): boolean {
    return this.#state === CallState.DIALING || this.#state === CallState.RINGING || this.#state === CallState.PROGRESS;
  }

  #wrongState(action: string): InvalidStateError {
    return new InvalidStateError(`${action}() is not possible: the call with ${this.remote} is ${this.#state}`, this.#state);
  }

  #require(action: string, ...states: CallState[]): void {
    if (!states.includes(this.#state)) throw this.#wrongState(action);
  }

  #requireLive(action: string): void {
    if (this.#state === CallState.ENDED || this.#state === CallState.CANCELING) throw this.#wrongState(action);
  }

  #inbound(action: string): Extract<CallSetup["sip"], { kind: "server" }> {
    this.#require(action, CallState.RINGING, CallState.PROGRESS);
    if (this.#setup.sip.kind !== "server") throw this.#wrongState(action);
    return this.#setup.sip;
  }

  #configureOnce(parameters: StreamParameters): void {
    if (!this.#configured) this.#media.configure(parameters);
    this.#configured = true;
  }

  #become(state: CallState): void {
    if (this.#state === state) return;
    this.#state = state;
    this.emit("state", state);
  }

  /** Connects the SIP session's callbacks. */
  #bind(): void {
    const { sip, negotiation } = this.#setup;
    sip.onEnded = (reason) => this.#end(reason);
    sip.onInfo = (request) => this.#onInfo(request);
    // Whether these are there decides what Allow tells.
    sip.onRefer = this.phone.referHandler(this);
    sip.onMessage = this.phone.messageHandler(this);
    sip.onReinvite = (offer) => (offer === undefined ? negotiation.offer() : this.#reanswer(offer));
    // The answer to an offer of ours that travelled in a 200 (RFC 3261 §13.2.1), or in a session refresh.
    sip.onAnswer = (body) => this.#takeAnswer(body);
    sip.onRefreshOffer = () => negotiation.offer();
    if (sip.kind === "client") {
      sip.onProgress = (response, description) => this.#onProgress(response, description);
      sip.onAccepted = (response, answer) => this.#onAccepted(response, answer);
    }
  }

  #onProgress(response: SIPResponse, description: SIPBody | undefined): void {
    // Early media comes with any provisional that has a description, not with 183 alone (RFC 3960 §3).
    if (isSDP(description)) this.#takeAnswer(description);
    if (response.statusCode === 180) this.emit("ringing", response);
    if (response.statusCode === 183 && this.#isPending()) {
      this.#become(CallState.PROGRESS);
      this.#run(() => this.progress(response));
      this.emit("progress", response);
    }
  }

  #onAccepted(response: SIPResponse, answer: SIPBody | undefined): void {
    if (isSDP(answer) && !this.#takeAnswer(answer)) return;
    this.#become(CallState.ANSWERED);
    this.#run(() => this.answered(response));
    this.emit("answered");
  }

  /** Answers the far end's offer in a running call: hold, another codec, another address. One that does not fit is refused, and the call goes on as it was. */
  #reanswer(offer: SIPBody): SIPBody {
    let answer: ReturnType<Negotiation["answer"]>;
    try {
      answer = this.#setup.negotiation.answer(offer);
    } catch (error) {
      throw new SIPRejection(488, undefined, [["Warning", warning(error)]]);
    }
    this.#media.configure(answer.parameters);
    this.#configured = true;
    return answer.body;
  }

  async #reoffer(action: string, direction: Direction): Promise<void> {
    this.#require(action, CallState.ANSWERED);
    const { sip, negotiation } = this.#setup;
    const before = negotiation.direction;
    negotiation.direction = direction;
    let failure: string;
    try {
      const response = await sip.reinvite(negotiation.offer());
      const answer = bodyOf(response);
      if (response.isSuccess && isSDP(answer)) {
        this.#media.configure(negotiation.accept(answer));
        return;
      }
      failure = response.isSuccess ? "the far end sent no answer" : `the far end answered ${response.statusCode} ${response.reason}`;
    } catch (error) {
      negotiation.direction = before;
      throw error;
    }
    negotiation.direction = before;
    throw new NegotiationError(`${action}: ${failure}`);
  }

  /** Takes the far end's answer to our offer. An answer that cannot be used ends the call. */
  #takeAnswer(body: SIPBody): boolean {
    try {
      this.#media.configure(this.#setup.negotiation.accept(body));
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
    if (event.type === "dtmf-start") this.#digit(symbolOf(event.event));
    else if (event.type === "dtmf-sent") this.#settleDtmf();
    else if (event.type === "timeout") this.emit("mediaTimeout", event.initial);
    else if (event.type === "resumed") this.emit("mediaResumed");
    else if (event.type === "failed") this.#failed(event.reason);
  }

  /** The engine closed the session after a defect of its own: a call without media is no call. */
  #failed(reason: string): void {
    this.phone.reportCallError(this, new Error(`the media engine failed: ${reason}; please report this`));
    this.end().catch((error: unknown) => this.phone.reportCallError(this, error));
  }

  #onInfo(request: SIPRequest): void {
    for (const digit of digitsOfInfo(request)) this.#digit(digit);
  }

  #digit(digit: string | undefined): void {
    if (digit === undefined) return;
    this.#digits.push(digit);
    this.emit("dtmf", digit);
  }

  #settleDtmf(): void {
    const waiters = this.#dtmfWaiters;
    this.#dtmfWaiters = [];
    for (const settle of waiters) settle();
  }

  #end(reason: EndReason): void {
    if (this.#state === CallState.ENDED) return;
    this.#become(CallState.ENDED);
    // A recording that the disk has no room for: nobody awaits it here, and it must not end the process.
    this.#audio.close().catch((error: unknown) => this.phone.reportCallError(this, error));
    this.#settleDtmf();
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
      if (this.#state === CallState.ENDED && (error instanceof InvalidStateError || isAbort(error))) return;
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

/** What `play` rejects with when the call ends under it. */
function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === "AbortError";
}

function isSDP(body: SIPBody | undefined): body is SIPBody {
  return body !== undefined && /^application\/sdp\b/i.test(body.contentType);
}
