import { isIPv6 } from "node:net";
import { CredentialsManager, redact, SIPURI, type TraceEntry, TransportMode, VoIPCall, VoIPPhone } from "../index.ts";
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
  const { server, user = DEFAULT_USER, transport, ca, insecure, bind, rtpPorts, engine } = options;
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
    ...(ca === undefined ? {} : { tlsCa: ca }),
    ...(insecure === true ? { tlsVerify: false } : {}),
    ...(server === undefined ? {} : { server: server.host }),
    ...(server?.port === undefined ? {} : { port: server.port }),
    ...(rtpPorts === undefined ? {} : { rtpPortLow: rtpPorts.low, rtpPortHigh: rtpPorts.high }),
    ...(engine === undefined ? {} : { engine }),
    // Without a server and a name of our own, who calls this address means us.
    ...(server === undefined && options.user === undefined ? { acceptCalls: "any" as const } : {}),
    ...(options.trace ? { trace: (entry: TraceEntry) => showMessage(output, entry) } : {}),
  });
  phone.on("registrationFailed", ({ status, reason, error }) => {
    const why = [status, reason, status === undefined ? error?.message : undefined].filter((part) => part !== undefined).join(" ");
    output.event("registrationFailed", { status, reason }, `not registered: ${why}`);
  });
  phone.on("callError", (_call, error) => output.error(error));
  await phone.start();
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

/** Whether what is to be reached is named by an IPv6 address. */
function reachesIPv6({ server, number }: CommandOptions): boolean {
  if (server !== undefined) return isIPv6(server.host);
  return number !== undefined && isIPv6(SIPURI.parse(number).host);
}

function showMessage(output: Output, { direction, local, remote, bytes, time }: TraceEntry): void {
  const message = redact(Buffer.from(bytes).toString("utf8")).replaceAll("\r\n", "\n");
  const [mark, arrow] = direction === "out" ? [">>>", "->"] : ["<<<", "<-"];
  const ends = `${host(local.address)}:${local.port} ${arrow} ${host(remote.address)}:${remote.port}`;
  const head = `${mark} ${(time / 1000).toFixed(3)} ${ends}`;
  output.aside("sip", { direction, local, remote, message }, `${head}\n${message.trimEnd()}\n`);
}

function host(address: string): string {
  return isIPv6(address) ? `[${address}]` : address;
}
