import { describe, expect, it } from "vitest";
import { playSamples } from "../../ts/audio/play.ts";
import { sine } from "../../ts/audio/tone.ts";
import { FakePlayback, reactions } from "./FakePlayback.ts";

/** Sends frames until `done` settles. */
async function playOut(session: FakePlayback, done: Promise<boolean>): Promise<boolean> {
  const settled = new AbortController();
  void done.finally(() => settled.abort());
  await reactions();
  while (!settled.signal.aborted) await session.frame();
  return done;
}

async function* brokenSource(): AsyncGenerator<Int16Array> {
  yield Int16Array.of(1, 2, 3);
  throw new Error("the stream broke");
}

describe("playing samples", () => {
  it("sends every sample in order, never more than 200 ms ahead", async () => {
    const session = new FakePlayback();
    const tone = sine(440, 1.03);
    expect(await playOut(session, playSamples(session, [tone.subarray(0, 37), tone.subarray(37)]))).toBe(true);
    expect(session.sent).toEqual(Array.from(tone));
    expect(session.peak).toBeLessThanOrEqual(1600);
  });

  it("settles only when the last sample has been sent", async () => {
    const session = new FakePlayback();
    let settled = false;
    const done = playSamples(session, [new Int16Array(320)]).then(() => {
      settled = true;
    });
    await reactions();
    await session.frame();
    expect(settled).toBe(false);
    await session.frame();
    await done;
  });

  it("loses nothing when the session takes less than it is given", async () => {
    const session = new FakePlayback(100);
    const tone = sine(300, 0.2);
    await playOut(session, playSamples(session, [tone]));
    expect(session.sent).toEqual(Array.from(tone));
  });

  it("drops what is queued on abort, at once", async () => {
    const session = new FakePlayback();
    const abort = new AbortController();
    const done = playSamples(session, [sine(440, 5)], abort.signal);
    await reactions();
    await session.frame();
    abort.abort(new Error("barge-in"));
    await expect(done).rejects.toThrow("barge-in");
    expect(session.queued).toHaveLength(0);
    expect(session.cleared).toBe(1);
  });

  it("queues nothing for a signal that has aborted before", async () => {
    const session = new FakePlayback();
    await expect(playSamples(session, [sine(440, 1)], AbortSignal.abort(new Error("too late")))).rejects.toThrow("too late");
    expect(session.peak).toBe(0);
    expect(session.cleared).toBe(0);
  });

  it("gives up waiting for a slow source on abort, and closes it", async () => {
    const session = new FakePlayback();
    const abort = new AbortController();
    let closed = false;
    const source: AsyncIterable<Int16Array> = {
      [Symbol.asyncIterator]: () => ({
        next: () => new Promise(() => {}),
        return: async () => {
          closed = true;
          return { done: true, value: undefined };
        },
      }),
    };
    const done = playSamples(session, source, abort.signal);
    await reactions();
    abort.abort();
    await expect(done).rejects.toThrow(expect.objectContaining({ name: "AbortError" }));
    expect(closed).toBe(true);
  });

  it("passes on what the source throws, after what came before it", async () => {
    const session = new FakePlayback();
    await expect(playSamples(session, brokenSource())).rejects.toThrow("the stream broke");
    expect(session.queued).toEqual([1, 2, 3]);
  });

  it("returns false when the session closes, and closes the source", async () => {
    const session = new FakePlayback();
    let closed = false;
    async function* source(): AsyncGenerator<Int16Array> {
      try {
        for (;;) yield new Int16Array(160);
      } finally {
        closed = true;
      }
    }
    const done = playSamples(session, source());
    await reactions();
    await session.close();
    expect(await done).toBe(false);
    await reactions();
    expect(closed).toBe(true);
  });

  it("leaves no listener on the signal", async () => {
    const session = new FakePlayback();
    const abort = new AbortController();
    await playOut(session, playSamples(session, [new Int16Array(10)], abort.signal));
    abort.abort();
    expect(session.cleared).toBe(0);
  });
});
