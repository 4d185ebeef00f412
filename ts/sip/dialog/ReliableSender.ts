import type { Timers } from "../transaction/timers.ts";

/**
 * Reliable provisional responses to one INVITE (RFC 3262 §3):
 *
 * ```
 *             submit: send                              final response
 *   idle ──────────────────▶ waiting ◀─┐ ─────────────────────────────▶ closed
 *    ▲                        │ │ │    │ T1, 2·T1, 4·T1 …: send again
 *    │   PRACK, none queued   │ │ └────┘ PRACK: send the next one
 *    └────────────────────────┘ │
 *                               │ 64·T1 without PRACK
 *                               ▼
 *                             failed: the INVITE is refused with 5xx
 * ```
 *
 * After the final response a PRACK for what was on its way is still welcome.
 */
export type ReliableSenderState = "idle" | "waiting" | "failed" | "closed";

/** One at a time: RFC 3262 §3 demands it of the first, and a lost one would hold up the others anyway. */
interface Item<Response> {
  readonly build: (number: number) => Response;
  /** Whether it carries a session description, which holds back the 2xx. */
  readonly describes: boolean;
}

interface Outstanding<Response> {
  readonly number: number;
  readonly response: Response;
  readonly describes: boolean;
}

/** What the machine asks for. */
export type ReliableSenderAction<Response> = { readonly kind: "send"; readonly response: Response } | { readonly kind: "giveUp" };

/** Sans I/O. */
export class ReliableSender<Response> {
  readonly #timers: Timers;
  readonly #queue: Item<Response>[] = [];
  #state: ReliableSenderState = "idle";
  #number: number;
  #outstanding: Outstanding<Response> | undefined;
  #interval = 0;
  #resendAt = 0;
  #giveUpAt = 0;

  /** @param first the RSeq of the first response: 1 to 2^31 - 1, at random (RFC 3262 §3) */
  constructor(timers: Timers, first: number) {
    this.#timers = timers;
    this.#number = first;
  }

  get state(): ReliableSenderState {
    return this.#state;
  }

  /** Whether RFC 3262 §3 forbids to send the 2xx now: a session description has not been acknowledged. */
  get holdsBack(): boolean {
    return this.#state === "waiting" && (this.#outstanding?.describes === true || this.#queue.some(({ describes }) => describes));
  }

  get nextTimeout(): number | undefined {
    return this.#state === "waiting" ? Math.min(this.#resendAt, this.#giveUpAt) : undefined;
  }

  /** A response is to be sent, as soon as those before it are acknowledged. */
  submit(item: Item<Response>, now: number): ReliableSenderAction<Response>[] {
    if (this.#state === "failed" || this.#state === "closed") return [];
    this.#queue.push(item);
    return this.#state === "idle" ? this.#sendNext(now) : [];
  }

  /** A PRACK has come. @returns undefined when it acknowledges nothing that is on its way: to be answered 481 */
  acknowledge(number: number, now: number): { readonly describes: boolean; readonly actions: ReliableSenderAction<Response>[] } | undefined {
    const outstanding = this.#outstanding;
    if (outstanding === undefined || number !== outstanding.number) return undefined;
    this.#outstanding = undefined;
    const actions = this.#state === "waiting" ? this.#sendNext(now) : [];
    return { describes: outstanding.describes, actions };
  }

  elapse(now: number): ReliableSenderAction<Response>[] {
    const outstanding = this.#outstanding;
    if (this.#state !== "waiting" || outstanding === undefined) return [];
    if (now >= this.#giveUpAt) {
      this.#state = "failed";
      return [{ kind: "giveUp" }];
    }
    if (now < this.#resendAt) return [];
    this.#interval *= 2;
    this.#resendAt = now + this.#interval;
    return [{ kind: "send", response: outstanding.response }];
  }

  /** A final response is being sent: nothing more is repeated, what is queued is not sent. */
  close(): void {
    this.#queue.length = 0;
    this.#state = "closed";
  }

  #sendNext(now: number): ReliableSenderAction<Response>[] {
    const item = this.#queue.shift();
    if (item === undefined) {
      this.#state = "idle";
      return [];
    }
    const number = this.#number;
    this.#number += 1;
    const response = item.build(number);
    this.#outstanding = { number, response, describes: item.describes };
    this.#state = "waiting";
    this.#interval = this.#timers.t1;
    this.#resendAt = now + this.#interval;
    this.#giveUpAt = now + 64 * this.#timers.t1;
    return [{ kind: "send", response }];
  }
}
