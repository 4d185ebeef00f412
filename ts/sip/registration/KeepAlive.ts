import type { Alarm } from "../../time/clock.ts";
import type { UserAgent } from "../dialog/UserAgent.ts";
import type { Endpoint, Transport } from "../transport/transport.ts";

/** The ping of RFC 5626 §4.4.1. SIP servers ignore it on UDP, too, where it keeps the NAT's mapping as well as STUN would. */
const PING: Uint8Array = new TextEncoder().encode("\r\n\r\n");

/** Keeps the way from the server to us open while we are registered: NATs forget a UDP mapping that nobody uses, many after 30 s. */
export class KeepAlive {
  readonly #ua: UserAgent;
  readonly #transport: Transport;
  readonly #seconds: number;
  #destination: Endpoint | undefined;
  #alarm: Alarm | undefined;

  /** @param seconds the longest pause between two pings; 0 sends none */
  constructor(ua: UserAgent, transport: Transport, seconds: number) {
    this.#ua = ua;
    this.#transport = transport;
    this.#seconds = seconds;
  }

  /** Begins, or goes on with another destination; `undefined` ends it. */
  follow(destination: Endpoint | undefined): void {
    this.#destination = destination;
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
    const pause = 1000 * this.#seconds * (0.8 + 0.2 * this.#ua.random());
    return clock.at(clock.now() + pause, () => {
      this.#alarm = undefined;
      if (this.#destination === undefined) return;
      // One that is lost is nothing; a transport that is broken shows in the next REGISTER.
      this.#transport.send(PING, this.#destination).catch(() => {});
      this.#alarm = this.#wait();
    });
  }
}
