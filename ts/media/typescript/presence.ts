/** Whether the far end is still there, as far as what comes from it tells. */

import type { EventQueue } from "./event.ts";

/** A far end that sent RTP within this time, µs, is a sender for RTCP: two of its intervals (RFC 3550 §6.3.5). */
const SENDS_OF_LATE = 10_000_000;

/** Since when we listen, and when we last heard something. Times are µs. */
export class Presence {
  /** How long the far end may be silent: before its first RTP packet, and after; 0: for ever. */
  readonly #initialTimeout: number;
  readonly #timeout: number;
  #listening = false;
  #heardAt = 0;
  #rtpAt = 0;
  /** Whether RTP came since we began to listen. */
  heardRTP = false;
  /** Whether its silence was told. */
  #timedOut = false;

  /** Nobody listens yet. Timeouts in ms. */
  constructor(initialTimeout: number, timeout: number) {
    this.#initialTimeout = initialTimeout * 1_000;
    this.#timeout = timeout * 1_000;
  }

  /** Nobody listens any more, until {@link watch} is called again. */
  pause(): void {
    this.#listening = false;
  }

  /** Looks whether the far end has been silent for too long. */
  watch(now: number, events: EventQueue): void {
    if (!this.#listening) {
      this.#listening = true;
      this.#heardAt = now;
      this.heardRTP = false;
      this.#timedOut = false;
    }
    const limit = this.heardRTP ? this.#timeout : this.#initialTimeout;
    if (!this.#timedOut && limit > 0 && now - this.#heardAt >= limit) {
      this.#timedOut = true;
      events.push({ type: "timeout", initial: !this.heardRTP });
    }
  }

  /** An RTP packet came. */
  hearRTP(now: number, events: EventQueue): void {
    this.#rtpAt = now;
    this.heardRTP = true;
    this.hear(now, events);
  }

  /** The far end is there. */
  hear(now: number, events: EventQueue): void {
    this.#heardAt = now;
    if (this.#timedOut) {
      this.#timedOut = false;
      events.push({ type: "resumed" });
    }
  }

  /** Whether the last RTP packet is recent enough for the far end to count as a sender. */
  sends(now: number): boolean {
    return Math.max(now - this.#rtpAt, 0) < SENDS_OF_LATE;
  }
}
