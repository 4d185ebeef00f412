import { earlier, isDue, type Machine, type RequestLike, type ResponseLike, type ServerAction } from "./machine.ts";
import type { Timers } from "./timers.ts";

/**
 * RFC 3261 §17.2.1, Figure 7, with the Accepted state of RFC 6026 §7.1.
 *
 * ```
 *                          | INVITE: to the user; 100 Trying if it keeps silent for 200 ms
 *                          v
 *   INVITE again:   +------------+
 *   send last 1xx +-| Proceeding |-+ 1xx from the user: send
 *                 +>|            |<+
 *                   +------------+
 *   300-699 from the user: |  | 2xx from the user: send
 *   send                   |  +----------------------------+
 *                          v                               v
 *   INVITE again,   +-----------+                   +----------+ INVITE again: -
 *   G fires:      +-| Completed |                   | Accepted |-+ ACK: to the user
 *   send again    +>|           |--+                |          |<+ 2xx from the user: send
 *                   +-----------+  |                +----------+
 *                      | ACK       | H fires:              | L fires
 *                      v           | tell the user         |
 *                   +-----------+  |                       |
 *   ACK, INVITE   +-| Confirmed |  |                       |
 *   again: -      +>|           |  |                       |
 *                   +-----------+  |                       |
 *                      | I fires   |                       |
 *                      v           v                       v
 *                   +--------------------------------------------------+
 *                   |                    Terminated                    |
 *                   +--------------------------------------------------+
 * ```
 * A transport error is told to the user and changes no state, so that an INVITE sent again is still recognised (RFC 6026 §7.1,
 * where RFC 3261 terminated).
 */
export type InviteServerState = "Proceeding" | "Completed" | "Confirmed" | "Accepted" | "Terminated";

/**
 * The INVITE server transaction, sans I/O. Begin with {@link start}; the INVITE itself goes to the user by the shell's hands.
 * A 2xx is sent again by the user (RFC 3261 §13.3.1.4), through {@link respond}, not by a timer here.
 */
export class InviteServer<Request extends RequestLike, Response extends ResponseLike>
  implements Machine<ServerAction<Request, Response>>
{
  readonly #timers: Timers;
  readonly #reliable: boolean;
  #state: InviteServerState = "Proceeding";
  #lastResponse: Response | undefined;
  /** When to send 100 Trying, until the user has said anything. */
  #tryingAt: number | undefined;
  /** Timer G: the next retransmission, and the interval that led to it. */
  #resendAt: number | undefined;
  #resendInterval: number;
  /** Timers H, I and L, of which at most one runs at a time. */
  #endAt: number | undefined;

  constructor(timers: Timers, reliable: boolean) {
    this.#timers = timers;
    this.#reliable = reliable;
    this.#resendInterval = timers.t1;
  }

  get state(): InviteServerState {
    return this.#state;
  }

  get lastResponse(): Response | undefined {
    return this.#lastResponse;
  }

  get nextTimeout(): number | undefined {
    return earlier(earlier(this.#tryingAt, this.#resendAt), this.#endAt);
  }

  start(now: number): void {
    this.#tryingAt = now + this.#timers.trying;
  }

  /** An INVITE or ACK that matches this transaction has come. */
  receive(request: Request, now: number): ServerAction<Request, Response>[] {
    if (request.method === "ACK") return this.#receiveAck(request, now);
    // In Accepted the user resends the 2xx by its own timer, whatever comes; in Confirmed all has been said.
    const answersAgain = this.#state === "Proceeding" || this.#state === "Completed";
    return answersAgain && this.#lastResponse ? [{ kind: "send", response: this.#lastResponse }] : [];
  }

  /** The user answers. What comes too late for the state is not sent. */
  respond(response: Response, now: number): ServerAction<Request, Response>[] {
    const status = response.statusCode;
    if (this.#state === "Accepted" && status >= 200 && status < 300) return [{ kind: "send", response }];
    if (this.#state !== "Proceeding") return [];
    this.#lastResponse = response;
    this.#tryingAt = undefined;
    if (status >= 300) {
      this.#state = "Completed";
      if (!this.#reliable) this.#resendAt = now + this.#resendInterval;
      this.#endAt = now + 64 * this.#timers.t1;
    } else if (status >= 200) {
      // It is the user's to send again.
      this.#lastResponse = undefined;
      this.#state = "Accepted";
      this.#endAt = now + 64 * this.#timers.t1;
    }
    return [{ kind: "send", response }];
  }

  elapse(now: number): ServerAction<Request, Response>[] {
    if (isDue(this.#endAt, now)) {
      const unacknowledged = this.#state === "Completed";
      this.#terminate();
      return unacknowledged ? [{ kind: "timeout" }, { kind: "terminate" }] : [{ kind: "terminate" }];
    }
    if (isDue(this.#tryingAt, now)) {
      this.#tryingAt = undefined;
      return [{ kind: "trying" }];
    }
    if (isDue(this.#resendAt, now) && this.#lastResponse) {
      this.#resendInterval = Math.min(2 * this.#resendInterval, this.#timers.t2);
      this.#resendAt = now + this.#resendInterval;
      return [{ kind: "send", response: this.#lastResponse }];
    }
    return [];
  }

  fail(error: Error): ServerAction<Request, Response>[] {
    return this.#state === "Terminated" ? [] : [{ kind: "transportError", error }];
  }

  #receiveAck(ack: Request, now: number): ServerAction<Request, Response>[] {
    // An ACK to a 2xx has a branch of its own and matches no transaction, except from peers that reuse the INVITE's.
    if (this.#state === "Accepted") return [{ kind: "acknowledged", request: ack }];
    if (this.#state !== "Completed") return [];
    this.#resendAt = undefined;
    if (this.#reliable) {
      // Timer I is 0.
      this.#terminate();
      return [{ kind: "terminate" }];
    }
    this.#state = "Confirmed";
    this.#lastResponse = undefined;
    this.#endAt = now + this.#timers.t4;
    return [];
  }

  #terminate(): void {
    this.#state = "Terminated";
    this.#tryingAt = undefined;
    this.#resendAt = undefined;
    this.#endAt = undefined;
  }
}
