import { SIPMethod } from "../sip/message/SIPMethod.ts";
import type { SIPRequest } from "../sip/message/SIPRequest.ts";
import { SIPResponse } from "../sip/message/SIPResponse.ts";
import { SIPURI } from "../sip/message/SIPURI.ts";
import type { Timers } from "../sip/transaction/timers.ts";
import type { ServerTransaction } from "../sip/transaction/transaction.ts";
import { TransactionLayer, type TraceEntry } from "../sip/transaction/TransactionLayer.ts";
import type { Transport, TransportProtocol } from "../sip/transport/transport.ts";
import { TransportSet } from "../sip/transport/TransportSet.ts";
import { UDPTransport } from "../sip/transport/udp.ts";
import { type Clock, systemClock } from "../time/clock.ts";
import { type Binding, Bindings, type ExpiryLimits } from "./registrar/Bindings.ts";
import { DigestGuard } from "./registrar/DigestGuard.ts";
import { Home } from "./registrar/Home.ts";
import { Proxy, refuse } from "./registrar/Proxy.ts";
import { takeOwnRoute } from "./registrar/routing.ts";

export interface RegistrarOptions extends Partial<ExpiryLimits> {
  /** Passwords by user name; the user name is also the user part of the address of record. */
  readonly users: Readonly<Record<string, string>>;
  /** Local address, which also goes into Via and Record-Route: no wildcard. Default `127.0.0.1`. */
  readonly address?: string;
  /** Default 0: any free port; see {@link Registrar.port}. */
  readonly port?: number;
  /** Names besides the address under which users are at home here, for instance `example.com`. */
  readonly domains?: readonly string[];
  /** Default `sidetone.test`. */
  readonly realm?: string;
  /** Digest algorithm; several are offered as several challenges, in this order. Default `SHA-256`, then `MD5`. */
  readonly algorithm?: string | readonly string[];
  /** Quality of protection; empty for none, as before RFC 2617. Default `auth`. */
  readonly qop?: string | readonly string[];
  /** How long a nonce may be used, ms; then it is stale. Default an hour. */
  readonly nonceLifetime?: number;
  /** Methods that need credentials, in dialogs too, when the caller is one of our users. Default REGISTER, INVITE and MESSAGE. */
  readonly authenticate?: readonly string[];
  /** Whether to stay in the path of dialogs. Default true. */
  readonly recordRoute?: boolean;
  /** One, or a `TransportSet`, all on one address. Default: UDP on `address` and `port`. */
  readonly transport?: Transport;
  /** Default: the system's. */
  readonly clock?: Clock;
  readonly timers?: Partial<Timers>;
  /**
   * Looks at each request before the registrar does. A status that it returns is the answer: 503 for a server that is down,
   * 403 for one that will not have us. Not for ACK and CANCEL.
   */
  readonly intercept?: (request: SIPRequest) => number | undefined;
}

/** Seconds. */
const EXPIRY: ExpiryLimits = { minimumExpires: 1, maximumExpires: 3600, defaultExpires: 3600 };
/** Milliseconds. */
const HOUR = 3_600_000;
const ALLOW = "INVITE, ACK, CANCEL, BYE, OPTIONS, REGISTER, MESSAGE, REFER, SUBSCRIBE, NOTIFY, INFO, UPDATE, PRACK, PUBLISH";

/**
 * A registrar and record-routing proxy in this process (RFC 3261 §10 and §16), for tests and demonstrations: phones register with
 * digest authentication and call one another. Transaction-stateful: it absorbs retransmissions, forks to all phones of a user,
 * cancels those that lose.
 *
 * Not a PBX: it keeps nothing on disk, plays nothing, and speaks UDP unless given other transports.
 *
 * @example
 * const registrar = new Registrar({ users: { alice: "secret", bob: "hush" } });
 * await registrar.start();
 * const phone = new VoIPPhone({ server: registrar.address, port: registrar.port, user: "alice", credentialsManager });
 */
export class Registrar {
  /** Sees every message that comes or goes, for a ladder diagram. */
  trace: ((entry: TraceEntry) => void) | undefined;
  /** Hears what should never happen; default: a warning of the process. */
  onInternalError: (error: unknown) => void = (error) => process.emitWarning(error instanceof Error ? error : String(error));
  readonly #options: RegistrarOptions;
  readonly #clock: Clock;
  readonly #transports: TransportSet;
  readonly #home: Home;
  readonly #authenticate: ReadonlySet<string>;
  readonly #bindings: Bindings;
  readonly #guard: DigestGuard;
  #running: { readonly layer: TransactionLayer; readonly proxy: Proxy } | undefined;

