import { setTimeout as delay } from "node:timers/promises";
import { resolve } from "node:path";
import { CallState, type CallStatistics, type EndReason, type VoIPCall } from "../index.ts";
import { ExitStatus, statusOfEnd } from "./exit.ts";
import type { CommandIO } from "./io.ts";
import type { CommandOptions } from "./options.ts";
import { listen, type Meter, showProgress } from "./showProgress.ts";
import type { Output } from "./output.ts";

/** Tells what happens to a call from now on, and shows it. Set up before the call can make progress. */
export function watch(call: VoIPCall, output: Output): Meter {
  const fields = { call: call.callId, remote: call.remote };
  call.on("ringing", () => output.event("ringing", fields, `${call.remote} rings`));
  call.on("progress", () => output.event("progress", fields, `${call.remote}: session progress`));
  call.on("answered", () => output.event("answered", fields, `${call.remote}: answered`));
  call.on("dtmf", (digit, source) => output.event("dtmf", { ...fields, digit, source }, `${call.remote}: digit ${digit}`));
  call.on("mediaTimeout", (initial) => {
    output.event("silent", { ...fields, initial }, `${call.remote}: nothing is heard${initial ? "" : " any more"}`);
  });
  call.on("mediaResumed", () => output.event("heard", fields, `${call.remote}: is heard again`));
  return showProgress(call, output);
}

/** How a call went that was answered. */
export interface Conversation {
  readonly reason: EndReason;
  /** Whether the far end went where `--transfer` sent it. */
  readonly transferred?: boolean;
}

/** The exit status of such a call. */
export function statusOfConversation({ reason, transferred }: Conversation): ExitStatus {
  const status = statusOfEnd(reason);
  return status === ExitStatus.DONE && transferred === false ? ExitStatus.NOT_TRANSFERRED : status;
}

/**
 * Holds an answered call as the command line wants it: records, plays, sends digits, holds, transfers, echoes; ends it when that is
 * done, when its time is over, or on Ctrl-C; else when the far end does.
 * @param meter what {@link watch} gave @param index which of several calls this is: their recordings get a number
 */
export async function converse(
  call: VoIPCall,
  meter: Meter,
  options: CommandOptions,
  io: CommandIO,
  output: Output,
  index: number,
): Promise<Conversation> {
  const answered = performance.now();
  const over = new AbortController();
  void call.ended.then(() => over.abort());
  const stop = AbortSignal.any([io.signal, over.signal]);
  let program: Promise<boolean | undefined> = Promise.resolve(undefined);
  try {
    if (options.record !== undefined) await call.record(numbered(resolve(io.cwd, options.record), index));
    if (options.echo || output.progress.live) void listen(call, options.echo, meter, output);
    program = follow(call, options, io, output, stop);
    await untilDone(program, options, stop);
  } catch (error) {
    // A call that ends while something plays, and Ctrl-C, are no errors.
    if (!stop.aborted) throw error;
  } finally {
    if (call.state === CallState.ANSWERED) await call.hangup();
  }
  const reason = await call.ended;
  // A transfer ends the call, and then tells how it went. Nobody waits for that who has pressed Ctrl-C.
  const transferred = await Promise.race([program.catch(() => undefined), aborted(io.signal).then(() => undefined)]);
  tellEnd(call, reason, (performance.now() - answered) / 1000, output);
  return { reason, ...(options.transfer === undefined ? {} : { transferred: transferred === true }) };
}

/** Does what the call is told to do, one after the other. @returns whether the far end went where it was sent; undefined when it was not */
async function follow(
  call: VoIPCall,
  options: CommandOptions,
  io: CommandIO,
  output: Output,
  stop: AbortSignal,
): Promise<boolean | undefined> {
  const { play, dtmf, hold, transfer } = options;
  if (play !== undefined) await call.play(resolve(io.cwd, play), { signal: stop });
  if (dtmf !== undefined) await call.sendDtmf(dtmf);
  if (hold !== undefined) await holdFor(call, hold, output, stop);
  return transfer === undefined ? undefined : handOver(call, transfer, output);
}

