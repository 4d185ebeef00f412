import { describe, expect, it } from "vitest";
import { loadEngine } from "../../ts/media/load.ts";
import { engine, open, openPair } from "./engine.ts";
import { plainStream } from "../../bench/lib/plainStream.mjs";

describe("a group of sessions moves audio in one call", () => {
  it("each row is its own session's, both ways", async () => {
    const [near, far] = await openPair();
    const group = engine.group([near, far]);
    const samples = new Int16Array(2 * 1_600);
    samples.fill(1_000, 0, 1_600);
    samples.fill(-2_000, 1_600);
    const counts = Uint32Array.of(1_600, 1_600);
    group.write(samples, counts);
    expect([...counts]).toEqual([1_600, 1_600]);
    await Promise.all([near.whenReadable(1_600), far.whenReadable(1_600)]);
    samples.fill(0);
    group.read(samples, counts);
    expect(counts[0]).toBeGreaterThanOrEqual(1_600);
    // The first frames may be silence: what was queued follows, less what G.711 rounds.
    const [heardNear, heardFar] = [samples.subarray(0, 1_600), samples.subarray(1_600)];
    expect(heardNear.some((sample) => sample < -1_900)).toBe(true);
    expect(heardNear.every((sample) => sample <= 8)).toBe(true);
    expect(heardFar.some((sample) => sample > 950)).toBe(true);
    expect(heardFar.every((sample) => sample >= -8)).toBe(true);
  });

  it("counts say how much of a row is meant, and how much was taken", async () => {
    const session = await open({ session: { writeCapacity: 256 } });
    const group = engine.group([session]);
    const counts = Uint32Array.of(100);
    group.write(new Int16Array(1_000), counts);
    expect([counts[0], session.statistics().samplesQueued]).toEqual([100, 100]);
    counts[0] = 5_000;
    group.write(new Int16Array(1_000), counts);
    expect([counts[0], session.statistics().samplesQueued]).toEqual([156, 256]);
    group.read(new Int16Array(1_000), counts);
    expect(counts[0]).toBe(0);
  });

  it("a closed session takes nothing more, and the others go on", async () => {
    const [closed, live] = [await open(), await open()];
    const group = engine.group([closed, live]);
    await closed.close();
    const counts = Uint32Array.of(160, 160);
    group.write(new Int16Array(320), counts);
    expect([...counts]).toEqual([0, 160]);
  });

  it("no group has no rows", () => {
    const group = engine.group([]);
    group.read(new Int16Array(10), new Uint32Array(0));
    group.write(new Int16Array(0), new Uint32Array(3));
  });

  // The other way round needs an addon where perhaps none is.
  it.runIf(engine.name === "native")("refuses sessions of another engine", async () => {
    const other = loadEngine("typescript").engine;
    const session = await open();
    expect(() => other.group([session])).toThrow(TypeError);
  });

  it.runIf(engine.name === "native")("refuses samples and counts in the same memory", async () => {
    const group = engine.group([await open()]);
    const buffer = new ArrayBuffer(64);
    expect(() => group.read(new Int16Array(buffer), new Uint32Array(buffer, 4))).toThrow("overlap");
  });
});

describe("an engine of several threads", () => {
  it.runIf(engine.name === "native")("carries each session on one of them", async () => {
    const { engine: wide, info } = loadEngine("native", { threads: 3, realTime: false });
    expect(loadEngine("native", { threads: 3, realTime: false }).engine).toBe(wide);
    expect(wide).not.toBe(engine);
    const options = { address: "127.0.0.1", portLow: 20_000, portHigh: 32_000 };
    const sessions = await Promise.all(Array.from({ length: 6 }, () => wide.open(options)));
    for (const [index, session] of sessions.entries()) {
      // In pairs: in a ring each would hear another than it sends to, and latch on to it.
      const peer = sessions[index ^ 1] ?? session;
      session.configure(plainStream(peer.localAddress, peer.localPort));
    }
    expect(await Promise.all(sessions.map((session) => session.whenReadable(800)))).toEqual(sessions.map(() => true));
    expect(info.threadPriority).toBe("normal");
    await Promise.all(sessions.map((session) => session.close()));
  });

  it("refuses a number of threads that makes no sense", () => {
    expect(() => loadEngine("typescript", { threads: 0 })).toThrow("1 to 64");
  });
});
