import { isIPv6 } from "node:net";
import { loadEngine } from "../media/load.ts";
import { ExitStatus } from "./exit.ts";
import type { CommandOptions } from "./options.ts";
import type { Output } from "./output.ts";
import { version } from "./version.ts";

/** `sidetone doctor`: which media engine runs, why, and whether it can open a port. What a bug report wants to know. */
export async function doctor(options: CommandOptions, output: Output): Promise<ExitStatus> {
  const { engine, info } = loadEngine(options.engine);
  const address = options.bind?.address ?? "127.0.0.1";
  const { low, high } = options.rtpPorts ?? { low: 10_000, high: 20_000 };
  const session = await engine.open({ address, portLow: low, portHigh: high });
  const port = session.localPort;
  await session.close();
  const about = { version: version(), node: process.versions.node, machine: info.machine };
  const lines = [
    `sidetone ${about.version} on Node ${about.node}, ${about.machine}`,
    `engine    ${info.engine}${info.file === "" ? "" : ` (${info.file})`}`,
    ...info.refused.map((reason) => `          not native: ${reason}`),
    ...(info.threadPriority === "" ? [] : [`priority  ${info.threadPriority} (of the media thread)`]),
    `RTP       ${isIPv6(address) ? `[${address}]` : address}:${port} opens (${low}-${high})`,
  ];
  const { file, refused, threadPriority } = info;
  output.event("doctor", { ...about, engine: info.engine, file, refused, threadPriority, address, port }, lines.join("\n"));
  return ExitStatus.DONE;
}
