import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { align } from "../../ts/audio/correlate.ts";
import { silence } from "../../ts/audio/tone.ts";
import { readWav } from "../../ts/audio/wav.ts";

const speech = await readWav(new URL("../../assets/speech.wav", import.meta.url).pathname);
const reply = await readWav(new URL("../../assets/reply.wav", import.meta.url).pathname);

function placed(samples: Int16Array, offset: number, length: number, gain = 1): Int16Array {
  const out = silence(length / 8000);
  samples.forEach((sample, i) => {
    if (i + offset >= 0 && i + offset < length) out[i + offset] = Math.round(sample * gain);
  });
  return out;
}

describe("finding audio in a recording", () => {
  it("finds the sample where it begins, however loud", () => {
    fc.assert(
      fc.property(fc.nat(60_000), fc.double({ min: 0.1, max: 1, noNaN: true }), (offset, gain) => {
        const found = align(speech, placed(speech, offset, 120_000, gain));
        expect(found.offset).toBe(offset);
        expect(found.correlation).toBeGreaterThan(0.999);
        expect(found.gain).toBeCloseTo(gain, 2);
      }),
      { numRuns: 5 },
    );
  });

  it("finds it where the recording began late, and counts what is missing", () => {
    const found = align(speech, placed(speech, -16_000, 40_000));
    expect(found.offset).toBe(-16_000);
    expect(found.correlation).toBeGreaterThan(0.5);
    expect(found.correlation).toBeLessThan(0.95);
  });

  it("tells other speech apart", () => {
    expect(align(speech, placed(reply, 3000, 80_000)).correlation).toBeLessThan(0.3);
  });

  it("notices a hole", () => {
    const heard = placed(speech, 500, 60_000);
    expect(align(speech, heard.fill(0, 20_000, 28_000)).correlation).toBeLessThan(0.98);
  });

  it("has an answer for silence and for nothing", () => {
    expect(align(speech, silence(10))).toMatchObject({ correlation: 0 });
    expect(align(speech, new Int16Array(0))).toMatchObject({ correlation: 0 });
    expect(align(new Int16Array(0), speech)).toMatchObject({ correlation: 0 });
  });
});
