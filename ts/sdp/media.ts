import { isIPv4, isIPv6 } from "node:net";

import type { Attribute, Connection, Direction, MediaDescription, SessionDescription } from "./types.ts";

const DIRECTIONS: readonly Direction[] = ["sendrecv", "sendonly", "recvonly", "inactive"];

const DEFAULT_PTIME = 20;

/** Whether media flows from and to the writer of a description. */
export interface Flow {
  readonly sends: boolean;
  readonly receives: boolean;
}

/**
 * The direction of a stream as its writer sees it: the section's, else the session's, else sendrecv (RFC 8866 §6.7).
 * An unspecified address (`c=IN IP4 0.0.0.0`, RFC 2543's hold) takes away its receiving: RFC 3264 §8.4.
 */
export function directionOf(session: SessionDescription, media: MediaDescription): Direction {
  const flow = flowOf(writtenDirection(media.attributes) ?? writtenDirection(session.attributes) ?? "sendrecv");
  const connection = connectionOf(session, media);
  return directionFrom({ sends: flow.sends, receives: flow.receives && !(connection !== undefined && isUnspecified(connection.address)) });
}

export function flowOf(direction: Direction): Flow {
  return { sends: direction === "sendrecv" || direction === "sendonly", receives: direction === "sendrecv" || direction === "recvonly" };
}

export function directionFrom(flow: Flow): Direction {
  if (flow.sends) return flow.receives ? "sendrecv" : "sendonly";
  return flow.receives ? "recvonly" : "inactive";
}

/** What is left for us when the far end writes `theirs` and we want `ours`: we send only where it receives (RFC 3264 §6.1). */
export function meet(theirs: Direction, ours: Direction): Direction {
  const far = flowOf(theirs);
  const near = flowOf(ours);
  return directionFrom({ sends: near.sends && far.receives, receives: near.receives && far.sends });
}

/** Where a stream goes to: the section's c=, else the session's. An IPv4-mapped IPv6 address comes as the IPv4 that it means. */
export function connectionOf(session: SessionDescription, media: MediaDescription): Connection | undefined {
  const connection = media.connection ?? session.connection;
  return connection && { ...connection, address: unmapped(connection.address) };
}

/** RFC 5118 §4.10: `::ffff:192.0.2.1`, also written `::ffff:c000:201`, is the IPv4 address that a plain IPv4 socket reaches. */
function unmapped(address: string): string {
  if (!isIPv6(address) || address.includes("%")) return address;
  // URL writes every IPv6 address in one way.
  const groups = /^\[::ffff:([0-9a-f]+):([0-9a-f]+)\]$/.exec(new URL(`sip://[${address}]`).hostname);
  if (groups === null) return address;
  const [high, low] = [Number.parseInt(groups[1]!, 16), Number.parseInt(groups[2]!, 16)];
  return [high >> 8, high & 255, low >> 8, low & 255].join(".");
}

/** `0.0.0.0` or `::`. */
export function isUnspecified(address: string): boolean {
  return address === "0.0.0.0" || (isIPv6(address) && /^[0:]+$/.test(address));
}

/** Addresses that a call's media is never sent to: a description must not make us flood a whole network. */
export function reachesMany(address: string): boolean {
  if (isIPv4(address)) return Number(address.split(".")[0]) >= 224;
  return isIPv6(address) && /^ff/i.test(address);
}

/**
 * The packet time that the writer of a description would like, in ms: a=ptime, at most a=maxptime (RFC 8866 §6.4, §6.5).
 * Undefined when it names neither.
 */
export function ptimeOf(session: SessionDescription, media: MediaDescription): number | undefined {
  const ptime = milliseconds(session, media, "ptime");
  const maxptime = milliseconds(session, media, "maxptime");
  if (maxptime === undefined) return ptime;
  // Without a wish a packet holds 20 ms (RFC 3551 §4.2), which may already be too much.
  return ptime === undefined && maxptime >= DEFAULT_PTIME ? undefined : Math.min(ptime ?? DEFAULT_PTIME, maxptime);
}

/** Whether the section says `name`, an attribute without value, or the session does for all. */
export function says(session: SessionDescription, media: MediaDescription, name: string): boolean {
  return [...media.attributes, ...session.attributes].some((attribute) => attribute.name.toLowerCase() === name);
}

/** Where the writer of a description takes RTCP, if not on the port above RTP's (RFC 3605). Undefined when it does not say, or not well. */
export function rtcpOf(media: MediaDescription): { readonly port: number; readonly address?: string } | undefined {
  const value = media.attributes.find((attribute) => attribute.name.toLowerCase() === "rtcp")?.value?.trim() ?? "";
  const match = /^(\d{1,5})(?:\s+IN\s+IP[46]\s+(\S+))?$/i.exec(value);
  const port = Number(match?.[1]);
  if (match === null || port < 1 || port > 65_535) return undefined;
  const address = match[2] === undefined ? undefined : unmapped(match[2]);
  if (address === undefined) return { port };
  return isIPv4(address) || isIPv6(address) ? (reachesMany(address) ? undefined : { port, address }) : { port };
}

/** Which report blocks of RFC 3611 the writer of a description wants to be sent, a=rtcp-xr's words without their parameters. */
export function extendedReportsOf(session: SessionDescription, media: MediaDescription): string[] {
  const wanted = [...media.attributes, ...session.attributes].find((attribute) => attribute.name.toLowerCase() === "rtcp-xr");
  const words = (wanted?.value ?? "").trim().split(/\s+/);
  return words.map((word) => word.toLowerCase().replace(/[=:].*$/, "")).filter((word) => word !== "");
}

/** What RTCP may take of the network, bit/s, so far as the writer of a description says: b=RS and b=RR (RFC 3556). */
export function rtcpBandwidthOf(session: SessionDescription, media: MediaDescription): { readonly senders?: number; readonly receivers?: number } {
  const [senders, receivers] = ["RS", "RR"].map((type) => {
    const wanted = [...media.bandwidths, ...session.bandwidths].find((bandwidth) => bandwidth.type.toUpperCase() === type);
    const value = wanted?.value.trim() ?? "";
    return /^\d{1,9}$/.test(value) ? Number(value) : undefined;
  });
  return { ...(senders === undefined ? {} : { senders }), ...(receivers === undefined ? {} : { receivers }) };
}

function milliseconds(session: SessionDescription, media: MediaDescription, name: string): number | undefined {
  const wanted = (attribute: Attribute): boolean => attribute.name.toLowerCase() === name;
  // Both belong to the section; there are peers that write them once for the session.
  const value = (media.attributes.find(wanted) ?? session.attributes.find(wanted))?.value?.trim() ?? "";
  return /^\d{1,4}(\.\d+)?$/.test(value) && Number(value) > 0 ? Number(value) : undefined;
}

/** The first of several, which no grammar allows. */
function writtenDirection(attributes: readonly Attribute[]): Direction | undefined {
  for (const { name, value } of attributes) {
    const direction = value === undefined ? DIRECTIONS.find((each) => each === name.toLowerCase()) : undefined;
    if (direction !== undefined) return direction;
  }
  return undefined;
}
