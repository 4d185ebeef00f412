import { parseArgs } from "node:util";
import { type EngineName, SIPURI } from "../index.ts";
import { UsageError } from "./exit.ts";
import {
  bindAddress,
  count,
  defined,
  digits,
  engineName,
  hostAndPort,
  map,
  portRange,
  seconds,
  type TransportName,
  transportName,
} from "./values.ts";

export const COMMANDS = ["demo", "register", "call", "answer", "message", "doctor"] as const;
export type CommandName = (typeof COMMANDS)[number];

/** A command line, read and checked. */
export interface CommandOptions {
  readonly command: CommandName;
  /** Whom to call, or to send a message. */
  readonly number?: string;
  /** The message. */
  readonly text?: string;
  readonly server?: { readonly host: string; readonly port?: number };
  readonly user?: string;
  readonly transport?: TransportName;
  /** A file of certificates to trust. */
  readonly ca?: string;
  /** Files of our own certificate and its key. */
  readonly cert?: string;
  readonly key?: string;
  /** Trust whatever certificate the server shows. */
  readonly insecure?: boolean;
  readonly bind?: { readonly address: string; readonly port?: number };
  readonly rtpPorts?: { readonly low: number; readonly high: number };
  readonly engine?: EngineName;
  /** Nothing but to register and deregister. */
  readonly registerOnly: boolean;
  readonly play?: string;
  readonly record?: string;
  readonly echo: boolean;
  readonly dtmf?: string;
  /** Seconds. */
  readonly hold?: number;
  /** To whom the far end is handed over. */
  readonly transfer?: string;
  /** Seconds. */
  readonly duration?: number;
  readonly calls?: number;
  readonly trace: boolean;
  readonly json: boolean;
}

export const OPTIONS = {
  server: { type: "string" },
  user: { type: "string" },
  transport: { type: "string" },
  ca: { type: "string" },
  cert: { type: "string" },
  key: { type: "string" },
  insecure: { type: "boolean" },
  bind: { type: "string" },
  "rtp-ports": { type: "string" },
  engine: { type: "string" },
  "register-only": { type: "boolean" },
  play: { type: "string" },
  record: { type: "string" },
  echo: { type: "boolean" },
  dtmf: { type: "string" },
  hold: { type: "string" },
  transfer: { type: "string" },
  duration: { type: "string" },
  calls: { type: "string" },
  trace: { type: "boolean" },
  json: { type: "boolean" },
  help: { type: "boolean", short: "h" },
  version: { type: "boolean", short: "v" },
} as const;

type OptionName = keyof typeof OPTIONS;

const ACCOUNT: readonly OptionName[] = ["server", "user", "transport", "ca", "cert", "key", "insecure", "bind", "trace"];
const CALL: readonly OptionName[] = ["rtp-ports", "play", "record", "echo", "dtmf", "hold", "transfer", "calls", "engine", "duration"];
/** What each command takes, beside the options of all of them. An option that would do nothing is a mistake worth telling. */
const TAKES: Readonly<Record<CommandName, readonly OptionName[]>> = {
  demo: ["engine"],
  register: [...ACCOUNT, "duration", "register-only"],
  call: [...ACCOUNT, ...CALL, "register-only"],
  answer: [...ACCOUNT, ...CALL, "register-only"],
  message: [...ACCOUNT, "register-only"],
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
  const transport = checkedTransport(values);
  const [number, text] = wordsOf(command, rest, values.server !== undefined);
  if (values.server !== undefined && values.user === undefined)
    throw new UsageError("--server needs --user: the user part of your address there");
  const registers = command === "register" ? "register" : values["register-only"] === true ? "--register-only" : undefined;
  if (registers !== undefined && values.server === undefined)
    throw new UsageError(`${registers} needs --server HOST[:PORT] and --user NAME`);
  if (values.transfer !== undefined) checkedTarget("--transfer", values.transfer, values.server !== undefined);
  return {
    command,
    ...defined("number", number),
    ...defined("text", text),
    ...defined(
      "server",
      map(values.server, (server) => hostAndPort("--server", server)),
    ),
    ...defined("user", values.user),
    ...defined("transport", transport),
    ...defined("ca", values.ca),
    ...defined("cert", values.cert),
    ...defined("key", values.key),
    ...defined("insecure", values.insecure),
    ...defined("bind", map(values.bind, bindAddress)),
    ...defined("rtpPorts", map(values["rtp-ports"], portRange)),
    ...defined("engine", map(values.engine, engineName)),
    registerOnly: values["register-only"] === true,
    ...defined("play", values.play),
    ...defined("record", values.record),
    echo: values.echo === true,
    ...defined("dtmf", map(values.dtmf, digits)),
    ...defined(
      "hold",
      map(values.hold, (time) => seconds("--hold", time)),
    ),
    ...defined("transfer", values.transfer),
    ...defined(
      "duration",
      map(values.duration, (time) => seconds("--duration", time)),
    ),
    ...defined("calls", map(values.calls, count)),
    trace: values.trace === true,
    json: values.json === true,
  };
}

