// @ts-check
// Concealment after the text of ITU-T G.711 Appendix I, to measure ours against: derived from the Recommendation's description, none of
// the reference code was used. Frames of 10 ms; good audio is delayed by 3.75 ms so that a loss's beginning can be smoothed over audio
// that has not been played yet. What `appendixI` gives is shifted back by that, so that it can be compared.

const FRAME = 80;
const SHORTEST = 40;
const LONGEST = 120;
/** The pitch is looked for in the last 20 ms. */
const WINDOW = 160;
/** What is remembered: three of the longest periods and a quarter. */
const HISTORY = 3 * LONGEST + LONGEST / 4;
/** 3.75 ms: a quarter of the longest period. */
const DELAY = LONGEST / 4;
/** From the second frame of 10 ms on a fifth is taken away each; after 60 ms there is silence. */
const FADE = 0.2;
const SILENT = 6;
/** Behind a loss truth is blended in for a quarter period, and 4 ms longer for each 10 ms after the first. */
const LONGER = 32;

/**
 * What a listener would hear. @param {Int16Array} truth @param {(frame: number) => boolean} isLost of frames of 10 ms
 * @returns {Int16Array}
 */
export function appendixI(truth, isLost) {
  const history = new Float64Array(HISTORY);
  const heard = new Float64Array(truth.length + DELAY);
  const state = { erased: 0, period: 0, quarter: 0, periods: 1, offset: 0, cycle: new Float64Array(HISTORY) };

  /** The next `count` made-up samples, without moving on. @param {number} count */
  const ahead = (count) => {
    const length = state.period * state.periods;
    return Float64Array.from({ length: count }, (_, index) => state.cycle[HISTORY - length + ((state.offset + index) % length)] ?? 0);
  };
  /** Makes the last `periods` periods a cycle that can go round. @param {number} periods */
  const wind = (periods) => {
    const { period, quarter } = state;
    state.periods = periods;
    state.cycle.set(history);
    for (let index = 0; index < quarter; index++) {
      const weight = (index + 1) / (quarter + 1);
      const at = HISTORY - quarter + index;
      state.cycle[at] = (history[at] ?? 0) * (1 - weight) + (history[at - period * periods] ?? 0) * weight;
    }
  };

  for (let frame = 0; (frame + 1) * FRAME <= truth.length; frame++) {
    const at = frame * FRAME;
    const output = new Float64Array(FRAME);
    if (isLost(frame)) {
      state.erased += 1;
      if (state.erased === 1) {
        state.period = pitchOf(history);
        state.quarter = state.period >> 2;
        state.offset = 0;
        wind(1);
        // These were held back by the delay.
        heard.set(state.cycle.subarray(HISTORY - state.quarter), at + DELAY - state.quarter);
        output.set(ahead(FRAME));
      } else if (state.erased <= 3) {
        const before = ahead(state.quarter);
        state.offset %= state.period;
        wind(state.erased);
        output.set(ahead(FRAME));
        for (let index = 0; index < state.quarter; index++) {
          const weight = (index + 1) / (state.quarter + 1);
          output[index] = (before[index] ?? 0) * (1 - weight) + (output[index] ?? 0) * weight;
        }
      } else if (state.erased <= SILENT) {
        output.set(ahead(FRAME));
      }
      state.offset = (state.offset + FRAME) % (state.period * state.periods);
      for (let index = 0; index < FRAME; index++) output[index] = (output[index] ?? 0) * gain(state.erased, index);
    } else {
      output.set(truth.subarray(at, at + FRAME));
      if (state.erased > 0) {
        const length = Math.min(state.quarter + LONGER * (state.erased - 1), FRAME);
        const rest = state.erased < SILENT ? ahead(length) : new Float64Array(length);
        const level = gain(state.erased, FRAME);
        for (let index = 0; index < length; index++) {
          const weight = (index + 1) / (length + 1);
          output[index] = (rest[index] ?? 0) * level * (1 - weight) + (output[index] ?? 0) * weight;
        }
        state.erased = 0;
      }
    }
    heard.set(output, at + DELAY);
    history.copyWithin(0, FRAME);
    history.set(output, HISTORY - FRAME);
  }
  return Int16Array.from(heard.subarray(DELAY), (sample) => Math.max(-32_768, Math.min(32_767, Math.round(sample))));
}

/** How much is left in the `erased`th frame of 10 ms at a sample. @param {number} erased @param {number} index */
function gain(erased, index) {
  if (erased === 1) return 1;
  return erased > SILENT ? 0 : Math.max(0, 1 - FADE * (erased - 2 + index / FRAME));
}

/** The lag at which the last 20 ms are most alike to what was before. @param {Float64Array} history */
function pitchOf(history) {
  let best = LONGEST;
  let greatest = -Infinity;
  for (let lag = SHORTEST; lag <= LONGEST; lag++) {
    let product = 0;
    let energy = 0;
    for (let index = HISTORY - WINDOW; index < HISTORY; index++) {
      product += (history[index] ?? 0) * (history[index - lag] ?? 0);
      energy += (history[index - lag] ?? 0) ** 2;
    }
    const score = product / Math.sqrt(Math.max(energy, 1));
    if (score > greatest) {
      greatest = score;
      best = lag;
    }
  }
  return best;
}
