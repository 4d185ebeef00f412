import type { Alarm } from "../../time/clock.ts";
import type { UserAgent } from "../dialog/UserAgent.ts";
import type { Endpoint, Transport } from "../transport/transport.ts";

/**
 * Keeps the way from the server to us open while we are registered, by the pings of RFC 5626 §4.4.1: NATs and firewalls forget a UDP flow that
 * nobody uses, many after 30 s. SIP servers ignore the pings on UDP, where they do as well as STUN would.
 */
export class KeepAlive {
  readonly #ua: UserAgent;
  readonly #transport: Transport;
  readonly #seconds: number;
  #destination: Endpoint | undefined;
  #flowTimer: number | undefined;
  #alarm: Alarm | undefined;

  /** @param seconds the longest pause between two pings; 0 sends none */
  constructor(ua: UserAgent, transport: Transport, seconds: number) {
    this.#ua = ua;
    this.#transport = transport;
    this.#seconds = seconds;
  }

  /**
   * Begins, or goes on with another destination; `undefined` ends it.
   * @param flowTimer the longest pause that the server allows, in seconds (RFC 5626 §4.4)
   */
  follow(destination: Endpoint | undefined, flowTimer?: number): void {
    this.#destination = destination;
    this.#flowTimer = flowTimer;
    if (destination === undefined || this.#seconds === 0) {
      this.#alarm?.cancel();
      this.#alarm = undefined;
    } else {
      this.#alarm ??= this.#wait();
    }
  }

  #wait(): Alarm {
    const { clock } = this.#ua;
    // RFC 5626 §4.4.1: 80 to 100 %, so that a thousand phones do not ping at once.
    const pause = 1000 * Math.min(this.#seconds, this.#flowTimer ?? this.#seconds) * (0.8 + 0.2 * this.#ua.random());
    return clock.at(clock.now() + pause, () => {
      this.#alarm = undefined;
      if (this.#destination === undefined) return;
      this.#transport.ping?.(this.#destination);
      this.#alarm = this.#wait();
    });
  }
}
