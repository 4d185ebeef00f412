import { lookup, Resolver } from "node:dns/promises";

/** A NAPTR record (RFC 3403 §4) as far as SIP uses it: services and where to look next. */
export interface NAPTRRecord {
  /** Lowest first; records of one order are sorted by preference, lowest first. */
  readonly order: number;
  readonly preference: number;
  /** `s`: the replacement has SRV records; `a`: addresses. */
  readonly flags: string;
  /** `SIP+D2U`, `SIP+D2T`, `SIPS+D2T`. */
  readonly service: string;
  readonly regexp?: string;
  readonly replacement: string;
}

/** An SRV record (RFC 2782). */
export interface SRVRecord {
  /** Lowest first. */
  readonly priority: number;
  /** The share of the requests that it should get among its priority. */
  readonly weight: number;
  readonly port: number;
  /** A name that has addresses; `.` or nothing says that the service is not offered. */
  readonly name: string;
}

/** An address, and for how many seconds it holds. */
export interface AddressRecord {
  readonly address: string;
  readonly ttl?: number;
}

/** What locating a SIP server asks of DNS. A name without such records gives an empty list; a promise that rejects counts as one. */
export interface DNS {
  naptr(name: string): Promise<readonly NAPTRRecord[]>;
  srv(name: string): Promise<readonly SRVRecord[]>;
  a(name: string): Promise<readonly AddressRecord[]>;
  aaaa(name: string): Promise<readonly AddressRecord[]>;
  /** All addresses of a name in the order of RFC 6724. Default: those of `aaaa`, then those of `a`. */
  addresses?(name: string): Promise<readonly AddressRecord[]>;
}

/** A phone that starts has somebody waiting: two tries, then the name counts as having no such records. */
const PATIENCE = { timeout: 1500, tries: 2 };

/**
 * DNS as the machine is set up: NAPTR and SRV from its name servers, addresses as every other program gets them (hosts file, order of
 * RFC 6724).
 */
export const systemDNS: DNS = {
  // A new resolver each time reads anew which name servers the machine uses: they change with its network.
  naptr: (name) => new Resolver(PATIENCE).resolveNaptr(name),
  srv: (name) => new Resolver(PATIENCE).resolveSrv(name),
  a: (name) => lookup(name, { all: true, family: 4 }),
  aaaa: (name) => lookup(name, { all: true, family: 6 }),
  addresses: (name) => lookup(name, { all: true, verbatim: true }),
};
