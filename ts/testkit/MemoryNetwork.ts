import { bindError, formatEndpoint, sendError, TransportError } from "../sip/transport/errors.ts";
import type { Endpoint, Transport, TransportProtocol } from "../sip/transport/transport.ts";
import type { Clock } from "../time/clock.ts";
import { Random } from "./random.ts";

/** The keep-alive of RFC 5626: travels as any datagram, and is no message. */
const PING = Buffer.from("\r\n\r\n");

/** What a link does to datagrams. */
export interface LinkConditions {
  /** The share of datagrams that get lost, 0 to 1. 0 */
  readonly loss: number;
  /** The share of datagrams that arrive twice, 0 to 1. 0 */
  readonly duplicate: number;
  /** The delay of each copy is drawn between these two, in milliseconds, so a wide span reorders. 0 and 0 */
  readonly minimumDelay: number;
  readonly maximumDelay: number;
}

export interface MemoryNetworkOptions extends Partial<LinkConditions> {
  readonly clock: Clock;
  /** The same seed and the same sends give the same run. */
  readonly seed: number;
}

/** Tells whether a datagram is meant. */
export type DatagramPredicate = (message: Uint8Array, from: Endpoint, to: Endpoint) => boolean;

/**
 * A network in memory and in virtual time: transports joined by a link that loses, repeats and reorders by a seeded generator.
 *
 * ```ts
 * const clock = new VirtualClock();
 * const network = new MemoryNetwork({ clock, seed: 1, loss: 0.2, minimumDelay: 5, maximumDelay: 50 });
 * const alice = network.transport("192.0.2.1", 5060);
 * const bob = network.transport("192.0.2.2", 5060);
 * network.drop((message) => Buffer.from(message).toString().startsWith("ACK"));
 * ```
 * A transport of protocol TCP or TLS loses, repeats and reorders nothing, and notices when nobody is bound at the other end.
 */
export class MemoryNetwork {
  /** Sees each message as it is sent, those that will get lost included. */
  onDatagram: ((message: Uint8Array, from: Endpoint, to: Endpoint) => void) | undefined;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #conditions: LinkConditions;
  readonly #directions: { readonly applies: (from: Endpoint, to: Endpoint) => boolean; readonly conditions: LinkConditions }[] = [];
  readonly #drops: { readonly predicate: DatagramPredicate; times: number }[] = [];
  readonly #bound = new Map<string, MemoryTransport>();
  /** When the last message of each stream arrives: the next one arrives no earlier. */
  readonly #streamEnds = new Map<string, number>();
  #nextPort = 49_152;

  constructor({ clock, seed, ...conditions }: MemoryNetworkOptions) {
    this.#clock = clock;
    this.#random = new Random(seed);
    this.#conditions = { loss: 0, duplicate: 0, minimumDelay: 0, maximumDelay: conditions.minimumDelay ?? 0, ...conditions };
  }

  /** A transport that binds `address`, which must not be a wildcard; port 0 takes a free one. It works once opened. */
  transport(address: string, port: number, protocol: TransportProtocol = "UDP"): Transport {
    return new MemoryTransport(this, { address, port, protocol });
  }

  /** Loses the next `times` datagrams for which `predicate` holds, whatever the link's conditions. */
  drop(predicate: DatagramPredicate, times = 1): void {
    this.#drops.push({ predicate, times });
  }

  /** Other conditions for one direction, for instance `override((from) => from.port === 5060, { loss: 1 })`. The latest wins. */
  override(applies: (from: Endpoint, to: Endpoint) => boolean, conditions: Partial<LinkConditions>): void {
    this.#directions.unshift({ applies, conditions: { ...this.#conditions, ...conditions } });
  }

  /** @internal Binds; tells the endpoint that was taken. */
  bind(transport: MemoryTransport): Endpoint {
    const wanted = transport.local;
    const port = wanted.port === 0 ? this.#nextPort++ : wanted.port;
    const local = { ...wanted, port };
    const key = keyOf(local);
    if (this.#bound.has(key)) {
      throw bindError(local.protocol, local.address, port, Object.assign(new Error("bind EADDRINUSE"), { code: "EADDRINUSE" }));
    }
    this.#bound.set(key, transport);
    return local;
  }

