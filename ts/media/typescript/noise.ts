/** Comfort noise (RFC 3389): what a far end that has stopped sending says of the noise around it, and noise like that. */

/** Reflection coefficients made use of: more say nothing that an ear would miss. */
const ORDER = 10;
/** One decibel less. */
const DECIBEL = 0.891_250_938_133_745_6;
/** The root mean square of evenly distributed numbers up to 1 is this part of 1: sqrt(1/3). */
const EVEN = 0.577_350_269_189_625_8;

/** Noise of a level and a spectrum. */
export class ComfortNoise {
  /** Whether a description holds: speech ends it. */
  described = false;
  #gain = 0;
  #order = 0;
  readonly #coefficients = new Float64Array(ORDER);
  /** The lattice filter's memory. */
  readonly #memory = new Float64Array(ORDER);
  #random = 0x2545_f491;

  /** Takes a payload (RFC 3389 §3), `length` bytes from `start` on: the level in −dBov, then reflection coefficients. */
  describe(bytes: Uint8Array, start: number, length: number): void {
    if (length === 0) {
      return;
    }
    if (!this.described) {
      this.#memory.fill(0);
    }
    this.described = true;
    this.#order = Math.min(length - 1, ORDER);
    // 0 dBov is the loudest square wave.
    let amplitude = 32_767 / EVEN;
    for (let level = bytes[start]! & 0x7f; level > 0; level--) {
      amplitude *= DECIBEL;
    }
    // A filter makes its input louder; the level is that of its output.
    let power = 1;
    for (let index = 0; index < this.#order; index++) {
      // 255 is reserved; it would be unstable.
      const value = (258 * (Math.min(bytes[start + 1 + index]!, 254) - 127)) / 32_768;
      this.#coefficients[index] = value;
      power *= 1 - value * value;
    }
    this.#gain = amplitude * Math.sqrt(power);
  }

  /** Makes noise: `samples` from `from` up to, not including, `to`. */
  fill(samples: Int16Array, from: number, to: number): void {
    for (let at = from; at < to; at++) {
      this.#random ^= this.#random << 13;
      this.#random ^= this.#random >>> 17;
      this.#random ^= this.#random << 5;
      let value = (((this.#random >>> 8) - 8_388_608) / 8_388_608) * this.#gain;
      // The all-pole lattice; a coefficient of Rabiner and Schafer's sign makes neighbours alike when it is positive.
      for (let index = this.#order - 1; index >= 0; index--) {
        const before = this.#memory[index]!;
        value += this.#coefficients[index]! * before;
        if (index + 1 < this.#order) {
          this.#memory[index + 1] = before - this.#coefficients[index]! * value;
        }
      }
      if (this.#order > 0) {
        this.#memory[0] = value;
      }
      samples[at] = Math.min(Math.max(value, -32_768), 32_767);
    }
  }
}
