/**
 * Decides, frame by frame, what is heard: a packet, something made up, or silence; and moves the playout delay to where `delay.ts`
 * wants it.
 *
 * Time here is samples: `now` is the caller's clock, a packet's extended timestamp its sender's. A packet that met no delay
 * arrives `base` after its timestamp; it is played `depth` later than that.
 */

import type { Encoding } from "../contract.ts";
import { Concealment } from "./concealment.ts";
import { Cursor } from "./cursor.ts";
import { DelayEstimator } from "./delay.ts";
import { FRAME, PER_MILLISECOND } from "./frame.ts";
import { ComfortNoise } from "./noise.ts";
import { Tempo } from "./tempo.ts";
import { Timeline } from "./timeline.ts";

/** After so much made-up audio (200 ms) nobody waits any more: the next packet begins anew. */
const LONGEST_GAP = 1_600;

const NO_BYTES = new Uint8Array(0);

/**
 * What is at the cursor: audio; a pause (nothing was lost, but the next packet begins later: the sender was silent); a gap where
 * packets are missing up to the next one; or no packet waits. {@link Playout} keeps when the next packet begins.
 */
type Found = "audio" | "pause" | "lost" | "nothing";

/**
 * ```text
 *          first packet has waited `target`
 *   idle ───────────────────────────────────► playing ──┐ a packet, or made up; stretched where the delay
 *    ▲                                          │  ▲ └──┘ is to change or the next packet threatens to be late
 *    └── sender silent, or 200 ms of nothing ───┘
 * ```
 * When no packet waits, nobody knows yet whether the next is late or lost: what is made up then does not move the cursor
 * (`held`). If the packet comes after all, it is played, and the delay has grown as it should have. If its successor comes
 * instead, it was lost, and the cursor catches up: the delay is as before.
 */
export class Playout {
  readonly #cursor = new Cursor();
  readonly #delay: DelayEstimator;
  readonly #concealment = new Concealment();
  readonly #noise = new ComfortNoise();
  /** Whether any packet ever came: from then on there is something to play. */
  heard = false;
  readonly #timeline = new Timeline();
  #playing = false;
  /** Samples made up with the cursor standing still, and since the last true one. */
  #held = 0;
  #missing = 0;
  /** Samples made up of which it is not known yet whether a packet was missing. */
  #pending = 0;
  /** The packet before the cursor was a telephone-event: no audio is expected. */
  #afterEvent = false;
  /** Samples played, and those of them that replace a missing packet. */
  played = 0;
  /** See `played`. */
  concealed = 0;
  /** Changes the delay. */
  readonly tempo: Tempo = new Tempo();
  /** When the packet that {@link Playout.#seek} found begins. */
  #found = 0;

  /** Bounds of the delay in ms. */
  constructor(minimumDelay: number, maximumDelay: number) {
    const maximum = Math.min(maximumDelay, 1_000) * PER_MILLISECOND;
    const minimum = Math.min(Math.min(minimumDelay, 1_000) * PER_MILLISECOND, maximum);
    this.#delay = new DelayEstimator(minimum, maximum);
  }

  /** Another stream begins, or none: what waits is dropped. */
  reset(): void {
    this.#cursor.buffer.reset();
    this.#delay.restart();
    this.#timeline.reset();
    this.#playing = false;
    this.#held = 0;
    this.#missing = 0;
    this.#pending = 0;
    this.#afterEvent = false;
    this.#noise.described = false;
  }

  /** Packets that came after their moment. */
  get late(): number {
    return this.#cursor.buffer.late;
  }

  /** The RTP timestamp of the sample to be played next. */
  get position(): number {
    return this.#timeline.rtp(this.#cursor.at);
  }

  /** The delay aimed for, in samples. */
  get delay(): number {
    return this.#delay.target;
  }

