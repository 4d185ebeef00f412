/**
 * In what pattern packets are missing: scattered loss is mended unheard, runs are not. Feeds the E-model's burst ratio and the burst
 * metrics of RFC 3611 §4.7.2.
 */

/** RFC 3611 §4.7.2: so many packets received in a row end a burst. */
export const GMIN = 16;

/** Densities in 1/256, durations in ms: RFC 3611 §4.7.2. */
export interface Bursts {
  /** Share of packets missing within bursts, and within the gaps between them. */
  readonly burstDensity: number;
  readonly gapDensity: number;
  /** Mean length of the bursts, and of the gaps. */
  readonly burstDuration: number;
  readonly gapDuration: number;
}

/**
 * Counts, packet by packet in order, how received and missing ones alternate.
 *
 * The transitions of RFC 3611 Appendix A.2: state 1 is a gap (loss is rare), received; 4 a lone loss within a gap; 3 a loss within
 * a burst; 2 received within a burst.
 */
export class LossPattern {
  /** Packets missing, and in how many runs. */
  #lost = 0;
  #runs = 0;
  /** Received in a row since the last loss. */
  #received = 0;
  /** Losses in the burst that may be under way. */
  #burst = 0;
  #c11 = 0;
  #c13 = 0;
  #c14 = 0;
  #c22 = 0;
  #c23 = 0;
  #c33 = 0;

  /** The next packet came; `missing` before it did not. */
  packet(missing: number): void {
    if (missing > 0) {
      this.#lost += missing;
      this.#runs += 1;
      if (this.#received >= GMIN) {
        this.#c14 += this.#burst === 1 ? 1 : 0;
        this.#c13 += this.#burst > 1 ? 1 : 0;
        this.#burst = 1;
        this.#c11 += this.#received;
      } else {
        this.#burst += 1;
        if (this.#received === 0) {
          this.#c33 += 1;
        } else {
          this.#c23 += 1;
          this.#c22 += this.#received - 1;
        }
      }
      // The others of the run follow a loss directly.
      this.#burst += missing - 1;
      this.#c33 += missing - 1;
      this.#received = 0;
    }
    this.#received += 1;
  }

  /** A packet that counted as missing came after all. Which neighbours of it are here tells what becomes of its run. */
  found(before: boolean, after: boolean): void {
    this.#lost = Math.max(this.#lost - 1, 0);
    if (before && after) {
      this.#runs = Math.max(this.#runs - 1, 0);
    } else if (!before && !after) {
      this.#runs += 1;
    }
  }

  /**
   * G.107 §7.5: mean length of the runs of missing packets over what it would be if chance alone took as many, which is
   * 1 ÷ (1 − loss). `loss` is the share that is missing, 0–1.
   */
  burstRatio(loss: number): number {
    return this.#runs === 0 ? 1 : (this.#lost / this.#runs) * (1 - loss);
  }

  /** RFC 3611 Appendix A.2; `packet` is the length of one, in ms. */
  bursts(packet: number): Bursts {
    // What is still going on counts as if it ended here.
    const c11 = this.#c11 + this.#received;
    const c13 = this.#c13 + (this.#burst > 1 ? 1 : 0);
    const c14 = this.#c14 + (this.#burst === 1 ? 1 : 0);
    const [c22, c23, c33] = [this.#c22, this.#c23, this.#c33];
    const [c31, c32] = [c13, c23];
    const total = c11 + c14 + c13 + c22 + c23 + c31 + c32 + c33;
    const p32 = c32 + c31 + c33 > 0 ? c32 / (c31 + c32 + c33) : 0;
    const p23 = c22 + c23 < 1 ? 1 : 1 - c22 / (c22 + c23);
    const gap = ((c11 + c14 + c13) * packet) / Math.max(c13, 1);
    const burst = c13 > 0 ? (total * packet) / c13 - gap : 0;
    return {
      burstDensity: c13 > 0 ? octet((256 * p23) / (p23 + p32)) : 0,
      gapDensity: octet((256 * c14) / Math.max(c11 + c14, 1)),
      burstDuration: Math.floor(Math.min(Math.max(burst, 0), 65_535)),
      gapDuration: Math.floor(Math.min(Math.max(gap, 0), 65_535)),
    };
  }
}

/** A fraction in 1/256 as RTCP carries it: 1 has no code. */
export function octet(value: number): number {
  return Math.floor(Math.min(Math.max(value, 0), 255));
}
