/** What {@link level} gives for digital silence: the quietest step of 16-bit samples. */
export const SILENCE_LEVEL = -96;

/**
 * Root mean square level in dB relative to overload (dBov, RFC 6464 §3): 0 is a full-scale square wave, a full-scale sine is -3;
 * never below {@link SILENCE_LEVEL}.
 */
export function level(samples: Int16Array): number {
  if (samples.length === 0) return SILENCE_LEVEL;
  let energy = 0;
  for (const sample of samples) energy += sample * sample;
  return Math.max(SILENCE_LEVEL, 10 * Math.log10(energy / samples.length / 32768 ** 2));
}
