import { connect, createServer, type Server, type Socket } from "node:net";
import { equalHosts } from "../message/host.ts";
import type { Connection } from "./Connection.ts";
import { connectError, type TransportError } from "./errors.ts";
import { StreamTransport, type StreamTransportOptions } from "./StreamTransport.ts";
import type { Endpoint } from "./transport.ts";

/**
 * SIP over TCP (RFC 3261 §18).
 *
 * ```ts
 * const transport = new TCPTransport({ address: "0.0.0.0", port: 5060 });
 * transport.onMessage = (message, from) => { ... };
 * await transport.open();
 * await transport.send(message, { address: "192.0.2.1", port: 5060, protocol: "TCP" });
 * ```
 */
export class TCPTransport extends StreamTransport {
  override readonly protocol = "TCP";
  protected override readonly listensByDefault = true;
  protected override readonly defaultPort = 5060;

  // oxlint-disable-next-line no-useless-constructor -- the base class's is protected
  constructor(options: StreamTransportOptions) {
    super(options);
  }

  protected override prepare(): void {}

  protected override createServer(accept: (socket: Socket) => void): Server {
    return createServer(accept);
  }

  protected override connect({ address, port }: Endpoint, localAddress: string | undefined): { socket: Socket; readyEvent: string } {
    const local = localAddress === undefined ? {} : { localAddress };
    return { socket: connect({ host: address, port, ...local }), readyEvent: "connect" };
  }

  protected override explain(cause: Error, { address, port }: Endpoint): TransportError {
    return connectError("TCP", address, port, cause);
  }

  protected override answersTo(): boolean {
    return true;
  }

  /** TCP proves nothing but the address, and RFC 5923 wants proof: so only who claims no more than that. */
  protected override mayAlias(host: string, { remote }: Connection): boolean {
    return equalHosts(host, remote.address);
  }
}
