import { resolveHost } from "../../net/resolve.ts";
import { SIPMethod } from "../../sip/message/SIPMethod.ts";
import type { SIPRequest } from "../../sip/message/SIPRequest.ts";
import { SIPResponse } from "../../sip/message/SIPResponse.ts";
import { SIPURI } from "../../sip/message/SIPURI.ts";
import type { ServerTransaction } from "../../sip/transaction/transaction.ts";
import type { TransactionLayer } from "../../sip/transaction/TransactionLayer.ts";
import { targetOf } from "../../sip/transport/target.ts";
import type { TransportProtocol } from "../../sip/transport/transport.ts";
import type { TransportSet } from "../../sip/transport/TransportSet.ts";
import type { Clock } from "../../time/clock.ts";
import type { Bindings, Refusal } from "./Bindings.ts";
import type { DigestGuard } from "./DigestGuard.ts";
import { ForkedRequest, type ForkTarget } from "./ForkedRequest.ts";
import type { Home } from "./Home.ts";
import { countHop, routeOnward, takeOwnRoute } from "./routing.ts";

/** Requests that may create a dialog: whose path a proxy may stay in (RFC 3261 §16.6, step 4). */
const DIALOG_MAKERS = new Set<string>([SIPMethod.INVITE, SIPMethod.SUBSCRIBE, SIPMethod.REFER, SIPMethod.NOTIFY]);

export interface ProxyOptions {
  readonly layer: TransactionLayer;
  readonly clock: Clock;
  readonly transports: TransportSet;
  readonly home: Home;
  readonly bindings: Bindings;
  readonly guard: DigestGuard;
  /** Methods that need credentials when the caller is one of our users. */
  readonly authenticate: ReadonlySet<string>;
  readonly recordRoute: boolean;
}

/** The forwarding half of the registrar: a transaction-stateful proxy (RFC 3261 §16). */
export class Proxy {
  readonly #options: ProxyOptions;
  readonly #forks = new Map<ServerTransaction, ForkedRequest>();

  constructor(options: ProxyOptions) {
    this.#options = options;
  }

  /** Leaves no alarm behind. */
  close(): void {
    for (const fork of this.#forks.values()) fork.close();
    this.#forks.clear();
  }

  /**
   * Sends a request on, or says why not.
   * @param received as it came
   * @param request a copy, from which our own Route has been taken
   */
  async forward(transaction: ServerTransaction, received: SIPRequest, request: SIPRequest): Promise<void> {
    const { layer, clock, guard } = this.#options;
    const refusal = countHop(request) ? this.#refusalOf(received, request) : { status: 483 };
    if (refusal !== undefined) return refuse(transaction, refusal);
    guard.takeOwnCredentials(request);
    const copies = this.#targetsOf(request);
    if (!Array.isArray(copies)) return refuse(transaction, copies);
    const targets = await Promise.all(copies.map((copy) => this.#locate(copy)));
    const located = targets.filter((target) => target !== undefined);
    // RFC 3261 §16.6, step 7: a target that cannot be located counts as a 503, which goes back as a 500.
    if (located.length === 0) return refuse(transaction, { status: 500 });
    // A CANCEL came while a name was being looked up.
    if (request.method === SIPMethod.INVITE && transaction.state !== "Proceeding") return;
    for (const { request: copy, destination } of located) this.#stayInPath(copy, transaction.from.protocol, destination.protocol);
    this.#forks.set(transaction, new ForkedRequest(layer, clock, transaction, located));
    transaction.onTerminated = () => {
      this.#forks.get(transaction)?.close();
      this.#forks.delete(transaction);
    };
  }

  /** The ACK to a 2xx goes the way of its INVITE by itself: nobody answers it. */
  async acknowledge(received: SIPRequest): Promise<void> {
    const { layer, home, guard } = this.#options;
    const ack = received.clone();
    takeOwnRoute(ack, (uri) => home.isOurs(uri, ack));
    if (!(ack.uri instanceof SIPURI) || home.isOurs(ack.uri, ack) || !countHop(ack)) return;
    guard.takeOwnCredentials(ack);
    const target = await this.#locate(ack);
    if (target !== undefined) layer.sendAck(target.request, target.destination);
  }

  /** RFC 3261 §16.10; its Reason (RFC 3326) tells the other phones that the call was answered elsewhere. */
  cancel(transaction: ServerTransaction, cancel: SIPRequest): void {
    const reasons = cancel.headers.getAll("Reason").map((reason): [string, string] => ["Reason", reason]);
    const fork = this.#forks.get(transaction);
    if (fork === undefined) refuse(transaction, { status: 487 });
    else fork.cancel(reasons);
  }

  /** Why a request must not be forwarded. */
  #refusalOf(received: SIPRequest, { uri }: SIPRequest): Refusal | undefined {
    const { home, guard, authenticate } = this.#options;
    const caller = received.from.uri;
    if (!(caller instanceof SIPURI) || !home.isHome(caller)) {
      // Anybody may call our users, and go on in a dialog; nobody else may have us call strangers.
      const forUs = uri instanceof SIPURI && home.isOurs(uri, received);
      return forUs || received.to.tag !== undefined ? undefined : { status: 403 };
    }
    if (!authenticate.has(received.method)) return undefined;
    const admitted = guard.admit(received, "proxy");
    if ("status" in admitted) return admitted;
    return admitted.username === caller.user ? undefined : { status: 403 };
  }

  /** Where one protocol comes in and another goes out, each side finds the address of its own (RFC 5658 §4). */
  #stayInPath(request: SIPRequest, incoming: TransportProtocol, outgoing: TransportProtocol): void {
    const { home, recordRoute } = this.#options;
    if (!recordRoute || request.to.tag !== undefined || !DIALOG_MAKERS.has(request.method)) return;
    for (const protocol of new Set([incoming, outgoing])) request.headers.prepend("Record-Route", `<${home.route(protocol).toString()}>`);
  }

  /** One copy for each phone of a user of ours (RFC 3261 §16.5), or the request as it is when it says itself where it goes. */
  #targetsOf(request: SIPRequest): SIPRequest[] | Refusal {
    const { home, bindings } = this.#options;
    const { uri } = request;
    if (!(uri instanceof SIPURI) || !home.isOurs(uri, request) || request.routes.length > 0) return [request];
    const user = uri.user ?? "";
    if (!home.has(user)) return { status: 404 };
    const bound = bindings.of(user);
    if (bound.length === 0) return { status: 480 };
    return bound.map(({ contact }) => {
      const copy = request.clone();
      copy.uri = contact.forRequest();
      return copy;
    });
  }

  /** Where a request goes, after what that hop needs was written into it. */
  async #locate(request: SIPRequest): Promise<ForkTarget | undefined> {
    const { bindings, transports } = this.#options;
    const next = routeOnward(request);
    if (next === undefined) return undefined;
    const binding = bindings.at(next);
    // A stream's phone is reached over its connection, for as long as that lasts.
    if (binding?.behindNAT === true && transports.isConnected(binding.source)) return { request, destination: binding.source };
    try {
      const { protocol = transports.of("UDP") === undefined ? transports.protocol : "UDP" } = targetOf(next);
      const [destination] = await resolveHost(next.host, next.port, { protocol });
      return destination && { request, destination };
    } catch {
      return undefined;
    }
  }
}

export function refuse(transaction: ServerTransaction, { status, headers = [] }: Refusal): void {
  transaction.respond(SIPResponse.to(transaction.request, status, { headers }));
}
