import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import type { SIPURI } from "../message/SIPURI.ts";
import type { Endpoint, Transport, TransportProtocol } from "../transport/transport.ts";

/** Finds the addresses of a host, best first. Without a port, the protocol's own (or what SRV says, RFC 3263 §4.2). */
export type Resolve = (host: string, port: number | undefined, protocol: TransportProtocol) => Promise<readonly Endpoint[]>;

/** Answers for literal addresses are kept: they never change. So many at most. */
const KEPT = 1024;

/** From URIs to addresses: asks a {@link Resolve}, and answers at once where the answer cannot have changed. */
export class Locator {
  readonly #transport: Transport;
  readonly #resolve: Resolve;
  readonly #literals = new Map<string, readonly Endpoint[]>();

  constructor(transport: Transport, resolve: Resolve | undefined) {
    this.#transport = transport;
    this.#resolve = resolve ?? ((host, port, protocol) => lookUp(host, port, protocol, transport.local.address));
  }

  locate(uri: SIPURI): readonly Endpoint[] | Promise<readonly Endpoint[]> {
    return this.find(uri.params.text("maddr") ?? uri.host, uri.port);
  }

  find(host: string, port: number | undefined): readonly Endpoint[] | Promise<readonly Endpoint[]> {
    const key = `${host} ${port ?? ""}`;
    const known = this.#literals.get(key);
    if (known !== undefined) return known;
    const found = this.#resolve(host, port, this.#transport.protocol);
    if (isIP(host) === 0) return found;
    return found.then((endpoints) => {
      if (this.#literals.size >= KEPT) this.#literals.clear();
      this.#literals.set(key, endpoints);
      return endpoints;
    });
  }
}

async function lookUp(host: string, port: number | undefined, protocol: TransportProtocol, local: string): Promise<readonly Endpoint[]> {
  const addresses = isIP(host) === 0 ? await lookup(host, { all: true }) : [{ address: host, family: isIP(host) }];
  // A socket of one family cannot send to the other; a dual-stack wildcard can.
  const family = isIP(local);
  const usable = local === "::" ? addresses : addresses.filter((found) => found.family === family);
  return usable.map(({ address }) => ({ address, port: port ?? (protocol === "TLS" ? 5061 : 5060), protocol }));
}
