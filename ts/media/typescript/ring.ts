/** A first-in, first-out buffer of samples. */

/** Less than a frame would make the session stutter by construction; more than this (8.7 min) is a mistake. */
const CAPACITIES = { least: 256, most: 1 << 22 } as const;

/** Samples that a ring has room for from the first one on: 32 ms. */
const FIRST = 256;

/**
 * Samples between a writer and a reader. Its size is a power of two, so that a running count, masked, is a position. It begins with
 * nothing and doubles up to its capacity when more has to wait: a thousand calls whose readers keep up take little memory.
 */
export class Ring {
  #samples = new Int16Array(0);
  readonly #capacity: number;
  /** Position of the oldest sample. */
  #start = 0;
  #length = 0;

  /** An empty ring for at least `capacity` samples: the next power of two, 256 to 4,194,304. */
  constructor(capacity: number) {
    this.#capacity = powerOfTwo(Math.min(Math.max(Math.trunc(capacity), CAPACITIES.least), CAPACITIES.most));
  }

  /** Makes room for `length` samples in all, as far as the capacity goes. */
  #grow(length: number): void {
    const size = Math.min(Math.max(powerOfTwo(length), FIRST), this.#capacity);
    if (size <= this.#samples.length) {
      return;
    }
    const samples = new Int16Array(size);
    const count = this.read(samples);
    this.#samples = samples;
    this.#start = 0;
    this.#length = count;
  }

  /** Samples inside. */
  get length(): number {
    return this.#length;
  }

  /** Appends as many as fit. @returns how many that were */
  write(samples: Int16Array): number {
    this.#grow(this.#length + samples.length);
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
    const dropped = Math.min(Math.max(this.#length + samples.length - this.#capacity, 0), this.#length);
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

/** The least power of two that is not less. */
function powerOfTwo(count: number): number {
  return count <= 1 ? 1 : 2 ** (32 - Math.clz32(count - 1));
}
