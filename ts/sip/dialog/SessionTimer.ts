/**
 * The session timer of one side (RFC 4028 §7.4, §10):
 *
 * ```
 *              2xx: we refresh                      2xx: they refresh
 *        ┌──────────────────────────── off ───────────────────────────┐
 *        ▼                               ▲                            ▼
 *    refreshing ◀─┐ half time: refresh   │ 2xx without            expecting ◀─┐ their refresh
 *      │   │ └────┘ refused: again later │ Session-Expires         │   │ └────┘
 *      │   └──────────── 2xx: the roles may change ────────────────│───┘
 *      │ no 2xx                                                    │ no refresh
 *      └──────────────────────▶ expired ◀──────────────────────────┘
 *                min(32 s, a third) before the end: BYE
 * ```
 */
export type SessionTimerState = "off" | "refreshing" | "expecting" | "expired";

/** What the machine asks for: a session refresh request, or the end. */
export type SessionTimerAction = "refresh" | "expire";

/** The shortest pause before a refused refresh is tried again, and its share of the time that is left. */
const SHORTEST_PAUSE = 1000;
const SHARE_OF_REST = 1 / 3;

/** Sans I/O; times in milliseconds, the interval in seconds as the header has it. */
export class SessionTimer {
  #state: SessionTimerState = "off";
  #interval = 0;
  #refreshAt: number | undefined;
  #endAt: number | undefined;

  get state(): SessionTimerState {
    return this.#state;
  }

  /** Seconds; 0 while off. */
  get interval(): number {
    return this.#interval;
  }

  get nextTimeout(): number | undefined {
    if (this.#endAt === undefined) return undefined;
    return Math.min(this.#endAt, this.#refreshAt ?? Number.POSITIVE_INFINITY);
  }

  /** A 2xx to an INVITE or UPDATE has begun a new interval. */
  start(interval: number, weRefresh: boolean, now: number): void {
    const length = 1000 * interval;
    this.#state = weRefresh ? "refreshing" : "expecting";
    this.#interval = interval;
    this.#refreshAt = weRefresh ? now + length / 2 : undefined;
    // RFC 4028 §10: a little early, so that the BYE still finds proxies that know the session.
    this.#endAt = now + length - Math.min(32_000, length / 3);
  }

  elapse(now: number): SessionTimerAction | undefined {
    if (this.#endAt !== undefined && now >= this.#endAt) {
      this.stop();
      this.#state = "expired";
      return "expire";
    }
    if (this.#refreshAt === undefined || now < this.#refreshAt) return undefined;
    this.#refreshAt = undefined;
    return "refresh";
  }

  /** The refresh was refused for a reason that may pass (a 503, say): again, while there is time. */
  retry(now: number): void {
    if (this.#state !== "refreshing" || this.#endAt === undefined || this.#refreshAt !== undefined) return;
    this.#refreshAt = now + Math.max(SHORTEST_PAUSE, (this.#endAt - now) * SHARE_OF_REST);
  }

  stop(): void {
    this.#state = "off";
    this.#interval = 0;
    this.#refreshAt = undefined;
    this.#endAt = undefined;
  }
}
