import { SIPParseError } from "../errors.ts";
import { parseMessage } from "../message/parse.ts";
import { newBranch } from "../message/random.ts";
import { SIPRequest } from "../message/SIPRequest.ts";
import { SIPResponse } from "../message/SIPResponse.ts";
import { Via } from "../message/Via.ts";
import { formatEndpoint, TransportError } from "../transport/errors.ts";
import type { Endpoint, ReadMessage, TransportProtocol } from "../transport/transport.ts";
import { TransportSet } from "../transport/TransportSet.ts";
import { ClientShell } from "./ClientShell.ts";
import { cancelFor } from "./companions.ts";
import { LargeRequest, LargeRequests } from "./LargeRequest.ts";
import { clientKey } from "./matching.ts";
import type { Dropped, TransactionLayerOptions } from "./options.ts";
import { OwnRequest } from "./OwnRequest.ts";
import { ServerTransactions } from "./ServerTransactions.ts";
import type { Surroundings } from "./Shell.ts";
import { defaultTimers } from "./timers.ts";
import type { ClientTransaction, ClientTransactionHandler, ServerTransaction } from "./transaction.ts";
import { isSentBy, ownVia, viaCount } from "./via.ts";
import { WaysBack } from "./WaysBack.ts";

/** Server transactions at a time, by default: 300 calls a second, each of which leaves two behind for 32 s. */
const MOST_SERVER_TRANSACTIONS = 20_000;

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
  readonly #servers: ServerTransactions;
  readonly #transports: TransportSet;
  readonly #waysBack: WaysBack;
  readonly #large: LargeRequests;
  #closed = false;

  constructor(options: TransactionLayerOptions) {
    this.#options = options;
    this.#transports = TransportSet.of(options.transport);
    const send = (message: Uint8Array, to: Endpoint, patience?: number): Promise<void> => this.#send(message, to, patience);
    this.#waysBack = new WaysBack(this.#transports, send, options.locate);
    this.#large = new LargeRequests(options.clock, (protocol) => this.#transports.of(protocol) !== undefined);
    this.#surroundings = {
      clock: options.clock,
      timers: { ...defaultTimers, ...options.timers },
      isReliable: (protocol) => this.#isReliable(protocol),
      send,
      sendBack: (message, way) => this.#waysBack.send(message, way),
      suspect: (destination, since) => this.#transports.suspect(destination, since),
      tell: (callback, during) => this.#tell(callback, during),
    };
    this.#servers = new ServerTransactions({
      user: this,
      surroundings: this.#surroundings,
      limit: options.maxServerTransactions ?? MOST_SERVER_TRANSACTIONS,
      isExpected: options.isExpected ?? (() => false),
      tell: (callback, during, failed) => this.#tell(callback, during, failed),
      unsent: (error, during) => this.#report(error, during),
    });
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
   * Begins a client transaction: sends the request with our Via (new branch, rport) on top. Not for ACK; a CANCEL is better sent by
   * {@link cancel}. What fails is told to the handler, never thrown.
   * @param request is not to be changed any more
   * @throws SIPParseError when the request lacks what every request has (RFC 3261 §8.1.1)
   */
  request(request: SIPRequest, destination: Endpoint, handler: ClientTransactionHandler): ClientTransaction {
    const own = this.#own(request, destination);
    const tcp = this.#large.insteadOfUDP(destination, own.bytes.length);
    if (tcp === undefined) return this.#begin(own, destination, handler);
    return new LargeRequest(
      {
        overTCP: (each) => this.#begin(this.#own(request, tcp), tcp, each, this.#tcpPatience),
        overUDP: (each) => this.#begin(own, destination, each),
        refused: () => this.#large.remember(tcp),
      },
      handler,
    );
  }

  /**
   * Sends an ACK to a 2xx under a branch of its own. An ACK that does not leave is not reported to its user: the 2xx will come again.
   * @returns sends the same bytes again, for the next repetition of the 2xx
   */
  sendAck(ack: SIPRequest, destination: Endpoint): () => void {
    const send = this.#acknowledging(ack, destination);
    send();
    return send;
  }

  /**
   * Cancels an INVITE (RFC 3261 §9.1): at once if a provisional response has come, else as soon as one comes; a final response
   * that comes first makes it void. 64*T1 after the CANCEL the INVITE times out. Does nothing to other methods, nor twice.
   * @param headers for the CANCEL, for instance a Reason
   */
  cancel(transaction: ClientTransaction, headers?: Iterable<readonly [string, string]>): void {
    const shell = transaction instanceof LargeRequest ? transaction.cancelling() : transaction;
    if (!(shell instanceof ClientShell) || this.#closed) return;
    const { own, destination } = shell;
    const { state } = shell;
    if (own.method !== "INVITE" || (state !== "Calling" && state !== "Proceeding")) return;
    const cancel = cancelFor(own.message, headers);
    this.#tell(() => this.#options.onCancelMade?.(cancel, destination), "onCancelMade");
    const via = Via.parse(own.via);
    // Whatever becomes of the CANCEL itself, the INVITE tells how it ends.
    shell.cancel(() => this.#begin(new OwnRequest(cancel, via), destination, { response() {}, timeout() {}, transportError() {} }));
  }

  /** Ends everything without a word to anybody; leaves no alarm. The transport stays open: it is its owner's. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#transports.onMessage = undefined;
    this.#transports.onDisconnect = undefined;
    for (const shell of this.#clients.values()) shell.close();
    this.#clients.clear();
    this.#servers.close();
  }

  /** Whoever lets TCP come to nothing without a word, as firewalls do, shall not keep a call waiting: two round trips, as T1 estimates them. */
  get #tcpPatience(): number {
    return 2 * this.#surroundings.timers.t1;
  }

  #begin(own: OwnRequest, destination: Endpoint, handler: ClientTransactionHandler, patience?: number): ClientShell {
    const shell = new ClientShell(own, destination, handler, this.#surroundings, this.#ended, patience);
    if (this.#closed) {
      // Not synchronously, as any other transport error: the caller has not got its transaction yet.
      queueMicrotask(() => this.#tell(() => handler.transportError(closedError(destination)), "transportError"));
      return shell;
    }
    this.#clients.set(own.key, shell);
    shell.start();
    return shell;
  }

  readonly #ended = (key: string): void => {
    this.#clients.delete(key);
  };

  #own(request: SIPRequest, destination: Endpoint): OwnRequest {
    return new OwnRequest(request, ownVia(destination.protocol, this.#options.sentBy(destination), newBranch()));
  }

  /** An ACK to a 2xx, ready to be sent as often as the 2xx comes. */
  #acknowledging(ack: SIPRequest, destination: Endpoint): () => void {
    const { bytes } = this.#own(ack, destination);
    const overUDP = (): void => this.#sendAlone(this.#send(bytes, destination), "sending an ACK");
    const tcp = this.#large.insteadOfUDP(destination, bytes.length);
    if (tcp === undefined) return overUDP;
    const larger = this.#own(ack, tcp).bytes;
    return () => {
      if (this.#large.insteadOfUDP(destination, bytes.length) === undefined) {
        overUDP();
        return;
      }
      this.#send(larger, tcp, this.#tcpPatience).catch(() => {
        this.#large.remember(tcp);
        overUDP();
      });
    };
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
      if (parsed instanceof SIPRequest) this.#servers.receive(parsed, from);
      else this.#receiveResponse(parsed, from);
    } catch (error) {
      if (!(error instanceof SIPParseError)) throw error;
      if (!this.#servers.refuseUnparsable(message, error, from)) this.dropped.unparsable++;
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
    if (isSentBy(via, client.own.sentBy) && viaCount(response) === client.own.vias) client.receive(response, from);
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

  /** What belongs to no transaction: if it does not leave, nobody but the log hears of it. */
  #sendAlone(sending: Promise<void>, during: string): void {
    sending.catch((error: unknown) => this.#report(error, during));
  }

  /** Sends a response that belongs to no transaction here, by its topmost Via (RFC 3261 §18.2.2). @returns where it went */
  sendStatelessly(response: SIPResponse): Promise<Endpoint> {
    return this.#waysBack.sendStatelessly(response);
  }

  #send(message: Uint8Array, to: Endpoint, patience?: number): Promise<void> {
    const { replacing } = this.#transports;
    if (replacing !== undefined) return replacing.then(() => this.#send(message, to, patience));
    if (this.#closed) return SENT;
    try {
      const transport = this.#transports.for(to);
      this.#trace("out", message, to);
      return transport.send(message, to, patience);
    } catch (error) {
      return Promise.reject(error);
    }
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

/** What is sent after the end goes nowhere. */
const SENT: Promise<void> = Promise.resolve();

function closedError({ address, port, protocol }: Endpoint): TransportError {
  const problem = `cannot send to ${protocol} ${formatEndpoint(address, port)}: the transaction layer has been closed`;
  return new TransportError("TRANSPORT_CLOSED", problem, address, port);
}