  constructor(options: RegistrarOptions) {
    const { users, address = "127.0.0.1", port = 0, realm = "sidetone.test", algorithm = ["SHA-256", "MD5"], qop = "auth" } = options;
    const { minimumExpires, maximumExpires, defaultExpires } = options;
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#transports = TransportSet.of(options.transport ?? new UDPTransport({ address, port }));
    const bound = this.#transports.local.address;
    if (bound === "0.0.0.0" || bound === "::") {
      throw new RangeError(`the registrar writes its address into Record-Route: bind one that phones reach, not ${bound}`);
    }
    this.#home = new Home(this.#transports, options.domains ?? [], users);
    this.#authenticate = new Set(options.authenticate ?? ["REGISTER", "INVITE", "MESSAGE"]);
    this.#bindings = new Bindings(this.#clock, {
      minimumExpires: minimumExpires ?? EXPIRY.minimumExpires,
      maximumExpires: maximumExpires ?? EXPIRY.maximumExpires,
      defaultExpires: defaultExpires ?? EXPIRY.defaultExpires,
    });
    const nonceLifetime = options.nonceLifetime ?? HOUR;
    this.#guard = new DigestGuard(this.#clock, { realm, users, algorithms: words(algorithm), qop: words(qop), nonceLifetime });
  }

  /** Binds. @throws TransportError when the address is taken or not ours */
  async start(): Promise<void> {
    await this.#transports.open();
    const layer = new TransactionLayer({
      transport: this.#transports,
      clock: this.#clock,
      timers: this.#options.timers,
      sentBy: ({ protocol }) => ({ host: this.address, port: this.portOf(protocol) }),
      trace: (entry) => this.trace?.(entry),
      onInternalError: (error) => this.onInternalError(error),
    });
    const proxy = new Proxy({
      layer,
      clock: this.#clock,
      transports: this.#transports,
      home: this.#home,
      bindings: this.#bindings,
      guard: this.#guard,
      authenticate: this.#authenticate,
      recordRoute: this.#options.recordRoute ?? true,
    });
    // What these promises reject with, the layer reports.
    layer.onRequest = (transaction, request) => this.#receive(proxy, transaction, request);
    layer.onAck = (ack) => proxy.acknowledge(ack);
    layer.onCancel = (transaction, cancel) => proxy.cancel(transaction, cancel);
    this.#running = { layer, proxy };
  }

  /** Forgets everybody and frees the port. Again: does nothing. */
  async stop(): Promise<void> {
    this.#running?.layer.close();
    this.#running?.proxy.close();
    this.#running = undefined;
    this.#bindings.clear();
    await this.#transports.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  get address(): string {
    return this.#home.address;
  }

  /** Final once {@link start} has settled. */
  get port(): number {
    return this.#home.port;
  }

  /** The port for a protocol, where they differ. */
  portOf(protocol: TransportProtocol): number {
    return this.#home.portOf(protocol);
  }

  /** Who is registered now. */
  get bindings(): readonly Binding[] {
    return this.#bindings.all();
  }

  /** Living transactions: 0 once everything that was said has been said. */
  get size(): number {
    return this.#running?.layer.size ?? 0;
  }

  /** RFC 3261 §16.3 and §16.4: what may be said to be wrong before it is known where the request goes. */
  async #receive(proxy: Proxy, transaction: ServerTransaction, received: SIPRequest): Promise<void> {
    // RFC 3261 §9.2: a CANCEL for nothing that we know.
    if (received.method === SIPMethod.CANCEL) return refuse(transaction, { status: 481 });
    const status = this.#options.intercept?.(received);
    if (status !== undefined) return refuse(transaction, { status });
    const extensions = received.headers.getAll("Proxy-Require");
    if (extensions.length > 0) return refuse(transaction, { status: 420, headers: [["Unsupported", extensions.join(", ")]] });

    const request = received.clone();
    takeOwnRoute(request, (uri) => this.#home.isOurs(uri, received));
    const { uri } = request;
    if (!(uri instanceof SIPURI) || uri.scheme !== "sip") return refuse(transaction, { status: 416 });
    if (this.#home.isOurs(uri, received)) {
      if (received.method === SIPMethod.REGISTER) return this.#register(transaction, received);
      if (uri.user === undefined && request.routes.length === 0) return this.#answerForOurselves(transaction);
    }
    return proxy.forward(transaction, received, request);
  }

  /** RFC 3261 §10.3. */
  #register(transaction: ServerTransaction, request: SIPRequest): void {
    const { uri } = request.to;
    if (!(uri instanceof SIPURI) || !this.#home.isHome(uri)) return refuse(transaction, { status: 404 });
    const user = uri.user ?? "";
    if (this.#authenticate.has(request.method)) {
      const admitted = this.#guard.admit(request, "registrar");
      if ("status" in admitted) return refuse(transaction, admitted);
      // Nobody registers for somebody else.
      if (admitted.username !== user) return refuse(transaction, { status: 403 });
    }
    if (!this.#home.has(user)) return refuse(transaction, { status: 404 });
    const refusal = this.#bindings.update(user, request, transaction.from);
    if (refusal !== undefined) return refuse(transaction, refusal);
    const headers = this.#bindings.contactsOf(user).map((contact): [string, string] => ["Contact", contact]);
    return transaction.respond(SIPResponse.to(request, 200, { headers }));
  }

  /** A request to the server itself: OPTIONS, to see whether it lives. */
  #answerForOurselves(transaction: ServerTransaction): void {
    const status = transaction.request.method === SIPMethod.OPTIONS ? 200 : 404;
    refuse(transaction, { status, headers: [["Allow", ALLOW]] });
  }
}

function words(one: string | readonly string[]): readonly string[] {
  return typeof one === "string" ? [one] : one;
}
