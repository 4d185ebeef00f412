import { SIPResponse } from "../../sip/message/SIPResponse.ts";
import type { SIPRequest } from "../../sip/message/SIPRequest.ts";
import type { ClientTransaction, ServerTransaction } from "../../sip/transaction/transaction.ts";
import type { TransactionLayer } from "../../sip/transaction/TransactionLayer.ts";
import type { Endpoint } from "../../sip/transport/transport.ts";
import type { Alarm, Clock } from "../../time/clock.ts";

/** Timer C of RFC 3261 §16.6, step 11: more than three minutes without a word on an INVITE, and it is cancelled. */
const TIMER_C = 181_000;

/** One copy of the request, on its way to one target. */
interface Branch {
  transaction: ClientTransaction | undefined;
  final: SIPResponse | undefined;
  timerC: Alarm | undefined;
}

/** Where one copy goes: the request as it is to be sent, without our Via. */
export interface ForkTarget {
  readonly request: SIPRequest;
  readonly destination: Endpoint;
}

/**
 * The response context of RFC 3261 §16.7: a request that was forwarded to several targets at once, and what becomes of their
 * responses. Every 2xx goes back at once; of the others, when all are there, the best one.
 *
 * ```
 *                2xx, 6xx, CANCEL: cancel the branches still open
 *              +--------+
 *              v        |
 *   fork  +---------------+  2xx, or the last branch is final   +----------+
 *  ------>|    pending    |------------------------------------>| answered |--+ 2xx: send back
 *         +---------------+                                     +----------+<-+
 *              |        ^
 *              +--------+
 *                1xx: send back
 * ```
 */
export class ForkedRequest {
  readonly #layer: TransactionLayer;
  readonly #clock: Clock;
  readonly #server: ServerTransaction;
  readonly #branches: Branch[];
  #answered = false;
  /** Set by the first CANCEL, with what its Reason said. */
  #cancelled = false;

  /** Sends a copy to each target, one at least. */
  constructor(layer: TransactionLayer, clock: Clock, server: ServerTransaction, targets: readonly ForkTarget[]) {
    this.#layer = layer;
    this.#clock = clock;
    this.#server = server;
    this.#branches = targets.map(() => ({ transaction: undefined, final: undefined, timerC: undefined }));
    for (const [index, target] of targets.entries()) this.#send(this.#branches[index]!, target);
  }

  /** Cancels every branch that has no final response. @param headers of the CANCEL that came, as far as they are to go on */
  cancel(headers: readonly (readonly [string, string])[] = []): void {
    if (this.#cancelled) return;
    this.#cancelled = true;
    for (const branch of this.#branches) this.#cancelBranch(branch, headers);
  }

  /** Leaves no alarm behind. */
  close(): void {
    for (const branch of this.#branches) branch.timerC?.cancel();
  }

  #send(branch: Branch, { request, destination }: ForkTarget): void {
    this.#startTimerC(branch, request);
    branch.transaction = this.#layer.request(request, destination, {
      response: (response) => this.#receive(branch, response),
      timeout: () => this.#fail(branch, 408),
      transportError: () => this.#fail(branch, 503),
    });
  }

  #startTimerC(branch: Branch, { method }: { readonly method: string }): void {
    if (method !== "INVITE") return;
    branch.timerC?.cancel();
    branch.timerC = this.#clock.at(this.#clock.now() + TIMER_C, () => this.#cancelBranch(branch, []));
  }

  #receive(branch: Branch, response: SIPResponse): void {
    if (response.statusCode === 100) return;
    const back = withoutOwnVia(response);
    if (response.isProvisional) {
      this.#startTimerC(branch, this.#server.request);
      if (!this.#answered) this.#server.respond(back);
      return;
    }
    // The 2xx of an INVITE comes again until it is acknowledged, and goes back each time (RFC 6026 §7.2).
    if (branch.final !== undefined && !response.isSuccess) return;
    this.#finish(branch, back);
  }

  /** What the layer reports instead of a response. */
  #fail(branch: Branch, status: number): void {
    // An ACK that did not leave is reported after the final response.
    if (branch.final === undefined) this.#finish(branch, SIPResponse.to(this.#server.request, status));
  }

  #finish(branch: Branch, response: SIPResponse): void {
    branch.final = response;
    branch.timerC?.cancel();
    if (response.isSuccess) {
      this.#answered = true;
      this.#server.respond(response);
    }
    if (response.isSuccess || response.statusCode >= 600) this.cancel();
    if (!this.#answered && this.#branches.every((each) => each.final !== undefined)) this.#answerBest();
  }

  #answerBest(): void {
    this.#answered = true;
    const finals = this.#branches.map((branch) => branch.final).filter((response) => response !== undefined);
    const best = finals.toSorted((a, b) => rank(a.statusCode) - rank(b.statusCode))[0]!;
    // RFC 4320 §4.2: a 408 to another method than INVITE comes when its client has long given up.
    if (best.statusCode === 408 && this.#server.request.method !== "INVITE") return;
    // A 503 would tell the client to avoid this proxy, which is well (RFC 3261 §16.7, step 6).
    if (best.statusCode === 503) this.#server.respond(SIPResponse.to(this.#server.request, 500));
    else this.#server.respond(withChallengesOf(best, finals));
  }

  #cancelBranch(branch: Branch, headers: readonly (readonly [string, string])[]): void {
    if (branch.final === undefined && branch.transaction !== undefined) this.#layer.cancel(branch.transaction, headers);
  }
}

/** RFC 3261 §16.7, step 6: 6xx before all, then the lowest class; within 4xx what the client can do something about. */
function rank(status: number): number {
  if (status >= 600) return 0;
  const helpful = [401, 407, 415, 420, 484].includes(status);
  return Math.floor(status / 100) * 2 + (helpful ? 0 : 1);
}

/** RFC 3261 §16.7, step 7: who answers one phone's challenge should hear of the others' too. */
function withChallengesOf(best: SIPResponse, all: readonly SIPResponse[]): SIPResponse {
  if (best.statusCode !== 401 && best.statusCode !== 407) return best;
  for (const other of all) {
    if (other === best || (other.statusCode !== 401 && other.statusCode !== 407)) continue;
    for (const name of ["WWW-Authenticate", "Proxy-Authenticate"]) {
      for (const value of other.headers.getAll(name)) best.headers.add(name, value);
    }
  }
  return best;
}

function withoutOwnVia(response: SIPResponse): SIPResponse {
  const back = response.clone();
  back.headers.setAll("Via", back.headers.getAll("Via").slice(1));
  return back;
}
