/** What RFC 3550 keeps of a synchronization source: sequence numbers without their wrap (A.1), loss (A.3) and jitter (A.8). */

import { LossPattern } from "./loss.ts";
import type { ReportBlock } from "./rtcp.ts";

/** A.1: a step forward of less than this is loss, of more a sender that began anew. */
const MAX_DROPOUT = 3_000;
/** A.1: a step back of at most this is reordering. */
const MAX_MISORDER = 100;

/** What a sequence number says of its packet: newer than any before it; older than the newest, and here for the first time; or here before. */
export type Arrival = "in-order" | "reordered" | "duplicate";

/** The books on one synchronization source, and the loss of those before it. */
export class Reception {
  /** Whether a source has been heard at all since the last {@link pause}. */
  started = false;
  /** The source. */
  ssrc = 0;
  /** Sequence numbers without their wrap: the lowest, the highest, and the one taken last. */
  #first = 0;
  #highest = 0;
  /** The packet that {@link take} saw last. */
  extended = 0;
  #received = 0;
  #lostBefore = 0;
  /** Packets expected of the sources before this one. */
  #expectedBefore = 0;
  /** Expected and received when the last report was made. */
  #expectedPrior = 0;
  #receivedPrior = 0;
  /** How loss is spread, over all sources so far. */
  readonly pattern: LossPattern = new LossPattern();
  /** One bit for each of the last 128 sequence numbers. */
  readonly #seen = new Int32Array(4);
  #hasTransit = false;
  #transit = 0;
  #jitter = 0;

  /** A source begins, or begins anew, with this packet, which is still to be taken. Loss so far is kept. */
  start(ssrc: number, sequence: number): void {
    this.#lostBefore = this.lost;
    this.#expectedBefore = this.expected;
    this.started = true;
    this.ssrc = ssrc;
    // One cycle up, so that a packet from before the first one stays positive.
    this.#first = 0x1_0000 + sequence;
    this.#highest = this.#first - 1;
    this.extended = this.#highest;
    this.#received = 0;
    this.#expectedPrior = 0;
    this.#receivedPrior = 0;
    this.#seen.fill(0);
    this.#hasTransit = false;
    this.#jitter = 0;
  }

  /** Nobody listens from now on: what is sent meanwhile is not lost. The next packet must {@link start} again. */
  pause(): void {
    this.#lostBefore = this.lost;
    this.#expectedBefore = this.expected;
    this.started = false;
    this.#received = 0;
  }

  /** Whether a sequence number may follow those before it. If not, the sender began anew, or the packet is not the far end's. */
  fits(sequence: number): boolean {
    const step = (sequence - this.#highest) & 0xffff;
    return step < MAX_DROPOUT || step >= 0x1_0000 - MAX_MISORDER;
  }

  /** Takes a packet whose sequence number {@link fits}. */
  take(sequence: number): Arrival {
    this.#received += 1;
    const step = (sequence - this.#highest) & 0xffff;
    if (step !== 0 && step < MAX_DROPOUT) {
      for (let passed = 1; passed <= Math.min(step, 128); passed++) {
        this.#forget(this.#highest + passed);
      }
      this.pattern.packet(step - 1);
      // A step over more than the window leaves no old bit in it.
      this.#highest += step;
      this.extended = this.#highest;
      this.#note(this.#highest);
      return "in-order";
    }
    this.extended = this.#highest - ((0x1_0000 - step) & 0xffff);
    if (this.#saw(this.extended)) {
      return "duplicate";
    }
    if (this.extended >= this.#first) {
      this.pattern.found(this.#saw(this.extended - 1), this.#saw(this.extended + 1));
    }
    this.#note(this.extended);
    // The first packet to arrive need not have been the first one sent.
    this.#first = Math.min(this.#first, this.extended);
    return "reordered";
  }

  /**
   * A.8, with the sender's clock and ours both in timestamp units.
   * @param fresh the packet begins a talkspurt, so that the silence before it says nothing of the network
   */
  measure(arrival: number, timestamp: number, fresh: boolean): void {
    const transit = (arrival - timestamp) >>> 0;
    if (this.#hasTransit && !fresh) {
      const distance = Math.abs((transit - this.#transit) | 0);
      // A jump of the sender's timestamps is no jitter: more than 2^16 (8 s) would drown the estimate for minutes.
      if (distance < 0x1_0000) {
        this.#jitter = this.#jitter + distance - ((this.#jitter + 8) >> 4);
      }
    }
    this.#hasTransit = true;
    this.#transit = transit;
  }

  /** A.3: expected less received, over all sources so far. */
  get lost(): number {
    return this.started ? this.#lostBefore + (this.#highest - this.#first + 1) - this.#received : this.#lostBefore;
  }

  /** Packets that should have come, over all sources so far. */
  get expected(): number {
    return this.started ? this.#expectedBefore + (this.#highest - this.#first + 1) : this.#expectedBefore;
  }

  /**
   * A.3: what a report says of the source, and the interval since the last one ends. When its sender reports came is for the
   * caller to fill in. Undefined before a packet came.
   */
  report(): ReportBlock | undefined {
    if (!this.started || this.#highest < this.#first) {
      return undefined;
    }
    const expected = this.#highest - this.#first + 1;
    const interval = expected - this.#expectedPrior;
    const lost = interval - (this.#received - this.#receivedPrior);
    this.#expectedPrior = expected;
    this.#receivedPrior = this.#received;
    return {
      ssrc: this.ssrc,
      fractionLost: interval <= 0 || lost <= 0 ? 0 : Math.min(Math.floor((lost * 256) / interval), 255),
      lost: Math.min(Math.max(expected - this.#received, -0x80_0000), 0x7f_ffff),
      highest: (this.#highest - 0x1_0000) >>> 0,
      jitter: this.jitter,
      lastReport: 0,
      delay: 0,
    };
  }

  /** A.8 in timestamp units. */
  get jitter(): number {
    return this.#jitter >> 4;
  }

  #saw(extended: number): boolean {
    return ((this.#seen[(extended >> 5) & 3]! >> (extended & 31)) & 1) !== 0;
  }

  #note(extended: number): void {
    this.#seen[(extended >> 5) & 3]! |= 1 << (extended & 31);
  }

  #forget(extended: number): void {
    this.#seen[(extended >> 5) & 3]! &= ~(1 << (extended & 31));
  }
}
