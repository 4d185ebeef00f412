import { text as readAll } from "node:stream/consumers";
import { ExitStatus } from "./exit.ts";
import type { CommandIO } from "./io.ts";
import { openPhone } from "./openPhone.ts";
import type { CommandOptions } from "./options.ts";
import type { Output } from "./output.ts";

/** `sidetone message`: sends a text (RFC 3428) and tells whether it was taken. */
export async function message(options: CommandOptions, io: CommandIO, output: Output): Promise<ExitStatus> {
  const { number = "", text = "" } = options;
  const body = text === "-" ? await readAll(io.stdin) : text;
  const phone = await openPhone(options, io, output);
  try {
    const interrupted = new Promise<undefined>((settle) => {
      if (io.signal.aborted) settle(undefined);
      io.signal.addEventListener("abort", () => settle(undefined), { once: true });
    });
    const accepted = await Promise.race([phone.message(number, body), interrupted]);
    if (accepted === undefined) return ExitStatus.INTERRUPTED;
    const fields = { to: number, length: Buffer.byteLength(body), accepted };
    output.event("message", fields, accepted ? `${number} has the message` : `${number} does not take the message`);
    return accepted ? ExitStatus.DONE : ExitStatus.REFUSED;
  } finally {
    await phone.stop();
  }
}
