import type { Alarm } from "../../time/clock.ts";
import type { SIPRequest } from "../message/SIPRequest.ts";
import type { SIPResponse } from "../message/SIPResponse.ts";
import { bodyOf } from "./body.ts";
import type { InviteSession } from "./InviteSession.ts";
import { LEAST_INTERVAL, minSEOf, sessionExpiresOf, supportsTimer } from "./sessionExpires.ts";
import { SessionTimer } from "./SessionTimer.ts";

/** So often the interval is raised for one session: who asks for ever more would ask for ever. */
const RAISES = 5;
/** Seconds. RFC 4028 §5 knows no interval below 90; a peer that grants one all the same must not make us send all the time. */
const SHORTEST_GRANTED = 30;

/** Methods that a peer lists in Allow, and what it said when it was asked for one all the same. */
const NOT_IMPLEMENTED: ReadonlySet<number> = new Set([405, 501]);

/**
 * Keeps one session alive, or notices that the far end is not any more (RFC 4028): puts the headers into INVITE, UPDATE and their 2xx,
 * refreshes when that is our part, hangs up when a refresh stays away.
 */
export class SessionRefresh {
  readonly #session: InviteSession;
  readonly #timer: SessionTimer = new SessionTimer();
  /** What anybody on the way has asked for by 422. */
  #minimum: number;
  #raises = 0;
  #alarm: Alarm | undefined;
  /** Whether the far end takes UPDATE: what its last Allow said. */
  #update = false;

  constructor(session: InviteSession) {
    this.#session = session;
    this.#minimum = session.ua.extensions.minSE;
  }

  get #enabled(): boolean {
    return this.#session.ua.extensions.sessionExpires > 0;
  }

  get #active(): boolean {
    return this.#timer.state === "refreshing" || this.#timer.state === "expecting";
  }

  /** The interval in seconds, and who refreshes; undefined while the session does not expire. */
  get current(): { readonly interval: number; readonly by: "local" | "remote" } | undefined {
    if (!this.#active) return undefined;
    return { interval: this.#timer.interval, by: this.#timer.state === "refreshing" ? "local" : "remote" };
  }

  /** Notes what the far end can do. */
  note(message: SIPRequest | SIPResponse): void {
    if (message.headers.has("Allow")) this.#update = message.headers.getAll("Allow").some((method) => method.trim() === "UPDATE");
  }

  // ---- our INVITE or UPDATE ----

  /** Puts in what we want (RFC 4028 §7.1); once the session expires, who refreshes stays as it is (§7.4). */
  ask(request: SIPRequest): void {
    if (!this.#enabled) return;
    const current = this.current;
    const interval = Math.max(current?.interval ?? this.#session.ua.extensions.sessionExpires, this.#minimum);
    const role = current === undefined ? "" : `;refresher=${current.by === "local" ? "uac" : "uas"}`;
    request.headers.set("Session-Expires", `${interval}${role}`);
    if (this.#minimum > LEAST_INTERVAL) request.headers.set("Min-SE", String(this.#minimum));
  }

  /** A 422 (RFC 4028 §7.3). @returns whether it makes sense to ask again */
  raise(response: SIPResponse): boolean {
    if (response.statusCode !== 422 || !this.#enabled || !response.headers.has("Min-SE") || this.#raises >= RAISES) return false;
    const wanted = minSEOf(response);
    const asked = Math.max(this.current?.interval ?? this.#session.ua.extensions.sessionExpires, this.#minimum);
    // One that refuses what fulfils its demand would refuse it again.
    if (wanted <= asked) return false;
    this.#minimum = wanted;
    this.#raises += 1;
    return true;
  }

  /** Its 2xx (RFC 4028 §7.2). */
  granted(response: SIPResponse): void {
    if (!this.#enabled) return;
    const granted = sessionExpiresOf(response);
    if (granted !== undefined) {
      this.#start(Math.max(granted.interval, SHORTEST_GRANTED), granted.refresher !== "uas");
    } else if (this.#timer.state === "refreshing") {
      // By the letter the session expires no more; but a peer that only forgot the header still counts on our refreshes.
      this.#start(this.#timer.interval, true);
    } else {
      this.stop();
    }
  }

  // ---- theirs ----

  /** Puts into our 2xx what is agreed (RFC 4028 §9, table 2), and begins to count. */
  answer(request: SIPRequest, response: SIPResponse): void {
    const supports = supportsTimer(request);
    const wanted = sessionExpiresOf(request);
    const current = this.current;
    if (!this.#enabled || (wanted === undefined && current === undefined && !supports)) return;
    const ours = Math.max(this.#session.ua.extensions.sessionExpires, this.#minimum);
    const interval = Math.max(minSEOf(request), Math.min(wanted?.interval ?? current?.interval ?? ours, ours));
    const weRefresh = !supports || (wanted?.refresher === undefined ? current?.by === "local" : wanted.refresher === "uas");
    response.headers.set("Session-Expires", `${interval};refresher=${weRefresh ? "uas" : "uac"}`);
    if (!weRefresh) response.headers.add("Require", "timer");
    this.#start(interval, weRefresh);
  }

  stop(): void {
    this.#timer.stop();
    this.#alarm?.cancel();
    this.#alarm = undefined;
  }

  #start(interval: number, weRefresh: boolean): void {
    this.#timer.start(interval, weRefresh, this.#session.ua.clock.now());
    this.#setAlarm();
  }

  #setAlarm(): void {
    const { clock } = this.#session.ua;
    this.#alarm?.cancel();
    this.#alarm = undefined;
    const { nextTimeout } = this.#timer;
    if (nextTimeout === undefined || this.#session.state === "terminated") return;
    this.#alarm = clock.at(nextTimeout, () => {
      const action = this.#timer.elapse(clock.now());
      this.#setAlarm();
      if (action === "refresh") void this.#refresh();
      else if (action === "expire") this.#expire();
    });
  }

  async #refresh(): Promise<void> {
    const session = this.#session;
    try {
      let response = this.#update ? await session.update() : undefined;
      if (response === undefined || NOT_IMPLEMENTED.has(response.statusCode)) {
        this.#update = false;
        response = await this.#reinvite();
      }
      if (!response.isSuccess && session.state === "confirmed") {
        this.#timer.retry(session.ua.clock.now());
        this.#setAlarm();
      }
    } catch {
      // Silence has ended the session; what could not be sent may be sent later, and else the timer runs out.
      if (session.state !== "confirmed") return;
      this.#timer.retry(session.ua.clock.now());
      this.#setAlarm();
    }
  }

  async #reinvite(): Promise<SIPResponse> {
    const session = this.#session;
    const offer = session.onRefreshOffer?.() ?? session.localDescription;
    const response = await session.reinvite(offer);
    if (response.isSuccess && offer !== undefined) session.tellAnswer(bodyOf(response));
    return response;
  }

  #expire(): void {
    const session = this.#session;
    const { dialog } = session;
    if (session.state !== "confirmed" || dialog === undefined) return;
    session.dismiss(dialog, [["Reason", 'SIP;cause=408;text="Session Timer Expired"']]);
    session.end({ by: "timeout", cause: "expired" });
  }
}
