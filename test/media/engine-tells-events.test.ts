import { expect, it } from "vitest";
import { nextEvent, openPair } from "./engine.ts";

it("a digit sent by one session is told by the other, and the sender hears when it is done", async () => {
  const [near, far] = await openPair();
  const [started, sent] = [nextEvent(far, "dtmf-start"), nextEvent(near, "dtmf-sent")];
  expect(near.sendEvents([5], 100, 50)).toBe(true);
  expect(await started).toEqual({ type: "dtmf-start", event: 5, source: "rtp" });
  const ended = nextEvent(far, "dtmf-end");
  expect(await ended).toEqual({ type: "dtmf-end", event: 5, duration: 800, source: "rtp" });
  expect(await sent).toEqual({ type: "dtmf-sent" });
});

it("the far end's source is told once packets come", async () => {
  const [near, far] = await openPair();
  const { ssrc } = await nextEvent(far, "source");
  expect(ssrc).toBeGreaterThanOrEqual(0);
  expect(near.statistics().packetsSent).toBeGreaterThan(0);
});

it("events come in order and never from inside a call", async () => {
  const [near, far] = await openPair();
  const digits: number[] = [];
  let isInside = false;
  await new Promise<void>((resolve) => {
    far.onEvent = (event) => {
      expect(isInside).toBe(false);
      if (event.type === "dtmf-start") digits.push(event.event);
      if (digits.length === 4) resolve();
      isInside = true;
      far.statistics();
      far.write(new Int16Array(160));
      isInside = false;
    };
    near.sendEvents([1, 2, 11, 16], 60, 40);
  });
  expect(digits).toEqual([1, 2, 11, 16]);
});

it("a session can be closed by its own listener", async () => {
  const [near, far] = await openPair();
  const closed = new Promise<void>((resolve) => {
    far.onEvent = () => {
      far.onEvent = undefined;
      resolve(far.close());
    };
  });
  near.sendEvents([1], 100, 50);
  await closed;
  expect(await far.whenReadable(60_000)).toBe(false);
});
