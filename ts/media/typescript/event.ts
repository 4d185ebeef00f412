/** What happened in a session's media, kept until somebody polls for it. */

import type { MediaEvent } from "../contract.ts";

/** Events that nobody polls for must not grow without bound: a far end could make them for ever. The newest are dropped. */
const CAPACITY = 256;

/** First in, first out. */
export class EventQueue {
  readonly #events: MediaEvent[] = [];

  /** Adds one, unless the queue is full. */
  push(event: MediaEvent): void {
    if (this.#events.length < CAPACITY) {
      this.#events.push(event);
    }
  }

  /** Takes the oldest. */
  poll(): MediaEvent | undefined {
    return this.#events.shift();
  }
}
