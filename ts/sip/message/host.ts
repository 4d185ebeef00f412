import { SIPHeaderError } from "../errors.ts";
import { CLOSE_BRACKET, COLON, DIGIT, HEX, HOST, is, OPEN_BRACKET, skip } from "./characters.ts";

/** A `host [":" port]` as it was found. `host` has no brackets; `end` is the index behind it; -1 when it is wrong. */
export interface HostPort {
  host: string;
  port: number | undefined;
  end: number;
}

/**
 * Reads `host[:port]` from `start`; what follows is the caller's affair. Wrong when the host is empty, a bracketed
 * reference is no IPv6 address, or the port is no number up to 65535.
 */
export function readHostPort(text: string, start: number, limit: number): HostPort {
  const result: HostPort = { host: "", port: undefined, end: -1 };
  let i = start;
  if (text.charCodeAt(i) === OPEN_BRACKET) {
    const close = text.indexOf("]", i);
    if (close < 0 || close >= limit) return result;
    const address = text.slice(i + 1, close);
    if (parseIPv6(address) === undefined) return result;
    result.host = address;
    i = close + 1;
  } else {
    i = skip(text, i, limit, HOST);
    if (i === start) return result;
    result.host = text.slice(start, i);
  }
  if (i < limit && text.charCodeAt(i) === COLON) {
    let port = 0;
    let p = i + 1;
    for (; p < limit && is(text.charCodeAt(p), DIGIT) && port <= 65535; p++) port = port * 10 + text.charCodeAt(p) - 48;
    if (p === i + 1 || port > 65535) return result;
    result.port = port;
    i = p;
  }
  result.end = i;
  return result;
}

/** `host`, `[v6]`, each with `:port` when there is one: the form of Via's sent-by and of URIs. */
export function writeHostPort(host: string, port: number | undefined): string {
  const written = host.includes(":") ? `[${host}]` : host;
  return port === undefined ? written : `${written}:${port}`;
}

/** The host without brackets. @throws SIPHeaderError when it cannot stand in a URI or Via */
export function checkedHost(host: string): string {
  const bare = host.charCodeAt(0) === OPEN_BRACKET && host.charCodeAt(host.length - 1) === CLOSE_BRACKET ? host.slice(1, -1) : host;
  const good = bare.includes(":") ? parseIPv6(bare) !== undefined : bare.length > 0 && skip(bare, 0, bare.length, HOST) === bare.length;
  if (!good) throw new SIPHeaderError("host", `must be a name, an IPv4 or an IPv6 address, not ${JSON.stringify(host)}`);
  return bare;
}

/** @throws SIPHeaderError */
export function checkedPort(port: number | undefined): number | undefined {
  if (port !== undefined && !(Number.isInteger(port) && port >= 0 && port <= 65535))
    throw new SIPHeaderError("port", `must be a whole number up to 65535, not ${port}`);
  return port;
}

/** Hosts are equal without regard to case; IPv6 addresses by value (`::1` is `0:0::1`). */
export function equalHosts(a: string, b: string): boolean {
  if (a === b || a.toLowerCase() === b.toLowerCase()) return true;
  if (!a.includes(":") || !b.includes(":")) return false;
  const left = parseIPv6(a);
  const right = parseIPv6(b);
  return left !== undefined && right !== undefined && left.every((group, i) => group === right[i]);
}

/**
 * The eight groups of an IPv6 address (RFC 4291 §2.2); undefined when it is none.
 *
 * `2001:db8:::192.0.2.1` is taken as `2001:db8::192.0.2.1`: the grammar of RFC 3261 makes senders write the extra
 * colon before an embedded IPv4 address (RFC 5118 §4.10).
 */
export function parseIPv6(text: string): number[] | undefined {
  if (text.length < 2 || text.length > 46) return undefined;
  const before: number[] = [];
  let after: number[] | undefined;
  let i = 0;
  if (text.charCodeAt(0) === COLON) {
    if (text.charCodeAt(1) !== COLON) return undefined;
    after = [];
    i = 2;
  }
  while (i < text.length) {
    const groups: number[] = after ?? before;
    if (after !== undefined && after.length === 0 && text.charCodeAt(i) === COLON && text.charCodeAt(i - 2) === COLON) {
      // The third colon of RFC 3261's grammar: legal only when nothing but an IPv4 address follows.
      const v4 = parseIPv4(text.slice(i + 1));
      if (v4 === undefined || i < 3) return undefined;
      groups.push(v4 >>> 16, v4 & 0xffff);
      break;
    }
    let end = i;
    while (end < text.length && is(text.charCodeAt(end), HEX)) end++;
    if (text.charCodeAt(end) === 46) {
      const v4 = parseIPv4(text.slice(i));
      if (v4 === undefined) return undefined;
      groups.push(v4 >>> 16, v4 & 0xffff);
      break;
    }
    if (end === i || end - i > 4) return undefined;
    groups.push(Number.parseInt(text.slice(i, end), 16));
    if (end === text.length) break;
    if (text.charCodeAt(end) !== COLON) return undefined;
    i = end + 1;
    if (text.charCodeAt(i) === COLON) {
      if (after !== undefined) return undefined;
      after = [];
      i++;
    } else if (i === text.length) return undefined;
  }
  if (after === undefined) return before.length === 8 ? before : undefined;
  const missing = 8 - before.length - after.length;
  if (missing < 1) return undefined;
  return [...before, ...Array.from<number>({ length: missing }).fill(0), ...after];
}

function parseIPv4(text: string): number | undefined {
  let value = 0;
  let i = 0;
  for (let part = 0; part < 4; part++) {
    if (part > 0 && text.charCodeAt(i++) !== 46) return undefined;
    const start = i;
    let octet = 0;
    while (i < text.length && i - start < 3 && is(text.charCodeAt(i), DIGIT)) octet = octet * 10 + text.charCodeAt(i++) - 48;
    if (i === start || octet > 255) return undefined;
    value = value * 256 + octet;
  }
  return i === text.length ? value : undefined;
}
