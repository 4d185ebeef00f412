// @ts-check
// How far is what was heard from what was said? Two measures, over frames that were lost, or follow one, and in which somebody spoke.

const FRAME = 160;
const SIZE = 256;
/** Below this a frame is silence (RMS of 16-bit samples), and a spectrum's bin nothing (power). */
const SPEECH = 100;
const FLOOR = 1e4;

/**
 * Sums over frames: segmental SNR of those lost, dB (each −10 to 35), the more the better; log-spectral distance of those and their
 * successors, dB, the less the better.
 * @param {Int16Array} truth @param {Int16Array} heard @param {string} mask
 */
export function compare(truth, heard, mask) {
  let ratio = 0;
  let distance = 0;
  let lost = 0;
  let count = 0;
  for (let frame = 1; (frame + 2) * FRAME < truth.length && frame < mask.length; frame++) {
    // A frame after a loss still shows its seam.
    if (mask[frame] !== "1" && mask[frame - 1] !== "1") continue;
    const at = frame * FRAME;
    let energy = 0;
    let error = 0;
    for (let index = at; index < at + FRAME; index++) {
      energy += (truth[index] ?? 0) ** 2;
      error += ((truth[index] ?? 0) - (heard[index] ?? 0)) ** 2;
    }
    if (energy < SPEECH ** 2 * FRAME) continue;
    count += 1;
    if (mask[frame] === "1") {
      lost += 1;
      ratio += Math.min(35, Math.max(-10, 10 * Math.log10(energy / (error + 1))));
    }
    const [one, other] = [spectrum(truth, at - 48), spectrum(heard, at - 48)];
    let squares = 0;
    for (let bin = 2; bin < 112; bin++) squares += ((one[bin] ?? 0) - (other[bin] ?? 0)) ** 2;
    distance += Math.sqrt(squares / 110);
  }
  return { ratio, lost, distance, count };
}

/** Decibels in each bin of 31.25 Hz, smoothed over three. @param {Int16Array} samples @param {number} from */
function spectrum(samples, from) {
  const re = new Float64Array(SIZE);
  const im = new Float64Array(SIZE);
  for (let index = 0; index < SIZE; index++) {
    re[index] = (samples[from + index] ?? 0) * (0.5 - 0.5 * Math.cos((2 * Math.PI * (index + 0.5)) / SIZE));
  }
  transform(re, im);
  const power = Float64Array.from({ length: SIZE / 2 }, (_, bin) => re[bin] ** 2 + im[bin] ** 2);
  return Float64Array.from(power, (value, bin) => 10 * Math.log10((value + (power[bin - 1] ?? value) + (power[bin + 1] ?? value)) / 3 + FLOOR));
}

/** A fast Fourier transform in place. @param {Float64Array} re @param {Float64Array} im */
function transform(re, im) {
  for (let index = 1, reverse = 0; index < SIZE; index++) {
    let bit = SIZE >> 1;
    for (; reverse & bit; bit >>= 1) reverse ^= bit;
    reverse ^= bit;
    if (index < reverse) {
      [re[index], re[reverse]] = [re[reverse] ?? 0, re[index] ?? 0];
      [im[index], im[reverse]] = [im[reverse] ?? 0, im[index] ?? 0];
    }
  }
  for (let length = 2; length <= SIZE; length *= 2) {
    for (let start = 0; start < SIZE; start += length) {
      for (let index = 0; index < length / 2; index++) {
        const angle = (-2 * Math.PI * index) / length;
        const [c, s] = [Math.cos(angle), Math.sin(angle)];
        const [a, b] = [start + index, start + index + length / 2];
        const [x, y] = [(re[b] ?? 0) * c - (im[b] ?? 0) * s, (re[b] ?? 0) * s + (im[b] ?? 0) * c];
        [re[b], im[b]] = [(re[a] ?? 0) - x, (im[a] ?? 0) - y];
        [re[a], im[a]] = [(re[a] ?? 0) + x, (im[a] ?? 0) + y];
      }
    }
  }
}
