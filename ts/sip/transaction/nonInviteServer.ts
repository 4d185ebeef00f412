import { earlier, isDue, type Machine, type RequestLike, type ResponseLike, type ServerAction } from "./machine.ts";
import type { Timers } from "./timers.ts";

/**
 * RFC 3261 §17.2.2, Figure 8.
 *
 * ```
 *                          | request: to the user
 *                          v
 *                   +--------+ request again: -
 *                   | Trying |
 *                   +--------+
 *   200-699 from the user: |  | 1xx from the user: send
 *   send                   |  v
 *   request again:         | +------------+ transport error: tell the user
 *   send last 1xx        +-|-| Proceeding |------------------------------------+
 *   1xx from the user:   +-|>|            |                                    |
 *   send                   | +------------+                                    |
 *                          |  | 200-699 from the user: send                    |
 *                          v  v                                                |
 *   request again:  +-----------+ transport error: tell the user               |
 *   send final    +-| Completed |--------------------------------------------->|
 *   response      +>|           |                                              |
 *                   +-----------+                                              |
 *                      | J fires                                               |
 *                      v                                                       v
 *                   +------------------------------------------------------------+
 *                   |                         Terminated                         |
 *                   +------------------------------------------------------------+
 * ```
 * Beyond the figure, from RFC 4320: a user that has said nothing by the time the far end's timer E has grown to T2 is covered by
 * a 100 Trying (§4.1), and one that has given no final response by 64*T1, when the far end's timer F has fired, can answer
 * no more (§4.2): the transaction tells it so and terminates.
 */
export type NonInviteServerState = "Trying" | "Proceeding" | "Completed" | "Terminated";

/** The server transaction of every method but INVITE and ACK, sans I/O. Begin with {@link start}. */
export class NonInviteServer<Request extends RequestLike, Response extends ResponseLike>
  implements Machine<ServerAction<Request, Response>>
{
  readonly #timers: Timers;
  readonly #reliable: boolean;
  #state: NonInviteServerState = "Trying";
  #lastResponse: Response | undefined;
  #tryingAt: number | undefined;
  /** The far end's timer F, then our timer J. */
  #endAt: number | undefined;

  constructor(timers: Timers, reliable: boolean) {
    this.#timers = timers;
    this.#reliable = reliable;
  }

  get state(): NonInviteServerState {
    return this.#state;
  }

  get lastResponse(): Response | undefined {
    return this.#lastResponse;
  }

  get nextTimeout(): number | undefined {
    return earlier(this.#tryingAt, this.#endAt);
  }

  start(now: number): void {
    this.#tryingAt = now + timeUntilT2(this.#timers);
    this.#endAt = now + 64 * this.#timers.t1;
  }

  /** The same request has come again. */
  receive(): ServerAction<Request, Response>[] {
    return this.#lastResponse && this.#state !== "Terminated" ? [{ kind: "send", response: this.#lastResponse }] : [];
  }

  /** The user answers. What comes after its final response is not sent. */
  respond(response: Response, now: number): ServerAction<Request, Response>[] {
    if (this.#state === "Completed" || this.#state === "Terminated") return [];
    this.#lastResponse = response;
    this.#tryingAt = undefined;
    if (response.statusCode < 200) {
      this.#state = "Proceeding";
      return [{ kind: "send", response }];
    }
    if (this.#reliable) {
      // Timer J is 0.
      return [{ kind: "send", response }, ...this.#terminate()];
    }
    this.#state = "Completed";
    this.#endAt = now + 64 * this.#timers.t1;
    return [{ kind: "send", response }];
  }

  elapse(now: number): ServerAction<Request, Response>[] {
    if (isDue(this.#endAt, now)) {
      return this.#state === "Completed" ? this.#terminate() : [{ kind: "timeout" }, ...this.#terminate()];
    }
    if (isDue(this.#tryingAt, now)) {
      this.#tryingAt = undefined;
      return [{ kind: "trying" }];
    }
    return [];
  }

  fail(error: Error): ServerAction<Request, Response>[] {
    if (this.#state === "Terminated") return [];
    return [{ kind: "transportError", error }, ...this.#terminate()];
  }

  #terminate(): ServerAction<Request, Response>[] {
    this.#state = "Terminated";
    this.#tryingAt = undefined;
    this.#endAt = undefined;
    return [{ kind: "terminate" }];
  }
}

/** How long the far end's timer E takes from T1 to T2: 500 + 1000 + 2000 ms by default. */
function timeUntilT2({ t1, t2 }: Timers): number {
  let passed = 0;
  for (let interval = t1; interval < t2; interval *= 2) passed += interval;
  return passed;
}