type Values = { [Name in OptionName]?: (typeof OPTIONS)[Name]["type"] extends "boolean" ? boolean : string };

function parse(argv: readonly string[]): { values: Values; positionals: string[] } {
  const secret = argv.find((arg) => /^--?(password|pass|secret)\b/i.test(arg));
  if (secret !== undefined) {
    throw new UsageError("a password is not taken from an argument, where every user of this machine can read it: set SIDETONE_PASSWORD");
  }
  try {
    return parseArgs({ args: [...argv], options: OPTIONS, allowPositionals: true, strict: true });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function isCommand(word: string): word is CommandName {
  return COMMANDS.some((command) => command === word);
}

function names(values: Values): OptionName[] {
  return Object.keys(values).filter((name): name is OptionName => name in OPTIONS);
}

/** Whom and what, for the commands that take words. */
function wordsOf(command: CommandName, rest: readonly string[], hasServer: boolean): [number?: string, text?: string] {
  const takes = command === "message" ? 2 : command === "call" ? 1 : 0;
  const [number, text] = rest;
  const extra = rest[takes];
  if (takes === 0) {
    if (number !== undefined) throw new UsageError(`${command} takes no argument ${JSON.stringify(number)}`);
    return [];
  }
  if (number === undefined) throw new UsageError(`${command} needs a number, or sip:user@host[:port]`);
  if (takes === 2 && text === undefined) throw new UsageError("message needs its text, in quotes if it has spaces; - reads it from stdin");
  if (extra !== undefined) {
    const rule = takes === 2 ? "message takes a number and one text, in quotes if it has spaces" : "call takes one number";
    throw new UsageError(`${rule}: what is ${JSON.stringify(extra)}?`);
  }
  checkedTarget("", number, hasServer);
  return text === undefined ? [number] : [number, text];
}

function checkedTarget(option: string, target: string, hasServer: boolean): void {
  const what = `${option}${option === "" ? "" : " "}${JSON.stringify(target)}`;
  if (/^sips?:/i.test(target)) {
    try {
      SIPURI.parse(target);
    } catch (error) {
      throw new UsageError(`${what} is no SIP address: ${error instanceof Error ? error.message : String(error)}`);
    }
    return;
  }
  if (hasServer) return;
  throw new UsageError(`${what} needs a --server to look it up; without one, call sip:user@host[:port]`);
}

/** Whoever names a certificate expects encryption, and would get none. */
function checkedTransport(values: Values): TransportName | undefined {
  const transport = map(values.transport, transportName);
  const needsTLS = (["ca", "cert", "key", "insecure"] as const).find((name) => values[name] !== undefined);
  if (needsTLS !== undefined && transport !== "tls") throw new UsageError(`--${needsTLS} means nothing without --transport tls`);
  if (values.cert !== undefined && values.key === undefined) throw new UsageError("--cert needs --key: the certificate's private key");
  if (values.key !== undefined && values.cert === undefined) throw new UsageError("--key needs --cert: the certificate it belongs to");
  return transport;
}
