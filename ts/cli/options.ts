import { isIP } from "node:net";
import { parseArgs } from "node:util";
import type { EngineName } from "../index.ts";
import { UsageError } from "./exit.ts";

export const COMMANDS = ["demo", "register", "call", "answer", "doctor"] as const;
export type CommandName = (typeof COMMANDS)[number];

export type TransportName = "udp" | "tcp" | "tls";

/** A command line, read and checked. */
export interface CommandOptions {
  readonly command: CommandName;
  /** Whom to call. */
  readonly number?: string;
  readonly server?: { readonly host: string; readonly port?: number };
  readonly user?: string;
  readonly transport?: TransportName;
  /** A file of certificates to trust. */
  readonly ca?: string;
  /** Trust whatever certificate the server shows. */
  readonly insecure?: boolean;
  readonly bind?: { readonly address: string; readonly port?: number };
  readonly rtpPorts?: { readonly low: number; readonly high: number };
  readonly engine?: EngineName;
  readonly play?: string;
  readonly record?: string;
  readonly echo: boolean;
  readonly dtmf?: string;
  /** Seconds. */
  readonly duration?: number;
  readonly calls?: number;
  readonly trace: boolean;
  readonly json: boolean;
}

const PARSED = {
  server: { type: "string" },
  user: { type: "string" },
  transport: { type: "string" },
  ca: { type: "string" },
  insecure: { type: "boolean" },
  bind: { type: "string" },
  "rtp-ports": { type: "string" },
  engine: { type: "string" },
  play: { type: "string" },
  record: { type: "string" },
  echo: { type: "boolean" },
  dtmf: { type: "string" },
  duration: { type: "string" },
  calls: { type: "string" },
  trace: { type: "boolean" },
  json: { type: "boolean" },
  help: { type: "boolean", short: "h" },
  version: { type: "boolean", short: "v" },
} as const;

type OptionName = keyof typeof PARSED;

const ACCOUNT: readonly OptionName[] = ["server", "user", "transport", "ca", "insecure", "bind"];
const CALL: readonly OptionName[] = ["rtp-ports", "play", "record", "echo", "dtmf", "calls"];
/** What each command takes, beside the options of all of them. An option that would do nothing is a mistake worth telling. */
const TAKES: Readonly<Record<CommandName, readonly OptionName[]>> = {
  demo: ["engine"],
  register: [...ACCOUNT, "duration", "trace"],
  call: [...ACCOUNT, ...CALL, "engine", "duration", "trace"],
  answer: [...ACCOUNT, ...CALL, "engine", "duration", "trace"],
  doctor: ["bind", "rtp-ports", "engine"],
};
const ALWAYS: readonly OptionName[] = ["json", "help", "version"];

/**
 * Reads a command line.
 * @returns what to do; or "help" or "version"
 * @throws UsageError
 */
export function parseCommand(argv: readonly string[]): CommandOptions | "help" | "version" {
  const { values, positionals } = parse(argv);
  const [command, ...rest] = positionals;
  if (values.help === true || command === "help") return "help";
  if (values.version === true) return "version";
  if (command === undefined) throw new UsageError(`no command: one of ${COMMANDS.join(", ")}`);
  if (!isCommand(command)) throw new UsageError(`there is no command ${JSON.stringify(command)}: one of ${COMMANDS.join(", ")}`);
  const useless = names(values).find((name) => !TAKES[command].includes(name) && !ALWAYS.includes(name));
  if (useless !== undefined) throw new UsageError(`--${useless} means nothing to ${command}`);
  const transport = map(values.transport, transportName);
  const needsTLS = values.ca !== undefined ? "ca" : values.insecure === true ? "insecure" : undefined;
  if (needsTLS !== undefined && transport !== "tls") throw new UsageError(`--${needsTLS} means nothing without --transport tls`);
  const number = numberOf(command, rest, values.server !== undefined);
  if (values.server !== undefined && values.user === undefined)
    throw new UsageError("--server needs --user: the user part of your address there");
  if (command === "register" && values.server === undefined) throw new UsageError("register needs --server HOST[:PORT] and --user NAME");
  return {
    command,
    ...defined("number", number),
    ...defined(
      "server",
      map(values.server, (text) => hostAndPort("--server", text)),
    ),
    ...defined("user", values.user),
    ...defined("transport", transport),
    ...defined("ca", values.ca),
    ...defined("insecure", values.insecure),
    ...defined("bind", map(values.bind, bindAddress)),
    ...defined("rtpPorts", map(values["rtp-ports"], portRange)),
    ...defined("engine", map(values.engine, engineName)),
    ...defined("play", values.play),
    ...defined("record", values.record),
    echo: values.echo === true,
    ...defined("dtmf", map(values.dtmf, digits)),
    ...defined("duration", map(values.duration, seconds)),
    ...defined("calls", map(values.calls, count)),
    trace: values.trace === true,
    json: values.json === true,
  };
}

