import type { Alarm } from "../../time/clock.ts";
import { RequestTimeoutError } from "../dialog/errors.ts";
import type { UserAgent } from "../dialog/UserAgent.ts";
import { reasonPhrase } from "../message/SIPStatus.ts";
import type { SIPRequest } from "../message/SIPRequest.ts";
import type { SIPResponse } from "../message/SIPResponse.ts";
import { eventOf, subscriptionStateOf } from "./event.ts";
import { type ReferOutcome, ReferralMachine } from "./ReferralMachine.ts";
import { type ReferProgress, progressOf } from "./sipfrag.ts";

export type { ReferOutcome } from "./ReferralMachine.ts";

/**
 * A REFER of ours, and what we hear of it.
 *
 * @example
 * const { success, status } = await call.refer("sip:carol@example.com").outcome;
 * if (success) await call.bye();
 */
export class Referral {
  /** The Refer-To that was sent. */
  readonly target: string;
  /** Whether the far end agreed to try: a 2xx to the REFER. Never rejects. */
  readonly accepted: Promise<boolean>;
  /** Settles with the last word about it; never rejects. */
  readonly outcome: Promise<ReferOutcome>;
  /** Each status that the far end tells, the final one included. */
  onProgress?: ((progress: ReferProgress) => void) | undefined;

  readonly #ua: UserAgent;
  readonly #machine: ReferralMachine;
  readonly #over: (referral: Referral) => void;
  #settle: (outcome: ReferOutcome) => void = () => {};
  /** The CSeq number of the REFER: the id of its subscription. Undefined until it is answered. */
  #sequence: number | undefined;
  #alarm: Alarm | undefined;
  #released = false;

  /** @internal @param over called once, when no NOTIFY is expected any more */
  constructor(ua: UserAgent, target: string, response: Promise<SIPResponse>, over: (referral: Referral) => void) {
    this.target = target;
    this.#ua = ua;
    this.#machine = new ReferralMachine(64 * ua.timers.t1);
    this.#over = over;
    this.outcome = new Promise((resolve) => {
      this.#settle = resolve;
    });
    this.accepted = response.then(
      ({ isSuccess }) => isSuccess,
      () => false,
    );
    ua.usages.add(this);
    response.then(
      (answer) => this.#answered(answer),
      (error: unknown) => this.#failed(error),
    );
  }

  /** Whether the far end may still send NOTIFYs. */
  get live(): boolean {
    return this.#machine.state !== "over";
  }

  /** @internal Whether a NOTIFY is about this REFER. Without an id it is about the only one, or the first (RFC 3515 §2.4.6). */
  matches(notify: SIPRequest): boolean {
    const event = eventOf(notify);
    if (event?.type !== "refer" || !this.live) return false;
    return event.id === undefined || this.#sequence === undefined || event.id === String(this.#sequence);
  }

  /** @internal A NOTIFY about this REFER; its 200 has been sent. */
  receive(notify: SIPRequest): void {
    const progress = progressOf(notify);
    this.#machine.notified(progress, subscriptionStateOf(notify), this.#ua.clock.now());
    if (progress !== undefined) {
      try {
        this.onProgress?.(progress);
      } catch (error) {
        this.#ua.report(error);
      }
    }
    this.#update();
  }

  /** @internal The call in which it was sent is over. */
  callEnded(): void {
    this.#machine.callEnded(this.#ua.clock.now());
    this.#update();
  }

  /** @internal The client is being stopped. */
  abandon(): void {
    this.#machine.abandon();
    this.#update();
  }

  #answered(response: SIPResponse): void {
    const { statusCode: status, reason } = response;
    this.#sequence = response.cseq.sequence;
    const subscribed = response.headers.get("Refer-Sub")?.trim().toLowerCase() !== "false";
    if (response.isSuccess) this.#machine.accepted({ status, reason }, subscribed, this.#ua.clock.now());
    else this.#machine.refused({ status, reason });
    this.#update();
  }

  #failed(error: unknown): void {
    const status = error instanceof RequestTimeoutError ? 408 : 503;
    this.#machine.refused({ status, reason: error instanceof Error ? error.message : reasonPhrase(status) });
    this.#update();
  }

  #update(): void {
    const { outcome, nextTimeout } = this.#machine;
    this.#alarm?.cancel();
    this.#alarm = undefined;
    if (outcome !== undefined) this.#settle(outcome);
    if (nextTimeout !== undefined) {
      const { clock } = this.#ua;
      this.#alarm = clock.at(nextTimeout, () => {
        this.#machine.elapse(clock.now());
        this.#update();
      });
    }
    if (this.live || this.#released) return;
    this.#released = true;
    this.#ua.usages.delete(this);
    this.#over(this);
  }
}
