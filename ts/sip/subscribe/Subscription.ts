import type { Alarm } from "../../time/clock.ts";
import { Dialog } from "../dialog/Dialog.ts";
import { inDialog } from "../dialog/inDialog.ts";
import { transact } from "../dialog/OutgoingRequest.ts";
import type { UserAgent } from "../dialog/UserAgent.ts";
import type { SIPRequest } from "../message/SIPRequest.ts";
import type { SIPResponse } from "../message/SIPResponse.ts";
import { eventOf, subscriptionStateOf } from "../refer/event.ts";

/**
 * RFC 6665 §4.1.2:
 *
 * ```
 *            NOTIFY                 unsubscribe()
 *  pending ─────────────▶ active ─────────────────▶ ending
 *     │  ▲                 │  └─ SUBSCRIBE at 90 % ─┘  │
 *     │  └ NOTIFY pending ─┘                           │ NOTIFY terminated, or none in 64*T1
 *     │ refused, silence   │ NOTIFY terminated, 481,   ▼
 *     └────────────────────┴ expired ───────────▶ terminated
 * ```
 */
export type SubscriptionPhase = "pending" | "active" | "ending" | "terminated";

/** Why a subscription is over. */
export interface SubscriptionEnd {
  /** `local`: `unsubscribe()` or the client's end; `refused`: by `status`; `notifier`: its NOTIFY says so; `timeout`: nothing was heard in time. */
  readonly cause: "local" | "refused" | "notifier" | "timeout" | "error";
  readonly status?: number;
  /** The reason phrase, or the reason that Subscription-State gives: `deactivated`, `noresource`, `rejected`… */
  readonly reason?: string;
  readonly error?: Error;
}

/** @internal */
export interface SubscriptionParts {
  readonly event: string;
  /** The SUBSCRIBE as its first attempt goes out. */
  readonly template: SIPRequest;
  /** Seconds. */
  readonly expires: number;
  readonly response: Promise<SIPResponse>;
  /** Hears each NOTIFY while the subscription has no `onNotify` of its own. */
  readonly notified: (notify: SIPRequest) => void;
  readonly over: (subscription: Subscription) => void;
}

/** The part of its time after which a subscription is refreshed: the rest leaves a lost SUBSCRIBE room. */
const REFRESH_AFTER = 0.9;

/** A subscription of ours to an event package (RFC 6665), kept until one side ends it. One dialog: further forks are refused with 481. */
export class Subscription {
  readonly event: string;
  /** Settles when it is over; never rejects. */
  readonly ended: Promise<SubscriptionEnd>;
  /** Each NOTIFY, its 200 already sent; the last one included. Absent: the client's `onNotify`. */
  onNotify: ((notify: SIPRequest) => void) | undefined;

  readonly #ua: UserAgent;
  readonly #parts: SubscriptionParts;
  #phase: SubscriptionPhase = "pending";
  #dialog: Dialog | undefined;
  #sequence: number;
  #expires: number;
  #expiresAt = Number.POSITIVE_INFINITY;
  #alarm: Alarm | undefined;
  #settle: (end: SubscriptionEnd) => void = () => {};

  /** @internal */
  constructor(ua: UserAgent, parts: SubscriptionParts) {
    this.#ua = ua;
    this.#parts = parts;
    this.event = parts.event;
    this.#expires = parts.expires;
    this.#sequence = parts.template.cseq.sequence;
    this.ended = new Promise((resolve) => {
      this.#settle = resolve;
    });
    ua.usages.add(this);
    this.#await(parts.response, parts.expires);
  }

  get state(): SubscriptionPhase {
    return this.#phase;
  }

