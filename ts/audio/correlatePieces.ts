import { align } from "./correlate.ts";

/** How well a piece of audio was found in another that has pauses, cuts or stretches in it. */
export interface PiecewiseAlignment {
  /** Normalised correlation over all pieces, each where it belongs. */
  readonly correlation: number;
  /** How far apart the offsets are that the pieces have, in samples. */
  readonly drift: number;
  /** How often the offset changes on the way. */
  readonly shifts: number;
}

/** 20 ms at 8 kHz: where a sender or a jitter buffer may shift what follows. */
const FRAME = 160;
/** Pieces of half a second are looked for, every quarter of a second: long enough to be found, short enough to lie between two shifts. */
const PIECE = 4000;
const STRIDE = 2000;
/** Bounds the work, which grows with frames times offsets. */
const MOST_OFFSETS = 4800;
/** What a shift has to gain, as a share of all energy: else every frame would wander to its best likeness. */
const SHIFT_COST = 0.002;

/**
 * Compares two signals of which the second may have been shifted on the way: an engine that was held up sends a pause, a jitter
 * buffer stretches. Finds the offsets that pieces of the reference have, then the path through them on which most is alike
 * (dynamic programming over frames of 20 ms, a shift having its price).
 * @param offset where the reference begins in `heard`, about
 * @param slack how far a piece may be from there, in samples
 */
export function alignPieces(reference: Int16Array, heard: Int16Array, offset: number, slack = 16_000): PiecewiseAlignment {
  const { offsets, gain } = findPieces(reference, heard, offset, slack);
  const frames = Math.ceil(reference.length / FRAME);
  const cost = SHIFT_COST * energy(reference);
  let scores = new Float64Array(offsets.length);
  const choices: Int32Array[] = [];
  for (let frame = 0; frame < frames; frame += 1) {
    const best = indexOfLargest(scores);
    const choice = new Int32Array(offsets.length);
    scores = scores.map((score, i) => {
      const stays = score >= (scores[best] ?? 0) - cost;
      choice[i] = stays ? i : best;
      const { product, other } = compare(reference, heard, frame, offsets[i] ?? 0);
      // Least squared error, whose constant part is the reference's own energy.
      return (stays ? score : (scores[best] ?? 0) - cost) + 2 * gain * product - other;
    });
    choices.push(choice);
  }
  return follow(reference, heard, offsets, choices, indexOfLargest(scores));
}

/** The offsets at which pieces were found, and how much louder they are there. */
function findPieces(reference: Int16Array, heard: Int16Array, offset: number, slack: number): { offsets: number[]; gain: number } {
  const offsets = new Set([offset]);
  const gains: number[] = [];
  for (let start = 0; start < reference.length; start += STRIDE) {
    const piece = reference.subarray(start, start + PIECE);
    const range = { lowest: Math.max(0, start + offset - slack), highest: Math.min(heard.length, start + offset + slack) };
    if (range.highest <= range.lowest) continue;
    const match = align(piece, heard, range);
    if (match.correlation < 0.5) continue;
    offsets.add(match.offset - start);
    gains.push(match.gain);
  }
  // What lies between two shifts, too short to be found, has an offset between those that were: any at all, where speech was
  // stretched; by whole frames, where that would be too many to try.
  const lowest = Math.min(...offsets);
  const highest = Math.max(...offsets);
  const step = highest - lowest <= MOST_OFFSETS ? 1 : FRAME;
  for (let between = lowest; between < highest && offsets.size < MOST_OFFSETS; between += step) offsets.add(between);
  // The median: a piece that a shift cuts in two is found with half of its gain.
  return { offsets: [...offsets], gain: gains.toSorted((a, b) => a - b)[gains.length >> 1] ?? 1 };
}

/** Walks the path back from its end, and adds up what lies on it. */
function follow(
  reference: Int16Array,
  heard: Int16Array,
  offsets: readonly number[],
  choices: readonly Int32Array[],
  end: number,
): PiecewiseAlignment {
  let at = end;
  let shifts = 0;
  let products = 0;
  let others = 0;
  const used = new Set<number>();
  for (let frame = choices.length - 1; frame >= 0; frame -= 1) {
    const offset = offsets[at] ?? 0;
    used.add(offset);
    const { product, other } = compare(reference, heard, frame, offset);
    products += product;
    others += other;
    const before = choices[frame]?.[at] ?? at;
    // The first frame's choice is where it began: nothing came before it.
    if (before !== at && frame > 0) shifts += 1;
    if (frame > 0) at = before;
  }
  const scale = Math.sqrt(energy(reference) * others);
  return { correlation: scale === 0 ? 0 : products / scale, drift: Math.max(...used) - Math.min(...used), shifts };
}

function compare(reference: Int16Array, heard: Int16Array, frame: number, offset: number): { product: number; other: number } {
  let product = 0;
  let other = 0;
  const last = Math.min((frame + 1) * FRAME, reference.length, heard.length - offset);
  for (let i = Math.max(frame * FRAME, -offset); i < last; i += 1) {
    const b = heard[i + offset] ?? 0;
    product += (reference[i] ?? 0) * b;
    other += b * b;
  }
  return { product, other };
}

function energy(samples: Int16Array): number {
  return samples.reduce((sum, sample) => sum + sample * sample, 0);
}

function indexOfLargest(values: Float64Array): number {
  return values.reduce((best, value, i) => (value > (values[best] ?? 0) ? i : best), 0);
}
