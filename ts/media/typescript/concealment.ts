/**
 * Making up what was lost: the last pitch period goes on, and fades.
 *
 * Speech is nearly periodic over a few periods, so the best guess at the next 20 ms is the last period again. Three joints could
 * click. Within the repetition: the period's last quarter is blended into what came before its beginning. Where it begins: the
 * step between the last true sample and the one that the repetition continues from is added, and dies away. Where true audio
 * comes back: repetition and truth are blended. All of it without delaying good audio by a sample.
 */

/** Pitch periods looked for: 66 to 200 Hz. Higher voices are found at a multiple of their period. */
const SHORTEST = 40;
const LONGEST = 120;
/** Samples over which two stretches of the past are compared: a longer window looks back to another sound. */
const WINDOW = 80;
/** What is remembered of the audio played: two of the longest periods, one to be repeated and what it is blended into. */
export const HISTORY: number = 2 * LONGEST;
/** Over so many samples the step at the beginning dies away. */
const SEAM = 8;
/**
 * Made-up audio fades from its first sample, to two fifths at 20 ms, for the guess becomes worse fast; and from there slowly to nothing at
 * 150 ms: what is left of a voice is less of a hole than silence. By PESQ the best of what was tried for single losses and bursts alike.
 */
const KNEE = 160;
const FADE = 1_200;
/** What is left at the knee, as a fraction. */
const LEFT = 2;
const WHOLE = 5;
/** Blend with true audio over 2 ms. */
const JOIN = 16;
/** Silence begins with a ramp of 2 ms. */
const RAMP = 16;

/** Listens to all that is played, and speaks when there is nothing. Ranges are `from` up to, not including, `to`. */
export class Concealment {
  /** Oldest first. */
  readonly #history = new Int16Array(HISTORY);
  /** Samples made up since the last true one; 0: none. */
  #erased = 0;
  /** Samples still to be blended. */
  #joining = 0;
  #period = LONGEST;
  readonly #cycle = new Int16Array(LONGEST);
  #phase = 0;
  #step = 0;

  /** True audio: remembered, and blended with what was made up before it. */
  good(samples: Int16Array, from: number, to: number): void {
    if (this.#erased > 0 && this.#joining === 0) {
      this.#joining = JOIN;
    }
    for (let index = from; index < to && this.#joining > 0; index++) {
      const madeUp = this.#makeUp();
      samples[index] = (madeUp * this.#joining + samples[index]! * (JOIN - this.#joining)) / JOIN;
      this.#joining -= 1;
      if (this.#joining === 0) {
        this.#erased = 0;
      }
    }
    this.#remember(samples, from, to);
  }

  /** Nothing came: makes it up. */
  conceal(samples: Int16Array, from: number, to: number): void {
    this.bridge();
    this.#joining = 0;
    for (let index = from; index < to; index++) {
      samples[index] = this.#makeUp();
    }
    this.#remember(samples, from, to);
  }

  /** What comes next does not continue what was played: it will be blended with the continuation. */
  bridge(): void {
    if (this.#erased === 0) {
      this.#analyse();
      this.#erased = 1;
    }
  }

  /** There is nothing to be heard: the far end is silent. */
  silence(samples: Int16Array, from: number, to: number): void {
    const last = this.#history[HISTORY - 1]!;
    for (let index = from; index < to; index++) {
      samples[index] = index - from < RAMP ? (last * (RAMP - 1 - (index - from))) / RAMP : 0;
    }
    this.#erased = 0;
    this.#joining = 0;
    this.#remember(samples, from, to);
  }

  /** The latest of what was played, oldest first: the first {@link HISTORY} of `samples`. */
  recall(samples: Int16Array): void {
    samples.set(this.#history);
  }

  #remember(samples: Int16Array, from: number, to: number): void {
    const start = Math.max(from, to - HISTORY);
    const at = HISTORY - (to - start);
    this.#history.copyWithin(0, to - start);
    for (let index = start; index < to; index++) {
      this.#history[at + index - start] = samples[index]!;
    }
  }

  /** The next made-up sample. */
  #makeUp(): number {
    let sample = this.#cycle[this.#phase]!;
    this.#phase += 1;
    if (this.#phase === this.#period) {
      this.#phase = 0;
    }
    if (this.#erased <= SEAM) {
      const step = ((this.#step * (SEAM + 1 - this.#erased)) / (SEAM + 1)) | 0;
      sample = Math.min(Math.max(sample + step, -32_768), 32_767);
    }
    sample =
      this.#erased < KNEE
        ? ((sample * (WHOLE * KNEE - (WHOLE - LEFT) * this.#erased)) / (WHOLE * KNEE)) | 0
        : ((sample * (LEFT * (FADE - this.#erased))) / (WHOLE * (FADE - KNEE))) | 0;
    // Counting on would overflow after days of silence.
    this.#erased = Math.min(this.#erased + 1, FADE);
    return sample;
  }

  /** Finds the pitch period of what was played last, and makes a cycle of it that can go round. */
  #analyse(): void {
    const history = this.#history;
    // Every second lag and sample first, then the neighbours of the best in full.
    let best = LONGEST;
    let bestScore = 0;
    for (let lag = SHORTEST; lag <= LONGEST; lag += 2) {
      const score = this.#likeness(lag, 2);
      if (score > bestScore) {
        best = lag;
        bestScore = score;
      }
    }
    const coarse = best;
    bestScore = this.#likeness(coarse, 1);
    for (let lag = coarse - 1; lag <= coarse + 1; lag += 2) {
      if (lag >= SHORTEST && lag <= LONGEST) {
        const score = this.#likeness(lag, 1);
        if (score > bestScore) {
          best = lag;
          bestScore = score;
        }
      }
    }
    this.#period = best;
    const start = HISTORY - best;
    const blend = best >> 2;
    for (let index = 0; index < best; index++) {
      const sample = history[start + index]!;
      if (index + blend < best) {
        this.#cycle[index] = sample;
      } else {
        const weight = index + blend + 1 - best;
        const whole = blend + 1;
        this.#cycle[index] = (sample * (whole - weight) + history[start + index - best]! * weight) / whole;
      }
    }
    this.#phase = 0;
    this.#step = history[HISTORY - 1]! - history[start - 1]!;
  }

  /** How well the last {@link WINDOW} samples repeat those `lag` before them: the squared correlation over the energy. */
  #likeness(lag: number, stride: number): number {
    const history = this.#history;
    let product = 0;
    let energy = 0;
    for (let index = HISTORY - WINDOW; index < HISTORY; index += stride) {
      const before = history[index - lag]!;
      product += history[index]! * before;
      energy += before * before;
    }
    // Both sums are exact; what follows rounds alike in both languages.
    return product <= 0 ? 0 : (product * product) / energy;
  }
}
