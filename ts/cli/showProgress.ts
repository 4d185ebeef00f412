import { level } from "../audio/level.ts";
import { CallState, InvalidStateError, type VoIPCall } from "../index.ts";
import type { Output } from "./output.ts";

/** 20 ms of s16le at 8 kHz. */
const FRAME_BYTES = 320;

/** How a call sounds just now, for the progress line. */
export interface Meter {
  /** dB relative to overload. */
  level?: number;
}

/** Shows a call in the progress line until it is over. */
export function showProgress(call: VoIPCall, output: Output): Meter {
  const meter: Meter = {};
  let since = performance.now();
  let rings = false;
  call.on("state", () => {
    since = performance.now();
  });
  call.on("ringing", () => {
    rings = true;
  });
  const hide = output.progress.show(() => {
    const { packetsReceived: received, packetsLost: lost } = call.stats();
    const state = rings && call.state === CallState.DIALING ? "ringing" : call.state.toLowerCase();
    return { remote: call.remote, state, since, received, lost, ...meter };
  });
  call.once("ended", hide);
  return meter;
}

/** Hears an answered call until it ends: for the meter, and to send it back. */
export async function listen(call: VoIPCall, echo: boolean, meter: Meter, output: Output): Promise<void> {
  try {
    for (;;) {
      // oxlint-disable-next-line no-await-in-loop -- one frame after the other
      const frame = await call.readAudio(FRAME_BYTES);
      if (frame.length === 0) return;
      if (echo) call.writeAudio(frame);
      if (output.progress.live) meter.level = level(new Int16Array(frame.slice().buffer));
    }
  } catch (error) {
    if (!(error instanceof InvalidStateError)) output.error(error);
  }
}
