import { isIP } from "node:net";

import type { SIPRequest } from "../../sip/message/SIPRequest.ts";
import type { SIPURI } from "../../sip/message/SIPURI.ts";
import type { Transport } from "../../sip/transport/transport.ts";

/** Under which names we and our users are known. */
export class Home {
  readonly #transport: Transport;
  readonly #domains: ReadonlySet<string>;
  readonly #users: Readonly<Record<string, string>>;

  constructor(transport: Transport, domains: readonly string[], users: Readonly<Record<string, string>>) {
    this.#transport = transport;
    this.#domains = new Set([transport.local.address, ...domains].map((domain) => domain.toLowerCase()));
    this.#users = users;
  }

  get address(): string {
    return this.#transport.local.address;
  }

  get port(): number {
    return this.#transport.local.port;
  }

  /** Whether somebody of that name lives here. */
  has(user: string): boolean {
    return Object.hasOwn(this.#users, user);
  }

  /** Whether a URI, an address of record, belongs to a domain of ours. It names no port, or ours. */
  isHome(uri: SIPURI): boolean {
    return this.#domains.has(uri.host.toLowerCase()) && (uri.port === undefined || uri.port === this.port);
  }

  /**
   * Whether a URI in a request addresses us. Inside a dialog an address without a port means 5060; when that is not our port, it is
   * a phone on the same machine.
   */
  isOurs(uri: SIPURI, request: SIPRequest): boolean {
    if (!this.isHome(uri)) return false;
    return uri.port !== undefined || this.port === 5060 || request.to.tag === undefined || isIP(uri.host) === 0;
  }
}
