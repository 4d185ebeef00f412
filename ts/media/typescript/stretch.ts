/** Where a sound repeats itself, and how to leave out or say twice what lies between, unheard (waveform similarity overlap-add). */

/** The shortest and the longest piece that is left out or inserted: 2.5 to 15 ms. */
export const SHORTEST = 20;
export const LONGEST = 120;
/** The samples over which two stretches of sound are compared: 16 ms, and whole vectors for the processor, also of their sums. */
export const WINDOW = 128;
/** Samples are compared without their last bits, so that 32 bits hold a sum over a window. */
const LESS = 4;
/** The most samples that a search looks at: its window, and the longest lag. */
const ROOM = 320;
/**
 * A search first looks at sums of so many samples: a voice repeats itself in what is below 1 kHz, and a quarter of the samples at a
 * quarter of the lags is a sixteenth of the work.
 */
const COARSE = 4;
/** Weights of a blend are fractions of this power of two. */
const UNIT_SHIFT = 14;
/** Below this magnitude audio is so soft that nobody hears where it was mended. */
const SOFT = 200;

/** How far apart two likenesses are (samples), and how alike: the squared correlation over the energy of both, 0 to 1. */
export interface Likeness {
  lag: number;
  degree: number;
}

/** Which way to look for what is alike: `samples[at - lag]` and on, or `samples[at + lag]` and on. */
export type Towards = "past" | "future";

/** Room for what is searched, which no two searches need at once. */
const less = new Int16Array(ROOM);
const sums = new Int16Array(ROOM / COARSE);

/**
 * Which of the lags `least` to `most` leads to what is most like `samples[at]` and on, over `window` samples. Window and longest lag are
 * 320 samples at most.
 */
export function search(
  samples: Int16Array,
  at: number,
  window: number,
  least: number,
  most: number,
  towards: Towards,
  found: Likeness,
): void {
  const from = towards === "past" ? at - most : at;
  const here = at - from;
  const room = most + window;
  for (let index = 0; index < room; index++) {
    less[index] = samples[from + index]! >> LESS;
  }
  // One of the sums begins at `here`.
  const skipped = here % COARSE;
  const count = Math.trunc((room - skipped) / COARSE);
  for (let index = 0; index < count; index++) {
    const first = skipped + index * COARSE;
    sums[index] = (less[first]! + less[first + 1]! + less[first + 2]! + less[first + 3]!) / COARSE;
  }
  const sign = towards === "past" ? -1 : 1;
  peak(sums, (here - skipped) / COARSE, Math.trunc(window / COARSE), Math.ceil(least / COARSE), Math.trunc(most / COARSE), sign, found);
  const near = found.degree > 0 ? found.lag * COARSE : most;
  peak(less, here, window, Math.max(least, near - COARSE + 1), Math.min(most, near + COARSE - 1), sign, found);
  if (found.degree > 0) {
    found.degree /= product(less, here, here, window);
  } else {
    found.lag = most;
  }
}

/** Of the lags `least` to `most`, the one that scores most, and its score as the degree; 0 when none is like it at all. */
function peak(
  samples: Int16Array,
  at: number,
  window: number,
  least: number,
  most: number,
  sign: number,
  found: Likeness,
): void {
  let best = most;
  let bestScore = 0;
  let energy = least > most ? 0 : product(samples, at + sign * least, at + sign * least, window);
  for (let lag = least; lag <= most; lag++) {
    const start = at + sign * lag;
    const likeness = score(product(samples, at, start, window), energy);
    if (likeness > bestScore) {
      best = lag;
      bestScore = likeness;
    }
    if (lag < most) {
      // The window moves by one: a sample leaves it, one comes in.
      const left = samples[sign < 0 ? start + window - 1 : start]!;
      const came = samples[sign < 0 ? start - 1 : start + window]!;
      energy += came * came - left * left;
    }
  }
  found.lag = best;
  found.degree = bestScore;
}

/** The squared correlation over the energy of the other. Sums are exact; what follows rounds alike in both languages. */
function score(correlation: number, energy: number): number {
  return correlation <= 0 ? 0 : (correlation * correlation) / energy;
}

function product(samples: Int16Array, one: number, other: number, length: number): number {
  let sum = 0;
  for (let index = 0; index < length; index++) {
    sum = (sum + samples[one + index]! * samples[other + index]!) | 0;
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
  const blended = Math.min(overlap, out.length);
  // No division for a sample; what the last weights lack of the whole is less than a hundredth.
  const step = Math.trunc((1 << UNIT_SHIFT) / Math.max(overlap, 1));
  for (let index = 0; index < blended; index++) {
    const before = samples[from + index]!;
    out[index] = before + (((samples[to + index]! - before) * (index * step)) >> UNIT_SHIFT);
  }
  for (let index = blended; index < out.length; index++) {
    out[index] = samples[to + index]!;
  }
}
