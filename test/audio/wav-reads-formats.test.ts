import { describe, expect, it } from "vitest";
import { align } from "../../ts/audio/correlate.ts";
import { sine } from "../../ts/audio/tone.ts";
import { readWav } from "../../ts/audio/wav.ts";
import { type WavFormat, wavFile } from "./wavFiles.ts";

const values = [0, 256, -256, 16_384, -16_384, 32_512, -32_768];

function encode(bytes: number, write: (view: DataView, offset: number, value: number) => void): Uint8Array {
  const data = new Uint8Array(values.length * bytes);
  values.forEach((value, i) => write(new DataView(data.buffer), i * bytes, value));
  return data;
}

const linear: [name: string, format: WavFormat, data: Uint8Array][] = [
  ["16-bit", { tag: 1, bits: 16 }, encode(2, (view, at, value) => view.setInt16(at, value, true))],
  ["unsigned 8-bit", { tag: 1, bits: 8 }, encode(1, (view, at, value) => view.setUint8(at, (value >> 8) + 128))],
  [
    "24-bit",
    { tag: 1, bits: 24 },
    encode(3, (view, at, value) => {
      view.setUint8(at, 0);
      view.setInt16(at + 1, value, true);
    }),
  ],
  ["32-bit", { tag: 1, bits: 32 }, encode(4, (view, at, value) => view.setInt32(at, value * 65_536, true))],
  ["32-bit float", { tag: 3, bits: 32 }, encode(4, (view, at, value) => view.setFloat32(at, value / 32_768, true))],
  ["64-bit float", { tag: 3, bits: 64 }, encode(8, (view, at, value) => view.setFloat64(at, value / 32_768, true))],
  ["extensible 16-bit", { tag: 0xfffe, subformat: 1, bits: 16 }, encode(2, (view, at, value) => view.setInt16(at, value, true))],
  ["extensible float", { tag: 0xfffe, subformat: 3, bits: 32 }, encode(4, (view, at, value) => view.setFloat32(at, value / 32_768, true))],
];

describe("reading a WAV file", () => {
  it.each(linear)("takes %s samples as they are", async (_name, format, data) => {
    expect(Array.from(await readWav(await wavFile(format, data)))).toEqual(values);
  });

  it("decodes A-law and µ-law as G.711 says", async () => {
    expect(Array.from(await readWav(await wavFile({ tag: 6, bits: 8 }, Uint8Array.of(0xd5, 0x55, 0xaa, 0x2a))))).toEqual([
      8, -8, 32_256, -32_256,
    ]);
    expect(Array.from(await readWav(await wavFile({ tag: 7, bits: 8 }, Uint8Array.of(0xff, 0x00, 0x80))))).toEqual([0, -32_124, 32_124]);
  });

  it("mixes stereo in equal parts", async () => {
    const data = Buffer.from(Int16Array.of(1000, 3000, -2000, 0, 32_767, 32_767).buffer);
    expect(Array.from(await readWav(await wavFile({ tag: 1, bits: 16, channels: 2 }, data)))).toEqual([2000, -1000, 32_767]);
  });

  it("clips floats beyond full scale", async () => {
    const data = Buffer.from(Float32Array.of(1.5, -1.5, 1).buffer);
    expect(Array.from(await readWav(await wavFile({ tag: 3, bits: 32 }, data)))).toEqual([32_767, -32_768, 32_767]);
  });

  it.each([11_025, 16_000, 22_050, 44_100, 48_000])("resamples from %i Hz", async (sampleRate) => {
    const tone = sine(440, 0.5, { sampleRate });
    const samples = await readWav(await wavFile({ tag: 1, bits: 16, sampleRate }, Buffer.from(tone.buffer)));
    expect(samples.length).toBeGreaterThan(3990);
    expect(samples.length).toBeLessThan(4010);
    expect(align(sine(440, 0.4), samples).correlation).toBeGreaterThan(0.99);
  });

  it("gives another rate on request", async () => {
    const data = Buffer.from(sine(440, 0.1).buffer);
    expect((await readWav(await wavFile({ tag: 1, bits: 16 }, data), 16_000)).length).toBeCloseTo(1600, -1);
  });

  it("takes a file whose header was written before its length was known", async () => {
    const data = Buffer.from(sine(440, 0.1).buffer);
    expect(await readWav(await wavFile({ tag: 1, bits: 16, claimed: 0xffff_ffff }, data))).toEqual(sine(440, 0.1));
  });

  it("takes a long file, which it decodes off this thread", async () => {
    const tone = sine(440, 20);
    expect(await readWav(await wavFile({ tag: 1, bits: 16 }, Buffer.from(tone.buffer)))).toEqual(tone);
  });
});
