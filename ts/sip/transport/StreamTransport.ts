import { isIP, isIPv4, type Server, type Socket } from "node:net";
import { type Clock, systemClock } from "../../time/clock.ts";
import { SIPRequest } from "../message/SIPRequest.ts";
import { Connection } from "./Connection.ts";
import { type ConnectionLimits, DEFAULT_CONNECTION_LIMITS } from "./connectionLimits.ts";
import { ConnectionTable } from "./ConnectionTable.ts";
import { bindError, connectError, formatEndpoint, sendError, TransportError } from "./errors.ts";
import type { Endpoint, ReadMessage, Transport } from "./transport.ts";

/** What TCP and TLS have in common. */
export interface StreamTransportOptions {
  /** Where to listen, and from where to connect. A wildcard is fine. */
  readonly address: string;
  /** 0 takes any free port. A function is asked when the transport opens: TCP belongs on the port that UDP got (RFC 3261 §18.2.1). */
  readonly port: number | (() => number);
  /**
   * Whether others may connect to us. `"if possible"`: when the port is taken, the transport goes on without. Default true for TCP,
   * for TLS when there is a certificate.
   */
  readonly listen?: boolean | "if possible";
  readonly limits?: Partial<ConnectionLimits>;
  /** Default: the system's. */
  readonly clock?: Clock;
  /** Uniform in [0, 1): jitter of keep-alives. Default Math.random. */
  readonly random?: () => number;
}

/**
 * SIP over connections (RFC 3261 §18): one for each peer, used both ways for as long as it lives, opened when there is something to
 * send, and opened again after it was lost.
 *
 * - A response goes back on the connection that brought the request: `from` of the message names it (RFC 3261 §18.2.2).
 * - A peer that opened a connection and says `alias` in its Via gets our requests over it (RFC 5923), if it is who it says.
 * - Keep-alives are answered, and sent where we opened the connection (RFC 5626 §4.4.1).
 * - What is no SIP, never ends, or is never read, costs the connection it happens on, and no other.
 */
// Not "implements ConnectionOwner", which it is: those members are internal and not in the published types.
export abstract class StreamTransport implements Transport {
  abstract readonly protocol: "TCP" | "TLS";
  readonly reliable = true;
  onMessage: ((message: Uint8Array, from: Endpoint, read?: ReadMessage) => void) | undefined;
  onError: ((error: Error) => void) | undefined;
  onDisconnect: ((remote: Endpoint, error: TransportError, clean: boolean) => void) | undefined;
  readonly #options: StreamTransportOptions;
  readonly #limits: ConnectionLimits;
  readonly #clock: Clock;
  readonly #table = new ConnectionTable();
  /** Accepted, their handshake not done. */
  readonly #greeting = new Set<Socket>();
  #port: number;
  #server: Server | undefined;
  #opening: Promise<void> | undefined;
  #closing: Promise<void> | undefined;
  #state: "new" | "open" | "closed" = "new";

  protected constructor(options: StreamTransportOptions) {
    this.#options = options;
    this.#limits = { ...DEFAULT_CONNECTION_LIMITS, ...options.limits };
    this.#clock = options.clock ?? systemClock;
    this.#port = typeof options.port === "number" ? options.port : 0;
  }

