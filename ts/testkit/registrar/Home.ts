import { isIP } from "node:net";

import type { SIPRequest } from "../../sip/message/SIPRequest.ts";
import { SIPURI } from "../../sip/message/SIPURI.ts";
import type { TransportProtocol } from "../../sip/transport/transport.ts";
import type { TransportSet } from "../../sip/transport/TransportSet.ts";

/** Under which names we and our users are known. */
export class Home {
  readonly #transports: TransportSet;
  readonly #domains: ReadonlySet<string>;
  readonly #users: Readonly<Record<string, string>>;

  constructor(transports: TransportSet, domains: readonly string[], users: Readonly<Record<string, string>>) {
    this.#transports = transports;
    this.#domains = new Set([transports.local.address, ...domains].map((domain) => domain.toLowerCase()));
    this.#users = users;
  }

  get address(): string {
    return this.#transports.local.address;
  }

  get port(): number {
    return this.#transports.local.port;
  }

  portOf(protocol: TransportProtocol): number {
    return this.#transports.of(protocol)?.local.port ?? this.port;
  }

  /** Our address for one protocol, as it stands in Record-Route. */
  route(protocol: TransportProtocol): SIPURI {
    const transport = protocol === "UDP" ? {} : { transport: protocol.toLowerCase() };
    return new SIPURI({ host: this.address, port: this.portOf(protocol), params: { ...transport, lr: true } });
  }

  /** Whether somebody of that name lives here. */
  has(user: string): boolean {
    return Object.hasOwn(this.#users, user);
  }

  /** Whether a URI, an address of record, belongs to a domain of ours. It names no port, or ours. */
  isHome(uri: SIPURI): boolean {
    return this.#domains.has(uri.host.toLowerCase()) && (uri.port === undefined || this.#ports.includes(uri.port));
  }

  get #ports(): number[] {
    return this.#transports.protocols.map((protocol) => this.portOf(protocol));
  }

  /**
   * Whether a URI in a request addresses us. Inside a dialog an address without a port means 5060; when that is not our port, it is
   * a phone on the same machine.
   */
  isOurs(uri: SIPURI, request: SIPRequest): boolean {
    if (!this.isHome(uri)) return false;
    return uri.port !== undefined || this.#ports.includes(5060) || request.to.tag === undefined || isIP(uri.host) === 0;
  }
}
