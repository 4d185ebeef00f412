import { InvalidAccountInfoError } from "../errors.ts";
import { RegistrationError } from "./RegistrationError.ts";

/**
 * ```
 *              start()                        2xx
 *  inactive ───────────▶ registering ──────────────────▶ registered
 *     ▲                   │ ▲ ▲    ▲  90 % of the expiry      │
 *     │        refused or │ └─┘    └──────────────────────────┤
 *     │   silent, and has │ pause                             │ stop()
 *     │      never worked ▼                                   ▼
 *     │                 failed                          deregistering
 *     │       stop()      │                                   │ any answer, or none
 *     └───────────────────┴───────────────────────────────────┘
 * ```
 *
 * A refresh is `registering`, too, and so is the time between two attempts: the binding may be there, but it is not sure.
 * Once it has worked it never fails: it goes on for ever with pauses that grow to half an hour.
 */
export type RegistrationState = "inactive" | "registering" | "registered" | "deregistering" | "failed";

/** What is known about a change of the registration's state. */
export interface RegistrationInfo {
  /** The registrar's last final status. */
  readonly status?: number;
  readonly reason?: string;
  /** Why the last attempt failed. */
  readonly error?: Error;
  /** When the next attempt is due, by the client's clock (milliseconds). */
  readonly retryAt?: number;
}

/** What the machine asks of its shell. */
export type RegistrationAction =
  /** Send REGISTER for so many seconds; 0 takes the binding back. */
  | { readonly kind: "send"; readonly expires: number }
  /** Tell the user. */
  | { readonly kind: "state"; readonly state: RegistrationState; readonly info: RegistrationInfo };

/** A final response other than 2xx. */
export interface Refusal {
  readonly status: number;
  readonly reason: string;
  /** Min-Expires of a 423, seconds. */
  readonly minExpires?: number | undefined;
  /** Retry-After, seconds. */
  readonly retryAfter?: number | undefined;
}

export interface RegistrationMachineOptions {
  readonly server: string;
  readonly user: string;
  /** Seconds to ask for. */
  readonly expires: number;
  /** Attempts until a registration that has never worked is given up. */
  readonly failureThreshold: number;
  /** Uniform in [0, 1). */
  readonly random: () => number;
}

/** The part of the granted time after which the binding is refreshed: the rest leaves a lost REGISTER room for its retransmissions. */
const REFRESH_AFTER = 0.9;
/** Pauses after failures, in seconds: the first, doubled each time, up to the last (RFC 5626 §4.5). */
const FIRST_PAUSE = 30;
const LONGEST_PAUSE = 1800;
/** Somebody waits for start(): the attempts before it gives up follow each other faster. */
const FIRST_PAUSE_AT_START = 2;
/** A connection that does not last so many milliseconds is no accident. */
const CLOSED_TOO_SOON = 60_000;
/** These say that the account itself is wrong; asking again with the same credentials only gets us banned. */
const ACCOUNT_WRONG: ReadonlySet<number> = new Set([401, 403, 404, 407]);

/** A registration (RFC 3261 §10.2), sans I/O. At most one REGISTER is under way at a time (§10.2, last paragraph). */
export class RegistrationMachine {
  readonly #options: RegistrationMachineOptions;
  #state: RegistrationState = "inactive";
  #expires: number;
  /** What is under way. */
  #sent: "register" | "deregister" | undefined;
  #stopping = false;
  /** Our Contact has changed while a REGISTER is under way: as soon as that is over, another one goes out. */
  #again = false;
  /** A binding may exist at the registrar. */
  #bound = false;
  /** A 2xx has come since {@link start}. */
  #worked = false;
  #failures = 0;
  #acceptedAt = 0;
  #timeout: number | undefined;

  constructor(options: RegistrationMachineOptions) {
    this.#options = options;
    this.#expires = options.expires;
  }

  get state(): RegistrationState {
    return this.#state;
  }

  /** Whether a REGISTER waits for its answer. */
  get sending(): boolean {
    return this.#sent !== undefined;
  }

  /** When {@link elapse} is next due. */
  get nextTimeout(): number | undefined {
    return this.#timeout;
  }

