import { expect, it, onTestFinished } from "vitest";
import { AudioInterruptedError } from "../../ts/index.ts";
import { SessionAudio } from "../../ts/audio/SessionAudio.ts";
import { loadEngine } from "../../ts/media/load.ts";
import type { MediaSession } from "../../ts/media/contract.ts";
import { within } from "../phone/support.ts";
import { plainStream } from "../../bench/lib/plainStream.mjs";

/** A session that sends to nobody who listens. */
async function sending(): Promise<{ session: MediaSession; audio: SessionAudio }> {
  const session = await loadEngine().engine.open({ address: "127.0.0.1", portLow: 26_000, portHigh: 27_999 });
  onTestFinished(() => session.close());
  session.configure({ ...plainStream("127.0.0.1", 9), direction: "sendonly" });
  return { session, audio: new SessionAudio(session, "u8") };
}

const seconds = (count: number): Int16Array[] => [new Int16Array(8_000 * count).fill(1000)];
const failure = (promise: Promise<unknown>): Promise<unknown> => within(5_000, "the interruption", promise.then(() => undefined, (error: unknown) => error));

it("a later play takes over, and the earlier is told", async () => {
  const { audio } = await sending();
  const first = failure(audio.play(seconds(10)));
  const second = audio.play(seconds(0.1));
  expect(await first).toBeInstanceOf(AudioInterruptedError);
  expect(await first).toMatchObject({ code: "AUDIO_INTERRUPTED", interruption: "superseded" });
  await within(5_000, "the second", second);
});

it("a write takes over, and not a sample of it is lost with what played", async () => {
  const { session, audio } = await sending();
  const first = failure(audio.play(seconds(10)));
  await within(5_000, "it plays", session.whenQueued(1_599).then(() => session.statistics()));
  audio.write(new Uint8Array(40_000).fill(0x90));
  const queued = session.statistics().samplesQueued;
  expect(await first).toMatchObject({ interruption: "superseded" });
  // What is not queued any more has been sent, a frame every 20 ms.
  expect(queued).toBeGreaterThan(38_000);
  expect(session.statistics().samplesQueued).toBeGreaterThan(38_000);
});

it("what was written gives way to play", async () => {
  const { session, audio } = await sending();
  audio.write(new Uint8Array(80_000).fill(0x90));
  const playing = audio.play(seconds(0.1));
  await within(5_000, "it to be played", playing);
  expect(session.statistics().samplesQueued).toBe(0);
});

it("clear and close tell what plays why it ends; the caller's own signal keeps its reason", async () => {
  const { audio } = await sending();
  const cleared = failure(audio.play(seconds(10)));
  audio.clear();
  expect(await cleared).toMatchObject({ interruption: "cleared" });
  const reason = new Error("barge-in");
  const controller = new AbortController();
  const aborted = failure(audio.play(seconds(10), controller.signal));
  controller.abort(reason);
  expect(await aborted).toBe(reason);
  const ended = failure(audio.play(seconds(10)));
  await audio.close();
  expect(await ended).toMatchObject({ interruption: "ended" });
});

it("a play whose signal has aborted already disturbs nothing", async () => {
  const { session, audio } = await sending();
  audio.write(new Uint8Array(40_000).fill(0x90));
  await expect(audio.play(seconds(1), AbortSignal.abort())).rejects.toThrow();
  expect(session.statistics().samplesQueued).toBeGreaterThan(38_000);
});
