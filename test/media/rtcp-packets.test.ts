import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Compound, compose, LONGEST, parseCompound } from "../../ts/media/typescript/rtcp.ts";

interface Vector {
  readonly name: string;
  readonly datagram: string;
  readonly reducedSize: boolean;
  readonly compound: unknown;
}

const OURS = 0xcafe;
const THEIRS = 0x1234_5678;
const vectors: readonly Vector[] = JSON.parse(readFileSync(new URL("../vectors/media/rtcp.json", import.meta.url), "utf8"));

describe("an RTCP packet", () => {
  it.each(vectors)("$name", ({ datagram, reducedSize, compound }) => {
    const read = parseCompound(Buffer.from(datagram, "hex"), reducedSize, OURS, THEIRS);
    // JSON has no undefined.
    expect(read === undefined ? null : plain(read)).toEqual(compound);
  });

  it("reads back as it was written, whatever the name", () => {
    const u32 = fc.integer({ min: 0, max: 0xffff_ffff });
    const blocks = fc.record({
      ssrc: fc.constant(OURS),
      fractionLost: fc.nat(255),
      lost: fc.integer({ min: -0x80_0000, max: 0x7f_ffff }),
      highest: u32,
      jitter: u32,
      lastReport: u32,
      delay: u32,
    });
    const infos = fc.record({ ntpSeconds: u32, ntpFraction: u32, timestamp: u32, packets: u32, octets: u32 });
    const names = fc.uint8Array({ maxLength: 255 });
    const property = fc.property(either(blocks), either(infos), fc.boolean(), names, (report, info, bye, name) => {
      const packet = new Uint8Array(LONGEST);
      const length = compose(packet, { ssrc: THEIRS, info, report, metrics: undefined, bye }, name);
      const read = parseCompound(packet.subarray(0, length), false, OURS, THEIRS);
      expect(read).toMatchObject({ sender: THEIRS, info, report, bye, metrics: undefined });
      expect(packet.slice(read?.nameStart, read?.nameEnd)).toEqual(name);
    });
    fc.assert(property);
  });

  it("never makes the reader fail, whatever comes", () => {
    const datagrams = fc.uint8Array({ maxLength: 120 });
    const heads = fc.tuple(fc.integer({ min: 0x80, max: 0xbf }), fc.integer({ min: 192, max: 223 }));
    fc.assert(
      fc.property(datagrams, heads, fc.boolean(), (datagram, head, reducedSize) => {
        datagram.set(head.slice(0, datagram.length));
        parseCompound(datagram, reducedSize, OURS, THEIRS);
      }),
    );
  });
});

function either<T>(values: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> {
  return fc.option(values, { nil: undefined });
}

function plain(compound: Compound): unknown {
  const { info = null, report = null, metrics = null } = compound;
  return { ...compound, info, report, metrics };
}
