/**
 * The jitter buffer's store: packets by sequence number, until they are played or given up. When to play what is `playout.ts`'s
 * business, how long to wait `delay.ts`'s.
 *
 * Packets lie in places, of which there are as many as ever waited at once, each as long as the longest payload so far. The place given
 * up last is the next to be filled: a call whose packets come evenly uses two or three of them over and over, and they stay in the
 * processor's cache. Memory is taken when more packets wait, or longer ones, than ever before: 4, 8, … 64 places. Never for a packet
 * as such.
 */

import type { Encoding } from "../contract.ts";

/** Packets that may wait: a power of two. 1.28 s of 20 ms packets, far more than the greatest delay, for bursts after a stall. */
export const SLOTS = 64;
/** The longest payload: 120 ms. */
export const MAX_PAYLOAD = 960;
/** The places there are at first. */
const FIRST_PLACES = 4;
/** The length of a place is a multiple of this: 10 ms. */
const STEP = 80;
/** No place: nothing waits under this number. */
const NOWHERE = 255;

/** One packet that waits. */
export interface Slot {
  /** Extended sequence number. */
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
  /** Each number's place. */
  readonly #ring = new Uint8Array(SLOTS).fill(NOWHERE);
  readonly #places: Slot[] = [];
  /** The payloads, so many bytes for each place; see {@link payload}. Another array after an {@link insert}. */
  bytes: Uint8Array = new Uint8Array(0);
  #stride = 0;
  /** The places that are free: the first `#spares`, the last of them is taken first. */
  readonly #spare = new Uint8Array(SLOTS);
  #spares = 0;
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
    for (let index = 0; index < SLOTS; index++) {
      this.#vacate(index);
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
    const place = this.#occupy(sequence & (SLOTS - 1), length);
    const slot = this.#places[place]!;
    slot.sequence = sequence;
    slot.timestamp = timestamp;
    slot.length = length;
    slot.encoding = encoding;
    const at = place * this.#stride;
    for (let offset = 0; offset < length; offset++) {
      this.bytes[at + offset] = datagram[start + offset]!;
    }
  }

  /** The packet with this number. What it says holds until the buffer changes. */
  get(sequence: number): Slot | undefined {
    const place = this.#ring[sequence & (SLOTS - 1)]!;
    if (place === NOWHERE) {
      return undefined;
    }
    const slot = this.#places[place]!;
    return slot.sequence === sequence ? slot : undefined;
  }

  /** Where in {@link bytes} the payload of a packet that is there begins. */
  payload(sequence: number): number {
    return this.#ring[sequence & (SLOTS - 1)]! * this.#stride;
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
    this.#vacate(this.next & (SLOTS - 1));
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

  /** A place for a payload of this length. It is the slot's until {@link JitterBuffer.#vacate}. */
  #occupy(index: number, length: number): number {
    if (length > this.#stride) {
      this.#widen(Math.ceil(length / STEP) * STEP);
    }
    if (this.#ring[index] === NOWHERE) {
      if (this.#spares === 0) {
        this.#grow();
      }
      this.#spares -= 1;
      this.#ring[index] = this.#spare[this.#spares]!;
    }
    return this.#ring[index]!;
  }

  #vacate(index: number): void {
    const place = this.#ring[index]!;
    if (place !== NOWHERE) {
      this.#ring[index] = NOWHERE;
      this.#spare[this.#spares] = place;
      this.#spares += 1;
    }
  }

  /** All places are taken: as many more. */
  #grow(): void {
    const before = this.#places.length;
    const after = Math.max(2 * before, FIRST_PLACES);
    for (let place = after - 1; place >= before; place--) {
      this.#spare[this.#spares] = place;
      this.#spares += 1;
    }
    while (this.#places.length < after) {
      this.#places.push({ sequence: -1, timestamp: 0, length: 0, encoding: undefined });
    }
    const bytes = new Uint8Array(after * this.#stride);
    bytes.set(this.bytes);
    this.bytes = bytes;
  }

  /** Makes each place `stride` bytes long. */
  #widen(stride: number): void {
    const bytes = new Uint8Array(this.#places.length * stride);
    for (let place = 0; place < this.#places.length; place++) {
      bytes.set(this.bytes.subarray(place * this.#stride, (place + 1) * this.#stride), place * stride);
    }
    this.bytes = bytes;
    this.#stride = stride;
  }
}
