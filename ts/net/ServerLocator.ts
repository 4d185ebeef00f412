import { isIP } from "node:net";

import type { Target } from "../sip/transport/target.ts";
import type { Endpoint, TransportProtocol } from "../sip/transport/transport.ts";
import { type Clock, systemClock } from "../time/clock.ts";
import { withoutZone } from "./cidr.ts";
import { type DNS, systemDNS } from "./dns.ts";
import { DNSCache } from "./DNSCache.ts";
import { NameResolutionError } from "./errors.ts";
import { type Service, serviceOf, servicesOf } from "./naptr.ts";
import { DEFAULT_PORTS, systemError, wrongFamily } from "./resolve.ts";

export interface ServerLocatorOptions {
  /** What we speak, preferred first. Default UDP. */
  readonly protocols?: readonly TransportProtocol[];
  /** Only addresses of this family: what our sockets can send to. */
  readonly family?: 4 | 6;
  /** Default: the system's. */
  readonly dns?: DNS;
  /** For the age of what DNS said. Default: the system's. */
  readonly clock?: Clock;
  /** Uniform in [0, 1): draws among servers by their weights. Default Math.random. */
  readonly random?: () => number;
}

/**
 * Locates SIP servers (RFC 3263 §4): from the host, port and transport of a URI to the endpoints to try, one after the other.
 *
 * ```
 *   address ─────────────────────────────────────────────────────▶ itself       (UDP, for sips: TLS, where none is asked for)
 *   name and port ───────────────────────────────▶ A, AAAA ──────▶ that port
 *   name and transport ────────▶ SRV of that ────▶ A, AAAA ──────▶ SRV's port
 *   name ─────────▶ NAPTR ─────▶ SRV of each ────▶ A, AAAA ──────▶ SRV's port
 *                      └ none: SRV of all that we speak
 *                                   └ none: A, AAAA of the name ─▶ usual port
 * ```
 *
 * @example
 * const locator = new ServerLocator({ protocols: ["UDP", "TCP"] });
 * await locator.locate({ host: "example.com" }); // [{ address: "192.0.2.1", port: 5060, protocol: "TCP" }, …]
 */
export class ServerLocator {
  readonly #protocols: readonly TransportProtocol[];
  readonly #family: 4 | 6 | undefined;
  readonly #dns: DNSCache;

  constructor(options: ServerLocatorOptions = {}) {
    this.#protocols = options.protocols ?? ["UDP"];
    this.#family = options.family;
    this.#dns = new DNSCache(options.dns ?? systemDNS, options.clock ?? systemClock, options.random ?? Math.random);
  }

  /**
   * @returns one endpoint at least; those of TLS name the host for which their certificate must be: the one asked for, whatever DNS made of it
   * @throws NameResolutionError
   */
  async locate(target: Target): Promise<readonly Endpoint[]> {
    const { port, secure = false } = target;
    const host = target.host.replace(/^\[(.*)\]$/, "$1");
    const spoken = this.#protocols.filter((protocol) => (target.protocol ?? protocol) === protocol && (!secure || protocol === "TLS"));
    // Asked for, though not spoken: the caller will say so.
    const protocol = target.protocol ?? (secure ? "TLS" : spoken.includes("UDP") ? "UDP" : (spoken[0] ?? "UDP"));
    if (isIP(host) !== 0) {
      if (this.#family !== undefined && isIP(host) !== this.#family) throw wrongFamily(host, this.#family);
      return [{ address: host, port: port ?? DEFAULT_PORTS[protocol], protocol }];
    }
    if (host === "") throw new NameResolutionError(host, "the name is empty");
    if (port === undefined && isPublicName(host)) {
      const endpoints = await this.#byServices(host, target.protocol === undefined ? spoken : [protocol], target.protocol === undefined);
      if (endpoints.length > 0) return endpoints;
    }
    return this.#byAddress(host, host, port ?? DEFAULT_PORTS[protocol], protocol);
  }

  async #byServices(host: string, spoken: readonly TransportProtocol[], free: boolean): Promise<Endpoint[]> {
    let services: readonly Service[] = free ? servicesOf(await this.#dns.naptr(host), spoken) : [];
    if (services.length === 0) services = spoken.map((protocol) => serviceOf(host, protocol));
    const answers = await Promise.all(services.map(async ({ protocol, name }) => ({ protocol, records: await this.#dns.srv(name) })));
    const servers = answers.flatMap(({ protocol, records }) => records.map((record) => ({ ...record, protocol })));
    const offered = servers.filter(({ name }) => name !== "" && name !== ".");
    if (servers.length > 0 && offered.length === 0) {
      throw new NameResolutionError(host, `its SRV records say that it offers no SIP over ${spoken.join(" or ")}`);
    }
    let failure: unknown;
    const found = await Promise.all(
      offered.map(async ({ name, port, protocol }) => {
        try {
          return await this.#byAddress(host, name, port, protocol);
        } catch (error) {
          failure = error;
          return [];
        }
      }),
    );
    const endpoints = found.flat();
    // SRV records bind (RFC 3263 §4.2): their domain's own address is none to fall back on.
    if (offered.length > 0 && endpoints.length === 0) throw failure;
    return endpoints;
  }

  /** @param host what was asked for @param name what has the addresses */
  async #byAddress(host: string, name: string, port: number, protocol: TransportProtocol): Promise<Endpoint[]> {
    let found: readonly string[];
    try {
      found = await this.#dns.addresses(name, this.#family);
    } catch (error) {
      throw systemError(name, error);
    }
    const addresses = found.filter((address) => isIP(withoutZone(address)) !== 0);
    if (addresses.length === 0) throw this.#family === undefined ? new NameResolutionError(name, "it has no address") : wrongFamily(name, this.#family);
    const certified = protocol === "TLS" ? { host } : {};
    return addresses.map((address) => ({ address, port, protocol, ...certified }));
  }
}

/** Names without a dot, and localhost (RFC 6761 §6.3), are this network's own: DNS has no records of services for them. */
function isPublicName(host: string): boolean {
  return host.replace(/\.$/, "").includes(".") && !/(^|\.)localhost\.?$/i.test(host);
}
