import { isIPv6 } from "node:net";
import { resolve } from "node:path";
import { CredentialsManager, printTrace, redact, SIPURI, type TraceEntry, TransportMode, VoIPCall, VoIPPhone } from "../index.ts";
import type { CommandIO } from "./io.ts";
import type { CommandOptions } from "./options.ts";
import type { Output } from "./output.ts";
import { readPassword } from "./password.ts";

/** A call that waits for the command to take it, where the base class would deny. */
class PendingCall extends VoIPCall {
  override ringing(): void {}
}

const MODES = { udp: TransportMode.UDP, tcp: TransportMode.TCP, tls: TransportMode.TLS };
const DEFAULT_USER = "sidetone";

/**
 * A started phone as the command line wants it: registered when there is a server, ready for peers when not.
 * @throws whatever `phone.start()` throws
 */
export async function openPhone(options: CommandOptions, io: CommandIO, output: Output): Promise<VoIPPhone> {
  const { server, user = DEFAULT_USER, transport, ca, cert, key, insecure, bind, rtpPorts, engine } = options;
  const keyPassword = io.env["SIDETONE_KEY_PASSWORD"];
  const credentialsManager = new CredentialsManager();
  if (server !== undefined) credentialsManager.add(user, await readPassword(io, user, server.host));
  const phone = new VoIPPhone({
    user,
    credentialsManager,
    callClass: PendingCall,
    audioFormat: "s16le",
    bindIp: bind?.address ?? (reachesIPv6(options) ? "::" : "0.0.0.0"),
    bindPort: bind?.port ?? (options.command === "answer" && server === undefined ? (transport === "tls" ? 5061 : 5060) : 0),
    ...(transport === undefined ? {} : { transportMode: MODES[transport] }),
    ...(ca === undefined ? {} : { tlsCa: resolve(io.cwd, ca) }),
    ...(cert === undefined ? {} : { certFile: resolve(io.cwd, cert) }),
    ...(key === undefined ? {} : { keyFile: resolve(io.cwd, key) }),
    ...(key === undefined || keyPassword === undefined ? {} : { keyPassword }),
    ...(insecure === true ? { tlsVerify: false } : {}),
    ...(server === undefined ? {} : { server: server.host }),
    ...(server?.port === undefined ? {} : { port: server.port }),
    ...(rtpPorts === undefined ? {} : { rtpPortLow: rtpPorts.low, rtpPortHigh: rtpPorts.high }),
    ...(engine === undefined ? {} : { engine }),
    // Without a server and a name of our own, who calls this address means us.
    ...(server === undefined && options.user === undefined ? { acceptCalls: "any" as const } : {}),
    ...(options.trace ? { trace: traceTo(output) } : {}),
  });
  phone.on("registrationFailed", ({ status, reason, error }) => {
    const why = [status, reason, status === undefined ? error?.message : undefined].filter((part) => part !== undefined).join(" ");
    output.event("registrationFailed", { status, reason }, `not registered: ${why}`);
  });
  phone.on("callError", (_call, error) => output.error(error));
  await startUnlessInterrupted(phone, io.signal);
  const local = phone.localEndpoint;
  const where = local === undefined ? "" : `${host(local.address)}:${local.port}`;
  if (server === undefined) output.event("listening", { user, address: local?.address, port: local?.port }, `listening on ${where}`);
  else
    output.event(
      "registered",
      { user, server: server.host, address: local?.address, port: local?.port },
      `registered ${user} at ${server.host}`,
    );
  return phone;
}

/** A server that does not answer is tried for minutes: Ctrl-C ends that, too. */
async function startUnlessInterrupted(phone: VoIPPhone, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  const stop = (): void => void phone.stop();
  signal.addEventListener("abort", stop);
  try {
    await phone.start();
  } finally {
    signal.removeEventListener("abort", stop);
  }
}

/** Whether what is to be reached is named by an IPv6 address. */
function reachesIPv6({ server, number }: CommandOptions): boolean {
  if (server !== undefined) return isIPv6(server.host);
  return number !== undefined && /^sips?:/i.test(number) && isIPv6(SIPURI.parse(number).host);
}

/** Each message as a JSON line, or as people read it; without secrets in either. */
function traceTo(output: Output): (entry: TraceEntry) => void {
  if (!output.json) return printTrace((text) => output.aside(text));
  return ({ direction, local, remote, bytes }) => {
    output.event("sip", { direction, local, remote, message: redact(Buffer.from(bytes).toString("utf8")) }, "");
  };
}

function host(address: string): string {
  return isIPv6(address) ? `[${address}]` : address;
}
