import { isIP } from "node:net";
import { networkInterfaces } from "node:os";
import { NameAddr } from "../message/NameAddr.ts";
import { newTag, randomText } from "../message/random.ts";
import { SIPURI, type URI } from "../message/SIPURI.ts";
import type { Via } from "../message/Via.ts";
import type { Endpoint } from "../transport/transport.ts";
import type { TransportSet } from "../transport/TransportSet.ts";

/** Which INVITEs and MESSAGEs are for us: those to our very Contact, to our user name, or all. */
export type AcceptCalls = "registered" | "user" | "any";

/** The Contact parameter that carries our secret; the name is the one that several desk phones use for the same. */
const SECRET = "line";

interface IdentityOptions {
  readonly user: string;
  readonly domain: string | undefined;
  readonly displayName: string | undefined;
  readonly transports: TransportSet;
  readonly hostFor: ((remoteHost: string) => string) | undefined;
}

/** Who we are, as From says it, and where we are, as Contact says it to each peer. */
export class Identity {
  readonly user: string;
  readonly #options: IdentityOptions;
  /** Nobody who was not told our Contact can guess it, so scanners cannot ring us. */
  readonly #secret = randomText(8);
  /** How a NAT shows us to the server (RFC 3581 §4), by the server's protocol and address; the newest last. */
  readonly #learned = new Map<string, { host: string; port: number }>();

  /** The Contact that was asked for last. */
  #contact: { readonly key: string; readonly text: string } | undefined;

  constructor(options: IdentityOptions) {
    this.user = options.user;
    this.#options = options;
  }

  /** Our address of record. Without a domain it is our address towards the peer: nobody else could say who we are. */
  aor(remoteHost: string): SIPURI {
    const { domain } = this.#options;
    if (domain !== undefined) return new SIPURI({ user: this.user, host: domain });
    const { port } = this.#options.transports.local;
    return new SIPURI({ user: this.user, host: this.hostFor(remoteHost), port: port === 5060 ? undefined : port });
  }

  /** A From with a new tag. */
  from(remoteHost: string): NameAddr {
    return new NameAddr({ displayName: this.#options.displayName, uri: this.aor(remoteHost), params: { tag: newTag() } });
  }

  /** The host that stands for us in headers towards a peer; never a wildcard. */
  hostFor(remoteHost: string): string {
    return this.#options.hostFor?.(remoteHost) ?? localHostTowards(this.#options.transports.local.address, remoteHost);
  }

  /** The host and port that stand for us in Via towards a peer. */
  sentBy(destination: Endpoint): { host: string; port: number } {
    return { host: this.hostFor(destination.address), port: this.#portFor(destination) };
  }

  /** Our Contact towards a peer, in angle brackets. @param secure as a sips: URI, which needs no transport to say TLS */
  contactFor(destination: Endpoint, secure = false): string {
    const { protocol } = destination;
    const { host, port } = this.#learnedFor(destination) ?? this.sentBy(destination);
    // It goes into most messages, and hardly ever changes.
    const key = `${protocol} ${secure} ${host} ${port}`;
    if (this.#contact?.key === key) return this.#contact.text;
    const params: [string, string][] = [[SECRET, this.#secret]];
    if (protocol !== "UDP" && !secure) params.unshift(["transport", protocol.toLowerCase()]);
    const text = `<${new SIPURI({ scheme: secure ? "sips" : "sip", user: this.user, host, port, params }).toString()}>`;
    this.#contact = { key, text };
    return text;
  }

  /** Whether a URI is, or leads to, our Contact. */
  isContact(uri: URI): boolean {
    return uri instanceof SIPURI && uri.params.text(SECRET) === this.#secret;
  }

  accepts(uri: URI, policy: AcceptCalls): boolean {
    if (policy === "any" || this.isContact(uri)) return true;
    return policy === "user" && uri instanceof SIPURI && uri.user === this.user;
  }

  /** Takes note of how the server sees us: `received` and `rport` of our own Via in its response. */
  learn(via: Via, server: Endpoint): void {
    const { received, rport } = via;
    if (received === undefined && typeof rport !== "number") return;
    const host = received ?? via.host;
    // A private address in a public server's answer is some gateway's invention: it would lead nobody to us.
    if (isIP(host) === 0 || (isPrivate(host) && !isPrivate(server.address))) return;
    const transport = this.#options.transports.of(server.protocol);
    const port = typeof rport === "number" ? rport : (via.port ?? this.#portFor(server));
    const key = keyOf(server);
    this.#learned.delete(key);
    // A connection's port is no place to listen at: it counts only where there is no other way to us than that connection.
    if (transport?.reliable === true && transport.listening !== false && host === this.hostFor(server.address)) return;
    this.#learned.set(key, { host, port });
  }

  /** The network has changed: what was learned of our address holds no longer. */
  forget(): void {
    this.#learned.clear();
  }

  /** Whether something between us and the server changes our address. */
  isBehindNAT(server: Endpoint): boolean {
    const learned = this.#learned.get(keyOf(server));
    if (learned === undefined) return false;
    return learned.host !== this.hostFor(server.address) || learned.port !== this.#portFor(server);
  }

  #portFor({ protocol }: Endpoint): number {
    const { transports } = this.#options;
    return (transports.of(protocol) ?? transports).local.port;
  }

  #learnedFor(destination: Endpoint): { host: string; port: number } | undefined {
    const exact = this.#learned.get(keyOf(destination));
    if (exact !== undefined || isPrivate(destination.address)) return exact;
    // Another public host of the same provider: what one public host sees is a better guess than an address behind the NAT.
    const prefix = `${destination.protocol} `;
    const others = [...this.#learned].filter(([key, { host }]) => key.startsWith(prefix) && !isPrivate(host));
    return others.at(-1)?.[1];
  }
}

function keyOf({ protocol, address }: Endpoint): string {
  return `${protocol} ${address}`;
}

/** Not reachable from the internet: RFC 1918, RFC 6598, loopback, link-local, RFC 4193. */
export function isPrivate(address: string): boolean {
  if (address.includes(":")) return /^(::1$|f[cd]|fe[89ab])/i.test(address);
  return /^(10\.|127\.|169\.254\.|192\.168\.|172\.(1[6-9]|2\d|3[01])\.|100\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.)/.test(address);
}

/** The bound address; in place of a wildcard, the interface that shares the peer's network, or the first that leads outside. */
function localHostTowards(bound: string, remoteHost: string): string {
  if (bound !== "0.0.0.0" && bound !== "::") return bound;
  const family = isIP(remoteHost) === 6 || (isIP(remoteHost) === 0 && bound === "::") ? "IPv6" : "IPv4";
  const interfaces = Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .filter((address) => address.family === family && !/^fe80:/i.test(address.address));
  const loopback = family === "IPv6" ? "::1" : "127.0.0.1";
  if (remoteHost.startsWith("127.") || remoteHost === "::1" || remoteHost === "localhost") return loopback;
  const near = interfaces.find(({ address, netmask }) => sameNetwork(address, remoteHost, netmask));
  return (near ?? interfaces.find(({ internal }) => !internal))?.address ?? loopback;
}

function sameNetwork(address: string, other: string, netmask: string): boolean {
  if (isIP(address) !== 4 || isIP(other) !== 4) return false;
  const [a, b, mask] = [address, other, netmask].map((text) => text.split(".").reduce((sum, byte) => sum * 256 + Number(byte), 0));
  // Bitwise operators work on 32 bits, signed alike on both sides.
  return ((a ?? 0) & (mask ?? 0)) === ((b ?? 0) & (mask ?? 0));
}