  get local(): Endpoint {
    return { address: this.#options.address, port: this.#port, protocol: this.protocol };
  }

  get listening(): boolean {
    return this.#server !== undefined;
  }

  /** Connections that are up or being set up. */
  get connections(): number {
    return this.#table.size;
  }

  /** Checks what the connections need, certificates for instance. @throws TransportError */
  protected abstract prepare(): void;
  /** Whether to listen when the options do not say. */
  protected abstract get listensByDefault(): boolean;
  /** The port to name where none is bound. */
  protected abstract get defaultPort(): number;
  /** A server that hands over each socket whose handshake is done. */
  protected abstract createServer(accept: (socket: Socket) => void): Server;
  /** Begins to connect. */
  protected abstract connect(to: Endpoint, localAddress: string | undefined): { readonly socket: Socket; readonly readyEvent: string };
  /** In words that tell what to do. */
  protected abstract explain(cause: Error, to: Endpoint): TransportError;
  /** Whether a connection to the right address may carry what is meant for that name. */
  protected abstract answersTo(host: string, connection: Connection): boolean;
  /** Whether who opened a connection to us may have our requests to that host sent over it (RFC 5923 §6). */
  protected abstract mayAlias(host: string, connection: Connection): boolean;

  /**
   * Listens, if it is to. Calling it again while open does nothing more.
   * @throws TransportError `TRANSPORT_BIND`, `TRANSPORT_TLS`; `TRANSPORT_CLOSED` after {@link close}
   */
  open(): Promise<void> {
    if (this.#state === "closed") return Promise.reject(this.#closedError("open"));
    this.#opening ??= this.#open().catch((error: unknown) => {
      this.#opening = undefined;
      throw error;
    });
    return this.#opening;
  }

  /**
   * Sends over the connection to that endpoint, or opens one.
   * @throws TransportError `TRANSPORT_CONNECT` or `TRANSPORT_TLS` when none comes about, `TRANSPORT_LOST` when it breaks on the way
   */
  async send(message: Uint8Array, to: Endpoint, patience?: number): Promise<void> {
    if (this.#state !== "open") throw this.#closedError("send");
    await this.#connectionTo(to, Math.min(patience ?? Number.POSITIVE_INFINITY, this.#limits.connectTimeout)).send(message);
  }

  isConnected(to: Endpoint): boolean {
    return this.#find(to) !== undefined;
  }

  ping(to: Endpoint): void {
    this.#find(to)?.ping();
  }

  suspect(to: Endpoint, since: number): void {
    const connection = this.#find(to);
    if (connection === undefined || connection.lastReceived > since) return;
    const { address, port, protocol } = connection.remote;
    const problem = `the ${protocol} connection with ${formatEndpoint(address, port)} is given up: nothing comes over it any more`;
    connection.fail(new TransportError("TRANSPORT_LOST", problem, address, port));
  }

  /** Closes the connections, after what waits to be sent, and frees the port. Calling it again does nothing more. */
  close(): Promise<void> {
    this.#state = "closed";
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** @internal */
  received(connection: Connection, bytes: Uint8Array, read: ReadMessage): void {
    if (this.#state !== "open") return;
    if (connection.incoming && read instanceof SIPRequest && read.via.params.has("alias") && this.mayAlias(read.via.host, connection)) {
      this.#table.alias(connection, read.via.port ?? this.defaultPort);
    }
    this.onMessage?.(bytes, connection.remote, read);
  }

  /** @internal */
  closed(connection: Connection, error: TransportError, clean: boolean): void {
    const { remote } = connection;
    const alias = this.#table.delete(connection);
    if (this.#state !== "open") return;
    this.onDisconnect?.(remote, error, clean);
    if (alias !== undefined) this.onDisconnect?.({ ...remote, port: alias }, error, clean);
  }

  #find(to: Endpoint): Connection | undefined {
    return this.#table.find(to, (connection, host) => this.answersTo(host, connection));
  }

  #connectionTo(to: Endpoint, patience: number): Connection {
    const known = this.#find(to);
    if (known !== undefined) return known;
    const { address, port, protocol } = to;
    // A name is looked up before (RFC 3263): it may stand for several addresses.
    if (isIP(address) === 0) throw sendError(protocol, address, port, "this is no IP address; resolve the name first");
    if (!(port > 0 && port < 65_536)) throw sendError(protocol, address, port, "this is no port");
    let socket: Socket;
    let readyEvent: string;
    try {
      ({ socket, readyEvent } = this.connect(to, this.#localAddressFor(address)));
    } catch (error) {
      throw this.explain(error instanceof Error ? error : new Error(String(error)), to);
    }
    const connection = this.#adopt(socket, to, false);
    const alarm = this.#clock.at(this.#clock.now() + patience, () => {
      const problem = `no connection within ${patience / 1000} s`;
      connection.fail(connectError(protocol, address, port, Object.assign(new Error(problem), { code: "ETIMEDOUT" })));
    });
    socket.once(readyEvent, () => connection.opened());
    const settled = (): void => alarm.cancel();
    connection.ready.then(settled, () => {
      settled();
      this.#table.delete(connection);
    });
    return connection;
  }

  #adopt(socket: Socket, remote: Endpoint, incoming: boolean): Connection {
    const connection = new Connection({
      socket,
      remote,
      incoming,
      limits: this.#limits,
      clock: this.#clock,
      random: this.#options.random ?? Math.random,
      owner: this,
      explain: (cause) => this.explain(cause, remote),
    });
    this.#table.add(connection);
    return connection;
  }

  #accept(socket: Socket): void {
    const { remoteAddress, remotePort } = socket;
    // It may be gone before its turn comes.
    if (this.#state !== "open" || remoteAddress === undefined || remotePort === undefined) {
      socket.destroy();
      return;
    }
    const address = remoteAddress.startsWith("::ffff:") && isIPv4(remoteAddress.slice(7)) ? remoteAddress.slice(7) : remoteAddress;
    this.#adopt(socket, { address, port: remotePort, protocol: this.protocol }, true).opened();
  }