type Values = { [Name in OptionName]?: (typeof PARSED)[Name]["type"] extends "boolean" ? boolean : string };

function parse(argv: readonly string[]): { values: Values; positionals: string[] } {
  const secret = argv.find((arg) => /^--?(password|pass|secret)\b/i.test(arg));
  if (secret !== undefined) {
    throw new UsageError("a password is not taken from an argument, where every user of this machine can read it: set SIDETONE_PASSWORD");
  }
  try {
    return parseArgs({ args: [...argv], options: PARSED, allowPositionals: true, strict: true });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function isCommand(word: string): word is CommandName {
  return COMMANDS.some((command) => command === word);
}

function names(values: Values): OptionName[] {
  return Object.keys(values).filter((name): name is OptionName => name in PARSED);
}

function numberOf(command: CommandName, rest: readonly string[], hasServer: boolean): string | undefined {
  const [number, ...more] = rest;
  if (command !== "call") {
    if (number !== undefined) throw new UsageError(`${command} takes no argument ${JSON.stringify(number)}`);
    return undefined;
  }
  if (number === undefined) throw new UsageError("call needs a number, or sip:user@host[:port]");
  if (more.length > 0) throw new UsageError(`call takes one number: what is ${JSON.stringify(more[0])}?`);
  if (!hasServer && !/^sips?:/i.test(number)) {
    throw new UsageError(`${JSON.stringify(number)} needs a --server to look it up; without one, call sip:user@host[:port]`);
  }
  return number;
}

/** `host`, `host:port`, `192.0.2.1:5060`, `::1`, `[::1]:5060`. */
function hostAndPort(option: string, text: string): { host: string; port?: number } {
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

function bindAddress(text: string): { address: string; port?: number } {
  const { host, ...port } = hostAndPort("--bind", text);
  if (isIP(host) === 0) throw new UsageError(`--bind ${text}: ${host} is no IPv4 or IPv6 address`);
  return { address: host, ...port };
}

function portNumber(option: string, text: string): number {
  const port = Number(text);
  if (port > 65_535) throw new UsageError(`${option}: ${text} is no port, which is at most 65535`);
  return port;
}

function portRange(text: string): { low: number; high: number } {
  const [, low, high] = /^(\d+)-(\d+)$/.exec(text) ?? [];
  if (low === undefined || high === undefined) throw new UsageError(`--rtp-ports ${text}: write LOW-HIGH, for instance 10000-20000`);
  return { low: portNumber("--rtp-ports", low), high: portNumber("--rtp-ports", high) };
}

function engineName(text: string): EngineName {
  if (text !== "native" && text !== "typescript") throw new UsageError(`--engine ${text}: native or typescript`);
  return text;
}

function transportName(text: string): TransportName {
  if (text !== "udp" && text !== "tcp" && text !== "tls") throw new UsageError(`--transport ${text}: udp, tcp or tls`);
  return text;
}

function digits(text: string): string {
  if (!/^[0-9*#A-D]+$/i.test(text)) throw new UsageError(`--dtmf ${text}: digits are 0-9 * # A-D`);
  return text.toUpperCase();
}

function seconds(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !(value >= 0) || value > 2_000_000) throw new UsageError(`--duration ${text}: write seconds`);
  return value;
}

function count(text: string): number {
  if (!/^[1-9]\d{0,5}$/.test(text)) throw new UsageError(`--calls ${text}: write a number from 1`);
  return Number(text);
}

function map<T>(text: string | undefined, read: (text: string) => T): T | undefined {
  return text === undefined ? undefined : read(text);
}

/** `{ [name]: value }`, and nothing for undefined (exactOptionalPropertyTypes). */
function defined<Name extends string, T>(name: Name, value: T | undefined): { [K in Name]?: T } {
  // A computed name widens to string.
  // oxlint-disable-next-line no-unsafe-type-assertion
  return (value === undefined ? {} : { [name]: value }) as { [K in Name]?: T };
}