  /** Ends it: SUBSCRIBE with `Expires: 0`, then the last NOTIFY. Settles when it is over. */
  async unsubscribe(): Promise<SubscriptionEnd> {
    if (this.#phase === "pending" && this.#dialog === undefined) this.#end({ cause: "local" });
    if (this.#phase !== "ending" && this.#phase !== "terminated") {
      this.#phase = "ending";
      this.#send(0);
      this.#wait(64 * this.#ua.timers.t1, () => this.#end({ cause: "local" }));
    }
    return this.ended;
  }

  /** Asks for another term at once, and tells where we are now. */
  refresh(): void {
    if (this.#dialog !== undefined && (this.#phase === "active" || this.#phase === "pending")) this.#send(this.#expires);
  }

  /** @internal Whether a NOTIFY under our Call-ID and tag is about this subscription. */
  matches(notify: SIPRequest): boolean {
    if (this.#phase === "terminated" || eventOf(notify)?.type !== eventType(this.event)) return false;
    return this.#dialog === undefined || this.#dialog.remoteTag === notify.from.tag;
  }

  /** @internal Its 200 has been sent. */
  receive(notify: SIPRequest): void {
    // RFC 6665 §4.4.1: the first NOTIFY makes the dialog; it may come before the 200 to the SUBSCRIBE.
    this.#dialog ??= Dialog.fromRequest(notify, this.#parts.template.from.tag ?? "");
    if (!this.#dialog.accept(notify)) return;
    this.#dialog.confirm();
    this.#dialog.refreshTarget(notify);
    const told = subscriptionStateOf(notify);
    try {
      if (this.onNotify === undefined) this.#parts.notified(notify);
      else this.onNotify(notify);
    } catch (error) {
      this.#ua.report(error);
    }
    if (told?.state === "terminated") {
      this.#end({ cause: this.#phase === "ending" ? "local" : "notifier", ...(told.reason === undefined ? {} : { reason: told.reason }) });
    } else if (this.#phase !== "ending") {
      this.#phase = told?.state === "pending" ? "pending" : "active";
      this.#keep(told?.expires ?? this.#expires);
    }
  }

  /** @internal The client is being stopped. */
  abandon(): void {
    this.#end({ cause: "local" });
  }

  #send(expires: number): void {
    const dialog = this.#dialog;
    if (dialog === undefined) return;
    const next = (): number => (this.#sequence += 1);
    const { template } = this.#parts;
    const headers = ["Event", "Accept"].flatMap((name) => template.headers.getAll(name).map((value): [string, string] => [name, value]));
    const options = {
      headers: [...headers, ["Expires", String(expires)] as const],
      get sequence() {
        return next(); // each attempt needs its own
      },
    };
    this.#await(transact(this.#ua, { ...inDialog(this.#ua, dialog, "SUBSCRIBE", options), method: "SUBSCRIBE" }), expires);
  }

  #await(response: Promise<SIPResponse>, asked: number): void {
    response.then(
      (answer) => this.#answered(answer, asked),
      (error: unknown) => this.#failed(error instanceof Error ? error : new Error(String(error))),
    );
  }

  #answered(response: SIPResponse, asked: number): void {
    if (this.#phase === "terminated") return;
    this.#sequence = Math.max(this.#sequence, response.cseq.sequence);
    const { statusCode: status, reason } = response;
    const granted = response.expires ?? asked;
    if (response.isSuccess) {
      if (this.#phase === "ending") return;
      if (this.#dialog !== undefined) this.#keep(Math.min(granted, asked));
      // RFC 6665 §4.1.2.4, timer N: a 2xx without any NOTIFY is no subscription.
      else this.#wait(64 * this.#ua.timers.t1, () => this.#end({ cause: "timeout" }));
      return;
    }
    const least = Number.parseInt(response.headers.get("Min-Expires") ?? "", 10);
    if (status === 423 && least > this.#expires && this.#dialog !== undefined && this.#phase !== "ending") {
      this.#expires = least;
      this.#send(least);
    } else if (this.#dialog === undefined || status === 481 || this.#phase === "ending") {
      this.#end({ cause: this.#phase === "ending" ? "local" : "refused", status, reason });
    }
    // Any other refusal leaves it as it was (§4.1.2.3): until it expires.
  }

  #failed(error: Error): void {
    if (this.#dialog === undefined || this.#phase === "ending") this.#end({ cause: this.#phase === "ending" ? "local" : "error", error });
  }

  /** It holds for so many seconds from now. */
  #keep(seconds: number): void {
    const now = this.#ua.clock.now();
    this.#expiresAt = now + 1000 * seconds;
    this.#wait(1000 * seconds * REFRESH_AFTER, () => {
      this.#wait(this.#expiresAt - this.#ua.clock.now(), () => this.#end({ cause: "timeout" }));
      this.#send(this.#expires);
    });
  }

  #wait(milliseconds: number, then: () => void): void {
    this.#alarm?.cancel();
    const { clock } = this.#ua;
    this.#alarm = clock.at(clock.now() + milliseconds, then);
  }

  #end(end: SubscriptionEnd): void {
    if (this.#phase === "terminated") return;
    this.#phase = "terminated";
    this.#alarm?.cancel();
    this.#dialog?.terminate();
    this.#ua.usages.delete(this);
    this.#parts.over(this);
    this.#settle(end);
  }
}

/** The package of an Event header's value. */
function eventType(event: string): string {
  return (event.split(";")[0] ?? "").trim().toLowerCase();
}