  /** Packets leave from the address that is bound; a wildcard leaves it to the routes. */
  #localAddressFor(remote: string): string | undefined {
    const { address } = this.#options;
    return address === "0.0.0.0" || address === "::" || isIP(address) !== isIP(remote) ? undefined : address;
  }

  async #open(): Promise<void> {
    const { address, port, listen = this.listensByDefault } = this.#options;
    this.#port = typeof port === "number" ? port : port();
    if (isIP(address) === 0) throw bindError(this.protocol, address, this.#port, "this is no IP address");
    if (!(this.#port >= 0 && this.#port < 65_536)) throw bindError(this.protocol, address, this.#port, "this is no port");
    this.prepare();
    if (listen === false) {
      this.#port ||= this.defaultPort;
    } else {
      try {
        await this.#listen(address);
      } catch (error) {
        if (listen === true) throw error;
        this.#port ||= this.defaultPort;
      }
    }
    if (this.#state === "closed") {
      await this.#stopListening();
      throw this.#closedError("open");
    }
    this.#state = "open";
  }

  async #listen(address: string): Promise<void> {
    const server = this.createServer((socket) => this.#accept(socket));
    server.maxConnections = this.#limits.maxConnections;
    server.on("connection", (socket: Socket) => {
      this.#greeting.add(socket);
      socket.once("close", () => this.#greeting.delete(socket));
    });
    await new Promise<void>((resolve, reject) => {
      const failed = (cause: unknown): void => reject(bindError(this.protocol, address, this.#port, cause));
      server.once("error", failed);
      server.once("listening", () => {
        server.off("error", failed);
        resolve();
      });
      // exclusive: workers of a cluster would otherwise share the port and get one another's responses.
      server.listen({ host: address, port: this.#port, exclusive: true, ipv6Only: address !== "::" });
    });
    server.on("error", (error) => this.onError?.(error));
    const bound = server.address();
    if (bound !== null && typeof bound === "object") this.#port = bound.port;
    this.#server = server;
  }

  async #close(): Promise<void> {
    // An open that is under way sees #state and cleans up after itself; its own caller hears of the failure.
    await this.#opening?.catch(() => undefined);
    const connections = this.#table.all();
    for (const connection of connections) connection.close("the transport is closed");
    const stopped = this.#stopListening();
    await Promise.all(connections.map((connection) => connection.closed));
    for (const socket of this.#greeting) socket.destroy();
    await stopped;
  }

  #stopListening(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (server === undefined) return Promise.resolve();
    return new Promise((resolve) => {
      server.close(() => resolve());
    });
  }

  #closedError(action: string): TransportError {
    const { address, port, protocol } = this.local;
    const where = formatEndpoint(address, port);
    const problem = this.#state === "closed" ? "it has been closed; create a new transport" : "it is not open; await open() first";
    return new TransportError("TRANSPORT_CLOSED", `cannot ${action} on ${protocol} ${where}: ${problem}`, address, port);
  }
}
