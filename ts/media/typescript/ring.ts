/** A first-in, first-out buffer of samples. */

/** Less than a frame would make the session stutter by construction; more than this (8.7 min) is a mistake. */
const CAPACITIES = { least: 256, most: 1 << 22 } as const;

/** Samples between a writer and a reader. Its capacity is a power of two, so that a running count, masked, is a position. */
export class Ring {
  readonly #samples: Int16Array;
  /** Position of the oldest sample. */
  #start = 0;
  #length = 0;

  /** An empty ring for at least `capacity` samples: the next power of two, 256 to 4,194,304. */
  constructor(capacity: number) {
    const wanted = Math.min(Math.max(Math.trunc(capacity), CAPACITIES.least), CAPACITIES.most);
    this.#samples = new Int16Array(2 ** (32 - Math.clz32(wanted - 1)));
  }

  /** Samples inside. */
  get length(): number {
    return this.#length;
  }

  /** Appends as many as fit. @returns how many that were */
  write(samples: Int16Array): number {
    const count = Math.min(samples.length, this.#samples.length - this.#length);
    const mask = this.#samples.length - 1;
    const at = this.#start + this.#length;
    for (let index = 0; index < count; index++) {
      this.#samples[(at + index) & mask] = samples[index]!;
    }
    this.#length += count;
    return count;
  }

  /** Appends all of at most a ring's capacity, dropping the oldest for want of room. @returns how many were dropped */
  push(samples: Int16Array): number {
    const dropped = Math.min(Math.max(this.#length + samples.length - this.#samples.length, 0), this.#length);
    this.#start = (this.#start + dropped) & (this.#samples.length - 1);
    this.#length -= dropped;
    this.write(samples);
    return dropped;
  }

  /** Moves the oldest into `samples`. @returns how many that were */
  read(samples: Int16Array): number {
    const count = Math.min(samples.length, this.#length);
    const mask = this.#samples.length - 1;
    for (let index = 0; index < count; index++) {
      samples[index] = this.#samples[(this.#start + index) & mask]!;
    }
    this.#length -= count;
    // An empty ring begins at its beginning: a reader who keeps up leaves most of the memory untouched.
    this.#start = this.#length === 0 ? 0 : (this.#start + count) & mask;
    return count;
  }

  /** Drops everything. @returns how many samples that were */
  clear(): number {
    const dropped = this.#length;
    this.#start = 0;
    this.#length = 0;
    return dropped;
  }
}
