import { describe, expect, it } from "vitest";
import { level, SILENCE_LEVEL } from "../../ts/audio/level.ts";
import { silence, sine } from "../../ts/audio/tone.ts";

describe("measuring a level", () => {
  it("is -3 dBov for a full-scale sine, and follows its level", () => {
    expect(level(sine(1000, 1, { level: 0 }))).toBeCloseTo(-3.01, 1);
    expect(level(sine(1000, 1, { level: -20 }))).toBeCloseTo(-23.01, 1);
  });

  it("is 0 dBov for a full-scale square wave", () => {
    expect(level(new Int16Array(160).fill(-32_768))).toBe(0);
  });

  it("has a floor for silence and for nothing", () => {
    expect(level(silence(0.02))).toBe(SILENCE_LEVEL);
    expect(level(new Int16Array(0))).toBe(SILENCE_LEVEL);
  });
});
