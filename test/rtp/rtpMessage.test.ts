import fc from "fast-check";
import { expect, it } from "vitest";
import { PayloadType, RTPMessage, RTPParseError, RTPProtocol } from "../../ts/index.ts";

it("reads every field of a packet with sources, extension and padding", () => {
  const bytes = Uint8Array.from([
    0xb2, 0xe5, 0x12, 0x34, 0xff, 0, 0, 1, 0xde, 0xad, 0xbe, 0xef, // header
    0, 0, 0, 1, 0, 0, 0, 2, // sources
    0xbe, 0xde, 0, 1, 9, 9, 9, 9, // extension
    5, 6, 7, // payload
    0, 2, // padding
  ]);
  const message = new RTPMessage(bytes, new Map([[101, PayloadType.EVENT]]));
  expect(message).toMatchObject({ version: 2, padding: true, extension: true, CC: 2, marker: true, sequence: 0x1234 });
  expect(message).toMatchObject({ timestamp: 0xff000001, SSRC: 0xdeadbeef, CSRC: [1, 2], payloadType: PayloadType.EVENT });
  expect([...message.payload]).toEqual([5, 6, 7]);
  expect(message.raw).toBe(bytes);
  expect(message.summary()).toBe("RTP telephone-event sequence 4660 timestamp 4278190081 SSRC 3735928559 marker, 3 bytes");
});

const withType = (number: number): PayloadType => new RTPMessage(Uint8Array.from([0x80, number, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])).payloadType;

it("knows static types by number, and no others", () => {
  expect(withType(8)).toBe(PayloadType.PCMA);
  expect(withType(101)).toBe(PayloadType.UNKNOWN);
});

it.each([
  ["too short", [0x80, 0, 0]],
  ["of another version", [0x40, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]],
  ["cut within its sources", [0x81, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]],
  ["cut within its extension", [0x90, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]],
  ["padded with more than it has", [0xa0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9]],
])("refuses a packet %s", (_, bytes) => {
  expect(() => new RTPMessage(Uint8Array.from(bytes))).toThrow(RTPParseError);
});

it("throws nothing but RTPParseError, whatever comes", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
      try {
        expect(new RTPMessage(bytes).payload.length).toBeLessThanOrEqual(bytes.length - 12);
      } catch (error) {
        expect(error).toBeInstanceOf(RTPParseError);
      }
    }),
  );
});

it("names the protocols as session descriptions do", () => {
  expect(RTPProtocol).toEqual({ UDP: "udp", AVP: "RTP/AVP", SAVP: "RTP/SAVP" });
});
