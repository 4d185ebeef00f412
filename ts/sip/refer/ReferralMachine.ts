import type { ReferProgress } from "./sipfrag.ts";
import type { SubscriptionState } from "./event.ts";

/** How a REFER of ours ended. */
export interface ReferOutcome {
  /** Whether the far end reached its target; undefined when nobody told (no subscription, or it ended before the last word). */
  readonly success: boolean | undefined;
  /** The referred request's final status; else the REFER's own, or the last that was heard; 408 for silence. */
  readonly status: number;
  readonly reason: string;
}

/**
 * What becomes of a REFER that we sent (RFC 3515 §2.4, RFC 4488), with the subscription that comes with it:
 *
 * ```
 *              REFER
 *                │
 *                ▼     3xx–6xx, no response; 2xx with Refer-Sub: false
 *              asked ─────────────────────────────────────────────────┐
 *                │ 2xx, or a NOTIFY that overtook it                  │
 *                ▼                                                    │
 *   NOTIFY ┌▶ subscribed ─── NOTIFY: terminated; silence ────────────▶│
 *     1xx  └──── │                                                    │
 *                │ NOTIFY with a final status, still active           ▼
 *                ▼                                                  over
 *              told ──────── NOTIFY: terminated; silence ────────────▶
 * ```
 */
export type ReferralState = "asked" | "subscribed" | "told" | "over";

/** Seconds that a subscription lasts whose NOTIFY does not say: as long as a phone rings, and some more. */
const DEFAULT_EXPIRES = 300;
/** A peer that promises longer is not waited for. */
const LONGEST_EXPIRES = 3600;

/** Sans I/O; times in milliseconds. */
export class ReferralMachine {
  /** 64*T1: how long the first NOTIFY may take (RFC 6665 §4.1.2.4, timer N). */
  readonly #patience: number;
  #state: ReferralState = "asked";
  #outcome: ReferOutcome | undefined;
  #last: ReferProgress = { status: 100, reason: "Trying" };
  #expiresAt: number | undefined;

  constructor(patience: number) {
    this.#patience = patience;
  }

  get state(): ReferralState {
    return this.#state;
  }

  get outcome(): ReferOutcome | undefined {
    return this.#outcome;
  }

  get nextTimeout(): number | undefined {
    return this.#expiresAt;
  }

  /** @param subscribed false when the 2xx says Refer-Sub: false */
  accepted(response: ReferProgress, subscribed: boolean, now: number): void {
    if (this.#state !== "asked") return;
    if (subscribed) {
      this.#state = "subscribed";
      this.#expiresAt = now + this.#patience;
    } else {
      this.#end({ success: undefined, ...response });
    }
  }

  /** The REFER was refused, or has got no response. */
  refused(response: ReferProgress): void {
    if (this.#state === "asked") this.#end({ success: false, ...response });
  }

  notified(progress: ReferProgress | undefined, subscription: SubscriptionState | undefined, now: number): void {
    if (this.#state === "over") return;
    if (progress !== undefined) this.#last = progress;
    if (progress !== undefined && progress.status >= 200) {
      this.#outcome ??= { success: progress.status < 300, ...progress };
      this.#state = "told";
    } else if (this.#state === "asked") {
      this.#state = "subscribed";
    }
    if (subscription?.state === "terminated") {
      this.#end({ success: undefined, status: this.#last.status, reason: subscription.reason ?? this.#last.reason });
    } else {
      this.#expiresAt = now + 1000 * Math.min(subscription?.expires ?? DEFAULT_EXPIRES, LONGEST_EXPIRES);
    }
  }

  /** The call in which it was sent is over: what the far end still has to say must come soon. */
  callEnded(now: number): void {
    if (this.#state === "over") return;
    this.#expiresAt = Math.min(this.#expiresAt ?? Number.POSITIVE_INFINITY, now + this.#patience);
  }

  elapse(now: number): void {
    if (this.#expiresAt === undefined || now < this.#expiresAt) return;
    this.#end({ success: undefined, status: 408, reason: "Request Timeout" });
  }

  /** Waits no longer. */
  abandon(): void {
    this.#end({ success: undefined, status: this.#last.status, reason: this.#last.reason });
  }

  #end(outcome: ReferOutcome): void {
    if (this.#state === "over") return;
    this.#outcome ??= outcome;
    this.#state = "over";
    this.#expiresAt = undefined;
  }
}
