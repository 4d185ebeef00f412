/** A first-in, first-out queue of samples that takes arrays whole and gives out any number of samples. */
export class SampleQueue {
  readonly #chunks: Int16Array[] = [];
  #length = 0;

  /** Samples queued. */
  get length(): number {
    return this.#length;
  }

  /** Appends `samples`; the array belongs to the queue from then on. */
  push(samples: Int16Array): void {
    if (samples.length === 0) return;
    this.#chunks.push(samples);
    this.#length += samples.length;
  }

  /** The samples that come next, without taking them: the rest of the oldest array. */
  peek(): Int16Array {
    return this.#chunks[0] ?? new Int16Array(0);
  }

  /** Drops up to `count` samples from the front. @returns how many were dropped */
  skip(count: number): number {
    let left = Math.min(count, this.#length);
    const dropped = left;
    while (left > 0) {
      const head = this.peek();
      if (head.length <= left) {
        this.#chunks.shift();
        left -= head.length;
      } else {
        this.#chunks[0] = head.subarray(left);
        left = 0;
      }
    }
    this.#length -= dropped;
    return dropped;
  }

  /** Moves samples into `target`. @returns how many there were, up to its length */
  shift(target: Int16Array): number {
    let filled = 0;
    while (filled < target.length && this.#length > 0) {
      const head = this.peek().subarray(0, target.length - filled);
      target.set(head, filled);
      filled += this.skip(head.length);
    }
    return filled;
  }

  /** Drops from the end what is beyond `length` samples. */
  truncate(length: number): void {
    const kept = new Int16Array(Math.min(length, this.#length));
    this.shift(kept);
    this.clear();
    this.push(kept);
  }

  clear(): void {
    this.#chunks.length = 0;
    this.#length = 0;
  }
}
