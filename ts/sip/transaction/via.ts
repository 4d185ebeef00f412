import { isIPv4, isIPv6 } from "node:net";
import { equalHosts } from "../message/host.ts";
import type { ParamsInit } from "../message/Params.ts";
import type { SIPMessage } from "../message/SIPMessage.ts";
import type { SIPRequest } from "../message/SIPRequest.ts";
import { BRANCH_COOKIE, Via } from "../message/Via.ts";
import type { Endpoint, TransportProtocol } from "../transport/transport.ts";

/** What a Via says of where responses go: the sent-by of RFC 3261 §18.1.1. */
export interface SentBy {
  readonly host: string;
  readonly port: number;
}

/**
 * The Via that we put on top of a request. The empty rport asks for our address as the far end sees it (RFC 3581 §3); alias offers the
 * connection for requests in the other direction (RFC 5923 §5).
 */
export function ownVia(protocol: TransportProtocol, { host, port }: SentBy, branch: string): Via {
  const params: ParamsInit = protocol === "UDP" ? { rport: true, branch } : { rport: true, alias: true, branch };
  return new Via({ protocol, host, port, params });
}

/** Whether a response's top Via is the one that we had put there (RFC 3261 §18.1.2). */
export function isSentBy(via: Via, { host, port }: SentBy): boolean {
  return equalHosts(via.host, host) && (via.port ?? defaultPort(via.protocol)) === port;
}

/** How many values Via has. */
export function viaCount({ headers }: SIPMessage): number {
  const lines = headers.lines("via");
  return lines.some((line) => line.includes(",")) ? headers.getAll("Via").length : lines.length;
}

/**
 * Writes into the top Via where the request came from (RFC 3261 §18.2.1, RFC 3581 §4). What the sender wrote there itself goes,
 * so that nobody can aim our responses at a third party.
 */
export function stampVia(request: SIPRequest, from: Endpoint): void {
  const { via } = request;
  // fe80::1%eth0: the interface is our affair and has no place in the grammar.
  const address = from.address.replace(/%.*$/, "");
  if (via.params.has("rport")) {
    via.params.assign({ rport: from.port, received: address });
  } else if (!equalHosts(via.host, address)) {
    via.params.set("received", address);
  } else if (via.params.has("received")) {
    via.params.delete("received");
  }
}

/** How the responses to a request go back. */
export interface ReturnPath {
  /** Where they go first. */
  readonly direct: Endpoint;
  /** Who sent the request. */
  readonly from: Endpoint;
  /** What its top Via says of where its sender listens. */
  readonly host: string;
  readonly port: number | undefined;
}

/** @param via the request's top Via after {@link stampVia} */
export function returnPath(via: Via, from: Endpoint, reliable: boolean): ReturnPath {
  return { direct: responseDestination(via, from, reliable), from, host: via.host, port: via.port };
}

/**
 * Where the responses to a request go (RFC 3261 §18.2.2, RFC 3581 §4).
 * @param via the request's top Via after {@link stampVia}
 */
export function responseDestination(via: Via, from: Endpoint, reliable: boolean): Endpoint {
  // A connection carries its responses back.
  if (reliable) return from;
  const port = via.port ?? defaultPort(via.protocol);
  // RFC 3261 obeys any maddr. It was made for multicast, and a unicast one would let a stranger aim our responses, so only that.
  if (via.maddr !== undefined && isMulticast(via.maddr)) return { ...from, address: via.maddr, port };
  return via.rport === undefined ? { ...from, port } : from;
}

/** Whether a branch identifies its transaction by itself (RFC 3261 §8.1.1.7); the bare cookie does not (RFC 4475 §3.1.2.3). */
export function isUniqueBranch(branch: string | undefined): branch is string {
  return branch !== undefined && branch.startsWith(BRANCH_COOKIE) && branch.length > BRANCH_COOKIE.length;
}

/** RFC 3261 §19.1.2. */
export function defaultPort(protocol: string): number {
  return protocol === "TLS" ? 5061 : 5060;
}

function isMulticast(address: string): boolean {
  if (isIPv4(address)) return /^2(2[4-9]|3\d)\./.test(address);
  return isIPv6(address) && /^ff/i.test(address);
}
