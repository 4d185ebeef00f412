import { readWav, type Sound } from "./wav.ts";

/** Three seconds of speech, 8 kHz. */
export const speech: Sound = readWav(new URL("../../../assets/reply.wav", import.meta.url).pathname);

/** Samples in 10 ms. */
const STEP = 80;

/** Of a piece, in steps: three quarters of a second. */
const PIECE = 75;
/** How far a piece may lie from where it would on the far end's clock, in steps. */
const SLACK = 15;

/**
 * How much what was heard is like what was said: the correlation of the two's loudness, 10 ms by 10 ms, each piece where it fits best near
 * its place; the mean of the better half of them, where that is best. 1 the same, other speech up to 0.82. Unlike a correlation of samples
 * it forgives a peer whose clock runs at its own pace, and 8 bits.
 */
export function likeness(said: Sound, heard: Sound): number {
  // pyVoIP 2.0 keeps a core busy with waiting, and on a loaded machine takes up to a quarter longer for what it says.
  return Math.max(...[1, 1.05, 1.1, 1.15, 1.2, 1.25].map((pace) => compare(envelope(said, STEP / pace), envelope(heard, STEP))));
}

function compare(reference: Float64Array, other: Float64Array): number {
  const starts = Array.from({ length: Math.floor(reference.length / PIECE) }, (_, n) => n * PIECE);
  const fits = starts.map((start) => {
    const piece = reference.subarray(start, start + PIECE);
    return Float64Array.from({ length: Math.max(0, other.length - PIECE) }, (_, offset) =>
      correlation(piece, other.subarray(offset, offset + PIECE)),
    );
  });
  // The better half: what a stall of the machine or a lost packet spoils is no verdict on the rest.
  const at = (whole: number): number => {
    const best = fits.map((fit, n) => Math.max(0, ...fit.subarray(Math.max(0, whole + starts[n]! - SLACK), whole + starts[n]! + SLACK)));
    const better = best.toSorted((a, b) => b - a).slice(0, Math.ceil(best.length / 2));
    return better.reduce((sum, value) => sum + value, 0) / better.length;
  };
  return Math.max(...Array.from({ length: other.length }, (_, whole) => at(whole)));
}

function envelope({ samples }: Sound, step: number): Float64Array {
  return Float64Array.from({ length: Math.floor(samples.length / step) }, (_, n) => {
    const part = samples.subarray(Math.round(n * step), Math.round((n + 1) * step));
    return Math.sqrt(part.reduce((sum, sample) => sum + sample * sample, 0) / part.length);
  });
}

function mean(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Pearson's. */
function correlation(a: Float64Array, b: Float64Array): number {
  const [meanA, meanB] = [mean(a), mean(b)];
  let [ab, aa, bb] = [0, 0, 0];
  for (const [n, value] of a.entries()) {
    ab += (value - meanA) * (b[n]! - meanB);
    aa += (value - meanA) ** 2;
    bb += (b[n]! - meanB) ** 2;
  }
  return ab / Math.sqrt(aa * bb || 1);
}
