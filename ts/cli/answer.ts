import type { VoIPCall } from "../index.ts";
import { converse, tellEnd, watch } from "./converse.ts";
import { ExitStatus } from "./exit.ts";
import type { CommandIO } from "./io.ts";
import { openPhone } from "./openPhone.ts";
import type { CommandOptions } from "./options.ts";
import type { Output } from "./output.ts";

/** `sidetone answer`: takes calls until `--calls` of them are over, or until Ctrl-C. */
export async function answer(options: CommandOptions, io: CommandIO, output: Output): Promise<ExitStatus> {
  const phone = await openPhone(options, io, output);
  const held = new Set<Promise<void>>();
  let taken = 0;
  let failure: unknown;
  try {
    await new Promise<void>((settle) => {
      if (io.signal.aborted) settle();
      io.signal.addEventListener("abort", () => settle(), { once: true });
      phone.on("incoming", (call) => {
        const index = taken;
        taken += 1;
        if (index >= (options.calls ?? Number.POSITIVE_INFINITY)) {
          call.deny();
          return;
        }
        const holding = take(call, options, io, output, index)
          .catch((error: unknown) => {
            failure ??= error;
            output.error(error);
          })
          .finally(() => {
            held.delete(holding);
            if (held.size === 0 && taken >= (options.calls ?? Number.POSITIVE_INFINITY)) settle();
          });
        held.add(holding);
      });
    });
    await Promise.all(held);
  } finally {
    await phone.stop();
  }
  if (io.signal.aborted) return ExitStatus.INTERRUPTED;
  return failure === undefined ? ExitStatus.DONE : ExitStatus.FAILED;
}

async function take(call: VoIPCall, options: CommandOptions, io: CommandIO, output: Output, index: number): Promise<void> {
  output.event("incoming", { call: call.callId, remote: call.remote }, `${call.remote} calls`);
  watch(call, output);
  try {
    await call.answer();
  } catch (error) {
    if (call.state !== "ENDED") throw error;
    tellEnd(call, await call.ended, undefined, output);
    return;
  }
  await converse(call, options, io, output, index);
}
