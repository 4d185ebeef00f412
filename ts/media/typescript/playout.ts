/**
 * Decides, frame by frame, what is heard: a packet, something made up, or silence; and moves the playout delay to where `delay.ts`
 * wants it.
 *
 * Time here is samples: `now` is the caller's clock, a packet's extended timestamp its sender's. A packet that met no delay
 * arrives `base` after its timestamp; it is played `depth` later than that.
 */

import type { Encoding } from "../contract.ts";
import { Concealment, HISTORY } from "./concealment.ts";
import { DelayEstimator } from "./delay.ts";
import { FRAME, PER_MILLISECOND } from "./frame.ts";
import { decode } from "./g711.ts";
import { JitterBuffer } from "./jitter.ts";
import { ComfortNoise } from "./noise.ts";
import { blend, type Likeness, LONGEST, search, SHORTEST, soft, WINDOW } from "./stretch.ts";

/** The delay is left alone while it is less than so much greater or smaller than it should be (10 ms, 3 ms): too small is worse. */
const TOO_GREAT = 80;
const TOO_SMALL = 24;
/** Frames after a change during which the delay is left alone. */
const PAUSE = 3;
/** A surplus of 40 ms is worth a joint that may be heard. */
const MUCH = 320;
/** How alike two stretches of sound must be to be joined: squared correlation, and that when there is much to gain. */
const ALIKE = 0.7;
const HARDLY_ALIKE = 0.4;
/** When the next packet threatens to come too late, 10 ms are gained at least; and it is given half a frame beyond its moment. */
const LEAST_THREATENED = 80;
const HALF = 80;
/** With less than 5 ms of true audio there is nothing to stretch. */
const LEAST_READY = 40;
/** After so much made-up audio (200 ms) nobody waits any more: the next packet begins anew. */
const LONGEST_GAP = 1_600;
/** A timestamp further than 1 s from where sequence number and time of arrival both put it shows that the sender's clock was set. */
const CLOCK_SET = 8_000;

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
  readonly #buffer = new JitterBuffer();
  readonly #delay: DelayEstimator;
  readonly #concealment = new Concealment();
  readonly #noise = new ComfortNoise();
  /** Whether any packet ever came: from then on there is something to play. */
  heard = false;
  /** Where RTP timestamps lie in extended ones: the newest packet's number, both timestamps, length and transit time. */
  #mapped = false;
  #lastSequence = 0;
  #lastRtp = 0;
  #lastTimestamp = 0;
  #lastLength = 0;
  #lastTransit = 0;
  /** Older packets than this have timestamps from before the sender's clock was set. */
  #rebased = 0;
  #playing = false;
  /** Extended timestamp of the next sample to be played. */
  #cursor = 0;
  /** Samples made up with the cursor standing still, and since the last true one. */
  #held = 0;
  #missing = 0;
  /** Samples made up of which it is not known yet whether a packet was missing. */
  #pending = 0;
  /** The packet before the cursor was a telephone-event: no audio is expected. */
  #afterEvent = false;
  /** Frames since the delay was last changed. */
  #unchanged = 0;
  /** Samples played, and those of them that replace a missing packet. */
  played = 0;
  /** See `played`. */
  concealed = 0;
  /** Samples left out or inserted to change the delay. */
  stretched = 0;
  /** When the packet that {@link Playout.seek} found begins. */
  #found = 0;
  /** Room for what is stretched, and for what is alike in it. */
  readonly #work = new Int16Array(HISTORY + FRAME);
  readonly #likeness: Likeness = { lag: 0, degree: 0 };

  /** Bounds of the delay in ms. */
  constructor(minimumDelay: number, maximumDelay: number) {
    const maximum = Math.min(maximumDelay, 1_000) * PER_MILLISECOND;
    const minimum = Math.min(Math.min(minimumDelay, 1_000) * PER_MILLISECOND, maximum);
    this.#delay = new DelayEstimator(minimum, maximum);
  }

  /** Another stream begins, or none: what waits is dropped. */
  reset(): void {
    this.#buffer.reset();
    this.#delay.restart();
    this.#mapped = false;
    this.#playing = false;
    this.#held = 0;
    this.#missing = 0;
    this.#pending = 0;
    this.#afterEvent = false;
    this.#noise.described = false;
  }

  /** Packets that came after their moment. */
  get late(): number {
    return this.#buffer.late;
  }

  /** The RTP timestamp of the sample to be played next. */
  get position(): number {
    return (this.#lastRtp + this.#cursor - this.#lastTimestamp) >>> 0;
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
      this.#buffer.insert(sequence, 0, undefined, datagram, start, length);
      return;
    }
    const timestamp = this.#extend(arrival, sequence, rtp, length);
    if (timestamp === undefined) {
      this.#buffer.late += 1;
      return;
    }
    this.#delay.observe(arrival, timestamp);
    this.#buffer.insert(sequence, timestamp, encoding, datagram, start, length);
  }

  /** Takes a telephone-event's packet: it has a sequence number like any other, but no audio. */
  receiveEvent(sequence: number): void {
    this.heard = true;
    this.#buffer.insert(sequence, 0, undefined, NO_BYTES, 0, 0);
  }

  /**
   * Takes a comfort noise packet (RFC 3389), `length` bytes of `datagram` from `start` on: from its place on the far end is silent,
   * and this is how its silence sounds.
   */
  receiveNoise(sequence: number, datagram: Uint8Array, start: number, length: number): void {
    this.heard = true;
    this.#buffer.insert(sequence, 0, undefined, datagram, start, length);
  }

  /** Plays one frame. */
  play(now: number, frame: Int16Array): void {
    this.played += FRAME;
    this.#unchanged = Math.min(this.#unchanged + 1, PAUSE);
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
    if (found !== "audio" || !this.#stretch(now, frame)) {
      this.#fill(now, found, frame);
    }
  }

  /** How much later than undelayed the sample at the cursor is played, if it is played at `now`. */
  #depth(now: number): number {
    return now - this.#cursor - this.#delay.base;
  }

  /** Takes a timestamp out of its 32 bits. @returns undefined when the packet was overtaken, and where its timestamp lies is unknown */
  #extend(arrival: number, sequence: number, rtp: number, length: number): number | undefined {
    if (!this.#mapped) {
      this.#mapped = true;
      this.#rebased = 0;
      this.#lastSequence = sequence;
      this.#lastRtp = rtp;
      this.#lastTimestamp = 0;
      this.#lastLength = length;
      this.#lastTransit = arrival;
      return 0;
    }
    const step = (rtp - this.#lastRtp) | 0;
    let timestamp = this.#lastTimestamp + step;
    const bySequence = step - (sequence - this.#lastSequence) * this.#lastLength;
    if (sequence < this.#lastSequence) {
      return sequence >= this.#rebased && Math.abs(bySequence) <= CLOCK_SET ? timestamp : undefined;
    }
    const byArrival = arrival - timestamp - this.#lastTransit;
    if (Math.abs(byArrival) > CLOCK_SET && Math.abs(bySequence) > CLOCK_SET) {
      timestamp = Math.max(arrival - this.#lastTransit, this.#lastTimestamp + this.#lastLength);
      this.#rebased = sequence;
    }
    this.#lastSequence = sequence;
    this.#lastRtp = rtp;
    this.#lastTimestamp = timestamp;
    this.#lastLength = length;
    this.#lastTransit = arrival - timestamp;
    return timestamp;
  }

  /** Begins to play with the first packet that waits, once it has waited long enough. */
  #start(now: number): boolean {
    let skipping = false;
    for (;;) {
      const sequence = this.#buffer.first();
      const slot = sequence < 0 ? undefined : this.#buffer.get(sequence);
      if (slot === undefined) {
        return false;
      }
      if (slot.encoding === undefined) {
        this.#noise.describe(this.#buffer.bytes, this.#buffer.payload(sequence), slot.length);
        this.#buffer.advance(sequence + 1);
        continue;
      }
      const depth = now - slot.timestamp - this.#delay.base;
      if (depth < this.#delay.target) {
        return false;
      }
      skipping ||= depth > this.#delay.maximum;
      if (skipping && depth >= this.#delay.target + FRAME) {
        this.#buffer.advance(sequence + 1);
        continue;
      }
      // Nothing lost, nothing late: what was made up filled a pause of the sender.
      if (sequence > this.#buffer.next || slot.timestamp <= this.#cursor) {
        this.concealed += this.#pending;
      }
      this.#buffer.advance(sequence);
      this.#cursor = slot.timestamp;
      this.#pending = 0;
      this.#playing = true;
      this.#unchanged = 0;
      this.#held = 0;
      this.#missing = 0;
      return true;
    }
  }

  /** What is at the cursor. Passes over what lies before it. */
  #seek(): Found {
    for (;;) {
      const sequence = this.#buffer.first();
      const slot = sequence < 0 ? undefined : this.#buffer.get(sequence);
      if (slot === undefined) {
        return "nothing";
      }
      const missing = sequence - this.#buffer.next;
      if (slot.encoding === undefined) {
        this.#noise.describe(this.#buffer.bytes, this.#buffer.payload(sequence), slot.length);
        this.#buffer.advance(sequence);
        this.#buffer.release();
        this.#afterEvent = true;
      } else if (missing > 0 && slot.timestamp > this.#cursor) {
        this.#found = slot.timestamp;
        // More time than the missing packets could fill: mostly the sender's silence.
        return slot.timestamp - this.#cursor > missing * slot.length + FRAME ? "pause" : "lost";
      } else if (slot.timestamp + slot.length <= this.#cursor) {
        this.#buffer.advance(sequence + 1);
      } else if (slot.timestamp > this.#cursor) {
        this.#found = slot.timestamp;
        return "pause";
      } else {
        this.#buffer.advance(sequence);
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
        at += this.#copy(frame, at);
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
          this.#cursor = Math.min(timestamp, this.#cursor + rest);
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
    const gap = timestamp - this.#cursor;
    if (this.#held > 0) {
      const caughtUp = Math.min(this.#held, gap);
      this.#held = 0;
      if (depth - caughtUp >= this.#delay.target) {
        this.#cursor += caughtUp;
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
      this.#cursor += count;
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
      this.#cursor += rest;
    }
  }

  /**
   * Stretches: leaves out a piece when the delay is greater than it need be, inserts one when it should be greater or when the next
   * packet threatens to come too late. @returns false when this is no time for it, or no sound
   */
  #stretch(now: number, frame: Int16Array): boolean {
    const depth = this.#depth(now);
    const surplus = depth - this.#delay.target;
    const ready = this.#available();
    // Without a successor nobody knows whether the next packet is late or lost.
    const late = depth - ready;
    const overdue = late > 0 && this.#delay.adapts && this.#buffer.exhausted(this.#cursor + ready);
    if (overdue && ready < 2 * FRAME && (ready < FRAME || this.#delay.doubts(late, ready - FRAME + HALF))) {
      const least = Math.max(FRAME - ready, LEAST_THREATENED);
      return ready >= LEAST_READY && this.#lengthen(least, this.#delay.maximum - depth, 0, frame);
    }
    if (surplus >= TOO_GREAT && this.#unchanged >= PAUSE && ready >= FRAME + SHORTEST) {
      // What is left out now must not be missing in a moment.
      return !(overdue && this.#delay.doubts(late, ready - FRAME)) && this.#shorten(surplus, ready, frame);
    }
    const lacking = -surplus >= TOO_SMALL && this.#unchanged >= PAUSE && ready >= FRAME;
    return lacking && this.#lengthen(SHORTEST, -surplus, ALIKE, frame);
  }

  /** Plays a frame, leaving out a piece of what is ready. */
  #shorten(surplus: number, ready: number, frame: Int16Array): boolean {
    const most = Math.min(surplus, ready - FRAME, LONGEST);
    const work = this.#work;
    const count = this.#peek(work, 0, FRAME + most);
    let lag = most;
    if (!soft(work, 0, count)) {
      const found = this.#likeness;
      search(work, 0, WINDOW, SHORTEST, most, "future", found);
      if (found.degree < (surplus >= MUCH ? HARDLY_ALIKE : ALIKE)) {
        return false;
      }
      lag = found.lag;
    }
    blend(work, 0, lag, lag, frame);
    this.#skip(FRAME + lag);
    this.stretched += lag;
    this.#resume();
    this.#concealment.good(frame, 0, FRAME);
    return true;
  }

  /** Plays a frame in which a piece is said twice. */
  #lengthen(least: number, longest: number, degree: number, frame: Int16Array): boolean {
    const most = Math.min(longest, LONGEST);
    if (most < least) {
      return false;
    }
    const work = this.#work;
    this.#concealment.recall(work);
    const count = this.#peek(work, HISTORY, HISTORY + FRAME);
    let lag = most;
    if (!soft(work, HISTORY - WINDOW, HISTORY + count)) {
      const found = this.#likeness;
      search(work, HISTORY + Math.min(count, 80) - WINDOW, WINDOW, least, most, "past", found);
      if (found.degree < degree) {
        return false;
      }
      lag = found.lag;
    }
    blend(work, HISTORY, HISTORY - lag, Math.min(lag, count), frame);
    this.#skip(FRAME - lag);
    this.stretched += lag;
    this.#resume();
    this.#concealment.good(frame, 0, FRAME);
    return true;
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

  /** Samples from the cursor on without a gap, as far as two frames. */
  #available(): number {
    let end = this.#cursor;
    for (let sequence = this.#buffer.next; end - this.#cursor < 2 * FRAME; sequence++) {
      const slot = this.#buffer.get(sequence);
      if (slot === undefined || (slot.encoding !== undefined && slot.timestamp > end)) {
        break;
      }
      if (slot.encoding !== undefined) {
        end = Math.max(end, slot.timestamp + slot.length);
      }
    }
    return Math.min(end - this.#cursor, 2 * FRAME);
  }

  /**
   * Decodes what {@link Playout.#available} counts, without playing it, into `samples` from `from` up to, not including, `to`.
   * @returns how many samples that were
   */
  #peek(samples: Int16Array, from: number, to: number): number {
    let at = from;
    for (let sequence = this.#buffer.next; at < to; sequence++) {
      const slot = this.#buffer.get(sequence);
      if (slot === undefined) {
        break;
      }
      if (slot.encoding === undefined) {
        continue;
      }
      const offset = this.#cursor + (at - from) - slot.timestamp;
      if (offset < 0) {
        break;
      }
      if (offset < slot.length) {
        const count = Math.min(slot.length - offset, to - at);
        decode(slot.encoding, this.#buffer.bytes, samples, this.#buffer.payload(sequence) + offset, at, count);
        at += count;
      }
    }
    return at - from;
  }

  /** What was peeked at has been played, so many samples of it. */
  #skip(count: number): void {
    this.#cursor += count;
    for (;;) {
      const slot = this.#buffer.get(this.#buffer.next);
      // What has no audio is left for `seek`.
      if (slot?.encoding === undefined || slot.timestamp + slot.length > this.#cursor) {
        return;
      }
      this.#buffer.release();
    }
  }

  /** Decodes from the packet at the cursor, as much as it has and fits, into `samples` from `at` on. */
  #copy(samples: Int16Array, at: number): number {
    const sequence = this.#buffer.next;
    const slot = this.#buffer.get(sequence);
    if (slot?.encoding === undefined) {
      return 0;
    }
    const offset = this.#cursor - slot.timestamp;
    const count = Math.min(slot.length - offset, FRAME - at);
    decode(slot.encoding, this.#buffer.bytes, samples, this.#buffer.payload(sequence) + offset, at, count);
    this.#cursor += count;
    if (this.#cursor >= slot.timestamp + slot.length) {
      this.#buffer.release();
    }
    return count;
  }
}
