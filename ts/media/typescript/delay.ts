/**
 * How long to hold packets: the distribution of their delays, and the playout delay that costs the listener least.
 *
 * A delay is counted from the least transit time of late, so that a queue that builds up over seconds, a route that becomes longer
 * and two clocks that drift apart move the measure itself: playout follows by stretching, and waits only for what is irregular.
 */

/** One bin is 2 ms: 256 ms in all, more than the greatest playout delay is worth. */
const BINS = 128;
const BIN_SHIFT = 4;
/** The least transit time is looked for over this one and the last window: 250 to 500 ms. */
const WINDOW = 2_000;
/** Each packet weighs 1/512 more than the one before: what was 10 s ago counts for a third. */
const GROWTH_SHIFT = 9;
const FIRST_WEIGHT = 1 << GROWTH_SHIFT;
const LAST_WEIGHT_SHIFT = 20;
/** A packet that was overtaken weighs more: what comes late in order can be waited for by stretching, this one is lost. */
const OVERTAKEN = 3;
/** A sample made up is as bad as so many samples of waiting, each sample: 1 % made up is worth 31 ms. */
const COST = 25_000;
/** A packet is doubtful when one in five of those as late as it came this much later still, or did not come until then. */
const DOUBT = 5;

/** Learns from each packet's transit time: arrival less timestamp, both in samples. */
export class DelayEstimator {
  readonly #minimum: number;
  readonly #maximum: number;
  #started = false;
  /** The least transit time in this window and in the one before, and when this one ends. */
  #current = 0;
  #previous = 0;
  #windowEnd = 0;
  /** The newest packet's timestamp. */
  #newest = 0;
  /** How much weight came how late; and the part of it that came in this window, whose measure may still prove wrong. */
  readonly #bins = new Uint32Array(BINS);
  readonly #recent = new Uint32Array(BINS);
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

  /** Takes one packet. */
  observe(arrival: number, timestamp: number): void {
    const transit = arrival - timestamp;
    let overtaken = false;
    if (this.#started) {
      overtaken = timestamp < this.#newest;
      this.#newest = Math.max(this.#newest, timestamp);
      if (arrival >= this.#windowEnd) {
        this.#roll(arrival, transit);
      } else {
        this.#current = Math.min(this.#current, transit);
      }
    } else {
      this.#started = true;
      this.#current = transit;
      this.#previous = transit;
      this.#windowEnd = arrival + WINDOW;
      this.#newest = timestamp;
      this.#recent.fill(0);
    }
    const bin = binOf(transit - this.base);
    const weight = overtaken ? this.#weight * OVERTAKEN : this.#weight;
    this.#bins[bin]! += weight;
    this.#recent[bin]! += weight;
    this.#total += weight;
    this.#weight += this.#weight >> GROWTH_SHIFT;
    if (this.#weight >= 1 << LAST_WEIGHT_SHIFT) {
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

  /** Whether the delay may change at all. */
  get adapts(): boolean {
    return this.#minimum < this.#maximum;
  }

  /**
   * Whether a packet that is `late` by so many samples may well not come within `more`. A lateness never seen says nothing: the
   * far end may have fallen silent.
   */
  doubts(late: number, more: number): boolean {
    const to = binOf(late + more);
    let sooner = 0;
    for (let bin = binOf(late); bin < to; bin++) {
      sooner += this.#bins[bin]!;
    }
    let later = 0;
    for (let bin = to; bin < BINS; bin++) {
      later += this.#bins[bin]!;
    }
    return later > 0 && later * DOUBT >= sooner + later;
  }

  /** A window ends. Where the least transit time has risen, what was late by the old measure was not: the way became longer. */
  #roll(arrival: number, transit: number): void {
    const before = this.base;
    this.#previous = this.#current;
    this.#current = transit;
    this.#windowEnd = arrival + WINDOW;
    const risen = binOf(Math.max(this.base - before, 0));
    if (risen > 0) {
      for (let bin = 0; bin < BINS; bin++) {
        this.#bins[bin]! -= this.#recent[bin]!;
        this.#bins[Math.max(bin - risen, 0)]! += this.#recent[bin]!;
      }
    }
    this.#recent.fill(0);
  }

  /** Weights only matter against each other: all are scaled down before they outgrow their type. */
  #fade(): void {
    this.#total = 0;
    for (let bin = 0; bin < BINS; bin++) {
      this.#recent[bin]! >>>= LAST_WEIGHT_SHIFT - GROWTH_SHIFT;
      // What is recent must never be more than there is.
      this.#bins[bin] = Math.max(this.#recent[bin]!, this.#bins[bin]! >>> (LAST_WEIGHT_SHIFT - GROWTH_SHIFT));
      this.#total += this.#bins[bin]!;
    }
    this.#weight >>= LAST_WEIGHT_SHIFT - GROWTH_SHIFT;
  }

  /** Weighs each delay against what would come later than it. */
  #aim(): void {
    const total = this.#total;
    let later = total;
    let best = later * COST;
    let wanted = 0;
    let delay = 0;
    for (let bin = 0; bin < BINS - 1; bin++) {
      later -= this.#bins[bin]!;
      delay += 1 << BIN_SHIFT;
      const waiting = delay * total;
      if (waiting >= best) {
        break;
      }
      if (waiting + later * COST < best) {
        best = waiting + later * COST;
        wanted = delay;
      }
    }
    this.#target = Math.min(Math.max(wanted, this.#minimum), this.#maximum);
  }
}

/** The bin of a lateness, which is never negative. */
function binOf(late: number): number {
  return Math.min(Math.floor(late / (1 << BIN_SHIFT)), BINS - 1);
}
