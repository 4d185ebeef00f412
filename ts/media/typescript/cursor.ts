/** Reads true audio out of the jitter buffer, from the next sample to be played on. */

import { FRAME } from "./frame.ts";
import { decode } from "./g711.ts";
import { JitterBuffer } from "./jitter.ts";

/** The jitter buffer, and where in it playout is. */
export class Cursor {
  /** The packets that wait. */
  readonly buffer: JitterBuffer = new JitterBuffer();
  /** Extended timestamp of the next sample to be played. */
  at = 0;

  /** Samples from the cursor on without a gap, as far as two frames. */
  available(): number {
    let end = this.at;
    for (let sequence = this.buffer.next; end - this.at < 2 * FRAME; sequence++) {
      const slot = this.buffer.get(sequence);
      if (slot === undefined || (slot.encoding !== undefined && slot.timestamp > end)) {
        break;
      }
      if (slot.encoding !== undefined) {
        end = Math.max(end, slot.timestamp + slot.length);
      }
    }
    return Math.min(end - this.at, 2 * FRAME);
  }

  /**
   * Decodes what {@link available} counts, without playing it, into `samples` from `from` up to, not including, `to`.
   * @returns how many samples that were
   */
  peek(samples: Int16Array, from: number, to: number): number {
    let at = from;
    for (let sequence = this.buffer.next; at < to; sequence++) {
      const slot = this.buffer.get(sequence);
      if (slot === undefined) {
        break;
      }
      if (slot.encoding === undefined) {
        continue;
      }
      const offset = this.at + (at - from) - slot.timestamp;
      if (offset < 0) {
        break;
      }
      if (offset < slot.length) {
        const count = Math.min(slot.length - offset, to - at);
        decode(slot.encoding, this.buffer.bytes, samples, this.buffer.payload(sequence) + offset, at, count);
        at += count;
      }
    }
    return at - from;
  }

  /** What was peeked at has been played, so many samples of it. */
  skip(count: number): void {
    this.at += count;
    for (;;) {
      const slot = this.buffer.get(this.buffer.next);
      // What has no audio is left for `seek`.
      if (slot?.encoding === undefined || slot.timestamp + slot.length > this.at) {
        return;
      }
      this.buffer.release();
    }
  }

  /** Decodes from the packet at the cursor, as much as it has and fits, into `samples` from `at` on. */
  copy(samples: Int16Array, at: number): number {
    const sequence = this.buffer.next;
    const slot = this.buffer.get(sequence);
    if (slot?.encoding === undefined) {
      return 0;
    }
    const offset = this.at - slot.timestamp;
    const count = Math.min(slot.length - offset, FRAME - at);
    decode(slot.encoding, this.buffer.bytes, samples, this.buffer.payload(sequence) + offset, at, count);
    this.at += count;
    if (this.at >= slot.timestamp + slot.length) {
      this.buffer.release();
    }
    return count;
  }
}
