/** How long to hold packets: the distribution of their delays, and the playout delay that all but about one in sixty keep within. */

/** One bin is 2 ms: 256 ms in all, more than the greatest playout delay is worth. */
const BINS = 128;
const BIN_SHIFT = 4;
/**
 * The window over which the least transit time is the measure of all others, in samples: 2 to 4 s. Long enough that a queue which
 * builds up is seen as delay, short enough that the drift between two clocks (100 ppm: 0.4 ms in 4 s) is not.
 */
const WINDOW = 16_000;
/** Each packet weighs 1/512 more than the one before: what was 10 s ago counts for a third. */
const GROWTH_SHIFT = 9;
const FIRST_WEIGHT = 1 << GROWTH_SHIFT;
const LAST_WEIGHT = 1 << 20;
/** The share of packets that may come later than the playout delay: 1/64. */
const LATE_SHIFT = 6;

/** Learns from each packet's transit time: arrival less timestamp, both in samples. */
export class DelayEstimator {
  readonly #minimum: number;
  readonly #maximum: number;
  #started = false;
  /** The least transit time in this window and in the one before, and when this one ends. */
  #current = 0;
  #previous = 0;
  #windowEnd = 0;
  readonly #bins = new Uint32Array(BINS);
  #weight = FIRST_WEIGHT;
  #total = 0;
  #target: number;

  /** Bounds in samples. */
  constructor(minimum: number, maximum: number) {
    this.#minimum = minimum;
    this.#maximum = maximum;
    this.#target = minimum;
  }

  /** The timestamps begin anew, so transit times cannot be compared with those so far. The network is the same as before. */
  restart(): void {
    this.#started = false;
  }

  /** Takes one packet. `phase` is how far into a frame its first sample is played: so much earlier it is needed. */
  observe(arrival: number, transit: number, phase: number): void {
    if (!this.#started) {
      this.#started = true;
      this.#current = transit;
      this.#previous = transit;
      this.#windowEnd = arrival + WINDOW;
    } else if (arrival >= this.#windowEnd) {
      this.#previous = this.#current;
      this.#current = transit;
      this.#windowEnd = arrival + WINDOW;
    } else {
      this.#current = Math.min(this.#current, transit);
    }
    const bin = Math.min(Math.floor((transit - this.base + phase) / (1 << BIN_SHIFT)), BINS - 1);
    this.#bins[bin]! += this.#weight;
    this.#total += this.#weight;
    this.#weight += this.#weight >> GROWTH_SHIFT;
    if (this.#weight >= LAST_WEIGHT) {
      this.#fade();
    }
    this.#aim();
  }

  /** The least transit time of late: a packet that took this long met no delay. */
  get base(): number {
    return Math.min(this.#current, this.#previous);
  }

  /** The playout delay to aim for, in samples. */
  get target(): number {
    return this.#target;
  }

  /** The greatest playout delay allowed, in samples. */
  get maximum(): number {
    return this.#maximum;
  }

  /** Weights only matter against each other: all are scaled down before they outgrow their type. */
  #fade(): void {
    this.#total = 0;
    for (let bin = 0; bin < BINS; bin++) {
      this.#bins[bin]! >>= 20 - GROWTH_SHIFT;
      this.#total += this.#bins[bin]!;
    }
    this.#weight >>= 20 - GROWTH_SHIFT;
  }

  #aim(): void {
    const allowed = this.#total >> LATE_SHIFT;
    let later = 0;
    let bin = BINS - 1;
    while (bin > 0) {
      later += this.#bins[bin]!;
      if (later > allowed) {
        break;
      }
      bin -= 1;
    }
    // The last bin holds all that came later still: nobody knows how much.
    const wanted = bin === BINS - 1 ? this.#maximum : (bin + 1) << BIN_SHIFT;
    this.#target = Math.min(Math.max(wanted, this.#minimum), this.#maximum);
  }
}
