/** Where RTP timestamps, of 32 bits, lie among extended ones, which never wrap and survive a sender that sets its clock. */

/** A timestamp further than 1 s from where sequence number and time of arrival both put it shows that the sender's clock was set. */
const CLOCK_SET = 8_000;

/** The newest packet's place: its number, both timestamps, length and transit time. Times are samples. */
export class Timeline {
  #mapped = false;
  #lastSequence = 0;
  #lastRtp = 0;
  #lastTimestamp = 0;
  #lastLength = 0;
  #lastTransit = 0;
  /** Older packets than this have timestamps from before the sender's clock was set. */
  #rebased = 0;

  /** Another stream begins. */
  reset(): void {
    this.#mapped = false;
  }

  /** The RTP timestamp of what lies at the extended one. */
  rtp(timestamp: number): number {
    return (this.#lastRtp + timestamp - this.#lastTimestamp) >>> 0;
  }

  /** Takes a timestamp out of its 32 bits. @returns undefined when the packet was overtaken, and where its timestamp lies is unknown */
  extend(arrival: number, sequence: number, rtp: number, length: number): number | undefined {
    if (!this.#mapped) {
      this.#mapped = true;
      this.#rebased = 0;
      this.#lastSequence = sequence;
      this.#lastRtp = rtp;
      this.#lastTimestamp = 0;
      this.#lastLength = length;
      this.#lastTransit = arrival;
      return 0;
    }
    const step = (rtp - this.#lastRtp) | 0;
    let timestamp = this.#lastTimestamp + step;
    const bySequence = step - (sequence - this.#lastSequence) * this.#lastLength;
    if (sequence < this.#lastSequence) {
      return sequence >= this.#rebased && Math.abs(bySequence) <= CLOCK_SET ? timestamp : undefined;
    }
    const byArrival = arrival - timestamp - this.#lastTransit;
    if (Math.abs(byArrival) > CLOCK_SET && Math.abs(bySequence) > CLOCK_SET) {
      timestamp = Math.max(arrival - this.#lastTransit, this.#lastTimestamp + this.#lastLength);
      this.#rebased = sequence;
    }
    this.#lastSequence = sequence;
    this.#lastRtp = rtp;
    this.#lastTimestamp = timestamp;
    this.#lastLength = length;
    this.#lastTransit = arrival - timestamp;
    return timestamp;
  }
}
