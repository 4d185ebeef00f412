import { expect, it } from "vitest";
import { connected } from "../documented/pair.ts";
import { Waiting } from "./calls.ts";
import { next, sine, within } from "./support.ts";

/** The two tones of the key 5 (ITU-T Q.23), a tenth of a second long, with silence around. */
function five(): Uint8Array {
  const [low, high] = [sine(770, 0.1, 6_000), sine(1336, 0.1, 6_000)];
  const samples = new Int16Array(8_000);
  low.forEach((sample, i) => {
    samples[2_000 + i] = sample + (high[i] ?? 0);
  });
  return new Uint8Array(samples.buffer);
}

it("with toneDetection a key that comes as sound is told, once, with its source and duration", async () => {
  const { call, callee } = await connected({ audioFormat: "s16le" }, { callClass: Waiting, toneDetection: true });
  const began = next(callee, "dtmf");
  const ended = next(callee, "dtmfEnd");
  call.writeAudio(five());
  expect(await within(5_000, "the key", began)).toEqual(["5", "inband"]);
  const [{ digit, source, duration = 0 }] = await within(5_000, "its end", ended);
  expect([digit, source]).toEqual(["5", "inband"]);
  expect(duration).toBeGreaterThanOrEqual(60);
  expect(duration).toBeLessThanOrEqual(140);
  await call.readAudio(4_000);
  expect(callee.getDtmf(null)).toBe("5");
});

it("without it, sound is sound", async () => {
  const { call, callee } = await connected({ audioFormat: "s16le" }, { callClass: Waiting });
  call.writeAudio(five());
  await within(5_000, "a second of audio", callee.readAudio(8_000));
  expect(callee.getDtmf(null)).toBe("");
});
