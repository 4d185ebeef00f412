import { type ClientAction, earlier, isDue, type Machine, type ResponseLike } from "./machine.ts";
import type { Timers } from "./timers.ts";

/**
 * RFC 3261 §17.1.2, Figure 6.
 *
 * ```
 *                    | request from the user: send it
 *   E fires:         v
 *   send again   +--------+  F fires, transport error: tell the user
 *          +-----| Trying |--------------------------------------------+
 *          +---->|        |                                            |
 *                +--------+                                            |
 *     200-699:     |    | 1xx: deliver                                 |
 *     deliver      |    v                                              |
 *                  |  +------------+ F fires, transport error:         |
 *   E fires:       |  |            |   tell the user                   |
 *   send again +---|--| Proceeding |---------------------------------->|
 *              +---|->|            |--+                                |
 *                  |  +------------+<-+ 1xx: deliver                   |
 *                  |    | 200-699: deliver                             |
 *                  v    v                                              |
 *                +-----------+                                         |
 *                | Completed |                                         |
 *                +-----------+                                         |
 *                  | K fires                                           |
 *                  v                                                   v
 *                +-------------------------------------------------------+
 *                |                      Terminated                       |
 *                +-------------------------------------------------------+
 * ```
 */
export type NonInviteClientState = "Trying" | "Proceeding" | "Completed" | "Terminated";

/** The client transaction of every method but INVITE and ACK, sans I/O. Begin with {@link start}. */
export class NonInviteClient<Response extends ResponseLike> implements Machine<ClientAction<Response>> {
  readonly #timers: Timers;
  readonly #reliable: boolean;
  #state: NonInviteClientState = "Trying";
  /** Timer E: the next retransmission, and the interval that led to it. */
  #resendAt: number | undefined;
  #resendInterval: number;
  /** Timer F, then timer K. */
  #endAt: number | undefined;

  constructor(timers: Timers, reliable: boolean) {
    this.#timers = timers;
    this.#reliable = reliable;
    this.#resendInterval = timers.t1;
  }

  get state(): NonInviteClientState {
    return this.#state;
  }

  get nextTimeout(): number | undefined {
    return earlier(this.#resendAt, this.#endAt);
  }

  start(now: number): ClientAction<Response>[] {
    if (!this.#reliable) this.#resendAt = now + this.#resendInterval;
    this.#endAt = now + 64 * this.#timers.t1;
    return [{ kind: "send" }];
  }

  receive(response: Response, now: number): ClientAction<Response>[] {
    if (this.#state === "Completed" || this.#state === "Terminated") return [];
    if (response.statusCode < 200) {
      // Timer E runs on as it was set; it is its next firing that finds the new state.
      this.#state = "Proceeding";
      return [{ kind: "deliver", response }];
    }
    this.#resendAt = undefined;
    if (this.#reliable) {
      // Timer K is 0.
      return [{ kind: "deliver", response }, ...this.#terminate()];
    }
    this.#state = "Completed";
    this.#endAt = now + this.#timers.t4;
    return [{ kind: "deliver", response }];
  }

  elapse(now: number): ClientAction<Response>[] {
    if (isDue(this.#endAt, now)) {
      return this.#state === "Completed" ? this.#terminate() : [{ kind: "timeout" }, ...this.#terminate()];
    }
    if (isDue(this.#resendAt, now)) {
      this.#resendInterval = this.#state === "Proceeding" ? this.#timers.t2 : Math.min(2 * this.#resendInterval, this.#timers.t2);
      this.#resendAt = now + this.#resendInterval;
      return [{ kind: "send" }];
    }
    return [];
  }

  fail(error: Error): ClientAction<Response>[] {
    if (this.#state === "Completed" || this.#state === "Terminated") return [];
    return [{ kind: "transportError", error }, ...this.#terminate()];
  }

  #terminate(): ClientAction<Response>[] {
    this.#state = "Terminated";
    this.#resendAt = undefined;
    this.#endAt = undefined;
    return [{ kind: "terminate" }];
  }
}
