import { createSocket, type RemoteInfo, type Socket } from "node:dgram";
import type { LookupOptions } from "node:dns";
import { isIP, isIPv4 } from "node:net";
import { bindError, formatEndpoint, sendError, TransportError } from "./errors.ts";
import type { Endpoint, Transport } from "./transport.ts";

/** One datagram carries at most this much (RFC 768 less the IPv4 header). */
const LARGEST_DATAGRAM = 65_507;
const KEEP_ALIVE = Buffer.from("\r\n\r\n");

/**
 * SIP over UDP (RFC 3261 §18): one unconnected socket that sends from the port it receives on, as RFC 3581 asks.
 *
 * ```ts
 * const transport = new UDPTransport({ address: "0.0.0.0", port: 5060 });
 * transport.onMessage = (message, from) => { ... };
 * await transport.open();
 * ```
 * Bound to `::` it speaks IPv4 as well, with IPv4 addresses in their usual form. Nothing tells it of a port where
 * nobody listens: Node hands the ICMP error of an unconnected socket to no one, so that a transaction finds out by its timers.
 */
export class UDPTransport implements Transport {
  readonly protocol = "UDP";
  readonly reliable = false;
  onMessage: ((message: Uint8Array, from: Endpoint) => void) | undefined;
  onError: ((error: Error) => void) | undefined;
  #local: Endpoint;
  #socket: Socket | undefined;
  #opening: Promise<void> | undefined;
  #closing: Promise<void> | undefined;
  #closed = false;

  /** @param port 0 takes any free port; {@link local} tells which once {@link open} has settled */
  constructor({ address, port }: { readonly address: string; readonly port: number }) {
    this.#local = { address, port, protocol: "UDP" };
  }

  get local(): Endpoint {
    return this.#local;
  }

  /**
   * Binds. Calling it again while open does nothing more.
   * @throws TransportError `TRANSPORT_BIND` when the address cannot be bound, `TRANSPORT_CLOSED` after {@link close}
   */
  open(): Promise<void> {
    if (this.#closed) return Promise.reject(this.#closedError("open"));
    this.#opening ??= this.#bind().catch((error: unknown) => {
      this.#opening = undefined;
      throw error;
    });
    return this.#opening;
  }

  /** @throws TransportError `TRANSPORT_SEND` when the system refuses, `TRANSPORT_CLOSED` when not open */
  send(message: Uint8Array, to: Endpoint): Promise<void> {
    const socket = this.#socket;
    if (!socket) return Promise.reject(this.#closedError("send"));
    // A name would be looked up at each retransmission; resolving is done before (RFC 3263).
    if (isIP(to.address) === 0) {
      return Promise.reject(sendError("UDP", to.address, to.port, "this is no IP address; resolve the name first"));
    }
    if (!(to.port > 0 && to.port < 65_536)) {
      return Promise.reject(sendError("UDP", to.address, to.port, "this is no port"));
    }
    if (message.length > LARGEST_DATAGRAM) {
      const problem = `${message.length} bytes do not fit into one datagram, which holds ${LARGEST_DATAGRAM}`;
      return Promise.reject(sendError("UDP", to.address, to.port, problem));
    }
    const address = this.#isDualStack && isIPv4(to.address) ? `::ffff:${to.address}` : to.address;
    return new Promise((resolve, reject) => {
      const failed = (cause: unknown): void => reject(sendError("UDP", to.address, to.port, cause));
      try {
        socket.send(message, to.port, address, (error) => (error ? failed(error) : resolve()));
      } catch (error) {
        failed(error);
      }
    });
  }

  /** Two line ends, which a NAT takes for traffic and any SIP server for nothing (RFC 5626 §3.5.1). */
  ping(to: Endpoint): void {
    // One that does not leave is as good as one that got lost: the next will follow.
    this.send(KEEP_ALIVE, to).catch(() => undefined);
  }

  /** Frees the port. Calling it again does nothing more. */
  close(): Promise<void> {
    this.#closed = true;
    this.#closing ??= this.#close();
    return this.#closing;
  }

  get #isDualStack(): boolean {
    return this.#local.address === "::";
  }

  async #bind(): Promise<void> {
    const { address, port } = this.#local;
    const family = isIP(address);
    if (family === 0) throw bindError("UDP", address, port, "this is no IP address");
    if (!(port >= 0 && port < 65_536)) throw bindError("UDP", address, port, "this is no port");
    const socket = createSocket({ type: family === 4 ? "udp4" : "udp6", ipv6Only: family === 6 && !this.#isDualStack, lookup: asItIs });
    await new Promise<void>((resolve, reject) => {
      const failed = (cause: unknown): void => {
        socket.close();
        reject(bindError("UDP", address, port, cause));
      };
      socket.once("error", failed);
      socket.once("listening", () => {
        socket.off("error", failed);
        resolve();
      });
      // exclusive: workers of a cluster would otherwise share the port and get one another's responses.
      socket.bind({ address, port, exclusive: true });
    });
    if (this.#closed) {
      await closeSocket(socket);
      throw this.#closedError("open");
    }
    socket.on("message", (bytes, from) => this.#receive(bytes, from));
    socket.on("error", (error) => this.onError?.(error));
    this.#local = { address, port: socket.address().port, protocol: "UDP" };
    this.#socket = socket;
  }

  async #close(): Promise<void> {
    // A bind that is under way sees #closed and cleans up after itself; its own caller hears of the failure.
    await this.#opening?.catch(() => undefined);
    const socket = this.#socket;
    this.#socket = undefined;
    if (socket) await closeSocket(socket);
  }

  #receive(bytes: Uint8Array, from: RemoteInfo): void {
    if (this.#closed || isKeepAlive(bytes)) return;
    const address = from.address.startsWith("::ffff:") && isIPv4(from.address.slice(7)) ? from.address.slice(7) : from.address;
    this.onMessage?.(bytes, { address, port: from.port, protocol: "UDP" });
  }

  #closedError(action: string): TransportError {
    const { address, port } = this.#local;
    const where = formatEndpoint(address, port);
    const problem = this.#closed ? "it has been closed; create a new transport" : "it is not open; await open() first";
    return new TransportError("TRANSPORT_CLOSED", `cannot ${action} on UDP ${where}: ${problem}`, address, port);
  }
}

/** Only addresses come here; the look-up that Node has for names would take each through another turn of its queue. */
function asItIs(address: string, options: LookupOptions | number, found: (error: null, address: string, family: number) => void): void {
  const family = typeof options === "number" ? options : Number(options.family);
  found(null, address, family);
}

/** Empty datagrams, CRLF, CRLF CRLF (RFC 5626 §3.5.1) and the zero bytes some phones send to keep a NAT binding. */
function isKeepAlive(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte === 0x0d || byte === 0x0a || byte === 0);
}

function closeSocket(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    socket.close(() => resolve());
  });
}