/** Settles when it is time to hang up, or when the call is over. */
async function untilDone(program: Promise<unknown>, options: CommandOptions, stop: AbortSignal): Promise<void> {
  const { play, dtmf, hold, transfer, duration } = options;
  const idle = [play, dtmf, hold, transfer].every((part) => part === undefined);
  if (duration === undefined) {
    await Promise.race([program, aborted(stop)]);
    if (idle) await aborted(stop);
    return;
  }
  const time = delay(duration * 1000, undefined, { signal: stop });
  // When the program fails first, nobody waits for the time any more; when the time is over first, what still runs fails with the call.
  time.catch(() => {});
  program.catch(() => {});
  await Promise.race([time, program.then(() => time)]);
}

async function holdFor(call: VoIPCall, seconds: number, output: Output, stop: AbortSignal): Promise<void> {
  const fields = { call: call.callId, remote: call.remote };
  await call.hold();
  output.event("held", fields, `${call.remote}: on hold`);
  await delay(seconds * 1000, undefined, { signal: stop });
  await call.resume();
  output.event("resumed", fields, `${call.remote}: resumed`);
}

/** Blind: the far end agrees, and the call is over. */
async function handOver(call: VoIPCall, to: string, output: Output): Promise<boolean> {
  const accepted = await call.transfer(/^sips?:/i.test(to) ? { uri: to } : { user: to });
  const text = accepted ? `${call.remote}: transferred to ${to}` : `${call.remote}: does not go to ${to}`;
  output.event("transfer", { call: call.callId, remote: call.remote, to, accepted }, text);
  return accepted;
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((settle) => {
    if (signal.aborted) settle();
    else signal.addEventListener("abort", () => settle(), { once: true });
  });
}

/** Tells how a call ended, and what its media did. */
export function tellEnd(call: VoIPCall, reason: EndReason, seconds: number | undefined, output: Output): void {
  const { by, cause, status } = reason;
  const fields = { call: call.callId, remote: call.remote, by, cause, status, reason: reason.reason, duration: seconds };
  output.event("ended", fields, `${call.remote}: ${endText(reason)}${seconds === undefined ? "" : ` after ${seconds.toFixed(1)} s`}`);
  if (seconds === undefined) return;
  const stats = call.stats();
  output.event("stats", { call: call.callId, remote: call.remote, ...stats }, statsText(stats));
}

function endText({ by, cause, status, reason, error }: EndReason): string {
  if (cause === "bye") return by === "local" ? "hung up" : "the far end hung up";
  if (cause === "cancel") return "given up";
  if (cause === "no-ack") return "ended, because the answer was never acknowledged";
  const said = [status, reason ?? error?.message].filter((part) => part !== undefined).join(" ");
  const words = {
    rejected: "refused",
    redirected: "redirected",
    "no-answer": "no answer",
    gone: "gone",
    transport: "cannot be reached",
    expired: "not heard of any more",
    error: "failed",
  };
  return `${words[cause]}${said === "" ? "" : ` (${said})`}`;
}

/** A call's media in one line. */
export function statsText(stats: CallStatistics): string {
  const { packetsSent, packetsReceived, packetsLost, jitter, playoutDelay, rtt, mos, engine } = stats;
  const roundTrip = rtt === 0 ? "" : `round trip ${Math.round(rtt)} ms, `;
  return (
    `${packetsSent} packets sent, ${packetsReceived} received, ${packetsLost} lost, ` +
    `jitter ${(jitter / 8).toFixed(2)} ms, playout delay ${Math.round(playoutDelay)} ms, ` +
    `${roundTrip}MOS ${mos.toFixed(1)}, ${engine} engine`
  );
}

/** `call.wav`, `call-2.wav`, `call-3.wav` … */
function numbered(path: string, index: number): string {
  return index === 0 ? path : path.replace(/(\.[^./\\]*)?$/, `-${index + 1}$1`);
}
