import { BlockList, isIPv4, isIPv6 } from "node:net";

import { NATError } from "./errors.ts";

/**
 * A network in CIDR notation (RFC 4632, RFC 4291 §2.3), for instance `192.168.0.0/16` or `fd00::/8`; a bare address is a network of one.
 * A prefix of 0 holds every address, of either family: who leaves the default `0.0.0.0/0` means "everything" on IPv6 too.
 */
export class CIDR {
  readonly text: string;
  readonly #networks = new BlockList();
  readonly #everything: boolean;

  /** @throws NATError when the text is no network */
  constructor(text: string) {
    this.text = text;
    const match = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(text.trim());
    const address = match?.[1] ?? "";
    const family = isIPv4(address) ? "ipv4" : isIPv6(address) ? "ipv6" : undefined;
    const bits = family === "ipv4" ? 32 : 128;
    const prefix = Number(match?.[2] ?? bits);
    if (family === undefined || prefix > bits) {
      throw new NATError(JSON.stringify(text), "this is no network; write one as address/prefix, for instance 192.168.0.0/16");
    }
    this.#everything = prefix === 0;
    if (!this.#everything) this.#networks.addSubnet(address, prefix, family);
  }

  /** Whether an IP address lies inside. An IPv4-mapped IPv6 address counts as IPv4. */
  contains(address: string): boolean {
    const plain = unmapped(address);
    if (isIPv4(plain)) return this.#everything || this.#networks.check(plain, "ipv4");
    if (isIPv6(plain)) return this.#everything || this.#networks.check(withoutZone(plain), "ipv6");
    return false;
  }
}

/** `::ffff:192.0.2.1` → `192.0.2.1`: what a dual-stack socket shows of an IPv4 peer (RFC 4291 §2.5.5.2). */
export function unmapped(address: string): string {
  return /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1] ?? address;
}

/** `fe80::1%eth0` → `fe80::1`: the zone (RFC 4007) means something on this machine only. */
export function withoutZone(address: string): string {
  return address.replace(/%.*$/, "");
}
