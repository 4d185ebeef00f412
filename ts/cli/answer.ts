import type { VoIPCall } from "../index.ts";
import { converse, statusOfConversation, tellEnd, watch } from "./converse.ts";
import { ExitStatus, statusOfEnd, statusOfError } from "./exit.ts";
import type { CommandIO } from "./io.ts";
import { openPhone } from "./openPhone.ts";
import type { CommandOptions } from "./options.ts";
import type { Output } from "./output.ts";

/** `sidetone answer`: takes calls until `--calls` of them are over, or until Ctrl-C. */
export async function answer(options: CommandOptions, io: CommandIO, output: Output): Promise<ExitStatus> {
  const phone = await openPhone(options, io, output);
  const held = new Set<Promise<void>>();
  let taken = 0;
  let worst: ExitStatus = ExitStatus.DONE;
  try {
    await new Promise<void>((settle) => {
      if (io.signal.aborted) settle();
      io.signal.addEventListener("abort", () => settle(), { once: true });
      phone.on("message", ({ from, contentType, body }) => {
        output.event("message", { from: from.uri.toString(), contentType, body }, `${from.uri.toString()} writes: ${body}`);
      });
      phone.on("incoming", (call) => {
        const index = taken;
        taken += 1;
        if (index >= (options.calls ?? Number.POSITIVE_INFINITY)) {
          call.deny();
          return;
        }
        const holding = take(call, options, io, output, index)
          .catch((error: unknown) => {
            output.error(error);
            return statusOfError(error);
          })
          .then((status) => {
            if (worst === ExitStatus.DONE) worst = status;
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
  return io.signal.aborted ? ExitStatus.INTERRUPTED : worst;
}

async function take(call: VoIPCall, options: CommandOptions, io: CommandIO, output: Output, index: number): Promise<ExitStatus> {
  output.event("incoming", { call: call.callId, remote: call.remote }, `${call.remote} calls`);
  const meter = watch(call, output);
  try {
    await call.answer();
  } catch (error) {
    if (call.state !== "ENDED") throw error;
    const reason = await call.ended;
    tellEnd(call, reason, undefined, output);
    return statusOfEnd(reason);
  }
  return statusOfConversation(await converse(call, meter, options, io, output, index));
}
