import { createInterface } from "node:readline";
import { Writable } from "node:stream";
import { UsageError } from "./exit.ts";
import type { CommandIO } from "./io.ts";

/**
 * The account's password: from SIDETONE_PASSWORD, or asked for in a terminal, where it is not shown.
 * @throws UsageError when there is neither; the signal's reason on Ctrl-C
 */
export async function readPassword(io: CommandIO, user: string, server: string): Promise<string> {
  const set = io.env["SIDETONE_PASSWORD"];
  if (set !== undefined) return set;
  if (io.stdin.isTTY !== true) {
    throw new UsageError(
      `no password for ${user} at ${server}: set SIDETONE_PASSWORD (to nothing for an account without one), or run in a terminal`,
    );
  }
  io.stderr.write(`Password of ${user} at ${server}: `);
  try {
    return await readHidden(io);
  } finally {
    io.stderr.write("\n");
  }
}

function readHidden(io: CommandIO): Promise<string> {
  // readline takes the terminal out of its echo and edits the line; what it would show goes nowhere.
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const line = createInterface({ input: io.stdin, output: nowhere, terminal: true, historySize: 0 });
  return new Promise<string>((resolve, reject) => {
    const interrupted = (): void => reject(new DOMException("interrupted", "AbortError"));
    line.once("line", resolve);
    // In raw mode Ctrl-C is a key, not a signal; the end of input is no password either.
    line.once("SIGINT", interrupted);
    line.once("close", interrupted);
    io.signal.addEventListener("abort", interrupted, { once: true });
  }).finally(() => line.close());
}
