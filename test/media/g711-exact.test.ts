import { readFileSync } from "node:fs";
import process from "node:process";
import { describe, expect, it } from "vitest";
import type { Encoding } from "../../ts/media/contract.ts";
import { loadEngine } from "../../ts/media/load.ts";
import { alawToUlaw, silence, ulawToAlaw } from "../../ts/media/typescript/g711.ts";
import { crc32 } from "./farEnd.ts";

interface Vectors {
  readonly crc32: Readonly<Record<Encoding, { readonly encode: string; readonly decode: string; readonly transcode: string }>>;
  readonly silence: Readonly<Record<Encoding, number>>;
  readonly encode: readonly ({ readonly sample: number } & Readonly<Record<Encoding, number>>)[];
}

const vectors: Vectors = JSON.parse(readFileSync(new URL("../vectors/media/g711.json", import.meta.url), "utf8"));
const { engine } = loadEngine(process.env["SIDETONE_ENGINE"] ?? "typescript");

describe.each(["PCMU", "PCMA"] as const)("%s", (encoding) => {
  it("encodes every 16-bit sample as ITU-T G.191 does", () => {
    const samples = Int16Array.from({ length: 65_536 }, (_, index) => index - 32_768);
    const codes = new Uint8Array(65_536);
    expect(engine.encode(encoding, samples, codes)).toBe(65_536);
    expect(crc32(codes)).toBe(vectors.crc32[encoding].encode);
  });

  it("decodes every code as ITU-T G.191 does", () => {
    const codes = Uint8Array.from({ length: 256 }, (_, code) => code);
    const samples = new Int16Array(256);
    expect(engine.decode(encoding, codes, samples)).toBe(256);
    expect(crc32(new Uint8Array(samples.buffer))).toBe(vectors.crc32[encoding].decode);
  });

  it("becomes the other law by the tables of Recommendation G.711", () => {
    const codes = Uint8Array.from({ length: 256 }, (_, code) => code);
    const others = new Uint8Array(256);
    expect(encoding === "PCMU" ? ulawToAlaw(codes, others) : alawToUlaw(codes, others)).toBe(256);
    expect(crc32(others)).toBe(vectors.crc32[encoding].transcode);
  });

  it("gives the codes known by hand", () => {
    const codes = new Uint8Array(vectors.encode.length);
    engine.encode(encoding, Int16Array.from(vectors.encode, ({ sample }) => sample), codes);
    expect([...codes]).toEqual(vectors.encode.map((line) => line[encoding]));
    expect(silence(encoding)).toBe(vectors.silence[encoding]);
  });

  it("takes arrays of any length, from any byte on", () => {
    const samples = Int16Array.from({ length: 40 }, (_, index) => (index - 20) * 1_501);
    const all = Array.from(samples, (sample) => {
      const code = new Uint8Array(1);
      engine.encode(encoding, Int16Array.of(sample), code);
      return code[0] ?? 0;
    });
    for (let length = 0; length <= 40; length++) {
      const codes = new Uint8Array(43).subarray(3, 3 + length);
      expect(engine.encode(encoding, samples, codes)).toBe(length);
      expect([...codes]).toEqual(all.slice(0, length));
      const heard = new Int16Array(41).subarray(1, 1 + length);
      expect(engine.decode(encoding, codes, heard)).toBe(length);
      const again = new Uint8Array(length);
      engine.encode(encoding, heard, again);
      expect([...again]).toEqual(all.slice(0, length));
    }
  });

  it("writes no more than the shorter array has", () => {
    const codes = new Uint8Array(3).fill(1);
    expect(engine.encode(encoding, new Int16Array(2), codes)).toBe(2);
    expect(codes[2]).toBe(1);
    expect(engine.encode(encoding, new Int16Array(9), codes)).toBe(3);
    const samples = new Int16Array(3).fill(1);
    expect(engine.decode(encoding, new Uint8Array(2), samples)).toBe(2);
    expect(samples[2]).toBe(1);
  });
});
