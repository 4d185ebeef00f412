import { type ClientAction, earlier, isDue, type Machine, type ResponseLike } from "./machine.ts";
import type { Timers } from "./timers.ts";

/**
 * RFC 3261 §17.1.1, Figure 5, with the Accepted state of RFC 6026 §7.2.
 *
 * ```
 *                    | INVITE from the user: send it
 *   A fires:         v
 *   send again   +---------+  B fires, transport error: tell the user
 *          +-----| Calling |-------------------------------------------------+
 *          +---->|         |--- 2xx: deliver --------------------------+     |
 *                +---------+                                           |     |
 *     300-699:     |     | 1xx: deliver                                |     |
 *     ACK, deliver |     v                                             |     |
 *                  |  +------------+--- 2xx: deliver ----------------->|     |
 *                  |  | Proceeding |<-+                                |     |
 *                  |  |            |--+ 1xx: deliver                   |     |
 *                  |  +------------+--- cancelled, 64*T1: timeout -----|---->|
 *                  |     | 300-699: ACK, deliver                       v     |
 *                  v     v                                     +----------+  |
 *                +-----------+                     2xx:     +--| Accepted |  |
 *   300-699: +---| Completed |                     deliver  +->|          |  |
 *   ACK      +-->|           |                                 +----------+  |
 *                +-----------+                                         |     |
 *                  | D fires, or transport error: tell the user        |     |
 *                  v                                         M fires   v     v
 *                +------------------------------------------------------------+
 *                |                         Terminated                         |
 *                +------------------------------------------------------------+
 * ```
 */
export type InviteClientState = "Calling" | "Proceeding" | "Completed" | "Accepted" | "Terminated";

/** The INVITE client transaction, sans I/O. Begin with {@link start}. */
export class InviteClient<Response extends ResponseLike> implements Machine<ClientAction<Response>> {
  readonly #timers: Timers;
  readonly #reliable: boolean;
  #state: InviteClientState = "Calling";
  /** Timer A: the next retransmission, and the interval that led to it. */
  #resendAt: number | undefined;
  #resendInterval: number;
  /** Timers B, D and M, of which at most one runs at a time, and the end of the wait after a CANCEL. */
  #endAt: number | undefined;

  constructor(timers: Timers, reliable: boolean) {
    this.#timers = timers;
    this.#reliable = reliable;
    this.#resendInterval = timers.t1;
  }

  get state(): InviteClientState {
    return this.#state;
  }

  get nextTimeout(): number | undefined {
    return earlier(this.#resendAt, this.#endAt);
  }

  /** Whether a CANCEL may go out now: only after a provisional response and before a final one (RFC 3261 §9.1). */
  get cancellable(): boolean {
    return this.#state === "Proceeding";
  }

  start(now: number): ClientAction<Response>[] {
    if (!this.#reliable) this.#resendAt = now + this.#resendInterval;
    this.#endAt = now + 64 * this.#timers.t1;
    return [{ kind: "send" }];
  }

  receive(response: Response, now: number): ClientAction<Response>[] {
    const status = response.statusCode;
    switch (this.#state) {
      case "Calling":
      case "Proceeding":
        if (status >= 300) return this.#complete(response, now);
        if (status >= 200) {
          this.#enter("Accepted", now + 64 * this.#timers.t1);
        } else if (this.#state === "Calling") {
          // From here on an INVITE may ring for as long as it likes: RFC 3261 has no timer in Proceeding.
          this.#enter("Proceeding", undefined);
        }
        return [{ kind: "deliver", response }];
      case "Accepted":
        // More 2xx: the first one again because its ACK was lost, or another branch of a fork. The user ACKs each.
        return status >= 200 && status < 300 ? [{ kind: "deliver", response }] : [];
      case "Completed":
        return status >= 300 ? [{ kind: "acknowledge", response }] : [];
      default:
        return [];
    }
  }

  /** A CANCEL has gone out: when no final response follows in 64*T1, the INVITE is over all the same (RFC 3261 §9.1). */
  cancelled(now: number): void {
    if (this.#state === "Proceeding") this.#endAt ??= now + 64 * this.#timers.t1;
  }

  elapse(now: number): ClientAction<Response>[] {
    if (isDue(this.#endAt, now)) {
      const timedOut = this.#state === "Calling" || this.#state === "Proceeding";
      this.#enter("Terminated", undefined);
      return timedOut ? [{ kind: "timeout" }, { kind: "terminate" }] : [{ kind: "terminate" }];
    }
    if (isDue(this.#resendAt, now)) {
      this.#resendInterval *= 2;
      this.#resendAt = now + this.#resendInterval;
      return [{ kind: "send" }];
    }
    return [];
  }

  fail(error: Error): ClientAction<Response>[] {
    // Nothing is sent in the other states; an INVITE whose send fails late, when an answer has come, has not failed.
    if (this.#state !== "Calling" && this.#state !== "Completed") return [];
    this.#enter("Terminated", undefined);
    return [{ kind: "transportError", error }, { kind: "terminate" }];
  }

  /** The connection is lost for good that would have brought the final response (RFC 3261 §17.1.4). */
  disconnect(error: Error): ClientAction<Response>[] {
    if (this.#state !== "Calling" && this.#state !== "Proceeding") return [];
    this.#enter("Terminated", undefined);
    return [{ kind: "transportError", error }, { kind: "terminate" }];
  }

  #complete(response: Response, now: number): ClientAction<Response>[] {
    const actions: ClientAction<Response>[] = [
      { kind: "acknowledge", response },
      { kind: "deliver", response },
    ];
    if (this.#reliable) {
      // Timer D is 0: nobody resends on a reliable transport.
      this.#enter("Terminated", undefined);
      actions.push({ kind: "terminate" });
    } else {
      this.#enter("Completed", now + Math.max(this.#timers.d, 64 * this.#timers.t1));
    }
    return actions;
  }

  #enter(state: InviteClientState, endAt: number | undefined): void {
    this.#state = state;
    this.#resendAt = undefined;
    this.#endAt = endAt;
  }
}