  /**
   * Takes an audio packet that is no duplicate: `length` (at most MAX_PAYLOAD) bytes of `datagram` from `start` on. `sequence` is
   * extended.
   */
  receive(
    arrival: number,
    sequence: number,
    rtp: number,
    encoding: Encoding,
    datagram: Uint8Array,
    start: number,
    length: number,
  ): void {
    this.heard = true;
    if (length === 0) {
      this.#cursor.buffer.insert(sequence, 0, undefined, datagram, start, length);
      return;
    }
    const timestamp = this.#timeline.extend(arrival, sequence, rtp, length);
    if (timestamp === undefined) {
      this.#cursor.buffer.late += 1;
      return;
    }
    this.#delay.observe(arrival, timestamp);
    this.#cursor.buffer.insert(sequence, timestamp, encoding, datagram, start, length);
  }

  /** Takes a telephone-event's packet: it has a sequence number like any other, but no audio. */
  receiveEvent(sequence: number): void {
    this.heard = true;
    this.#cursor.buffer.insert(sequence, 0, undefined, NO_BYTES, 0, 0);
  }

  /**
   * Takes a comfort noise packet (RFC 3389), `length` bytes of `datagram` from `start` on: from its place on the far end is silent,
   * and this is how its silence sounds.
   */
  receiveNoise(sequence: number, datagram: Uint8Array, start: number, length: number): void {
    this.heard = true;
    this.#cursor.buffer.insert(sequence, 0, undefined, datagram, start, length);
  }

  /** Plays one frame. */
  play(now: number, frame: Int16Array): void {
    this.played += FRAME;
    this.tempo.tick();
    if (this.#playing && this.#depth(now) > this.#delay.maximum + 2 * FRAME) {
      // A stall is over, ours or the network's, and its packets came all at once: only the newest are worth hearing.
      this.#playing = false;
      this.#concealment.bridge();
    }
    if (!this.#playing && !this.#start(now)) {
      this.#rest(frame, 0, FRAME);
      return;
    }
    const found = this.#seek();
    if (found === "audio" && this.tempo.stretch(this.#depth(now), this.#cursor, this.#delay, this.#concealment, frame)) {
      this.#resume();
      this.#concealment.good(frame, 0, FRAME);
    } else {
      this.#fill(now, found, frame);
    }
  }

  /** How much later than undelayed the sample at the cursor is played, if it is played at `now`. */
  #depth(now: number): number {
    return now - this.#cursor.at - this.#delay.base;
  }

