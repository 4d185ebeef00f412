import { formatEndpoint, TransportError } from "./errors.ts";
import type { Endpoint, ReadMessage, Transport, TransportProtocol } from "./transport.ts";

/**
 * Several transports as one: each message takes the one that its destination names. The first is the preferred one, whose address the
 * set calls its own.
 *
 * ```ts
 * const udp = new UDPTransport({ address: "0.0.0.0", port: 5060 });
 * const tcp = new TCPTransport({ address: "0.0.0.0", port: () => udp.local.port });
 * const transport = new TransportSet([udp, tcp]);
 * ```
 */
export class TransportSet implements Transport {
  #first: Transport;
  #byProtocol: ReadonlyMap<TransportProtocol, Transport>;
  /** Never rejects. */
  #replacing: Promise<void> | undefined;
  #closed = false;

  /** @throws RangeError for none, or two of one protocol */
  constructor(transports: readonly Transport[]) {
    const [first] = transports;
    this.#byProtocol = new Map(transports.map((transport) => [transport.protocol, transport]));
    if (first === undefined) throw new RangeError("a set of transports needs one at least");
    if (this.#byProtocol.size < transports.length) throw new RangeError("a set of transports takes one of each protocol");
    this.#first = first;
  }

  /** The transport as a set: itself if it is one, or the set of this one. */
  static of(transport: Transport): TransportSet {
    return transport instanceof TransportSet ? transport : new TransportSet([transport]);
  }

  /** Of the first. */
  get protocol(): TransportProtocol {
    return this.#first.protocol;
  }

  /** Of the first. */
  get reliable(): boolean {
    return this.#first.reliable;
  }

  /** Of the first. */
  get local(): Endpoint {
    return this.#first.local;
  }

  /** What it speaks, preferred first. */
  get protocols(): readonly TransportProtocol[] {
    return [...this.#byProtocol.keys()];
  }

  of(protocol: TransportProtocol): Transport | undefined {
    return this.#byProtocol.get(protocol);
  }

  /** The transport for a destination. @throws TransportError `TRANSPORT_UNAVAILABLE` */
  for({ protocol, address, port }: Endpoint): Transport {
    const transport = this.#byProtocol.get(protocol);
    if (transport !== undefined) return transport;
    const problem = `cannot send to ${protocol} ${formatEndpoint(address, port)}: this client speaks ${this.protocols.join(" and ")} only; set transportMode`;
    throw new TransportError("TRANSPORT_UNAVAILABLE", problem, address, port);
  }

  /** While {@link replace} is at work: settles when it has done. Never rejects. */
  get replacing(): Promise<void> | undefined {
    return this.#replacing;
  }

  /** One after the other, so that one may ask for the port of another before it. All or none. */
  async open(): Promise<void> {
    try {
      for (const transport of this.#byProtocol.values()) {
        // oxlint-disable-next-line no-await-in-loop -- in their order
        await transport.open();
      }
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  async send(message: Uint8Array, to: Endpoint, patience?: number): Promise<void> {
    if (this.replacing !== undefined) await this.replacing;
    await this.for(to).send(message, to, patience);
  }

  isConnected(to: Endpoint): boolean {
    const transport = this.#byProtocol.get(to.protocol);
    return transport !== undefined && (transport.isConnected?.(to) ?? true);
  }

  ping(to: Endpoint): void {
    this.#byProtocol.get(to.protocol)?.ping?.(to);
  }

  suspect(to: Endpoint, since: number): void {
    this.#byProtocol.get(to.protocol)?.suspect?.(to, since);
  }

  /**
   * Puts others in the place of these: the network has changed, and their sockets lead nowhere. What is sent meanwhile waits for the new ones.
   * @param make makes them, not open yet; called with the port that we had, and with 0 when that cannot be bound any more
   * @throws TransportError when the new ones cannot be opened; the old ones are closed all the same, and `replace` may be called again
   */
  async replace(make: (port: number) => Transport): Promise<void> {
    const replaced = this.#replace(make);
    const settled = replaced.catch(() => {});
    this.#replacing = settled;
    try {
      await replaced;
    } finally {
      if (this.#replacing === settled) this.#replacing = undefined;
    }
  }

  async #replace(make: (port: number) => Transport): Promise<void> {
    const { port } = this.local;
    await this.#closeAll();
    try {
      await this.#adopt(make(port));
    } catch (error) {
      if (port === 0 || !(error instanceof TransportError) || error.code !== "TRANSPORT_BIND") throw error;
      await this.#adopt(make(0));
    }
    if (this.#closed) await this.#closeAll();
  }

  async #adopt(made: Transport): Promise<void> {
    const next = TransportSet.of(made);
    const { onMessage, onError, onDisconnect } = this;
    await next.open();
    for (const transport of this.#byProtocol.values()) {
      transport.onMessage = undefined;
      transport.onDisconnect = undefined;
    }
    this.#first = next.#first;
    this.#byProtocol = next.#byProtocol;
    this.onMessage = onMessage;
    this.onError = onError;
    this.onDisconnect = onDisconnect;
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#replacing;
    await this.#closeAll();
  }

  async #closeAll(): Promise<void> {
    await Promise.all([...this.#byProtocol.values()].map((transport) => transport.close()));
  }

  get onMessage(): ((message: Uint8Array, from: Endpoint, read?: ReadMessage) => void) | undefined {
    return this.#first.onMessage;
  }

  set onMessage(callback: ((message: Uint8Array, from: Endpoint, read?: ReadMessage) => void) | undefined) {
    for (const transport of this.#byProtocol.values()) transport.onMessage = callback;
  }

  get onError(): ((error: Error) => void) | undefined {
    return this.#first.onError;
  }

  set onError(callback: ((error: Error) => void) | undefined) {
    for (const transport of this.#byProtocol.values()) transport.onError = callback;
  }

  get onDisconnect(): ((remote: Endpoint, error: TransportError, clean: boolean) => void) | undefined {
    return this.#first.onDisconnect;
  }

  set onDisconnect(callback: ((remote: Endpoint, error: TransportError, clean: boolean) => void) | undefined) {
    for (const transport of this.#byProtocol.values()) transport.onDisconnect = callback;
  }
}
