import { afterEach, expect, it, vi } from "vitest";
import { type Addon, NativeEngine } from "../../ts/media/native.ts";
import { Session } from "../../ts/media/typescript/session.ts";
import { engine, nextEvent, open, openPair, parametersTowards } from "./engine.ts";

afterEach(() => {
  vi.restoreAllMocks();
});

// How the media thread catches a panic is tested in crates/engine/src/session.rs; here, what JavaScript makes of the signal.
it("a panic in the native core closes that session and tells why", async () => {
  let wake: (() => void) | undefined;
  let news: number[] = [];
  class FakeSession {
    handle = () => 3;
    localAddress = () => "127.0.0.1";
    localPort = () => 20_000;
    wantReadable = () => false;
    wantQueued = () => false;
    failure = () => "the media core panicked: a defect";
    close = vi.fn<() => void>();
  }
  class FakeEngine {
    constructor(_threads: number, _realTime: boolean, wakeUp: () => void) {
      wake = wakeUp;
    }
    open = () => new FakeSession();
    drain(pairs: Uint32Array): number {
      pairs.set(news);
      const count = news.length / 2;
      news = [];
      return count;
    }
  }
  const addon: Partial<Record<keyof Addon, unknown>> = { MediaEngine: FakeEngine };
  const native: NativeEngine = Reflect.construct(NativeEngine, [addon]);
  const session = await native.open({ address: "127.0.0.1", portLow: 20_000, portHigh: 20_000 });
  const [failed, readable] = [nextEvent(session, "failed"), session.whenReadable(160)];
  news = [3, 8, 4_000_000_000, 15]; // the other session has closed meanwhile
  wake?.();
  expect(await failed).toEqual({ type: "failed", reason: "the media core panicked: a defect" });
  expect(await readable).toBe(false);
  expect(session.write(new Int16Array(160))).toBe(0);
});

it.runIf(engine.name === "typescript")("an exception in the TypeScript core closes that session, tells why, and leaves the others alone", async () => {
  const broken = await open();
  broken.configure(parametersTowards("127.0.0.1", 9));
  const [, other] = await openPair();
  const failed = nextEvent(broken, "failed");
  // The next frame is that of the session that was configured first.
  vi.spyOn(Session.prototype, "tick").mockImplementationOnce(() => {
    throw new Error("a defect");
  });
  expect(await failed).toEqual({ type: "failed", reason: "a defect" });
  expect(await broken.whenReadable(60_000)).toBe(false);
  const { packetsSent, samplesReadable } = other.statistics();
  expect(await other.whenReadable(samplesReadable + 320)).toBe(true);
  expect(other.statistics().packetsSent).toBeGreaterThan(packetsSent);
});