  /** Begins to play with the first packet that waits, once it has waited long enough. */
  #start(now: number): boolean {
    let skipping = false;
    for (;;) {
      const sequence = this.#cursor.buffer.first();
      const slot = sequence < 0 ? undefined : this.#cursor.buffer.get(sequence);
      if (slot === undefined) {
        return false;
      }
      if (slot.encoding === undefined) {
        this.#noise.describe(this.#cursor.buffer.bytes, this.#cursor.buffer.payload(sequence), slot.length);
        this.#cursor.buffer.advance(sequence + 1);
        continue;
      }
      const depth = now - slot.timestamp - this.#delay.base;
      if (depth < this.#delay.target) {
        return false;
      }
      skipping ||= depth > this.#delay.maximum;
      if (skipping && depth >= this.#delay.target + FRAME) {
        this.#cursor.buffer.advance(sequence + 1);
        continue;
      }
      // Nothing lost, nothing late: what was made up filled a pause of the sender.
      if (sequence > this.#cursor.buffer.next || slot.timestamp <= this.#cursor.at) {
        this.concealed += this.#pending;
      }
      this.#cursor.buffer.advance(sequence);
      this.#cursor.at = slot.timestamp;
      this.#pending = 0;
      this.#playing = true;
      this.tempo.reset();
      this.#held = 0;
      this.#missing = 0;
      return true;
    }
  }

  /** What is at the cursor. Passes over what lies before it. */
  #seek(): Found {
    for (;;) {
      const sequence = this.#cursor.buffer.first();
      const slot = sequence < 0 ? undefined : this.#cursor.buffer.get(sequence);
      if (slot === undefined) {
        return "nothing";
      }
      const missing = sequence - this.#cursor.buffer.next;
      if (slot.encoding === undefined) {
        this.#noise.describe(this.#cursor.buffer.bytes, this.#cursor.buffer.payload(sequence), slot.length);
        this.#cursor.buffer.advance(sequence);
        this.#cursor.buffer.release();
        this.#afterEvent = true;
      } else if (missing > 0 && slot.timestamp > this.#cursor.at) {
        this.#found = slot.timestamp;
        // More time than the missing packets could fill: mostly the sender's silence.
        return slot.timestamp - this.#cursor.at > missing * slot.length + FRAME ? "pause" : "lost";
      } else if (slot.timestamp + slot.length <= this.#cursor.at) {
        this.#cursor.buffer.advance(sequence + 1);
      } else if (slot.timestamp > this.#cursor.at) {
        this.#found = slot.timestamp;
        return "pause";
      } else {
        this.#cursor.buffer.advance(sequence);
        return "audio";
      }
    }
  }

  /** Plays what is there, and makes up what is not. `first`: what is at the cursor. */
  #fill(now: number, first: Found, frame: Int16Array): void {
    // True audio up to `at` begins at `from`: mostly the end of one packet and the beginning of the next.
    let from = 0;
    let at = 0;
    let next: Found | undefined = first;
    while (at < FRAME) {
      const rest = FRAME - at;
      const depth = this.#depth(now);
      const found: Found = next ?? this.#seek();
      next = undefined;
      if (found === "audio") {
        at += this.#cursor.copy(frame, at);
        this.#resume();
        continue;
      }
      if (from < at) {
        this.#concealment.good(frame, from, at);
      }
      if (found === "pause") {
        this.#playing = false;
        const timestamp = this.#found;
        if (at > 0 || !this.#start(now)) {
          // A frame's middle is no place to begin: all but the first part of the packet would be needed early.
          this.#cursor.at = Math.min(timestamp, this.#cursor.at + rest);
          this.#rest(frame, at, FRAME);
          return;
        }
      } else if (found === "lost") {
        at += this.#bridge(this.#found, depth, frame, at);
      } else {
        this.#wait(depth, frame, at);
        return;
      }
      from = at;
    }
    if (from < at) {
      this.#concealment.good(frame, from, at);
    }
  }

  /** Packets are missing up to the one that begins at `timestamp`. @returns how many samples were made up, in `frame` from `at` on */
  #bridge(timestamp: number, depth: number, frame: Int16Array, at: number): number {
    this.concealed += this.#pending;
    this.#pending = 0;
    const gap = timestamp - this.#cursor.at;
    if (this.#held > 0) {
      const caughtUp = Math.min(this.#held, gap);
      this.#held = 0;
      if (depth - caughtUp >= this.#delay.target) {
        this.#cursor.at += caughtUp;
        return 0;
      }
    }
    const count = Math.min(gap, FRAME - at);
    this.#concealment.conceal(frame, at, at + count);
    this.concealed += count;
    this.#missing += count;
    if (depth + FRAME <= this.#delay.target) {
      this.#held += count;
    } else {
      this.#cursor.at += count;
    }
    return count;
  }

  /** No packet waits: the rest of `frame`, from `at` on, is made up. */
  #wait(depth: number, frame: Int16Array, at: number): void {
    const rest = FRAME - at;
    if (this.#afterEvent || this.#missing >= LONGEST_GAP) {
      this.#playing = false;
      this.#rest(frame, at, FRAME);
      return;
    }
    this.#concealment.conceal(frame, at, FRAME);
    this.#pending += rest;
    this.#missing += rest;
    if (depth + FRAME <= this.#delay.maximum) {
      this.#held += rest;
    } else {
      this.#cursor.at += rest;
    }
  }

  /** There is true audio to play. */
  #resume(): void {
    this.concealed += this.#pending;
    this.#pending = 0;
    this.#held = 0;
    this.#missing = 0;
    this.#afterEvent = false;
    this.#noise.described = false;
  }

  /** The far end says nothing: its noise, if it described any. */
  #rest(samples: Int16Array, from: number, to: number): void {
    if (this.#noise.described) {
      this.#noise.fill(samples, from, to);
      this.#concealment.good(samples, from, to);
    } else {
      this.#concealment.silence(samples, from, to);
    }
  }
}
