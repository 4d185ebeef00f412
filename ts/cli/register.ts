import { setTimeout as delay } from "node:timers/promises";
import { ExitStatus } from "./exit.ts";
import type { CommandIO } from "./io.ts";
import { openPhone } from "./openPhone.ts";
import type { CommandOptions } from "./options.ts";
import type { Output } from "./output.ts";

/** `sidetone register`, and any other command with `--register-only`: registers, stays for `--duration`, deregisters. */
export async function register(options: CommandOptions, io: CommandIO, output: Output): Promise<ExitStatus> {
  const phone = await openPhone(options, io, output);
  try {
    await delay((options.duration ?? 0) * 1000, undefined, { signal: io.signal }).catch(() => {});
  } finally {
    await phone.stop();
  }
  output.event("deregistered", { user: options.user, server: options.server?.host }, "deregistered");
  return io.signal.aborted ? ExitStatus.INTERRUPTED : ExitStatus.DONE;
}
