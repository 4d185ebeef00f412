import { createHash } from "node:crypto";
import { isIP } from "node:net";
import { SIPParseError } from "../errors.ts";
import { parseMessage } from "../message/parse.ts";
import { newBranch, newTag } from "../message/random.ts";
import { SIPRequest } from "../message/SIPRequest.ts";
import { SIPResponse } from "../message/SIPResponse.ts";
import type { Via } from "../message/Via.ts";
import { formatEndpoint, TransportError } from "../transport/errors.ts";
import type { Endpoint, ReadMessage, TransportProtocol } from "../transport/transport.ts";
import { TransportSet } from "../transport/TransportSet.ts";
import { ClientShell } from "./ClientShell.ts";
import { cancelFor } from "./companions.ts";
import { LARGEST_UDP_REQUEST, LargeRequest } from "./LargeRequest.ts";
import { clientKey, mergeKey, serverKey } from "./matching.ts";
import type { Dropped, TransactionLayerOptions } from "./options.ts";
import { ServerShell } from "./ServerShell.ts";
import type { Surroundings } from "./Shell.ts";
import { defaultTimers } from "./timers.ts";
import type { ClientTransaction, ClientTransactionHandler, ServerTransaction } from "./transaction.ts";
import { defaultPort, isSentBy, ownVia, responseDestination, stampVia } from "./via.ts";

/** Who refuses connections for what is too large for UDP is not asked again so soon, ms. */
const REFUSAL_COUNTS = 3_600_000;
const REFUSALS_KEPT = 1000;

export type { Dropped, TraceEntry, TransactionLayerOptions } from "./options.ts";

/**
 * The transaction layer of RFC 3261 §17 and RFC 6026 over one transport or several: matches messages to transactions, retransmits, absorbs
 * retransmissions, acknowledges refusals, and answers what needs no user. What RFC 3261 §18 wants of a "transport layer" beyond bytes is
 * here, too: Via, where responses go, and TCP for what is too large for UDP.
 *
 * ```ts
 * const layer = new TransactionLayer({ transport, clock: systemClock, sentBy: () => ({ host: "192.0.2.1", port: 5060 }) });
 * layer.onRequest = (transaction, request) => transaction.respond(SIPResponse.to(request, 200));
 * layer.request(options, destination, { response: (r) => console.log(r.statusCode), timeout() {}, transportError() {} });
 * ```
 */
export class TransactionLayer {
  /** A request that began a transaction: any method but ACK, a CANCEL only if it matches no INVITE (to be answered 481). */
  onRequest: (transaction: ServerTransaction, request: SIPRequest) => void = (transaction, request) =>
    transaction.respond(SIPResponse.to(request, 503));
  /** An ACK for a 2xx: it belongs to no transaction (RFC 3261 §13.3.1.4). */
  onAck: (ack: SIPRequest, from: Endpoint) => void = () => undefined;
  /**
   * A CANCEL for an INVITE that has had no final response. The layer has answered the CANCEL with 200; the user owes the INVITE a
   * 487 (RFC 3261 §9.2).
   */
  onCancel: (transaction: ServerTransaction, cancel: SIPRequest) => void = (transaction) =>
    transaction.respond(SIPResponse.to(transaction.request, 487));
  /** A response with our Via but to no living transaction: a 2xx that comes later than timer M, mostly. */
  onStrayResponse: (response: SIPResponse, from: Endpoint) => void = () => undefined;
  /** A connection is gone that had been up; the transactions that used it know. */
  onDisconnect: (remote: Endpoint, error: Error, clean: boolean) => void = () => undefined;
  readonly dropped: Dropped = { unparsable: 0, wrongVia: 0 };
  readonly #options: TransactionLayerOptions;
  readonly #surroundings: Surroundings;
  readonly #clients = new Map<string, ClientShell>();
  readonly #servers = new Map<string, ServerShell>();
  /** By {@link mergeKey}: server transactions that another copy of their request would merge with. */
  readonly #mergeable = new Map<string, ServerShell>();
  /** ACKs for 2xx as they went out: the same one again is the same bytes. */
  readonly #acks = new WeakMap<SIPRequest, () => void>();
  readonly #transports: TransportSet;
  /** Who took no connection for a large request, and until when not to try again. */
  readonly #refusing = new Map<string, number>();
  #closed = false;

