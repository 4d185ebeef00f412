import { isIP } from "node:net";
import type { EngineName } from "../index.ts";
import { UsageError } from "./exit.ts";

export type TransportName = "udp" | "tcp" | "tls";

/** `host`, `host:port`, `192.0.2.1:5060`, `::1`, `[::1]:5060`. */
export function hostAndPort(option: string, text: string): { host: string; port?: number } {
  const [, bracketed, name, port] = /^(?:\[([^\]]+)\]|([^:[\]]+))(?::(\d+))?$/.exec(text) ?? [];
  const host = bracketed ?? name ?? (isIP(text) === 6 ? text : undefined);
  if (host === undefined) throw new UsageError(`${option} ${text}: write HOST or HOST:PORT, IPv6 as [::1]:5060`);
  return {
    host,
    ...defined(
      "port",
      map(port, (digitsOfPort) => portNumber(option, digitsOfPort)),
    ),
  };
}

export function bindAddress(text: string): { address: string; port?: number } {
  const { host, ...port } = hostAndPort("--bind", text);
  if (isIP(host) === 0) throw new UsageError(`--bind ${text}: ${host} is no IPv4 or IPv6 address`);
  return { address: host, ...port };
}

function portNumber(option: string, text: string): number {
  const port = Number(text);
  if (port > 65_535) throw new UsageError(`${option}: ${text} is no port, which is at most 65535`);
  return port;
}

export function portRange(text: string): { low: number; high: number } {
  const [, low, high] = /^(\d+)-(\d+)$/.exec(text) ?? [];
  if (low === undefined || high === undefined) throw new UsageError(`--rtp-ports ${text}: write LOW-HIGH, for instance 10000-20000`);
  return { low: portNumber("--rtp-ports", low), high: portNumber("--rtp-ports", high) };
}

export function engineName(text: string): EngineName {
  if (text !== "native" && text !== "typescript") throw new UsageError(`--engine ${text}: native or typescript`);
  return text;
}

export function transportName(text: string): TransportName {
  if (text !== "udp" && text !== "tcp" && text !== "tls") throw new UsageError(`--transport ${text}: udp, tcp or tls`);
  return text;
}

export function digits(text: string): string {
  if (!/^[0-9*#A-D]+$/i.test(text)) throw new UsageError(`--dtmf ${text}: digits are 0-9 * # A-D`);
  return text.toUpperCase();
}

export function seconds(option: string, text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !(value >= 0) || value > 2_000_000) throw new UsageError(`${option} ${text}: write seconds`);
  return value;
}

export function count(text: string): number {
  if (!/^[1-9]\d{0,5}$/.test(text)) throw new UsageError(`--calls ${text}: write a number from 1`);
  return Number(text);
}

export function map<T>(text: string | undefined, read: (text: string) => T): T | undefined {
  return text === undefined ? undefined : read(text);
}

/** `{ [name]: value }`, and nothing for undefined (exactOptionalPropertyTypes). */
export function defined<Name extends string, T>(name: Name, value: T | undefined): { [K in Name]?: T } {
  // A computed name widens to string.
  // oxlint-disable-next-line no-unsafe-type-assertion
  return (value === undefined ? {} : { [name]: value }) as { [K in Name]?: T };
}
