import { isIP } from "node:net";

import { AddressType } from "./AddressType.ts";
import { CIDR, unmapped } from "./cidr.ts";
import { NATError } from "./errors.ts";

const LOOPBACK = [new CIDR("127.0.0.0/8"), new CIDR("::1")];

/**
 * Our names, seen from both sides of a NAT.
 *
 * @example
 * const nat = new NAT("192.168.1.5", "192.168.0.0/16", undefined, "203.0.113.7");
 * nat.getHost("192.168.1.20"); // "192.168.1.5"
 * nat.getHost("198.51.100.1"); // "203.0.113.7"
 */
export class NAT {
  readonly bindIp: string;
  /** CIDR notation. */
  readonly network: string;
  readonly hostname: string | undefined;
  readonly remoteHostname: string | undefined;
  readonly #inside: CIDR;

  /**
   * @param bindIp our own address; not 0.0.0.0, which is no name for anybody: see `localAddressTowards`
   * @param network the hosts that reach us directly; `0.0.0.0/0` is all
   * @param hostname the name by which they do; default `bindIp`
   * @param remoteHostname the name by which all others do
   * @throws NATError when `network` is none
   */
  constructor(bindIp: string, network = "0.0.0.0/0", hostname?: string, remoteHostname?: string) {
    this.bindIp = bindIp;
    this.network = network;
    this.hostname = hostname;
    this.remoteHostname = remoteHostname;
    this.#inside = new CIDR(network);
  }

  /**
   * The name by which a host reaches us, for Via, Contact and SDP.
   * @param host an IP address
   * @throws NATError when the host lies outside the network and we have no name there, or when all we have is a wildcard
   */
  getHost(host: string): string {
    if (this.checkHost(host) === AddressType.REMOTE) {
      if (this.remoteHostname !== undefined) return this.remoteHostname;
      throw new NATError(
        host,
        `lies outside our network ${this.network}, and how it reaches us is not known; set remoteHostname to our public name or address`,
      );
    }
    const name = this.hostname ?? this.bindIp;
    if (name === "0.0.0.0" || name === "::") throw new NATError(host, `cannot reach us at ${name}; set hostname, or bind one address`);
    return name;
  }

  /**
   * Which side a host is on. This machine itself is always inside: nothing is translated on the way.
   * @param host an IP address
   * @throws NATError when it is a name; resolve it first
   */
  checkHost(host: string): AddressType {
    const address = unmapped(host.replace(/^\[(.*)\]$/, "$1"));
    if (isIP(address) === 0) throw new NATError(host, "is no IP address; resolve the name first (resolveHost)");
    const inside = this.#inside.contains(address) || LOOPBACK.some((network) => network.contains(address));
    return inside ? AddressType.LOCAL : AddressType.REMOTE;
  }
}
