import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Header, newHeader, parse, writeHeader } from "../../ts/media/typescript/rtp.ts";

interface Vector {
  readonly name: string;
  readonly datagram: string;
  readonly header: Header | null;
}

const vectors: readonly Vector[] = JSON.parse(readFileSync(new URL("../vectors/media/rtp.json", import.meta.url), "utf8"));

describe("an RTP header", () => {
  it.each(vectors)("$name", ({ datagram, header }) => {
    const read = newHeader();
    const valid = parse(Buffer.from(datagram, "hex"), read);
    expect(valid ? read : null).toEqual(header);
  });

  it("never puts the payload outside of the datagram, whatever comes", () => {
    const header = newHeader();
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), fc.integer({ min: 0x80, max: 0xbf }), (datagram, first) => {
        datagram[0] = first;
        if (parse(datagram, header)) {
          expect(header.payloadStart).toBeGreaterThanOrEqual(12);
          expect(header.payloadEnd).toBeGreaterThanOrEqual(header.payloadStart);
          expect(header.payloadEnd).toBeLessThanOrEqual(datagram.length);
        }
      }),
    );
  });

  it("reads back as it was written", () => {
    const u32 = fc.integer({ min: 0, max: 0xffff_ffff });
    fc.assert(
      fc.property(fc.boolean(), fc.nat(127), fc.nat(65_535), u32, u32, (marker, payloadType, sequence, timestamp, ssrc) => {
        const packet = new Uint8Array(20);
        writeHeader(packet, marker, payloadType, sequence, timestamp, ssrc);
        const header = newHeader();
        expect(parse(packet, header)).toBe(true);
        expect(header).toEqual({ marker, payloadType, sequence, timestamp, ssrc, payloadStart: 12, payloadEnd: 20 });
      }),
    );
  });
});
