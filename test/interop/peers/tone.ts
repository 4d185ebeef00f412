import type { Sound } from "./wav.ts";

/** A sine of half the full scale. */
export function tone(hertz: number, seconds: number, sampleRate = 8000): Sound {
  const step = (2 * Math.PI * hertz) / sampleRate;
  return {
    samples: Int16Array.from({ length: Math.round(seconds * sampleRate) }, (_, n) => Math.round(16_384 * Math.sin(step * n))),
    sampleRate,
  };
}

/** What {@link listenFor} heard. */
export interface Heard {
  /** From the first to the last window that is not silent, seconds. */
  readonly seconds: number;
  /** Share of those 100 ms windows that have at least 90 % of their energy at the frequency. */
  readonly share: number;
  /** The longest silence in between, ms. */
  readonly longestGap: number;
  /** How loud these windows are, dBFS of 16 bits: {@link tone}'s are at -9. */
  readonly level: number;
}

/** -50 dBFS: G.711's idle noise lies below, any tone of ours far above. */
const silence = (32_768 * 10 ** (-50 / 20)) ** 2;

/**
 * Looks for a tone in a recording, in windows of 100 ms; the silence before and after it does not count.
 * An answer of pure tone has a share of 1; one lost packet (20 of 100 ms) already spoils its window.
 */
export function listenFor(hertz: number, sound: Sound): Heard {
  const windows = split(sound.samples, sound.sampleRate / 10);
  const first = windows.findIndex((window) => power(window) > silence);
  if (first < 0) return { seconds: 0, share: 0, longestGap: 0, level: -Infinity };
  const last = windows.findLastIndex((window) => power(window) > silence);
  const heard = windows.slice(first, last + 1);
  const good = heard.filter(
    (window) => power(window) > silence && goertzel(window, hertz / sound.sampleRate) >= 0.9 * power(window) * window.length,
  );

  let longestGap = 0;
  let gap = 0;
  const whole = sound.samples.subarray((first * sound.sampleRate) / 10, ((last + 1) * sound.sampleRate) / 10);
  for (const short of split(whole, sound.sampleRate / 100)) {
    gap = power(short) < silence ? gap + 10 : 0;
    longestGap = Math.max(longestGap, gap);
  }
  const powers = good.map(power).toSorted((a, b) => a - b);
  // The median: a window at either end, or one with a gap, is quieter.
  const level = Math.round(100 * Math.log10((powers[powers.length >> 1] ?? 0) / 32_768 ** 2)) / 10;
  return { seconds: heard.length / 10, share: good.length / heard.length, longestGap, level };
}

function split(samples: Int16Array, length: number): Int16Array[] {
  return Array.from({ length: Math.floor(samples.length / length) }, (_, n) => samples.subarray(n * length, (n + 1) * length));
}

/** Mean square. */
function power(samples: Int16Array): number {
  return samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length;
}

/** The energy at one frequency (cycles per sample), in the unit of `power × length`. */
function goertzel(samples: Int16Array, frequency: number): number {
  const coefficient = 2 * Math.cos(2 * Math.PI * frequency);
  let last = 0;
  let beforeLast = 0;
  for (const sample of samples) [last, beforeLast] = [sample + coefficient * last - beforeLast, last];
  return (2 * (last * last + beforeLast * beforeLast - coefficient * last * beforeLast)) / samples.length;
}
