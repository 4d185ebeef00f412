import { setTimeout as delay } from "node:timers/promises";
import { resolve } from "node:path";
import { CallState, type CallStatistics, type EndReason, InvalidStateError, type VoIPCall } from "../index.ts";
import type { CommandIO } from "./io.ts";
import type { CommandOptions } from "./options.ts";
import type { Output } from "./output.ts";

/** 20 ms of s16le at 8 kHz. */
const FRAME_BYTES = 320;

/** Tells what happens to a call from now on. Set up before the call can make progress. */
export function watch(call: VoIPCall, output: Output): void {
  const fields = { call: call.callId, remote: call.remote };
  call.on("ringing", () => output.event("ringing", fields, `${call.remote} rings`));
  call.on("progress", () => output.event("progress", fields, `${call.remote}: session progress`));
  call.on("answered", () => output.event("answered", fields, `${call.remote}: answered`));
  call.on("dtmf", (digit) => output.event("dtmf", { ...fields, digit }, `${call.remote}: digit ${digit}`));
}

/**
 * Holds an answered call as the command line wants it: records, plays, sends digits, echoes; ends it when that is done, when its time
 * is over, or on Ctrl-C; else when the far end does.
 * @param index which of several calls this is: their recordings get a number
 */
export async function converse(call: VoIPCall, options: CommandOptions, io: CommandIO, output: Output, index: number): Promise<EndReason> {
  const answered = performance.now();
  const over = new AbortController();
  void call.ended.then(() => over.abort());
  const stop = AbortSignal.any([io.signal, over.signal]);
  try {
    if (options.record !== undefined) await call.record(numbered(resolve(io.cwd, options.record), index));
    if (options.echo) void echo(call, output);
    await untilDone(call, options, io, stop);
  } catch (error) {
    // A call that ends while something plays, and Ctrl-C, are no errors.
    if (!stop.aborted) throw error;
  } finally {
    if (call.state === CallState.ANSWERED) await call.hangup();
  }
  const reason = await call.ended;
  tellEnd(call, reason, (performance.now() - answered) / 1000, output);
  return reason;
}

async function untilDone(call: VoIPCall, { play, dtmf, duration }: CommandOptions, io: CommandIO, stop: AbortSignal): Promise<void> {
  const time = duration === undefined ? undefined : delay(duration * 1000, undefined, { signal: stop });
  // Raced below; when the program of the call fails first, nobody waits for the time any more.
  time?.catch(() => {});
  const program = (async () => {
    if (play !== undefined) await call.play(resolve(io.cwd, play), { signal: stop });
    if (dtmf !== undefined) await call.sendDtmf(dtmf);
  })();
  if (time !== undefined) {
    await Promise.race([time, program.then(() => time)]);
    return;
  }
  await program;
  if (play === undefined && dtmf === undefined) await aborted(stop);
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((settle) => {
    if (signal.aborted) settle();
    else signal.addEventListener("abort", () => settle(), { once: true });
  });
}

async function echo(call: VoIPCall, output: Output): Promise<void> {
  try {
    for (;;) {
      // oxlint-disable-next-line no-await-in-loop -- one frame after the other
      const frame = await call.readAudio(FRAME_BYTES);
      if (frame.length === 0) return;
      call.writeAudio(frame);
    }
  } catch (error) {
    if (!(error instanceof InvalidStateError)) output.error(error);
  }
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
