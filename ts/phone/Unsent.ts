/** So much is kept without asking how much of it has been sent meanwhile: a second. */
const SPARE = 8000;

/** The audio written last, as far as it may still wait to be sent: a session's queue can be emptied, but not read. */
export class Unsent {
  #chunks: Int16Array[] = [];
  #length = 0;

  /** @param queued tells how many samples still wait; asked about once a second */
  append(samples: Int16Array, queued: () => number): void {
    if (samples.length === 0) return;
    this.#chunks.push(samples.slice());
    this.#length += samples.length;
    if (this.#length > 2 * SPARE) this.#keep(queued() + SPARE);
  }

  /** The last `count` samples. Nothing is kept of them. */
  take(count: number): Int16Array {
    const last = new Int16Array(Math.min(count, this.#length));
    let end = last.length;
    for (let i = this.#chunks.length - 1; end > 0; i -= 1) {
      const chunk = this.#chunks[i];
      if (chunk === undefined) break;
      const part = chunk.subarray(Math.max(0, chunk.length - end));
      last.set(part, end - part.length);
      end -= part.length;
    }
    this.clear();
    return last;
  }

  clear(): void {
    this.#chunks = [];
    this.#length = 0;
  }

  /** Drops whole chunks, the oldest first, while so many samples remain. */
  #keep(count: number): void {
    let dropped = 0;
    for (const { length } of this.#chunks) {
      if (this.#length - length < count) break;
      this.#length -= length;
      dropped += 1;
    }
    this.#chunks.splice(0, dropped);
  }
}
