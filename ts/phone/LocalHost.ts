import { isIP } from "node:net";
import { localAddressTowards } from "../net/localAddress.ts";
import type { NAT } from "../net/NAT.ts";

const WILDCARDS = new Set(["0.0.0.0", "::"]);

/**
 * The name by which each peer reaches us, for Via, Contact and SDP. A wildcard is never written into a header: the address is the one that
 * the routing table uses towards that peer, unless the NAT settings name another.
 */
export class LocalHost {
  readonly #bindIp: string;
  readonly #nat: (localAddress: string) => NAT;
  readonly #towards = new Map<string, string>();

  constructor(bindIp: string, nat: (localAddress: string) => NAT) {
    this.#bindIp = bindIp;
    this.#nat = nat;
  }

  /** For whom the local address is known. */
  get peers(): readonly string[] {
    return [...this.#towards.keys()];
  }

  /** Finds out, and remembers, the local address towards a peer. @throws NATError when it lies outside our network and no name is set for it */
  async learn(peer: string): Promise<string> {
    if (WILDCARDS.has(this.#bindIp) && !this.#towards.has(peer)) this.#towards.set(peer, await localAddressTowards(peer));
    return this.hostFor(peer);
  }

  /** The name for a peer; for one that was never {@link learn}ed, on a wildcard address, the one of the peer learned last. */
  hostFor(peer: string): string {
    const address = WILDCARDS.has(this.#bindIp) ? (this.#towards.get(peer) ?? [...this.#towards.values()].at(-1) ?? "127.0.0.1") : this.#bindIp;
    return this.#nat(address).getHost(isIP(peer) === 0 ? address : peer);
  }
}
