import type { Readable } from "node:stream";
import type { Recording, SessionAudio } from "../audio/SessionAudio.ts";
import { samplesOf } from "../audio/source.ts";
import type { MediaSession } from "../media/contract.ts";
import type { SIPBody } from "../sip/dialog/InviteSession.ts";
import type { SIPResponse } from "../sip/message/SIPResponse.ts";
import type { CallDigits } from "./CallDigits.ts";
import { CallHooks } from "./CallHooks.ts";
import type { CallLife } from "./CallLife.ts";
import { CallState } from "./CallState.ts";
import type { CallStatistics, DtmfOptions, RecordOptions } from "./callTypes.ts";
import type { CollectOptions } from "./DigitBuffer.ts";

/** What a call's audio and digits need; {@link VoIPCall} makes it. */
export interface CallParts {
  readonly life: CallLife;
  readonly media: MediaSession;
  readonly audio: SessionAudio;
  readonly digits: CallDigits;
  readonly engine: "native" | "typescript";
  /** Sends an INFO in the call. */
  readonly inform: (body: SIPBody) => Promise<SIPResponse>;
}

/** What is heard in a call: its audio and its digits, both ways. {@link VoIPCall} adds the signalling. */
export abstract class CallMedia extends CallHooks {
  readonly #parts: CallParts;

  constructor(parts: CallParts) {
    super();
    this.#parts = parts;
  }

  /** Where the call stands. */
  get state(): CallState {
    return this.#parts.life.state;
  }

  // ---- audio ----

  /**
   * Queues linear audio for sending, in the phone's `audioFormat`. Any amount is taken; it goes out at its own pace. What `play` has under way
   * gives way.
   * @throws InvalidStateError when the call is over, or being cancelled
   */
  writeAudio(data: Uint8Array): void {
    this.#parts.life.requireLive("writeAudio");
    this.#parts.audio.write(data);
  }

  /**
   * Reads received linear audio in the phone's `audioFormat`.
   * @param length bytes; 160 are one 20 ms packet of 8-bit audio
   * @param blocking wait until all are there; fewer come back only at the end of the call, at last none.
   * Otherwise the promise is settled at once, and silence fills what is missing.
   */
  readAudio(length = 160, blocking = true): Promise<Uint8Array> {
    return this.#parts.audio.read(length, blocking);
  }

  /**
   * Plays a WAV file, or samples: 16-bit, 8 kHz, mono. Settles when the last has been sent. One source plays at a time: a later one takes
   * over, and this one rejects.
   * @param options.signal stops it; the promise then rejects with the signal's reason
   * @throws WavError when the file cannot be read or is no WAV
   * @throws AudioInterruptedError when another source takes over, by `clearAudio()`, and at the end of the call: its `interruption` tells
   * @throws InvalidStateError when the call is over, or being cancelled
   * @example
   * await call.play("announcement.wav", { signal: AbortSignal.timeout(10_000) });
   */
  async play(source: string | Int16Array | Readable, options: { signal?: AbortSignal } = {}): Promise<void> {
    const { life, audio } = this.#parts;
    life.requireLive("play");
    const samples = await samplesOf(source);
    life.requireLive("play");
    await audio.play(samples, options.signal);
  }

  /**
   * Records into a WAV file: 16-bit, 8 kHz. The end of the call finishes it.
   * @throws WavError when the file cannot be written; InvalidStateError when the call is over, or being cancelled
   * @example
   * const recording = await call.record("call.wav", { tracks: "stereo" });
   */
  async record(path: string, { tracks = "received" }: RecordOptions = {}): Promise<Recording> {
    this.#parts.life.requireLive("record");
    return this.#parts.audio.record(path, tracks);
  }

  /** Drops what is queued and stops what plays, for instance because the caller interrupts. */
  clearAudio(): void {
    this.#parts.audio.clear();
  }

  // ---- DTMF ----

  /** Takes the next `length` digits received; all of them when negative or null. Fewer, or none, when no more were pressed. */
  getDtmf(length: number | null = 1): string {
    return this.#parts.digits.buffer.take(length);
  }

  /**
   * Waits for a caller's input, for instance `{ count: 4, terminator: "#" }`. Settles with the digits: fewer than asked for, or none, after a pause or
   * at the end of the call. @throws the signal's reason on abort
   */
  collectDtmf(options: CollectOptions = {}): Promise<string> {
    return this.#parts.digits.buffer.collect(options);
  }

  /**
   * Sends digits (0–9, `*`, `#`, A–D) as RFC 4733 events, or by INFO when the far end takes no events. Settles when they are sent.
   * @param options 120 ms a digit with 80 ms between, unless given
   * @throws InvalidStateError unless ANSWERED, or when the call ends before they are sent
   * @throws InvalidOptionError for what is no digit; nothing was sent then
   * @throws SidetoneError `DTMF_REFUSED` when the far end takes neither events nor INFO
   */
  async sendDtmf(digits: string, options: DtmfOptions = {}): Promise<void> {
    const { life, digits: keys, inform } = this.#parts;
    life.require("sendDtmf", CallState.ANSWERED);
    await keys.send(digits, options, inform);
    life.require("sendDtmf", CallState.ANSWERED);
  }

  /** Counters of this call's media, live; they keep their last values after its end. */
  stats(): CallStatistics {
    return { ...this.#parts.media.statistics(), engine: this.#parts.engine };
  }
}
