import { createSocket, type Socket } from "node:dgram";
import { isIPv6 } from "node:net";

import { withoutZone } from "./cidr.ts";
import { NATError } from "./errors.ts";
import { resolveHost, type ResolveOptions } from "./resolve.ts";

/** Any port will do: connecting a UDP socket sends nothing, it only asks the routing table. */
const DISCARD = 9;

/**
 * The address of ours from which packets to `host` leave; the one to write where 0.0.0.0 is bound. No packet is sent.
 *
 * @param host a name or an IP address
 * @returns an IPv4 or IPv6 address, never a wildcard
 * @throws NATError when there is no route
 * @throws NameResolutionError when the name leads nowhere
 */
export async function localAddressTowards(host: string, options: Pick<ResolveOptions, "family" | "lookup"> = {}): Promise<string> {
  const endpoints = await resolveHost(host, DISCARD, options);
  const failures: unknown[] = [];
  // A name may have an IPv6 address where the machine has no IPv6: the next one is as good.
  for (const { address } of endpoints) {
    try {
      // oxlint-disable-next-line no-await-in-loop -- the first that works is the answer
      return await routeTo(address);
    } catch (error) {
      failures.push(error);
    }
  }
  const reasons = failures.map((error) => (error instanceof Error ? error.message : String(error))).join("; ");
  throw new NATError(host, `there is no route to it (${reasons}); check the network, or set bindIp`, { cause: failures[0] });
}

async function routeTo(address: string): Promise<string> {
  const socket = createSocket(isIPv6(address) ? "udp6" : "udp4");
  try {
    await connect(socket, address);
    const local = withoutZone(socket.address().address);
    // Windows leaves the socket unbound when an interface has no address yet.
    if (local === "0.0.0.0" || local === "::") throw new Error(`no address of ours routes to ${address}`);
    return local;
  } finally {
    socket.close();
  }
}

function connect(socket: Socket, address: string): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once("error", reject);
    // The error comes to the callback, or as an event when even binding fails.
    socket.connect(DISCARD, address, (error?: Error) => {
      if (error === undefined) resolve();
      else reject(error);
    });
  });
}
