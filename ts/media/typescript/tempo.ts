/**
 * Whether a frame is played faster or slower than it was spoken, so that the playout delay becomes what `delay.ts` wants, or the next
 * packet still comes in time.
 */

import { type Concealment, HISTORY } from "./concealment.ts";
import type { Cursor } from "./cursor.ts";
import type { DelayEstimator } from "./delay.ts";
import { FRAME } from "./frame.ts";
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

/** When the delay was last changed, and by how much in all. */
export class Tempo {
  /** Frames since the delay was last changed. */
  #unchanged = 0;
  /** Samples left out or inserted. */
  stretched = 0;
  /** Room for what is stretched, and for what is alike in it. */
  readonly #work = new Int16Array(HISTORY + FRAME);
  readonly #likeness: Likeness = { lag: 0, degree: 0 };

  /** Playing begins: the delay has just been chosen. */
  reset(): void {
    this.#unchanged = 0;
  }

  /** Another frame is due. */
  tick(): void {
    this.#unchanged = Math.min(this.#unchanged + 1, PAUSE);
  }

  /**
   * Stretches: leaves out a piece when the delay is greater than it need be, inserts one when it should be greater or when the next
   * packet threatens to come too late. @returns false when this is no time for it, or no sound
   */
  stretch(depth: number, cursor: Cursor, delay: DelayEstimator, concealment: Concealment, frame: Int16Array): boolean {
    const surplus = depth - delay.target;
    const ready = cursor.available();
    // Without a successor nobody knows whether the next packet is late or lost.
    const late = depth - ready;
    const overdue = late > 0 && delay.adapts && cursor.buffer.exhausted(cursor.at + ready);
    if (overdue && ready < 2 * FRAME && (ready < FRAME || delay.doubts(late, ready - FRAME + HALF))) {
      const least = Math.max(FRAME - ready, LEAST_THREATENED);
      return ready >= LEAST_READY && this.#lengthen(cursor, concealment, least, delay.maximum - depth, 0, frame);
    }
    if (surplus >= TOO_GREAT && this.#unchanged >= PAUSE && ready >= FRAME + SHORTEST) {
      // What is left out now must not be missing in a moment.
      return !(overdue && delay.doubts(late, ready - FRAME)) && this.#shorten(cursor, surplus, ready, frame);
    }
    const lacking = -surplus >= TOO_SMALL && this.#unchanged >= PAUSE && ready >= FRAME;
    return lacking && this.#lengthen(cursor, concealment, SHORTEST, -surplus, ALIKE, frame);
  }

  /** Plays a frame, leaving out a piece of what is ready. */
  #shorten(cursor: Cursor, surplus: number, ready: number, frame: Int16Array): boolean {
    const most = Math.min(surplus, ready - FRAME, LONGEST);
    const work = this.#work;
    const count = cursor.peek(work, 0, FRAME + most);
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
    cursor.skip(FRAME + lag);
    this.stretched += lag;
    return true;
  }

  /** Plays a frame in which a piece is said twice. */
  #lengthen(
    cursor: Cursor,
    concealment: Concealment,
    least: number,
    longest: number,
    degree: number,
    frame: Int16Array,
  ): boolean {
    const most = Math.min(longest, LONGEST);
    if (most < least) {
      return false;
    }
    const work = this.#work;
    concealment.recall(work);
    const count = cursor.peek(work, HISTORY, HISTORY + FRAME);
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
    cursor.skip(FRAME - lag);
    this.stretched += lag;
    return true;
  }
}
