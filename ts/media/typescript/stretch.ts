/** Where a sound repeats itself, and how to leave out or say twice what lies between, unheard (waveform similarity overlap-add). */

/** The shortest and the longest piece that is left out or inserted: 2.5 to 15 ms. */
export const SHORTEST = 20;
export const LONGEST = 120;
/** The samples over which two stretches of sound are compared. */
export const WINDOW = 120;
/** Samples are compared without their last bits, so that 32 bits hold a sum over a window. */
const LESS = 4;
/** Below this magnitude audio is so soft that nobody hears where it was mended. */
const SOFT = 200;

/** How far apart two likenesses are (samples), and how alike: the squared correlation over the energy of both, 0 to 1. */
export interface Likeness {
  lag: number;
  degree: number;
}

/** Which way to look for what is alike: `samples[at - lag]` and on, or `samples[at + lag]` and on. */
export type Towards = "past" | "future";

/** Which of the lags `least` to `most` leads to what is most like `samples[at]` and on, over `window` (at most 160) samples. */
export function search(
  samples: Int16Array,
  at: number,
  window: number,
  least: number,
  most: number,
  towards: Towards,
  found: Likeness,
): void {
  const sign = towards === "past" ? -1 : 1;
  let best = most;
  let bestScore = 0;
  // Every second lag first, then the neighbours of the best.
  let energy = product(samples, at + sign * least, at + sign * least, window);
  for (let lag = least; lag <= most; lag += 2) {
    const likely = at + sign * lag;
    const likeness = score(product(samples, at, likely, window), energy);
    if (likeness > bestScore) {
      best = lag;
      bestScore = likeness;
    }
    if (lag + 2 <= most) {
      // The window moves by two: two samples leave it, two come in.
      const left = sign < 0 ? likely + window - 2 : likely;
      const came = sign < 0 ? likely - 2 : likely + window;
      energy += product(samples, came, came, 2) - product(samples, left, left, 2);
    }
  }
  const coarse = best;
  for (let lag = coarse - 1; lag <= coarse + 1; lag += 2) {
    if (lag >= least && lag <= most) {
      const likely = at + sign * lag;
      const likeness = score(product(samples, at, likely, window), product(samples, likely, likely, window));
      if (likeness > bestScore) {
        best = lag;
        bestScore = likeness;
      }
    }
  }
  const whole = product(samples, at, at, window);
  found.lag = best;
  found.degree = whole === 0 ? 0 : bestScore / whole;
}

/** The squared correlation over the energy of the other. Sums are exact; what follows rounds alike in both languages. */
function score(correlation: number, energy: number): number {
  return correlation <= 0 ? 0 : (correlation * correlation) / energy;
}

function product(samples: Int16Array, one: number, other: number, length: number): number {
  let sum = 0;
  for (let index = 0; index < length; index++) {
    sum = (sum + (samples[one + index]! >> LESS) * (samples[other + index]! >> LESS)) | 0;
  }
  return sum;
}

/** Whether `samples` from `from` up to, not including, `to` are so soft that nobody hears where they were mended. */
export function soft(samples: Int16Array, from: number, to: number): boolean {
  for (let index = from; index < to; index++) {
    if (Math.abs(samples[index]!) >= SOFT) {
      return false;
    }
  }
  return true;
}

/** Goes over from `samples[from]` and on to `samples[to]` and on within `overlap` samples, until `out` is full. */
export function blend(samples: Int16Array, from: number, to: number, overlap: number, out: Int16Array): void {
  for (let index = 0; index < out.length; index++) {
    out[index] =
      index < overlap ? (samples[from + index]! * (overlap - index) + samples[to + index]! * index) / overlap : samples[to + index]!;
  }
}
