import fc from "fast-check";
import { expect, it } from "vitest";
import { SentAudio } from "../../ts/audio/SentAudio.ts";

const ramp = (from: number, length: number): Int16Array => Int16Array.from({ length }, (_, i) => from + i);

it("gives what was handed over and is not queued any more", () => {
  const sent = new SentAudio();
  sent.push(ramp(1, 480));
  expect(sent.take({ samplesQueued: 320, framesSilent: 0 })).toEqual(ramp(1, 160));
  expect(sent.take({ samplesQueued: 0, framesSilent: 0 })).toEqual(ramp(161, 320));
});

it("puts silence before what is still under way, and after what is over", () => {
  const sent = new SentAudio();
  sent.push(ramp(1, 320));
  expect(sent.take({ samplesQueued: 160, framesSilent: 2 })).toEqual(Int16Array.of(...new Int16Array(320), ...ramp(1, 160)));
  expect(sent.take({ samplesQueued: 0, framesSilent: 3 })).toEqual(Int16Array.of(...ramp(161, 160), ...new Int16Array(160)));
});

it("leaves out what the session dropped", () => {
  const sent = new SentAudio();
  sent.push(ramp(1, 480));
  sent.dropped(320);
  sent.push(ramp(1000, 160));
  expect(sent.take({ samplesQueued: 0, framesSilent: 0 })).toEqual(Int16Array.of(...ramp(1, 160), ...ramp(1000, 160)));
});

it("is right for any order of handing over and sending", () => {
  fc.assert(
    fc.property(fc.array(fc.record({ hand: fc.nat(1000), send: fc.nat(1000), silence: fc.nat(3) })), (steps) => {
      const sent = new SentAudio();
      let [handed, queued, framesSilent] = [0, 0, 0];
      const heard: number[] = [];
      for (const { hand, send, silence } of steps) {
        sent.push(ramp(handed, hand));
        handed += hand;
        queued = Math.max(0, queued + hand - send);
        framesSilent += silence;
        const taken = sent.take({ samplesQueued: queued, framesSilent });
        heard.push(...taken.filter((_, i) => (queued > 0 ? i >= silence * 160 : i < taken.length - silence * 160)));
      }
      expect(Int16Array.from(heard)).toEqual(ramp(0, handed - queued));
    }),
  );
});

it("forgets what was sent while nobody asked", () => {
  const sent = new SentAudio();
  sent.push(ramp(1, 480));
  sent.keep(160);
  expect(sent.take({ samplesQueued: 0, framesSilent: 0 })).toEqual(ramp(321, 160));
});

it("remembers no more than a session can have queued", () => {
  const sent = new SentAudio();
  for (let i = 0; i < 10; i++) sent.push(ramp(0, 10_000));
  expect(sent.length).toBe(65_536);
});
