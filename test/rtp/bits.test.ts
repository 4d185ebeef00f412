import { expect, it } from "vitest";
import { addBytes, byteToBits } from "../../ts/index.ts";

it("byteToBits gives eight binary digits", () => {
  expect([0, 1, 0x80, 255].map((byte) => byteToBits(byte))).toEqual(["00000000", "00000001", "10000000", "11111111"]);
  expect(byteToBits(Uint8Array.of(5))).toBe("00000101");
  for (const wrong of [-1, 256, 1.5, new Uint8Array(0)]) expect(() => byteToBits(wrong)).toThrow(RangeError);
});

it("addBytes reads bytes as one number, the most significant first", () => {
  expect([[], [7], [1, 0], [0xff, 0xff, 0xff, 0xff], [255, 255, 255, 255, 255, 255]].map((bytes) => addBytes(Uint8Array.from(bytes)))).toEqual([
    0, 7, 256, 0xffff_ffff, 2 ** 48 - 1,
  ]);
  expect(() => addBytes(new Uint8Array(7))).toThrow(RangeError);
});
