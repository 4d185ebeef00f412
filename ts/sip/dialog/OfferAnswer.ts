/**
 * Where the offer/answer exchange of one dialog stands (RFC 3264, RFC 6337 §2.2):
 *
 * ```
 *                  we offer                     the far end offers
 *        ┌───────────────────────── settled ─────────────────────────┐
 *        ▼                           ▲   ▲                           ▼
 *      local ── answered, refused ───┘   └── answered, refused ── remote
 * ```
 *
 * An INVITE, a re-INVITE, a PRACK or an UPDATE may carry the offer; what answers it is the session's knowledge.
 */
export type OfferState = "settled" | "local" | "remote";

/** Sans I/O; one for each dialog, since the branches of a forked INVITE negotiate each for itself. */
export class OfferAnswer {
  /** Called when an offer has been answered or refused. */
  onSettled: (() => void) | undefined;
  #state: OfferState = "settled";
  #rounds = 0;

  get state(): OfferState {
    return this.#state;
  }

  /** How many offers there have been. */
  get rounds(): number {
    return this.#rounds;
  }

  /** Somebody makes an offer. One at a time: a second one by the same side changes nothing. */
  offer(by: "local" | "remote"): void {
    if (this.#state !== "settled") return;
    this.#state = by;
    this.#rounds += 1;
  }

  /** The offer has been answered, refused, or its message has got lost for good. */
  settle(): void {
    if (this.#state === "settled") return;
    this.#state = "settled";
    this.onSettled?.();
  }
}
