/**
 * DTMF that comes as sound (ITU-T Q.23, Q.24): one filter of Goertzel's for each of the eight tones.
 *
 * Speech must not dial. So a block counts only when two tones, one of each group, are nearly all there is in it, neither much louder
 * than the other, each well above its neighbours; and a digit only when two blocks in a row agree.
 */

import type { EventQueue } from "./event.ts";

/** Samples in a block, 12.75 ms: a tone of the shortest digit that Q.24 has accepted, 40 ms, fills two wherever they begin. */
const BLOCK = 102;
/** 2 cos(2πf ÷ 8,000) of 697, 770, 852, 941 and 1,209, 1,336, 1,477, 1,633 Hz. */
const COEFFICIENTS = Float64Array.of(
  1.707_737_809_3, 1.645_281_036_0, 1.568_686_983_9, 1.478_204_568_2, 1.164_104_023_0, 0.996_370_210_7, 0.798_618_389_2, 0.568_532_706_8,
);
/** Event codes (RFC 4733 §3.2) by row and column: 1 2 3 A, 4 5 6 B, 7 8 9 C, * 0 # D. */
const KEYS = Uint8Array.of(1, 2, 3, 12, 4, 5, 6, 13, 7, 8, 9, 14, 10, 0, 11, 15);
/** No key. */
const NONE = -1;
/** The power that a filter shows for a tone of amplitude 250, which is −39 dBm0: (51 × 250)². */
const SOFTEST = 162_562_500;
/** Q.24: one tone may be this much louder than the other (8 dB) ... */
const TWIST = 6.31;
/** ... and each must stand out this much from the others of its group (8 dB). */
const PEAK = 6.31;
/** Share of a block's energy that its two tones must have. In clear tones 1; with frequencies 1.5 % off, 0.7. */
const PURITY = 0.6;

/**
 * ```text
 *            two blocks in a row show a key: dtmf-start
 *   silent ─────────────────────────────────────────────► sounding
 *      ▲                                                     │
 *      └────────── two blocks in a row do not: dtmf-end ─────┘
 * ```
 */
export class ToneDetector {
  /** Each filter's last two values. */
  readonly #last = new Float64Array(8);
  readonly #before = new Float64Array(8);
  #energy = 0;
  #filled = 0;
  /** What the last block showed. */
  #shown = NONE;
  /** The key that sounds, for how many samples, and the blocks since that did not show it. */
  #sounding = NONE;
  #duration = 0;
  #missed = 0;
  /** Room for the filters' results. */
  readonly #powers = new Float64Array(8);

  /** Listens to what is played. */
  listen(samples: Int16Array, events: EventQueue): void {
    for (let at = 0; at < samples.length; at++) {
      const value = samples[at]!;
      this.#energy += value * value;
      for (let index = 0; index < 8; index++) {
        const next = COEFFICIENTS[index]! * this.#last[index]! - this.#before[index]! + value;
        this.#before[index] = this.#last[index]!;
        this.#last[index] = next;
      }
      this.#filled += 1;
      if (this.#filled === BLOCK) {
        this.#take(this.#judge(), events);
        this.#clear();
      }
    }
  }

  /** Nobody listens any more: a key that sounds is over. */
  reset(events: EventQueue): void {
    this.#end(events);
    this.#clear();
    this.#shown = NONE;
  }

  #clear(): void {
    this.#last.fill(0);
    this.#before.fill(0);
    this.#energy = 0;
    this.#filled = 0;
  }

  /** The key that the block shows. */
  #judge(): number {
    const powers = this.#powers;
    for (let index = 0; index < 8; index++) {
      const [last, before] = [this.#last[index]!, this.#before[index]!];
      powers[index] = last * last + before * before - COEFFICIENTS[index]! * last * before;
    }
    const row = loudest(powers, 0);
    const column = loudest(powers, 4);
    const [low, high] = [powers[row]!, powers[column]!];
    const clear =
      low >= SOFTEST &&
      high >= SOFTEST &&
      low <= high * TWIST &&
      high <= low * TWIST &&
      standsOut(powers, 0, row) &&
      standsOut(powers, 4, column) &&
      (low + high) * 2 >= this.#energy * BLOCK * PURITY;
    return clear ? KEYS[row * 4 + column - 4]! : NONE;
  }

  #take(shown: number, events: EventQueue): void {
    if (this.#sounding !== NONE && shown === this.#sounding) {
      this.#duration += (this.#missed + 1) * BLOCK;
      this.#missed = 0;
    } else if (this.#sounding !== NONE) {
      this.#missed += 1;
      if (this.#missed === 2) {
        this.#end(events);
      }
    }
    if (shown !== NONE && this.#sounding === NONE && shown === this.#shown) {
      this.#sounding = shown;
      this.#duration = 2 * BLOCK;
      this.#missed = 0;
      events.push({ type: "dtmf-start", event: shown, source: "inband" });
    }
    this.#shown = shown;
  }

  #end(events: EventQueue): void {
    if (this.#sounding !== NONE) {
      events.push({ type: "dtmf-end", event: this.#sounding, duration: this.#duration, source: "inband" });
      this.#sounding = NONE;
    }
  }
}

/** Which of the four filters from `first` on shows the most. */
function loudest(powers: Float64Array, first: number): number {
  let best = first;
  for (let index = first + 1; index < first + 4; index++) {
    if (powers[index]! > powers[best]!) {
      best = index;
    }
  }
  return best;
}

function standsOut(powers: Float64Array, first: number, best: number): boolean {
  for (let index = first; index < first + 4; index++) {
    if (index !== best && powers[index]! * PEAK > powers[best]!) {
      return false;
    }
  }
  return true;
}