  constructor(options: TransactionLayerOptions) {
    this.#options = options;
    this.#transports = TransportSet.of(options.transport);
    this.#surroundings = {
      clock: options.clock,
      timers: { ...defaultTimers, ...options.timers },
      isReliable: (protocol) => this.#isReliable(protocol),
      send: (message, to, patience) => this.#send(message, to, patience),
      sendBack: (message, via, from) => this.#sendBack(message, via, from),
      suspect: (destination, since) => this.#transports.suspect(destination, since),
      tell: (callback, during) => this.#tell(callback, during),
    };
    this.#transports.onMessage = (message, from, read) => {
      this.#tell(() => this.#receive(message, from, read), "receiving");
    };
    this.#transports.onDisconnect = (remote, error, clean) => {
      this.#tell(() => this.#disconnected(remote, error, clean), "disconnecting");
    };
  }

  /** Living transactions, those included that only wait for retransmissions. */
  get size(): number {
    return this.#clients.size + this.#servers.size;
  }

  /**
   * Begins a client transaction: puts our Via (new branch, rport) on top of a copy of the request, and sends that. Not for ACK; a
   * CANCEL is better sent by {@link cancel}. What fails is told to the handler, never thrown.
   * @throws SIPParseError when the request lacks what every request has (RFC 3261 §8.1.1)
   */
  request(request: SIPRequest, destination: Endpoint, handler: ClientTransactionHandler): ClientTransaction {
    const copy = this.#withOwnVia(request, destination);
    checkRequest(copy);
    const bytes = copy.toBytes();
    const tcp = this.#insteadOfUDP(destination, bytes.length);
    if (tcp === undefined) return this.#begin(copy, destination, handler, bytes);
    return new LargeRequest(
      {
        overTCP: (each) => this.#begin(this.#withOwnVia(request, tcp), tcp, each, undefined, this.#tcpPatience),
        overUDP: (each) => this.#begin(copy, destination, each, bytes),
        refused: () => this.#remember(tcp),
      },
      handler,
    );
  }

  /**
   * Sends an ACK to a 2xx under a branch of its own. Giving the same object again, when the 2xx is repeated, sends the same bytes.
   * An ACK that does not leave is not reported to its user: the 2xx will come again.
   */
  sendAck(ack: SIPRequest, destination: Endpoint): void {
    let send = this.#acks.get(ack);
    if (send === undefined) {
      send = this.#acknowledging(ack, destination);
      this.#acks.set(ack, send);
    }
    send();
  }

  /**
   * Cancels an INVITE (RFC 3261 §9.1): at once if a provisional response has come, else as soon as one comes; a final response
   * that comes first makes it void. 64*T1 after the CANCEL the INVITE times out. Does nothing to other methods, nor twice.
   * @param headers for the CANCEL, for instance a Reason
   */
  cancel(transaction: ClientTransaction, headers?: Iterable<readonly [string, string]>): void {
    const shell = transaction instanceof LargeRequest ? transaction.cancelling() : transaction;
    if (!(shell instanceof ClientShell) || this.#closed) return;
    const { request, destination } = shell;
    if (request.method !== "INVITE") return;
    const cancel = cancelFor(request, headers);
    this.#tell(() => this.#options.onCancelMade?.(cancel, destination), "onCancelMade");
    // Whatever becomes of the CANCEL itself, the INVITE tells how it ends.
    shell.cancel(() => this.#begin(cancel, destination, { response() {}, timeout() {}, transportError() {} }));
  }

  /** Ends everything without a word to anybody; leaves no alarm. The transport stays open: it is its owner's. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#transports.onMessage = undefined;
    this.#transports.onDisconnect = undefined;
    for (const shell of [...this.#clients.values(), ...this.#servers.values()]) shell.close();
    this.#clients.clear();
    this.#servers.clear();
    this.#mergeable.clear();
  }

  /** Whoever lets TCP come to nothing without a word, as firewalls do, shall not keep a call waiting: two round trips, as T1 estimates them. */
  get #tcpPatience(): number {
    return 2 * this.#surroundings.timers.t1;
  }

  #begin(request: SIPRequest, destination: Endpoint, handler: ClientTransactionHandler, bytes?: Uint8Array, patience?: number): ClientShell {
    checkRequest(request);
    const key = clientKey(request.via.branch ?? "", request.method);
    const shell = new ClientShell(request, destination, handler, this.#surroundings, () => this.#clients.delete(key), bytes, patience);
    if (this.#closed) {
      // Not synchronously, as any other transport error: the caller has not got its transaction yet.
      queueMicrotask(() => this.#tell(() => handler.transportError(closedError(destination)), "transportError"));
      return shell;
    }
    this.#clients.set(key, shell);
    shell.start();
    return shell;
  }

  #withOwnVia(request: SIPRequest, destination: Endpoint): SIPRequest {
    const copy = request.clone();
    copy.headers.prepend("Via", ownVia(destination.protocol, this.#options.sentBy(destination), newBranch()).toString());
    return copy;
  }

  /** An ACK to a 2xx, ready to be sent as often as the 2xx comes. */
  #acknowledging(ack: SIPRequest, destination: Endpoint): () => void {
    const bytes = this.#withOwnVia(ack, destination).toBytes();
    const overUDP = (): void => this.#sendAlone(this.#send(bytes, destination), "sending an ACK");
    const tcp = this.#insteadOfUDP(destination, bytes.length);
    if (tcp === undefined) return overUDP;
    const larger = this.#withOwnVia(ack, tcp).toBytes();
    return () => {
      if (this.#insteadOfUDP(destination, bytes.length) === undefined) {
        overUDP();
        return;
      }
      this.#send(larger, tcp, this.#tcpPatience).catch(() => {
        this.#remember(tcp);
        overUDP();
      });
    };
  }

  /** Where a request goes that is too large for UDP (RFC 3261 §18.1.1); undefined when it may, or has to, go as it is. */
  #insteadOfUDP(destination: Endpoint, length: number): Endpoint | undefined {
    if (destination.protocol !== "UDP" || length <= LARGEST_UDP_REQUEST || this.#transports.of("TCP") === undefined) return undefined;
    const tcp: Endpoint = { ...destination, protocol: "TCP" };
    const until = this.#refusing.get(refusalKey(tcp));
    return until !== undefined && until > this.#options.clock.now() ? undefined : tcp;
  }

  #remember(refusing: Endpoint): void {
    if (this.#refusing.size >= REFUSALS_KEPT) this.#refusing.clear();
    this.#refusing.set(refusalKey(refusing), this.#options.clock.now() + REFUSAL_COUNTS);
  }

  #disconnected(remote: Endpoint, error: Error, clean: boolean): void {
    const affected = [...this.#clients.values()].filter(({ destination: { address, port, protocol } }) => {
      return address === remote.address && port === remote.port && protocol === remote.protocol;
    });
    // What these begin anew is not affected.
    for (const client of affected) client.disconnected(error, clean);
    this.#tell(() => this.onDisconnect(remote, error, clean), "onDisconnect");
  }

  #receive(message: Uint8Array, from: Endpoint, read?: ReadMessage): void {
    this.#trace("in", message, from);
    try {
      if (read instanceof SIPParseError) throw read;
      const parsed = read ?? parseMessage(message);
      if (parsed instanceof SIPRequest) this.#receiveRequest(parsed, from);
      else this.#receiveResponse(parsed, from);
    } catch (error) {
      if (!(error instanceof SIPParseError)) throw error;
      this.#refuseUnparsable(message, error, from);
    }
  }

  #receiveResponse(response: SIPResponse, from: Endpoint): void {
    const { via } = response;
    const client = this.#clients.get(clientKey(via.branch ?? "", response.cseq.method));
    if (!client) {
      if (this.#isOurs(via, from)) this.#tell(() => this.onStrayResponse(response, from), "onStrayResponse");
      else this.dropped.wrongVia++;
      return;
    }
    const sent = client.request;
    const isOurs = isSentBy(via, { host: sent.via.host, port: sent.via.port ?? 5060 });
    if (isOurs && response.headers.getAll("Via").length === sent.headers.getAll("Via").length) client.receive(response, from);
    else this.dropped.wrongVia++;
  }

  #isOurs(via: Via, from: Endpoint): boolean {
    try {
      return isSentBy(via, this.#options.sentBy(from));
    } catch {
      // We have no name for that network: so nothing of ours went there.
      return false;
    }
  }

  #receiveRequest(request: SIPRequest, from: Endpoint): void {
    if (request.method === "ACK") {
      const invite = this.#inviteOf(request);
      stampVia(request, from);
      if (invite) invite.receive(request);
      else this.#tell(() => this.onAck(request, from), "onAck");
      return;
    }
    const key = serverKey(request, request.method);
    const known = this.#servers.get(key);
    if (known) {
      known.receive(request);
      return;
    }
    const invite = request.method === "CANCEL" ? this.#inviteOf(request) : undefined;
    const merging = mergeKey(request);
    stampVia(request, from);
    const server = this.#serve(request, from, key, merging);
    if (merging !== undefined && this.#mergeable.get(merging) !== server) {
      server.respond(SIPResponse.to(request, 482));
    } else if (invite) {
      this.#cancelled(invite, server);
    } else {
      const failed = (): void => server.respond(SIPResponse.to(request, 500));
      this.#tell(() => this.onRequest(server, request), "onRequest", failed);
    }
  }

  #serve(request: SIPRequest, from: Endpoint, key: string, merging: string | undefined): ServerShell {
    const server: ServerShell = new ServerShell(request, from, this.#surroundings, {
      acknowledged: (ack) => this.#tell(() => this.onAck(ack, from), "onAck"),
      ended: () => {
        this.#servers.delete(key);
        if (merging !== undefined && this.#mergeable.get(merging) === server) this.#mergeable.delete(merging);
      },
    });
    this.#servers.set(key, server);
    if (merging !== undefined && !this.#mergeable.has(merging)) this.#mergeable.set(merging, server);
    server.start();
    return server;
  }

  /** RFC 3261 §9.2. */
  #cancelled(invite: ServerShell, cancel: ServerShell): void {
    const toTag = invite.lastResponse?.to.tag ?? newTag();
    cancel.respond(SIPResponse.to(cancel.request, 200, { toTag }));
    if (invite.state !== "Proceeding") return;
    const failed = (): void => invite.respond(SIPResponse.to(invite.request, 487));
    this.#tell(() => this.onCancel(invite, cancel.request), "onCancel", failed);
  }

  /** The INVITE that an ACK or CANCEL is about. */
  #inviteOf(request: SIPRequest): ServerShell | undefined {
    const invite = this.#servers.get(serverKey(request, "INVITE"));
    if (invite || request.method !== "ACK") return invite;
    // The older matching rule: the To tag is the one of our response, which the first INVITE had not.
    const first = this.#servers.get(serverKey(request, "INVITE", ""));
    return first && first.lastResponse?.to.tag === request.to.tag ? first : undefined;
  }

  /** Answers without keeping state (RFC 3261 §8.2.7): what is wrong with the request may be what would identify it. */
  #refuseUnparsable(message: Uint8Array, error: SIPParseError, from: Endpoint): void {
    const { request } = error;
    if (!request || request.method === "ACK") {
      this.dropped.unparsable++;
      return;
    }
    try {
      stampVia(request, from);
      // The same request gets the same tag, though nobody remembers it.
      const toTag = createHash("sha256").update(message).digest("hex").slice(0, 16);
      const response = SIPResponse.to(request, error.status, { toTag });
      this.#sendAlone(this.#sendBack(response.toBytes(), request.via, from), "refusing a request");
    } catch {
      this.dropped.unparsable++;
    }
  }

  /** What belongs to no transaction: if it does not leave, nobody but the log hears of it. */
  #sendAlone(sending: Promise<void>, during: string): void {
    sending.catch((error: unknown) => this.#report(error, during));
  }

  /** Sends a response that belongs to no transaction here, by its topmost Via (RFC 3261 §18.2.2). @returns where it went */
  async sendStatelessly(response: SIPResponse): Promise<Endpoint> {
    const { via } = response;
    const protocol = this.#transports.protocols.find((spoken) => spoken === via.protocol);
    const address = via.received ?? via.host;
    if (protocol === undefined) {
      throw new TransportError("TRANSPORT_UNAVAILABLE", `cannot answer over ${via.protocol}, which is not spoken here`, address, via.port ?? 0);
    }
    const port = typeof via.rport === "number" ? via.rport : (via.port ?? defaultPort(protocol));
    const named: Endpoint = { address, port, protocol };
    const found = isIP(named.address) === 0 ? await this.#options.locate?.(via.host, via.port, protocol) : undefined;
    const destination = found?.[0] ?? named;
    await this.#send(response.toBytes(), destination);
    return destination;
  }

  async #send(message: Uint8Array, to: Endpoint, patience?: number): Promise<void> {
    const { replacing } = this.#transports;
    if (replacing !== undefined) await replacing;
    if (this.#closed) return;
    const transport = this.#transports.for(to);
    this.#trace("out", message, to);
    await transport.send(message, to, patience);
  }

  /** A response's way back (RFC 3261 §18.2.2); when that is closed, the others that RFC 3261 and RFC 3263 §5 know, in their order. */
  async #sendBack(message: Uint8Array, via: Via, from: Endpoint): Promise<void> {
    const direct = responseDestination(via, from, this.#isReliable(from.protocol));
    let failure: unknown;
    // A connection that is gone cannot be opened again from our end: the far one does not listen at the port it sent from.
    if (this.#transports.isConnected(direct)) {
      try {
        await this.#send(message, direct);
        return;
      } catch (error) {
        failure = error;
      }
    }
    for await (const way of this.#waysRound(via, from)) {
      try {
        await this.#send(message, way);
        return;
      } catch (error) {
        failure ??= error;
      }
    }
    throw failure ?? lostError(from);
  }

  async *#waysRound(via: Via, from: Endpoint): AsyncGenerator<Endpoint> {
    const { protocol } = from;
    const name = isIP(via.host) === 0 ? { host: via.host } : {};
    if (this.#isReliable(protocol)) yield { address: from.address, port: via.port ?? defaultPort(protocol), protocol, ...name };
    const { locate } = this.#options;
    // A name that leads nowhere is one way less.
    if (locate !== undefined && isIP(via.host) === 0) yield* await locate(via.host, via.port, protocol).catch(() => []);
  }

  #isReliable(protocol: TransportProtocol): boolean {
    return this.#transports.of(protocol)?.reliable ?? protocol !== "UDP";
  }

  #trace(direction: "in" | "out", bytes: Uint8Array, remote: Endpoint): void {
    const { trace, transport, clock } = this.#options;
    const { local } = this.#transports.of(remote.protocol) ?? transport;
    if (trace) this.#tell(() => trace({ direction, bytes, local, remote, time: clock.now() }), "trace");
  }

  /** @param failed what to do when the callback throws, or when the promise it returned rejects */
  #tell(callback: () => unknown, during: string, failed?: () => void): void {
    const report = (error: unknown): void => {
      this.#report(error, during);
      failed?.();
    };
    try {
      const result = callback();
      // An async function fits a callback that returns nothing; what it throws would end the process.
      if (result instanceof Promise) result.catch(report);
    } catch (error) {
      report(error);
    }
  }

  #report(error: unknown, during: string): void {
    try {
      this.#options.onInternalError?.(error, during);
    } catch {
      // A reporter that throws has nobody to report to.
    }
  }
}

/** An ACK or CANCEL is made from the request later, and its responses are matched by it: better to hear of a gap now. */
function checkRequest(request: SIPRequest): void {
  for (const name of ["From", "To", "Call-ID", "CSeq"]) {
    if (!request.headers.has(name)) throw new SIPParseError(`a ${request.method} request needs a ${name} header`);
  }
  if (request.cseq.method !== request.method) {
    throw new SIPParseError(`a ${request.method} request needs a CSeq of its method, not ${request.cseq.toString()}`);
  }
}

function closedError({ address, port, protocol }: Endpoint): TransportError {
  const problem = `cannot send to ${protocol} ${formatEndpoint(address, port)}: the transaction layer has been closed`;
  return new TransportError("TRANSPORT_CLOSED", problem, address, port);
}

function lostError({ address, port, protocol }: Endpoint): TransportError {
  const problem = `cannot answer ${protocol} ${formatEndpoint(address, port)}: its connection is gone`;
  return new TransportError("TRANSPORT_LOST", problem, address, port);
}

function refusalKey({ address, port }: Endpoint): string {
  return `${address} ${port}`;
}