  /** @internal */
  unbind(transport: MemoryTransport): void {
    const key = keyOf(transport.local);
    if (this.#bound.get(key) === transport) this.#bound.delete(key);
  }

  /** @internal Whether a stream would find somebody at its other end. */
  isReachable(from: Endpoint, to: Endpoint): boolean {
    return from.protocol === "UDP" || this.#bound.has(keyOf(to));
  }

  /** @internal */
  send(message: Uint8Array, from: Endpoint, to: Endpoint): void {
    const bytes = message.slice();
    this.onDatagram?.(bytes, from, to);
    if (from.protocol !== "UDP") {
      this.#sendStream(bytes, from, to);
      return;
    }
    if (this.#isDropped(bytes, from, to)) return;
    const conditions = this.#directions.find(({ applies }) => applies(from, to))?.conditions ?? this.#conditions;
    if (this.#random.chance(conditions.loss)) return;
    const copies = this.#random.chance(conditions.duplicate) ? 2 : 1;
    for (let copy = 0; copy < copies; copy++) {
      const delay = this.#random.between(conditions.minimumDelay, conditions.maximumDelay);
      this.#deliver(bytes, from, to, this.#clock.now() + delay);
    }
  }

  #sendStream(bytes: Uint8Array, from: Endpoint, to: Endpoint): void {
    if (!this.#bound.has(keyOf(to))) {
      throw sendError(from.protocol, to.address, to.port, Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED" }));
    }
    const { minimumDelay, maximumDelay } = this.#conditions;
    const stream = `${keyOf(from)} ${keyOf(to)}`;
    const arrival = this.#clock.now() + this.#random.between(minimumDelay, maximumDelay);
    const time = Math.max(arrival, this.#streamEnds.get(stream) ?? 0);
    this.#streamEnds.set(stream, time);
    this.#deliver(bytes, from, to, time);
  }

  #deliver(bytes: Uint8Array, from: Endpoint, to: Endpoint, time: number): void {
    this.#clock.at(time, () => {
      if (PING.equals(bytes)) return;
      this.#bound.get(keyOf(to))?.onMessage?.(bytes.slice(), from);
    });
  }

  #isDropped(bytes: Uint8Array, from: Endpoint, to: Endpoint): boolean {
    const drop = this.#drops.find(({ times, predicate }) => times > 0 && predicate(bytes, from, to));
    if (!drop) return false;
    drop.times--;
    return true;
  }
}

class MemoryTransport implements Transport {
  readonly protocol: TransportProtocol;
  readonly reliable: boolean;
  onMessage: ((message: Uint8Array, from: Endpoint) => void) | undefined;
  onError: ((error: Error) => void) | undefined;
  readonly #network: MemoryNetwork;
  #local: Endpoint;
  #state: "new" | "open" | "closed" = "new";

  constructor(network: MemoryNetwork, local: Endpoint) {
    this.#network = network;
    this.#local = local;
    this.protocol = local.protocol;
    this.reliable = local.protocol !== "UDP";
  }

  get local(): Endpoint {
    return this.#local;
  }

  async open(): Promise<void> {
    if (this.#state === "open") return;
    if (this.#state === "closed") throw this.#notOpen("open");
    this.#local = this.#network.bind(this);
    this.#state = "open";
  }

  async send(message: Uint8Array, to: Endpoint): Promise<void> {
    if (this.#state !== "open") throw this.#notOpen("send");
    this.#network.send(message, this.#local, to);
  }

  ping(to: Endpoint): void {
    if (this.#state === "open" && this.#network.isReachable(this.#local, to)) this.#network.send(PING, this.#local, to);
  }

  async close(): Promise<void> {
    if (this.#state === "open") this.#network.unbind(this);
    this.#state = "closed";
  }

  #notOpen(action: string): TransportError {
    const { address, port, protocol } = this.#local;
    const problem = `cannot ${action} on ${protocol} ${formatEndpoint(address, port)}: it is ${this.#state}`;
    return new TransportError("TRANSPORT_CLOSED", problem, address, port);
  }
}

function keyOf({ protocol, address, port }: Endpoint): string {
  return `${protocol} ${address} ${port}`;
}
