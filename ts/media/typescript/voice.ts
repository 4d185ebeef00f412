/**
 * Voice activity detection: whether somebody speaks, so that silence need not be sent.
 *
 * Blocks of 10 ms are measured twice: their energy above 160 Hz, for what is below is mostly rumbling, and that of the difference between
 * neighbours, in which an s stands out of a hum.
 * Each is compared with the quietest that was heard in the last seconds. Nothing is delayed, so a block is judged by itself, and what
 * is doubtful is speech: a packet too many costs less than a syllable cut off.
 */

/** Samples in a block: 10 ms. */
export const BLOCK = 80;
/** The quietest of so many spans of so many blocks is the noise: of 5 s. What is said in one breath is shorter, or has gaps. */
const SPANS = 8;
const SPAN = 64;
/** Energies are smoothed over so many blocks before the quietest is taken: single blocks of rumbling noise vary much. */
const SMOOTHING = 2;
/** Speech is so many times as strong as the noise (7 and 6 dB). */
const STRONGER = 5;
const SHARPER = 4;
/** What is below a root mean square of 8 (−72 dB of the loudest) nobody hears. */
const NOTHING = 64 * BLOCK;
/**
 * No noise is louder than a root mean square of 300 (−41 dB): what goes on and is louder is music, or somebody's dial tone. The
 * differences of white noise have twice its energy.
 */
const LOUDEST = 90_000 * BLOCK;
const SHARPEST = 2 * LOUDEST;
/** The mean that is subtracted follows the samples by so much of the distance: a high pass at 160 Hz. */
const MEAN = 8;
/** After speech its tail is waited for, 200 ms: words end softly. */
const HANGOVER = 20;
/**
 * For so long at first all is speech (500 ms): the noise is not known yet, and the network and the far end have to learn of us. What
 * is queued after silence from nowhere is not known either.
 */
const WARMING = 50;

/** The quietest of the last seconds. */
class Floor {
  readonly #spans = new Float64Array(SPANS).fill(Number.POSITIVE_INFINITY);
  #at = 0;
  #blocks = 0;
  #smoothed = -1;

  /** Nothing heard yet: all is louder than that. */
  get(): number {
    let least = this.#spans[0]!;
    for (let span = 1; span < SPANS; span++) {
      least = Math.min(least, this.#spans[span]!);
    }
    return least;
  }

  take(energy: number): void {
    this.#smoothed = this.#smoothed < 0 ? energy : this.#smoothed + (energy - this.#smoothed) / SMOOTHING;
    this.#spans[this.#at] = Math.min(this.#spans[this.#at]!, this.#smoothed);
    this.#blocks += 1;
    if (this.#blocks === SPAN) {
      this.#blocks = 0;
      this.#at = (this.#at + 1) % SPANS;
      this.#spans[this.#at] = Number.POSITIVE_INFINITY;
    }
  }
}

/** What a stretch of sound is. */
export type Activity = "speech" | "tail" | "silence";

/** Listens to all that could be sent. */
export class VoiceActivity {
  readonly #loud = new Floor();
  readonly #sharp = new Floor();
  #last = 0;
  #mean = 0;
  #left = WARMING;
  /** Blocks of any sound heard, up to `WARMING`. */
  #heard = 0;

  /** Other ears listen from now on, who know nothing of us. */
  restart(): void {
    this.#left = Math.max(this.#left, WARMING);
  }

  /** Judges the first `length` samples, whole blocks: speech where any of it is, or its tail. */
  judge(samples: Int16Array, length: number): Activity {
    let activity: Activity = "silence";
    for (let from = 0; from + BLOCK <= length; from += BLOCK) {
      const before = this.#left;
      this.#left = Math.max(this.#left - 1, 0);
      if (this.#speaks(samples, from)) {
        activity = "speech";
        this.#left = Math.max(this.#left, HANGOVER);
      } else if (before > 0 && activity === "silence") {
        activity = "tail";
      }
    }
    return activity;
  }

  #speaks(samples: Int16Array, from: number): boolean {
    let silent = true;
    for (let index = from; silent && index < from + BLOCK; index++) {
      silent = samples[index] === 0;
    }
    if (silent) {
      // Nobody's microphone: nothing is queued. That says nothing of the noise there will be.
      return false;
    }
    let energy = 0;
    let difference = 0;
    let mean = this.#mean;
    let last = this.#last;
    for (let index = from; index < from + BLOCK; index++) {
      const sample = samples[index]!;
      mean += (sample - mean) / MEAN;
      energy += (sample - mean) * (sample - mean);
      difference += (sample - last) * (sample - last);
      last = sample;
    }
    this.#mean = mean;
    this.#last = last;
    this.#loud.take(energy);
    this.#sharp.take(difference);
    if (this.#heard < WARMING) {
      this.#heard += 1;
      return energy > NOTHING;
    }
    const loud = Math.max(Math.min(this.#loud.get(), LOUDEST) * STRONGER, NOTHING);
    const sharp = Math.max(Math.min(this.#sharp.get(), SHARPEST) * SHARPER, NOTHING);
    return energy > loud || difference > sharp;
  }
}
