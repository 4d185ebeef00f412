import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { RTPPacketManager } from "../../ts/index.ts";

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);

describe("RTPPacketManager", () => {
  it("RTPPacketManager.read(160) gives what was written, and pads with 0x80", () => {
    const manager = new RTPPacketManager();
    expect(manager.read()).toEqual(new Uint8Array(160).fill(0x80));
    manager.write(1000, bytes(1, 2, 3));
    expect(manager.available).toBe(3);
    expect(manager.read(5)).toEqual(bytes(1, 2, 3, 0x80, 0x80));
    expect(manager.available).toBe(0);
  });

  it("RTPPacketManager.write places data by timestamp, whatever order it comes in, and fills gaps with silence", () => {
    const manager = new RTPPacketManager();
    manager.write(104, bytes(5, 6));
    manager.write(100, bytes(1, 2));
    expect(manager.read(6)).toEqual(bytes(1, 2, 0x80, 0x80, 5, 6));
  });

  it("goes on with what arrives next when it was read empty: padding counts for nothing", () => {
    const manager = new RTPPacketManager();
    manager.write(100, bytes(1, 2));
    manager.read(4);
    manager.write(102, bytes(3, 4));
    expect(manager.read(2)).toEqual(bytes(3, 4));
  });

  it("drops what is too late, and the late part of what is partly so", () => {
    const manager = new RTPPacketManager();
    manager.write(100, bytes(1, 2, 3, 4));
    manager.read(3);
    manager.write(98, bytes(9, 9));
    manager.write(101, bytes(7, 7, 7));
    expect(manager.read(2)).toEqual(bytes(7, 0x80));
  });

  it("follows the timestamp over its wrap, and starts anew where it jumps by 100,000", () => {
    const manager = new RTPPacketManager();
    manager.write(0xffff_fffe, bytes(1, 2));
    manager.write(0, bytes(3, 4));
    expect(manager.read(4)).toEqual(bytes(1, 2, 3, 4));
    manager.write(99_000, bytes(5));
    expect(manager.available).toBe(99_001 - 2);
    manager.write(4_000_000_000, bytes(6, 7));
    expect(manager.read(2)).toEqual(bytes(6, 7));
  });

  it("RTPPacketManager.rebuild(true) keeps only what it is given", () => {
    const manager = new RTPPacketManager();
    manager.write(100, bytes(1, 2));
    manager.rebuild(false, 102, bytes(3));
    expect(manager.available).toBe(3);
    manager.rebuild(true, 7, bytes(9));
    expect(manager.read(2)).toEqual(bytes(9, 0x80));
  });

  it("RTPPacketManager keeps a minute at most", () => {
    const manager = new RTPPacketManager();
    for (let i = 0; i < 4000; i++) manager.write(160 * i, new Uint8Array(160).fill(i & 0xff));
    expect(manager.available).toBe(480_000);
    expect(manager.read(1)).toEqual(bytes(1000 & 0xff));
  });

  it("is what a plain array indexed by timestamp would be, for any packets", () => {
    const packet = fc.record({ at: fc.integer({ min: 0, max: 2000 }), data: fc.uint8Array({ minLength: 1, maxLength: 300 }) });
    fc.assert(
      fc.property(fc.nat(0xffff_ffff), fc.array(packet, { minLength: 1, maxLength: 20 }), (base, packets) => {
        const manager = new RTPPacketManager();
        const model = new Uint8Array(2400).fill(0x80);
        for (const { at, data } of packets) {
          manager.write((base + at) >>> 0, data);
          model.set(data, at);
        }
        const begin = Math.min(...packets.map(({ at }) => at));
        const end = Math.max(...packets.map(({ at, data }) => at + data.length));
        expect(manager.available).toBe(end - begin);
        expect(manager.read(end - begin)).toEqual(model.slice(begin, end));
      }),
    );
  });
});
