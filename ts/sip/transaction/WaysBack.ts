import { isIP } from "node:net";
import type { SIPResponse } from "../message/SIPResponse.ts";
import { formatEndpoint, TransportError } from "../transport/errors.ts";
import type { Endpoint, TransportProtocol } from "../transport/transport.ts";
import type { TransportSet } from "../transport/TransportSet.ts";
import type { TransactionLayerOptions } from "./options.ts";
import { defaultPort, type ReturnPath } from "./via.ts";

/** Sends responses (RFC 3261 §18.2.2): the way their requests came, and when that is closed, the others that lead to the sender. */
export class WaysBack {
  readonly #transports: TransportSet;
  readonly #send: (message: Uint8Array, to: Endpoint) => Promise<void>;
  readonly #locate: TransactionLayerOptions["locate"];

  constructor(transports: TransportSet, send: (message: Uint8Array, to: Endpoint) => Promise<void>, locate: TransactionLayerOptions["locate"]) {
    this.#transports = transports;
    this.#send = send;
    this.#locate = locate;
  }

  /** A response's way back; when that is closed, the others that RFC 3261 and RFC 3263 §5 know, in their order. */
  send(message: Uint8Array, way: ReturnPath): Promise<void> {
    // A connection that is gone cannot be opened again from our end: the far one does not listen at the port it sent from.
    if (!this.#transports.isConnected(way.direct)) return this.#sendRound(message, way, undefined);
    const direct = this.#send(message, way.direct);
    // No datagram that fails to leave leaves by trying again at once.
    return way.from.protocol === "UDP" && isIP(way.host) !== 0 ? direct : direct.catch((error: unknown) => this.#sendRound(message, way, error));
  }

  async #sendRound(message: Uint8Array, way: ReturnPath, cause: unknown): Promise<void> {
    let failure = cause;
    for await (const round of this.#waysRound(way)) {
      try {
        await this.#send(message, round);
        return;
      } catch (error) {
        failure ??= error;
      }
    }
    throw failure ?? lostError(way.from);
  }

  async *#waysRound({ from, host, port }: ReturnPath): AsyncGenerator<Endpoint> {
    const { protocol } = from;
    const name = isIP(host) === 0 ? { host } : {};
    const reliable = this.#transports.of(protocol)?.reliable ?? protocol !== "UDP";
    if (reliable) yield { address: from.address, port: port ?? defaultPort(protocol), protocol, ...name };
    // A name that leads nowhere is one way less.
    if (this.#locate !== undefined && isIP(host) === 0) yield* await this.#locate(host, port, protocol).catch(() => []);
  }

  /** Sends a response that belongs to no transaction here, by its topmost Via. @returns where it went */
  async sendStatelessly(response: SIPResponse): Promise<Endpoint> {
    const { via } = response;
    const protocol = this.#transports.protocols.find((spoken): spoken is TransportProtocol => spoken === via.protocol);
    const address = via.received ?? via.host;
    if (protocol === undefined) {
      throw new TransportError("TRANSPORT_UNAVAILABLE", `cannot answer over ${via.protocol}, which is not spoken here`, address, via.port ?? 0);
    }
    const port = typeof via.rport === "number" ? via.rport : (via.port ?? defaultPort(protocol));
    const named: Endpoint = { address, port, protocol };
    const found = isIP(named.address) === 0 ? await this.#locate?.(via.host, via.port, protocol) : undefined;
    const destination = found?.[0] ?? named;
    await this.#send(response.toBytes(), destination);
    return destination;
  }
}

function lostError({ address, port, protocol }: Endpoint): TransportError {
  const problem = `cannot answer ${protocol} ${formatEndpoint(address, port)}: its connection is gone`;
  return new TransportError("TRANSPORT_LOST", problem, address, port);
}
