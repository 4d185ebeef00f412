import { isIP, type Server, type Socket } from "node:net";
import { connect, createSecureContext, createServer, type SecureContext, type SecureContextOptions, TLSSocket } from "node:tls";
import type { Connection } from "./Connection.ts";
import type { TransportError } from "./errors.ts";
import { StreamTransport, type StreamTransportOptions } from "./StreamTransport.ts";
import { secureContextOptions, type TLSIdentity } from "./tlsContext.ts";
import { tlsError } from "./tlsErrors.ts";
import { identityFault } from "./tlsIdentity.ts";
import type { Endpoint } from "./transport.ts";

/** How to set up a {@link TLSTransport}. */
export interface TLSTransportOptions extends StreamTransportOptions, TLSIdentity {
  /**
   * Whether a server's certificate must be trusted: signed by an authority we know, and valid today. Default true. False lets anybody in
   * the path read and change everything: for tests only.
   */
  readonly verify?: boolean;
  /** Whether the certificate must also be for the host that was asked for. Default true; means nothing without `verify`. */
  readonly checkHostname?: boolean;
}

/**
 * SIP over TLS 1.2 and 1.3 (RFC 3261 §26.3, RFC 5922, RFC 9325). Certificates are checked for the name that the request was for, whatever
 * address DNS gave for it. With a certificate of its own it also takes connections; without, it only makes them.
 *
 * ```ts
 * const transport = new TLSTransport({ address: "0.0.0.0", port: 5061, ca: readFileSync("ca.pem") });
 * await transport.open();
 * await transport.send(message, { address: "192.0.2.1", port: 5061, protocol: "TLS", host: "pbx.example.com" });
 * ```
 */
export class TLSTransport extends StreamTransport {
  override readonly protocol = "TLS";
  protected override readonly defaultPort = 5061;
  readonly #options: TLSTransportOptions;
  #identity: SecureContextOptions = {};
  #context: SecureContext | undefined;

  constructor(options: TLSTransportOptions) {
    super(options);
    this.#options = options;
  }

  protected override get listensByDefault(): boolean {
    return this.#options.cert !== undefined;
  }

  protected override prepare(): void {
    this.#identity = secureContextOptions(this.#options, this.local);
    this.#context = createSecureContext(this.#identity);
  }

  protected override createServer(accept: (socket: Socket) => void): Server {
    const server = createServer({
      ...this.#identity,
      // Who shows a certificate by our own authority may be called back over its connection (RFC 5923); who has none is as welcome.
      requestCert: this.#options.ca !== undefined,
      rejectUnauthorized: false,
      handshakeTimeout: 10_000,
    });
    server.on("secureConnection", accept);
    // Port scanners and plain TCP: their connection is closed by the system, and nobody else need know.
    server.on("tlsClientError", (_error, socket) => socket.destroy());
    return server;
  }

  protected override connect({ address, port, host }: Endpoint, localAddress: string | undefined): { socket: Socket; readyEvent: string } {
    const { verify = true, checkHostname = true } = this.#options;
    const name = host ?? address;
    const socket = connect({
      host: address,
      port,
      secureContext: this.#context,
      minVersion: "TLSv1.2",
      rejectUnauthorized: verify,
      // An address may not stand in the SNI extension (RFC 6066 §3).
      servername: isIP(name) === 0 ? name : "",
      checkServerIdentity: (_servername, certificate) => (checkHostname ? identityFault(name, certificate) : undefined),
      ...(localAddress === undefined ? {} : { localAddress }),
    });
    return { socket, readyEvent: "secureConnect" };
  }

  protected override explain(cause: Error, to: Endpoint): TransportError {
    return tlsError(cause, to);
  }

  protected override answersTo(host: string, { socket, remote }: Connection): boolean {
    const { verify = true, checkHostname = true } = this.#options;
    if (remote.host === host || !verify || !checkHostname) return true;
    return socket instanceof TLSSocket && socket.authorized && identityFault(host, socket.getPeerCertificate()) === undefined;
  }

  protected override mayAlias(host: string, { socket }: Connection): boolean {
    return socket instanceof TLSSocket && socket.authorized && identityFault(host, socket.getPeerCertificate()) === undefined;
  }
}
