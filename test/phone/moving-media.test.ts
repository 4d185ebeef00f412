import { describe, expect, it } from "vitest";
import { MovableMedia } from "../../ts/phone/MovableMedia.ts";
import { Unsent } from "../../ts/phone/Unsent.ts";
import { open } from "../media/engine.ts";

const FRAME = 160;

/** Frame `n` holds n in every sample. */
function frame(n: number): Int16Array {
  return new Int16Array(FRAME).fill(n);
}

describe("what has been written when a call's media moves to another socket", () => {
  it("goes out from the new one: all that was queued, and whoever waits for it to be sent waits on", async () => {
    // Sessions that nobody has configured send nothing.
    const [former, next] = await Promise.all([open(), open()]);
    const media = new MovableMedia(former);
    for (let n = 0; n < 200; n += 1) expect(media.write(frame(n))).toBe(FRAME);
    let sent = false;
    const all = media.whenQueued(0).then(() => {
      sent = true;
    });
    await media.move(next);
    expect(next.statistics().samplesQueued).toBe(200 * FRAME);
    expect(former.statistics().samplesQueued).toBe(0);
    await new Promise((resolve) => setImmediate(resolve));
    expect(sent).toBe(false);
    expect(media.clear()).toBe(200 * FRAME);
    await media.close();
    await all;
  });

  it("does not come back after it was cleared", async () => {
    const [former, next] = await Promise.all([open(), open()]);
    const media = new MovableMedia(former);
    media.write(frame(1));
    expect(media.clear()).toBe(FRAME);
    media.write(frame(2));
    await media.move(next);
    expect(next.statistics().samplesQueued).toBe(FRAME);
    await media.close();
  });
});

describe("the audio written last", () => {
  it("is as much as was still queued, in its order", () => {
    const unsent = new Unsent();
    for (let n = 0; n < 10; n += 1) unsent.append(frame(n), () => 0);
    expect([...unsent.take(400)]).toEqual([...frame(7).subarray(0, 80), ...frame(8), ...frame(9)]);
    expect(unsent.take(400)).toHaveLength(0);
  });

  it("is kept as far as the queue reaches, however long the call lasts", () => {
    const unsent = new Unsent();
    let asked = 0;
    for (let n = 0; n < 3000; n += 1) {
      unsent.append(frame(n), () => {
        asked += 1;
        return 4000;
      });
    }
    // A minute of audio.
    expect(asked).toBeLessThan(150);
    const kept = unsent.take(1_000_000);
    expect(kept.length).toBeGreaterThanOrEqual(4000);
    expect(kept.length).toBeLessThanOrEqual(16_000 + FRAME);
    expect(kept.at(-1)).toBe(2999);
  });
});
