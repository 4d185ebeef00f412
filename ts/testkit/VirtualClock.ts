import { setImmediate } from "node:timers";
import type { Alarm, Clock } from "../time/clock.ts";

/** More alarms than this at one instant mean that each sets the next: time would never move on. */
const MOST_ALARMS_AN_INSTANT = 1_000_000;

const NOTHING = (): void => {};

interface Appointment {
  readonly time: number;
  /** Alarms for the same instant ring in the order in which they were set. */
  readonly order: number;
  callback: () => void;
  cancelled: boolean;
}

/**
 * A {@link Clock} that stands still until a test moves it, so that 32 s of SIP timers pass in a millisecond.
 *
 * ```ts
 * const clock = new VirtualClock();
 * clock.at(500, () => console.log("timer A"));
 * await clock.advance(500);
 * ```
 *
 * Between two alarms everything that waits for promises runs to its end (a full turn of the event loop), so code that
 * awaits between sending and setting its next alarm behaves as it would in real time. Real sockets do not: their time is
 * not this clock's.
 */
export class VirtualClock implements Clock {
  #now: number;
  #order = 0;
  /** A binary heap, earliest first. Cancelled appointments stay until they come up. */
  readonly #heap: Appointment[] = [];
  #pending = 0;
  #moving = false;

  constructor(start = 0) {
    this.#now = start;
  }

  now(): number {
    return this.#now;
  }

  /** Alarms that have neither rung nor been cancelled: 0 when everything has been cleaned up. */
  get pending(): number {
    return this.#pending;
  }

  at(time: number, callback: () => void): Alarm {
    if (Number.isNaN(time)) throw new RangeError("an alarm needs a time, not NaN");
    const appointment: Appointment = { time, order: this.#order++, callback, cancelled: false };
    this.#push(appointment);
    this.#pending++;
    return {
      cancel: () => {
        if (appointment.cancelled) return;
        appointment.cancelled = true;
        // It stays in the heap; what its callback holds need not.
        appointment.callback = NOTHING;
        this.#pending--;
      },
    };
  }

  /**
   * Moves time on by `ms`, ringing each alarm that falls due, at its own time and in order, those set on the way included.
   * @throws whatever an alarm throws; time then stands at that alarm
   */
  async advance(ms: number): Promise<void> {
    await this.#move(this.#now + ms, () => false);
    await settle();
  }

  /**
   * Moves time on from alarm to alarm until `condition` holds, and no further.
   * @throws Error when it does not hold within `limitMs`, which have then passed
   */
  async runUntil(condition: () => boolean, limitMs: number): Promise<void> {
    const start = this.#now;
    await this.#move(start + limitMs, condition);
    if (condition()) return;
    const passed = `${limitMs} ms of virtual time (${start} to ${this.#now})`;
    throw new Error(`after ${passed} the condition still does not hold: ${condition.toString()}`);
  }

  async #move(end: number, enough: () => boolean): Promise<void> {
    if (this.#moving) throw new Error("the virtual clock is already moving: await the earlier advance() or runUntil() first");
    this.#moving = true;
    try {
      let alarmsThisInstant = 0;
      for (;;) {
        await settle();
        if (enough()) return;
        const next = this.#nextDue(end);
        if (!next) break;
        if (next.time > this.#now) {
          this.#now = next.time;
          alarmsThisInstant = 0;
        } else if (++alarmsThisInstant > MOST_ALARMS_AN_INSTANT) {
          throw new Error(`${MOST_ALARMS_AN_INSTANT} alarms rang at ${this.#now}: each seems to set the next one for the same instant`);
        }
        next.cancelled = true;
        this.#pending--;
        next.callback();
      }
      this.#now = Math.max(this.#now, end);
    } finally {
      this.#moving = false;
    }
  }

  /** Takes the earliest appointment out of the heap if it is due by `end`. */
  #nextDue(end: number): Appointment | undefined {
    for (;;) {
      const first = this.#heap[0];
      if (!first || (!first.cancelled && first.time > end)) return undefined;
      this.#pop();
      if (!first.cancelled) return first;
    }
  }

  #push(appointment: Appointment): void {
    const heap = this.#heap;
    let index = heap.push(appointment) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!isBefore(appointment, heap[parent]!)) break;
      heap[index] = heap[parent]!;
      index = parent;
    }
    heap[index] = appointment;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop()!;
    if (heap.length === 0) return;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child++;
      if (!isBefore(heap[child]!, last)) break;
      heap[index] = heap[child]!;
      index = child;
    }
    heap[index] = last;
  }
}

function isBefore(left: Appointment, right: Appointment): boolean {
  return left.time < right.time || (left.time === right.time && left.order < right.order);
}

/** Lets everything that waits for a promise run: Node empties its microtask and nextTick queues before it calls an immediate. */
function settle(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
