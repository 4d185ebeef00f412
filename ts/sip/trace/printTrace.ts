import { redact } from "../message/redact.ts";
import type { TraceEntry } from "../transaction/TransactionLayer.ts";
import type { Endpoint } from "../transport/transport.ts";

/**
 * A trace that prints every message, whole, with its direction, addresses and time. What authentication proves is left out.
 *
 * @example
 * new VoIPPhone({ …, trace: printTrace((text) => process.stderr.write(text)) });
 * @param write takes text that ends in a line end @param wallClock milliseconds since 1970; default the system's
 */
export function printTrace(write: (text: string) => void, wallClock: () => number = Date.now): (entry: TraceEntry) => void {
  return ({ direction, bytes, local, remote }) => {
    const arrow = direction === "in" ? "<-" : "->";
    const head = `${new Date(wallClock()).toISOString()} ${name(local)} ${arrow} ${name(remote)} ${remote.protocol}, ${bytes.length} bytes`;
    const text = redact(Buffer.from(bytes).toString("utf8")).replaceAll("\r\n", "\n").trimEnd();
    write(`${head}\n${text.replaceAll(/^/gm, "  ")}\n\n`);
  };
}

function name({ address, port }: Endpoint): string {
  return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
}
