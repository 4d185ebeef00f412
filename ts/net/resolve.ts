import { lookup } from "node:dns/promises";
import { isIP } from "node:net";

import type { Endpoint, TransportProtocol } from "../sip/transport/transport.ts";
import { withoutZone } from "./cidr.ts";
import { NameResolutionError } from "./errors.ts";

/** Finds a name's addresses (A and AAAA), best first. May reject; may give none. */
export type Lookup = (host: string) => Promise<readonly string[]>;

export interface ResolveOptions {
  /** Default UDP. */
  readonly protocol?: TransportProtocol;
  /** Only addresses of this family: what our socket can send to. */
  readonly family?: 4 | 6;
  /** Default: the system's, as every other program on the machine resolves names (hosts file, order of RFC 6724). */
  readonly lookup?: Lookup;
}

/** RFC 3261 §19.1.2. */
export const DEFAULT_PORTS: Record<TransportProtocol, number> = { UDP: 5060, TCP: 5060, TLS: 5061 };

/**
 * The endpoints of a host whose port and protocol are settled, in the order in which to try them, one at least: A and AAAA only. To locate
 * the servers of a domain by NAPTR and SRV, as a URI without a port asks for, is the `ServerLocator`'s business.
 *
 * @param host a name or an IP address, also `[2001:db8::1]`
 * @param port undefined when the URI has none
 * @throws NameResolutionError
 */
export async function resolveHost(host: string, port?: number, options: ResolveOptions = {}): Promise<Endpoint[]> {
  const protocol = options.protocol ?? "UDP";
  const addresses = await addressesOf(host, options);
  return addresses.map((address) => ({ address, port: port ?? DEFAULT_PORTS[protocol], protocol }));
}

/** A literal address as it is, a name's addresses by lookup; never an empty list. */
async function addressesOf(host: string, options: ResolveOptions): Promise<readonly string[]> {
  const literal = host.replace(/^\[(.*)\]$/, "$1");
  if (isIP(literal) !== 0) {
    if (options.family !== undefined && isIP(literal) !== options.family) throw wrongFamily(host, options.family);
    return [literal];
  }
  if (host === "") throw new NameResolutionError(host, "the name is empty");
  let found: readonly string[];
  try {
    found = await (options.lookup ?? systemLookup)(host);
  } catch (error) {
    throw systemError(host, error);
  }
  const addresses = [...new Set(found)].filter((address) => isIP(withoutZone(address)) !== 0);
  if (addresses.length === 0) throw new NameResolutionError(host, "it has no address");
  const usable = addresses.filter((address) => options.family === undefined || isIP(address) === options.family);
  if (usable.length === 0) throw wrongFamily(host, options.family);
  return usable;
}

async function systemLookup(host: string): Promise<string[]> {
  const entries = await lookup(host, { all: true, verbatim: true });
  return entries.map((entry) => entry.address);
}

/** What the system's resolver said. */
export function systemError(host: string, error: unknown): NameResolutionError {
  const { message, code } = error instanceof Error ? (error as NodeJS.ErrnoException) : { message: String(error), code: undefined };
  return new NameResolutionError(host, message, code, { cause: error });
}

export function wrongFamily(host: string, family: 4 | 6 | undefined): NameResolutionError {
  return new NameResolutionError(host, `it has no IPv${family} address, and our socket speaks nothing else`);
}
