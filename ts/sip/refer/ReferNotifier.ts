import type { ReferProgress } from "./sipfrag.ts";

/** One NOTIFY to be sent. */
export interface ReferNotice extends ReferProgress {
  /** The value of Subscription-State. */
  readonly subscription: string;
}

/**
 * The notifying side of a REFER's subscription (RFC 3515 §2.4.4, RFC 6665 §4.2):
 *
 * ```
 *   accept: NOTIFY 100 Trying
 *        │
 *        ▼   progress: NOTIFY active
 *      active ◀─────────────────────┐
 *        │ └────────────────────────┘
 *        │ final status, expiry, unsubscribed: NOTIFY terminated
 *        ▼
 *      ending ── 200 to it, or none ──▶ over
 *        (from anywhere: a NOTIFY answered 481, or not at all ──▶ over)
 * ```
 *
 * NOTIFYs go one after the other, since one that overtakes another would be refused; of those that wait only the newest is sent.
 */
export type ReferNotifierState = "active" | "ending" | "over";

/** Sans I/O; times in milliseconds. */
export class ReferNotifier {
  #state: ReferNotifierState = "active";
  #expiresAt: number;
  #latest: ReferProgress = { status: 100, reason: "Trying" };
  #ending: "noresource" | "timeout" | undefined;
  #due = true;
  #sending = false;

  /** @param expires seconds */
  constructor(expires: number, now: number) {
    this.#expiresAt = now + 1000 * expires;
  }

  get state(): ReferNotifierState {
    return this.#state;
  }

  get nextTimeout(): number | undefined {
    return this.#state === "active" ? this.#expiresAt : undefined;
  }

  report(progress: ReferProgress): void {
    if (this.#state !== "active") return;
    this.#latest = progress;
    this.#due = true;
    if (progress.status >= 200) this.#end("noresource");
  }

  /** The subscriber wants it longer, or (0 seconds) no more. */
  resubscribe(expires: number, now: number): void {
    if (this.#state !== "active") return;
    this.#due = true;
    if (expires === 0) this.#end("timeout");
    else this.#expiresAt = now + 1000 * expires;
  }

  elapse(now: number): void {
    if (this.#state !== "active" || now < this.#expiresAt) return;
    this.#due = true;
    this.#end("timeout");
  }

  /** The NOTIFY to send now, if it is time for one. */
  next(now: number): ReferNotice | undefined {
    if (!this.#due || this.#sending || this.#state === "over") return undefined;
    this.#due = false;
    this.#sending = true;
    const rest = Math.max(0, Math.round((this.#expiresAt - now) / 1000));
    return { ...this.#latest, subscription: this.#ending === undefined ? `active;expires=${rest}` : `terminated;reason=${this.#ending}` };
  }

  /** The NOTIFY has been answered. @param status its final status; undefined when none came */
  answered(status: number | undefined): void {
    this.#sending = false;
    const last = this.#state === "ending" && !this.#due;
    // RFC 6665 §4.2.2: such a subscriber is gone. Other refusals may pass.
    if (last || status === undefined || status === 481 || status === 489) this.#state = "over";
  }

  abandon(): void {
    this.#state = "over";
  }

  #end(reason: "noresource" | "timeout"): void {
    this.#ending = reason;
    this.#state = "ending";
  }
}
