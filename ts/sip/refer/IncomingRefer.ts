import type { Alarm } from "../../time/clock.ts";
import type { Dialog } from "../dialog/Dialog.ts";
import { SessionStateError } from "../dialog/errors.ts";
import type { RespondOptions } from "../dialog/response.ts";
import { inDialog } from "../dialog/inDialog.ts";
import type { InviteSession } from "../dialog/InviteSession.ts";
import { transact } from "../dialog/OutgoingRequest.ts";
import type { UserAgent } from "../dialog/UserAgent.ts";
import { NameAddr } from "../message/NameAddr.ts";
import type { SIPRequest } from "../message/SIPRequest.ts";
import { reasonPhrase } from "../message/SIPStatus.ts";
import { SIPURI, type URI } from "../message/SIPURI.ts";
import type { ServerTransaction } from "../transaction/transaction.ts";
import { eventOf } from "./event.ts";
import { parseReplaces, type Replaces } from "./replaces.ts";
import { ReferNotifier } from "./ReferNotifier.ts";
import { sipfrag } from "./sipfrag.ts";

/** Seconds for which whoever referred us is kept informed: longer than a phone rings. */
const EXPIRES = 300;

/** What ties a REFER to where it came in. */
export interface ReferSurroundings {
  readonly ua: UserAgent;
  readonly tx: ServerTransaction;
  /** In which NOTIFYs go back. Asked for once the REFER is accepted. */
  readonly dialog: () => Dialog;
  readonly session: InviteSession | undefined;
  readonly respond: (status: number, options: RespondOptions) => void;
}

/**
 * Somebody asks us to call somebody (RFC 3515). Accept or reject it before the handler returns (or its promise settles): else it is
 * declined. Once accepted, tell how it goes by `report`.
 *
 * @example
 * session.onRefer = (refer) => {
 *   refer.accept();
 *   const call = client.invite(refer.target, { headers: refer.headers, body: offer });
 *   call.onProgress = ({ statusCode, reason }) => refer.report(statusCode, reason);
 *   call.onAccepted = ({ statusCode, reason }) => refer.report(statusCode, reason);
 *   call.onEnded = ({ status = 487 }) => refer.report(status);
 * };
 */
export class IncomingRefer {
  readonly request: SIPRequest;
  /** The call in which it came; undefined for one from outside. */
  readonly session: InviteSession | undefined;
  /** Whom to call: the Refer-To without its headers. */
  readonly target: URI;
  /** What to send there: INVITE, unless the Refer-To says otherwise (RFC 3515 §2.1). A phone declines the others. */
  readonly method: string;
  /** The call that the new one is to take the place of (RFC 3891). */
  readonly replaces: Replaces | undefined;
  /** Who referred us (RFC 3892), as written. */
  readonly referredBy: string | undefined;
  /** What the INVITE to the target has to carry: Referred-By, Replaces. Other headers of the Refer-To are the far end's invention (RFC 3261 §19.1.5). */
  readonly headers: readonly (readonly [string, string])[];

  readonly #surroundings: ReferSurroundings;
  #state: "new" | "accepted" | "rejected" = "new";
  #notifier: ReferNotifier | undefined;
  #dialog: Dialog | undefined;
  #alarm: Alarm | undefined;

  /** @internal @throws SIPParseError when the Refer-To cannot be read */
  constructor(surroundings: ReferSurroundings) {
    const { request } = surroundings.tx;
    this.#surroundings = surroundings;
    this.request = request;
    this.session = surroundings.session;
    const { uri } = NameAddr.parse(request.headers.get("Refer-To") ?? "");
    this.target = uri instanceof SIPURI ? uri.forRequest() : uri;
    this.method = (uri instanceof SIPURI ? uri.params.text("method") : undefined)?.toUpperCase() ?? "INVITE";
    const replaces = uri instanceof SIPURI ? [...uri.headers].find(([name]) => name.toLowerCase() === "replaces")?.[1] : undefined;
    this.replaces = replaces === undefined ? undefined : parseReplaces(replaces);
    this.referredBy = request.headers.get("Referred-By");
    const headers: [string, string][] = [];
    if (this.referredBy !== undefined) headers.push(["Referred-By", this.referredBy]);
    if (replaces !== undefined && this.replaces !== undefined) headers.push(["Replaces", replaces], ["Require", "replaces"]);
    this.headers = headers;
  }

