import { describe, expect, it } from "vitest";
import { align } from "../../ts/audio/correlate.ts";
import { alignPieces } from "../../ts/audio/correlatePieces.ts";
import { readWav } from "../../ts/audio/wav.ts";

const speech = await readWav(new URL("../../assets/speech.wav", import.meta.url).pathname);
const reply = await readWav(new URL("../../assets/reply.wav", import.meta.url).pathname);

/** Speech with silence of so many frames at each of these seconds, after a lead of 3,000 samples. */
function withPauses(samples: Int16Array, pauses: readonly (readonly [seconds: number, frames: number])[]): Int16Array {
  const parts: Int16Array[] = [new Int16Array(3000)];
  let from = 0;
  for (const [seconds, frames] of pauses) {
    parts.push(samples.subarray(from, seconds * 8000), new Int16Array(frames * 160));
    from = seconds * 8000;
  }
  parts.push(samples.subarray(from), new Int16Array(3000));
  const all = new Int16Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    all.set(part, offset);
    offset += part.length;
  }
  return all;
}

describe("finding audio that has pauses in it", () => {
  it("finds all of it around the pauses, and counts them", () => {
    const heard = withPauses(speech, [
      [1.2, 1],
      [2.6, 4],
      [4.5, 2],
    ]);
    const whole = align(speech, heard);
    expect(whole.correlation).toBeLessThan(0.9);
    const pieces = alignPieces(speech, heard, whole.offset);
    expect(pieces.correlation).toBeGreaterThan(0.999);
    expect(pieces).toMatchObject({ shifts: 3, drift: 7 * 160 });
  });

  it("finds what was cut out to be missing", () => {
    const cut = Int16Array.from([...speech.subarray(0, 16_000), ...speech.subarray(28_000)]);
    expect(alignPieces(speech, cut, align(speech, cut).offset).correlation).toBeLessThan(0.95);
  });

  it("has no shifts where there are none", () => {
    const heard = withPauses(speech, []);
    expect(alignPieces(speech, heard, 3000)).toEqual({ correlation: expect.closeTo(1, 6), drift: 0, shifts: 0 });
  });

  it("does not find one speech in another", () => {
    const heard = withPauses(speech, [[3, 5]]);
    expect(alignPieces(reply, heard, align(reply, heard).offset).correlation).toBeLessThan(0.4);
  });
});
