import { SDPParseError } from "./errors.ts";
import type { Attribute, Bandwidth, Connection, MediaDescription, Origin } from "./types.ts";

/** Stands in for an o= that is missing: such a peer's versions cannot be compared anyway. */
export const UNKNOWN_ORIGIN: Origin = {
  username: "-",
  sessionId: "0",
  sessionVersion: "0",
  netType: "IN",
  addressType: "IP4",
  address: "0.0.0.0",
};

/** o=: counted from the right, because there are peers that put a display name with blanks where the user name goes. */
export function parseOrigin(value: string): Origin {
  const words = value.split(/\s+/);
  const [sessionId, sessionVersion, netType, addressType, address] = words.splice(-5);
  if (words.length === 0 || address === undefined) return UNKNOWN_ORIGIN;
  const username = words.join(" ");
  return { username, sessionId: sessionId!, sessionVersion: sessionVersion!, netType: netType!, addressType: addressType!, address };
}

/** c=: a stream without a place to go is no stream, so this line has to be right. */
export function parseConnection(value: string, line: number): Connection {
  const [netType, addressType, target] = value.split(/\s+/);
  if (netType === undefined || addressType === undefined || target === undefined) {
    throw new SDPParseError(line, `c= needs network, address type and address, not ${JSON.stringify(value.slice(0, 80))}`);
  }
  const slash = target.indexOf("/");
  // RFC 8866 wants no brackets around IPv6; peers that reuse their URI printer write them.
  const address = (slash === -1 ? target : target.slice(0, slash)).replace(/^\[+|\]+$/g, "");
  if (address === "") throw new SDPParseError(line, "c= has no address");
  return {
    netType: netType.toUpperCase(),
    addressType: addressType.toUpperCase(),
    address,
    ...(slash === -1 ? {} : { scope: target.slice(slash + 1) }),
  };
}

/** b=, or undefined: a broken one is no reason to lose a call. */
export function parseBandwidth(value: string): Bandwidth | undefined {
  const match = /^([^\s:]+):(\S+)$/.exec(value);
  return match === null ? undefined : { type: match[1]!, value: match[2]! };
}

export function parseAttribute(value: string): Attribute {
  const colon = value.indexOf(":");
  return colon === -1 ? { name: value } : { name: value.slice(0, colon), value: value.slice(colon + 1) };
}

/** m=<media> <port>[/<count>] <protocol> <format> …; some peers leave the formats out when the port is 0. */
export function parseMediaLine(
  value: string,
  line: number,
): Pick<MediaDescription, "type" | "port" | "portCount" | "protocol" | "formats"> {
  const [type, ports, protocol, ...formats] = value.split(/\s+/);
  if (type === undefined || type === "" || ports === undefined || protocol === undefined) {
    throw new SDPParseError(line, `m= needs media, port and protocol, not ${JSON.stringify(value.slice(0, 80))}`);
  }
  const match = /^(\d{1,5})(?:\/(\d{1,5}))?$/.exec(ports);
  const port = Number(match?.[1]);
  if (match === null || port > 65_535) {
    throw new SDPParseError(line, `m= has the port ${JSON.stringify(ports.slice(0, 20))}, not 0–65535`);
  }
  return { type, port, ...(match[2] === undefined ? {} : { portCount: Number(match[2]) }), protocol, formats };
}