  get state(): "new" | "accepted" | "rejected" {
    return this.#state;
  }

  /** @internal The event id of its subscription (RFC 3515 §2.4.6). */
  get id(): string {
    return String(this.request.cseq.sequence);
  }

  /** Whether somebody is still being told how it goes. */
  get subscribed(): boolean {
    return this.#notifier !== undefined && this.#notifier.state !== "over";
  }

  /** Agrees: 202, and "100 Trying" to whoever referred us, unless it wants to hear nothing (RFC 4488). @throws SessionStateError when decided already */
  accept(): void {
    const { ua, respond, dialog } = this.#surroundings;
    const silent = this.request.headers.get("Refer-Sub")?.trim().toLowerCase() === "false";
    // A REFER that cannot be answered by NOTIFY (it names no SIP address to send them to) is refused as a whole.
    const notified = silent ? undefined : dialog();
    this.#decide("accepted");
    respond(202, { headers: silent ? [["Refer-Sub", "false"]] : [] });
    if (notified === undefined) return;
    this.#dialog = notified;
    this.#notifier = new ReferNotifier(EXPIRES, ua.clock.now());
    ua.usages.add(this);
    this.#update();
  }

  /** Refuses. @param status 300 to 699 @throws SessionStateError when decided already */
  reject(status = 603, reason?: string, headers: readonly [string, string][] = []): void {
    if (!(status >= 300 && status <= 699)) throw new RangeError(`${status} refuses nothing: use 300–699`);
    this.#decide("rejected");
    this.#surroundings.respond(status, { reason, headers });
  }

  /**
   * Tells whoever referred us how the call to the target goes; a final status is the last word. Does nothing when nobody listens (any more).
   * @param status 100 to 699
   */
  report(status: number, reason: string = reasonPhrase(status)): void {
    if (!(status >= 100 && status <= 699)) throw new RangeError(`${status} is no SIP status: use 100–699`);
    this.#notifier?.report({ status, reason });
    this.#update();
  }

  /** @internal Whether a SUBSCRIBE is about this REFER's subscription. */
  matches(subscribe: SIPRequest): boolean {
    const event = eventOf(subscribe);
    return this.subscribed && event?.type === "refer" && (event.id === undefined || event.id === this.id);
  }

  /** @internal @returns the seconds granted */
  resubscribe(expires: number | undefined): number {
    const granted = Math.min(expires ?? EXPIRES, EXPIRES);
    this.#notifier?.resubscribe(granted, this.#surroundings.ua.clock.now());
    // Its 200 goes first.
    queueMicrotask(() => this.#update());
    return granted;
  }

  /** @internal */
  abandon(): void {
    this.#notifier?.abandon();
    this.#update();
  }

  #decide(state: "accepted" | "rejected"): void {
    if (this.#state !== "new") throw new SessionStateError(`${state === "accepted" ? "accepting" : "rejecting"} the REFER`, this.#state);
    this.#state = state;
  }

  #update(): void {
    const { ua } = this.#surroundings;
    const notifier = this.#notifier;
    this.#alarm?.cancel();
    this.#alarm = undefined;
    if (notifier === undefined) return;
    const notice = notifier.next(ua.clock.now());
    if (notice !== undefined) this.#notify(notice.status, notice.reason, notice.subscription);
    if (notifier.state === "over") {
      ua.usages.delete(this);
      return;
    }
    if (notifier.nextTimeout === undefined) return;
    this.#alarm = ua.clock.at(notifier.nextTimeout, () => {
      notifier.elapse(ua.clock.now());
      this.#update();
    });
  }

  #notify(status: number, reason: string, subscription: string): void {
    const { ua } = this.#surroundings;
    const dialog = this.#dialog;
    if (dialog === undefined) return;
    const headers: [string, string][] = [["Event", `refer;id=${this.id}`], ["Subscription-State", subscription]];
    const answered = (final: number | undefined): void => {
      this.#notifier?.answered(final);
      this.#update();
    };
    transact(ua, { ...inDialog(ua, dialog, "NOTIFY", { headers, body: sipfrag(status, reason) }), method: "NOTIFY" }).then(
      (response) => answered(response.statusCode),
      () => answered(undefined),
    );
  }
}
