/**
 * How a call sounds, as a number: the E-model of ITU-T G.107 for G.711 with concealment, all that this side cannot know at its
 * default. Only + − × ÷, so that both languages round alike.
 */

/** Ro − Is of G.107 with every parameter at its default and no delay: the best that a narrow-band call gets. */
const BEST = 93.2;
/** Id of G.107 §7.4 (talker echo, listener echo, absolute delay) at the default parameters, for each 25 ms of one-way delay. */
const DELAY_IMPAIRMENT = Float64Array.of(
  0.0, 0.82, 1.45, 2.02, 2.54, 3.04, 3.67, 4.98, 7.4, 10.6, 14.03, 17.38, 20.54, 23.47, 26.18, 28.67, 30.96, 33.06, 35.0, 36.77, 38.4, 39.9,
  41.28, 42.55, 43.72, 44.8, 45.8, 46.71, 47.56, 48.35, 49.08, 49.76, 50.38, 50.97, 51.52, 52.03, 52.5, 52.95, 53.37, 53.76, 54.13,
);
/** Between two entries of it, ms. */
const DELAY_STEP = 25;
/** G.113 Appendix I, table I.3: how robust G.711 with concealment is against loss, percent. Its Ie is 0. */
const ROBUSTNESS = 25.1;
/** Loss in bursts is counted as at most this many times worse: beyond, the formula was never tried on listeners. */
const WORST_BURSTS = 8;

/**
 * The transmission rating factor R, 0–100.
 * @param delay one way, in ms
 * @param loss percent of packets that were lost or came too late
 * @param bursts the burst ratio of G.107 §7.5: how long the runs of lost packets are, over how long they would be by chance
 */
export function rating(delay: number, loss: number, bursts: number): number {
  const ratio = clamp(bursts, 1, WORST_BURSTS);
  const equipment = loss > 0 ? (95 * loss) / (loss / ratio + ROBUSTNESS) : 0;
  return clamp(BEST - delayImpairment(delay) - equipment, 0, 100);
}

/** The mean opinion score, 1–4.5, that G.107 Annex B gives for a rating. */
export function opinion(rated: number): number {
  if (rated <= 0) {
    return 1;
  }
  // The cubic dips below 1 for ratings under 6.5.
  return Math.max(1 + 0.035 * rated + rated * (rated - 60) * (100 - rated) * 0.000_007, 1);
}

function delayImpairment(delay: number): number {
  const last = DELAY_IMPAIRMENT.length - 1;
  const at = delay / DELAY_STEP;
  if (at >= last) {
    return DELAY_IMPAIRMENT[last]!;
  }
  const index = Math.floor(Math.max(at, 0));
  const before = DELAY_IMPAIRMENT[index]!;
  return before + (DELAY_IMPAIRMENT[index + 1]! - before) * (Math.max(at, 0) - index);
}

function clamp(value: number, least: number, most: number): number {
  return Math.min(Math.max(value, least), most);
}