  start(): RegistrationAction[] {
    if (this.#state !== "inactive" && this.#state !== "failed") return [];
    this.#expires = this.#options.expires;
    this.#failures = 0;
    this.#worked = false;
    this.#stopping = false;
    return this.#register();
  }

  /** Takes the binding back, after the answer to a REGISTER that is under way. */
  stop(): RegistrationAction[] {
    if (this.#state === "inactive" || this.#state === "deregistering") return [];
    this.#timeout = undefined;
    this.#stopping = true;
    if (this.#sent !== undefined) return [this.#enter("deregistering")];
    return this.#bound ? this.#deregister() : [this.#enter("inactive")];
  }

  /** Time has come to `now`. */
  elapse(now: number): RegistrationAction[] {
    if (this.#timeout === undefined || now < this.#timeout) return [];
    return this.#register();
  }

  /** Registers anew at once, because our Contact has changed. */
  refresh(): RegistrationAction[] {
    return this.#state === "registered" ? this.#register() : [];
  }

  /** The network has changed: whatever the registrar knows of us is worthless. Registers anew at once, or right after the REGISTER under way. */
  renew(): RegistrationAction[] {
    if (this.#state !== "registered" && this.#state !== "registering") return [];
    this.#failures = 0;
    if (this.#sent === undefined) return this.#register();
    this.#again = true;
    return [];
  }

  /**
   * The connection is gone over which the registrar reaches us: a new one is needed soon, though not from all its clients at once, nor over and
   * over from a server that closes what is idle (RFC 5626 §4.5).
   */
  disconnected(now: number): RegistrationAction[] {
    if (this.#state !== "registered" || this.#timeout === undefined) return [];
    const pause = now - this.#acceptedAt < CLOSED_TOO_SOON ? FIRST_PAUSE : FIRST_PAUSE_AT_START;
    this.#timeout = Math.min(this.#timeout, now + 1000 * pause * (0.5 + 0.5 * this.#options.random()));
    return [];
  }

  /** A 2xx has come. @param granted seconds for which our binding holds */
  accepted(granted: number, status: number, reason: string, now: number): RegistrationAction[] {
    const sent = this.#sent;
    this.#sent = undefined;
    this.#bound = sent === "register";
    if (this.#stopping) return this.#bound ? this.#deregister() : this.#over();
    this.#worked = true;
    this.#failures = 0;
    this.#acceptedAt = now;
    if (this.#again) return this.#register();
    this.#timeout = now + Math.max(1, granted * REFRESH_AFTER) * 1000;
    return [this.#enter("registered", { status, reason })];
  }

  /** Another final response has come. */
  refused(refusal: Refusal, now: number): RegistrationAction[] {
    const { status, reason, minExpires } = refusal;
    if (this.#stopping) return this.#giveBack();
    this.#sent = undefined;
    if (status === 423 && minExpires !== undefined && minExpires > this.#expires) {
      this.#expires = minExpires;
      return this.#register();
    }
    if (this.#again) return this.#register();
    const { server, user } = this.#options;
    const wrong = ACCOUNT_WRONG.has(status);
    const error = wrong
      ? new InvalidAccountInfoError(server, user, status, reason)
      : new RegistrationError(server, user, `the server answers ${status} ${reason}`, status, reason);
    return this.#failed(error, { status, reason, error }, now, wrong, refusal.retryAfter);
  }

  /** No final response has come, or the REGISTER did not leave. @param hopeless and trying again soon will not change it */
  silent(cause: Error, now: number, hopeless = false): RegistrationAction[] {
    if (this.#stopping) return this.#giveBack();
    this.#sent = undefined;
    if (this.#again) return this.#register();
    const { server, user } = this.#options;
    const error = new RegistrationError(server, user, cause.message, 408, "Request Timeout", { cause });
    return this.#failed(error, { error }, now, hopeless, undefined);
  }

  /** The REGISTER could not even be made: our own settings are at fault. */
  broken(error: Error, now: number): RegistrationAction[] {
    if (this.#stopping) return this.#giveBack();
    this.#sent = undefined;
    return this.#failed(error, { error }, now, true, undefined);
  }

  #failed(error: Error, info: RegistrationInfo, now: number, hopeless: boolean, retryAfter: number | undefined): RegistrationAction[] {
    this.#failures += 1;
    if (!this.#worked && (hopeless || this.#failures >= this.#options.failureThreshold)) {
      this.#timeout = undefined;
      return [this.#enter("failed", { ...info, error })];
    }
    // Half to all of it, so that a registrar that comes back is not met by all its phones at once.
    const pause = Math.min(LONGEST_PAUSE, (this.#worked ? FIRST_PAUSE : FIRST_PAUSE_AT_START) * 2 ** (this.#failures - 1));
    const seconds = Math.max(pause * (0.5 + 0.5 * this.#options.random()), Math.min(retryAfter ?? 0, LONGEST_PAUSE));
    this.#timeout = now + 1000 * seconds;
    return [this.#enter("registering", { ...info, retryAt: this.#timeout })];
  }

  #register(): RegistrationAction[] {
    this.#timeout = undefined;
    this.#again = false;
    this.#sent = "register";
    return [this.#enter("registering"), { kind: "send", expires: this.#expires }];
  }

  #deregister(): RegistrationAction[] {
    this.#sent = "deregister";
    return [this.#enter("deregistering"), { kind: "send", expires: 0 }];
  }

  /** While stopping, a REGISTER has failed: what had been bound before is still to be taken back, once. */
  #giveBack(): RegistrationAction[] {
    return this.#bound && this.#sent === "register" ? this.#deregister() : this.#over();
  }

  #over(): RegistrationAction[] {
    this.#sent = undefined;
    this.#bound = false;
    return [this.#enter("inactive")];
  }

  #enter(state: RegistrationState, info: RegistrationInfo = {}): RegistrationAction {
    this.#state = state;
    return { kind: "state", state, info };
  }
}
