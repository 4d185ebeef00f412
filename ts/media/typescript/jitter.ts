/**
 * The jitter buffer's store: packets by sequence number, until they are played or given up. When to play what is `playout.ts`'s
 * business, how long to wait `delay.ts`'s.
 */

import type { Encoding } from "../contract.ts";

/** Packets that may wait: a power of two. 1.28 s of 20 ms packets, far more than the greatest delay, for bursts after a stall. */
export const SLOTS = 64;
/** The longest payload: 120 ms. */
export const MAX_PAYLOAD = 960;

/** One packet that waits. */
export interface Slot {
  /** Extended sequence number; -1: empty. */
  sequence: number;
  /** Extended timestamp of the first sample. */
  timestamp: number;
  /** Samples. */
  length: number;
  /** Undefined: a packet without audio (a telephone-event), which only shows that its number is not lost. */
  encoding: Encoding | undefined;
}

/** A ring of packets. */
export class JitterBuffer {
  readonly #slots: Slot[] = Array.from({ length: SLOTS }, () => ({ sequence: -1, timestamp: 0, length: 0, encoding: undefined }));
  /** The payloads, {@link MAX_PAYLOAD} bytes for each slot; see {@link payload}. */
  readonly bytes: Uint8Array = new Uint8Array(SLOTS * MAX_PAYLOAD);
  /** Whether anything came since the last reset, and whether anything was played or given up. */
  #started = false;
  #consumed = false;
  /** The sequence number whose turn it is, and the highest that came. */
  next = 0;
  #highest = 0;
  /** Packets that came too late or were given up. */
  late = 0;

  /** Forgets everything but the count. */
  reset(): void {
    for (const slot of this.#slots) {
      slot.sequence = -1;
    }
    this.#started = false;
    this.#consumed = false;
  }

  /**
   * Takes a packet that did not come before: `length` (at most {@link MAX_PAYLOAD}) bytes of `datagram` from `start` on.
   * @param encoding undefined: a packet without audio
   */
  insert(sequence: number, timestamp: number, encoding: Encoding | undefined, datagram: Uint8Array, start: number, length: number): void {
    if (!this.#started) {
      this.#started = true;
      this.next = sequence;
      this.#highest = sequence;
    }
    if (sequence < this.next) {
      // Before anything is played, a packet that was overtaken still finds its place.
      if (this.#consumed || this.#highest - sequence >= SLOTS) {
        this.late += encoding === undefined ? 0 : 1;
        return;
      }
      this.next = sequence;
    }
    if (sequence - this.next >= SLOTS) {
      this.advance(sequence - SLOTS + 1);
    }
    this.#highest = Math.max(this.#highest, sequence);
    const index = sequence & (SLOTS - 1);
    const slot = this.#slots[index]!;
    slot.sequence = sequence;
    slot.timestamp = timestamp;
    slot.length = length;
    slot.encoding = encoding;
    const at = index * MAX_PAYLOAD;
    for (let offset = 0; offset < length; offset++) {
      this.bytes[at + offset] = datagram[start + offset]!;
    }
  }

  /** The packet with this number. What it says holds until the buffer changes. */
  get(sequence: number): Slot | undefined {
    const slot = this.#slots[sequence & (SLOTS - 1)]!;
    return slot.sequence === sequence ? slot : undefined;
  }

  /** Where in {@link bytes} the payload of a packet that is there begins. */
  payload(sequence: number): number {
    return (sequence & (SLOTS - 1)) * MAX_PAYLOAD;
  }

  /** The number of the first packet there, or -1. */
  first(): number {
    if (this.#started) {
      for (let sequence = this.next; sequence <= this.#highest; sequence++) {
        if (this.get(sequence) !== undefined) {
          return sequence;
        }
      }
    }
    return -1;
  }

  /** Whether nothing is there that was sent after this timestamp. */
  exhausted(timestamp: number): boolean {
    const last = this.get(this.#highest);
    return last === undefined || last.timestamp < timestamp;
  }

  /** The packet whose turn it is has been played. */
  release(): void {
    this.#slots[this.next & (SLOTS - 1)]!.sequence = -1;
    this.next += 1;
    this.#consumed = true;
  }

  /** Gives up what comes before `sequence`; audio that was there counts as late. */
  advance(sequence: number): void {
    while (this.next < sequence && this.next <= this.#highest) {
      this.late += this.get(this.next)?.encoding === undefined ? 0 : 1;
      this.release();
    }
    this.next = Math.max(this.next, sequence);
    this.#consumed = true;
  }
}
