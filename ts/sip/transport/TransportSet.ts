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
  readonly #first: Transport;
  readonly #byProtocol: ReadonlyMap<TransportProtocol, Transport>;

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

  async close(): Promise<void> {
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
