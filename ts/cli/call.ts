import { CallState, type VoIPPhone } from "../index.ts";
import { converse, statusOfConversation, tellEnd, watch } from "./converse.ts";
import { ExitStatus, statusOfEnd } from "./exit.ts";
import type { CommandIO } from "./io.ts";
import { openPhone } from "./openPhone.ts";
import type { CommandOptions } from "./options.ts";
import type { Output } from "./output.ts";

/** `sidetone call`: places `--calls` calls at once and holds them. @returns the worst of their outcomes */
export async function call(options: CommandOptions, io: CommandIO, output: Output): Promise<ExitStatus> {
  const phone = await openPhone(options, io, output);
  try {
    const outcomes = await Promise.all(Array.from({ length: options.calls ?? 1 }, (_, index) => place(phone, options, io, output, index)));
    return io.signal.aborted ? ExitStatus.INTERRUPTED : (outcomes.find((outcome) => outcome !== ExitStatus.DONE) ?? ExitStatus.DONE);
  } finally {
    await phone.stop();
  }
}

async function place(phone: VoIPPhone, options: CommandOptions, io: CommandIO, output: Output, index: number): Promise<ExitStatus> {
  const placed = await phone.call(options.number ?? "");
  const meter = watch(placed, output);
  const giveUp = (): void => {
    if (placed.state === CallState.DIALING || placed.state === CallState.PROGRESS) void placed.cancel();
  };
  io.signal.addEventListener("abort", giveUp);
  if (io.signal.aborted) giveUp();
  try {
    const answered = new Promise<true>((settle) => {
      placed.once("answered", () => settle(true));
    });
    const end = await Promise.race([answered, placed.ended]);
    if (end !== true) {
      tellEnd(placed, end, undefined, output);
      return statusOfEnd(end);
    }
    return statusOfConversation(await converse(placed, meter, options, io, output, index));
  } finally {
    io.signal.removeEventListener("abort", giveUp);
  }
}
