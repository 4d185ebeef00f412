import type { Alarm } from "../../time/clock.ts";
import type { SIPRequest } from "../message/SIPRequest.ts";
import type { SIPResponse } from "../message/SIPResponse.ts";
import type { ServerTransaction } from "../transaction/transaction.ts";
import { bodyOf, type SIPBody } from "./body.ts";
import type { Dialog } from "./Dialog.ts";
import { hasTag, rackOf } from "./reliable.ts";
import type { RespondOptions } from "./response.ts";
import { ReliableSender, type ReliableSenderAction } from "./ReliableSender.ts";
import type { UserAgent } from "./UserAgent.ts";

/** RFC 3261 §13.3.1.1: provisional responses go out each minute, lest a proxy give the call up after three. */
const PROVISIONAL_INTERVAL = 60_000;

interface ProgressOptions {
  readonly tx: ServerTransaction;
  readonly dialog: Dialog;
  readonly create: (status: number, options: RespondOptions) => SIPResponse;
  /** A PRACK has answered the offer that stood in a reliable response. */
  readonly answered: (answer: SIPBody | undefined) => void;
  /** Nothing holds back the 2xx any more. */
  readonly proceed: () => void;
  /** No PRACK has come for 64*T1. */
  readonly silence: () => void;
}

/** The provisional responses to one INVITE received: reliable ones and others, and their repetition while it takes long. */
export class Progress {
  readonly #ua: UserAgent;
  readonly #options: ProgressOptions;
  readonly #sender: ReliableSender<SIPResponse>;
  #resend: Alarm | undefined;
  #repeat: Alarm | undefined;
  #described = false;
  #next: readonly ReliableSenderAction<SIPResponse>[] = [];

  constructor(ua: UserAgent, options: ProgressOptions) {
    this.#ua = ua;
    this.#options = options;
    this.#sender = new ReliableSender(ua.timers, 1 + Math.floor(ua.random() * 0x7fff_fffe));
  }

  /** Whether a reliable response has carried a session description: then the offer/answer exchange is not the 2xx's any more. */
  get described(): boolean {
    return this.#described;
  }

  /** Whether the 2xx has to wait. */
  get holdsBack(): boolean {
    return this.#sender.holdsBack;
  }

  send(status: number, body: SIPBody | undefined, headers: readonly [string, string][]): void {
    if (this.#isReliable(body)) this.#submit(status, this.#described ? undefined : body, headers);
    else this.#options.tx.respond(this.#options.create(status, { body, headers }));
    this.#repeatLater(status, body, headers);
  }

  /**
   * A PRACK has come.
   * @returns undefined when it is about nothing that we have sent; `offer` when it brings a new offer, which its response must answer
   */
  acknowledge(prack: SIPRequest): "offer" | "none" | undefined {
    const { tx, dialog, answered } = this.#options;
    const rack = rackOf(prack);
    const { sequence } = tx.request.cseq;
    if (rack === undefined || rack.sequence !== sequence || rack.method.toUpperCase() !== "INVITE") return undefined;
    const found = this.#sender.acknowledge(rack.number, this.#ua.clock.now());
    if (found === undefined) return undefined;
    const ours = found.describes && dialog.exchange.state === "local";
    if (found.describes) dialog.exchange.settle();
    if (ours) answered(bodyOf(prack));
    this.#next = found.actions;
    return prack.body.length > 0 && !ours ? "offer" : "none";
  }

  /** The PRACK has been answered: sends what has been waiting for it, the next response or the 2xx. */
  proceed(): void {
    this.#perform(this.#next);
    this.#next = [];
    if (!this.#sender.holdsBack) this.#options.proceed();
  }

  /** The call has been answered, though its 2xx may have to wait: no more signs of life. */
  quiet(): void {
    this.#repeat?.cancel();
  }

  /** A final response is being sent. */
  close(): void {
    this.quiet();
    this.#resend?.cancel();
    this.#sender.close();
  }

  #isReliable(body: SIPBody | undefined): boolean {
    const { rel100 } = this.#ua.extensions;
    const { request } = this.#options.tx;
    if (rel100 === "off") return false;
    if (hasTag(request, "Require", "100rel")) return true;
    // RFC 3261 §13.2.1: to an INVITE without an offer, the first reliable response must make one.
    if (body === undefined && request.body.length === 0 && !this.#described) return false;
    if (rel100 === "required") return true;
    // A lost 180 does little harm; lost early media is silence, and each PRACK costs two messages.
    return body !== undefined && hasTag(request, "Supported", "100rel");
  }

  #submit(status: number, body: SIPBody | undefined, headers: readonly [string, string][]): void {
    const { create, dialog, tx } = this.#options;
    if (body !== undefined) {
      this.#described = true;
      if (tx.request.body.length === 0) dialog.exchange.offer("local");
    }
    const build = (number: number): SIPResponse =>
      create(status, { body, headers: [...headers, ["RSeq", String(number)], ["Require", "100rel"]] });
    this.#perform(this.#sender.submit({ build, describes: body !== undefined }, this.#ua.clock.now()));
  }

  #perform(actions: readonly ReliableSenderAction<SIPResponse>[]): void {
    const { tx, silence } = this.#options;
    const { clock } = this.#ua;
    for (const action of actions) {
      if (action.kind === "send") tx.respond(action.response);
      else silence();
    }
    this.#resend?.cancel();
    const { nextTimeout } = this.#sender;
    if (nextTimeout !== undefined) this.#resend = clock.at(nextTimeout, () => this.#perform(this.#sender.elapse(clock.now())));
  }

  /** A description that has been sent reliably is not repeated; others are part of the response that is. */
  #repeatLater(status: number, body: SIPBody | undefined, headers: readonly [string, string][]): void {
    const { clock } = this.#ua;
    this.#repeat?.cancel();
    this.#repeat = clock.at(clock.now() + PROVISIONAL_INTERVAL, () => this.send(status, this.#described ? undefined : body, headers));
  }
}
