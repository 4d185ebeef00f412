/** Silence suppression (RFC 3551 §4.1): while nobody speaks, a description of the noise (RFC 3389) goes out now and then. */

import { type Activity, VoiceActivity } from "./voice.ts";

/** Reflection coefficients described: as many as the receiving side makes use of. */
const ORDER = 10;
/** A description's length, at most. */
export const LONGEST_DESCRIPTION: number = 1 + ORDER;
/** The noise is an average over so many packets. */
const PACKETS = 8;
/** The noise is described anew after 1 s, which also keeps NATs open; after 100 ms where it has changed by 3 dB. Samples. */
const REFRESH = 8_000;
const SOONEST = 800;
const CHANGED = 3;
/** Loudest square wave's power, and one decibel and half a decibel less. */
const FULL = 1_073_676_289;
const DECIBEL = 0.794_328_234_724_281_5;
const HALF_DECIBEL = 0.891_250_938_133_745_6;
/** The level that stands for nothing at all. */
const NOTHING = 127;
/** A little white noise keeps the equations solvable. */
const CORRECTION = 1.001;

/** What goes out in place of a packet's audio: the audio itself, a description of so many bytes, or nothing. */
export type Outcome = "speech" | "description" | "nothing";

/** Decides, packet by packet. */
export class Suppression {
  readonly #voice = new VoiceActivity();
  /** The noise's autocorrelation for each sample, averaged over the packets since somebody spoke. */
  readonly #correlation = new Float64Array(ORDER + 1);
  #packets = 0;
  /** The far end has been told of this silence: its level, and how long ago, in samples. */
  #described = false;
  #level = NOTHING;
  #since = 0;
  /** Bytes of the last description. */
  length = 0;

  /** Packets of another kind were sent, or none at all: what the far end knows of our silence is over. */
  interrupt(): void {
    this.#described = false;
  }

  /** Somebody else listens from now on. */
  restart(): void {
    this.#described = false;
    this.#voice.restart();
  }

  /** The far end knows that we are silent: the next speech begins a talkspurt. */
  get silent(): boolean {
    return this.#described;
  }

  /** Takes a packet's audio, the first `length` samples. A description is written into `payload` at `offset`. */
  decide(samples: Int16Array, length: number, payload: Uint8Array, offset: number): Outcome {
    const activity: Activity = this.#voice.judge(samples, length);
    if (activity === "speech") {
      this.#packets = 0;
    } else {
      this.#learn(samples, length);
    }
    if (activity !== "silence") {
      this.#described = false;
      return "speech";
    }
    this.#since += length;
    const level = this.#levelNow();
    if (this.#described && this.#since < REFRESH && (this.#since < SOONEST || Math.abs(level - this.#level) < CHANGED)) {
      return "nothing";
    }
    this.#described = true;
    this.#level = level;
    this.#since = 0;
    this.#describe(payload, offset);
    return "description";
  }

  #learn(samples: Int16Array, length: number): void {
    this.#packets = Math.min(this.#packets + 1, PACKETS);
    for (let lag = 0; lag <= ORDER; lag++) {
      let sum = 0;
      for (let index = lag; index < length; index++) {
        sum += samples[index]! * samples[index - lag]!;
      }
      const before = this.#packets === 1 ? 0 : this.#correlation[lag]!;
      this.#correlation[lag] = before + (sum / length - before) / this.#packets;
    }
  }

  /** −dBov. */
  #levelNow(): number {
    const power = this.#correlation[0]!;
    let bound = FULL * HALF_DECIBEL;
    let level = 0;
    while (power < bound && level < NOTHING) {
      bound *= DECIBEL;
      level += 1;
    }
    return level;
  }

  /** RFC 3389 §3: the level, then the reflection coefficients, by Levinson's and Durbin's recursion. */
  #describe(payload: Uint8Array, offset: number): void {
    payload[offset] = this.#level;
    this.length = 1;
    if (this.#level === NOTHING) {
      return;
    }
    const correlation = this.#correlation;
    const predictor = new Float64Array(ORDER);
    const before = new Float64Array(ORDER);
    let error = correlation[0]! * CORRECTION;
    for (let order = 0; order < ORDER; order++) {
      let sum = correlation[order + 1]!;
      for (let index = 0; index < order; index++) {
        sum -= predictor[index]! * correlation[order - index]!;
      }
      const reflection = sum / error;
      before.set(predictor);
      for (let index = 0; index < order; index++) {
        predictor[index] = before[index]! - reflection * before[order - 1 - index]!;
      }
      predictor[order] = reflection;
      error *= 1 - reflection * reflection;
      payload[offset + 1 + order] = Math.min(Math.max(Math.floor((reflection * 32_768) / 258 + 127.5), 0), 254);
    }
    this.length = LONGEST_DESCRIPTION;
  }
}
