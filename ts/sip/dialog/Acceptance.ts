import type { SIPRequest } from "../message/SIPRequest.ts";
import type { Timers } from "../transaction/timers.ts";
import type { Alarm, Clock } from "../../time/clock.ts";

/** How the wait for an ACK ended: with it, with 64*T1 of silence, or because there is nothing left to wait for. */
export type AcceptanceEnd = SIPRequest | "silence" | "stopped";

/**
 * Repeats a 2xx to an INVITE until its ACK comes: T1 apart, doubling up to T2, for 64*T1 (RFC 3261 §13.3.1.4). On reliable
 * transports, too: they are so only as far as the next hop.
 */
export class Acceptance {
  readonly #clock: Clock;
  readonly #timers: Timers;
  readonly #send: () => void;
  readonly #settled: (end: AcceptanceEnd) => void;
  readonly #deadline: number;
  #interval: number;
  #alarm: Alarm | undefined;
  #done = false;

  /** Sends at once. `settled` is called once. */
  constructor(clock: Clock, timers: Timers, send: () => void, settled: (end: AcceptanceEnd) => void) {
    this.#clock = clock;
    this.#timers = timers;
    this.#send = send;
    this.#settled = settled;
    this.#deadline = clock.now() + 64 * timers.t1;
    this.#interval = timers.t1;
    send();
    this.#wait();
  }

  end(end: AcceptanceEnd): void {
    if (this.#done) return;
    this.#done = true;
    this.#alarm?.cancel();
    this.#settled(end);
  }

  #wait(): void {
    this.#alarm = this.#clock.at(Math.min(this.#clock.now() + this.#interval, this.#deadline), () => {
      if (this.#clock.now() >= this.#deadline) {
        this.end("silence");
        return;
      }
      this.#send();
      this.#interval = Math.min(2 * this.#interval, this.#timers.t2);
      this.#wait();
    });
  }
}
