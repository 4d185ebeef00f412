import { expect, it } from "vitest";
import { DynamicPayloadType, PayloadType, RTPMessage, RTPParseError, RTPProtocol, TransmitType } from "../../ts/index.ts";

/** RFC 3551 §6, tables 4 and 5: number, encoding name, clock rate, channels (none for video and MPA). */
const STATIC = [
  [0, "PCMU", 8000, 1], [3, "GSM", 8000, 1], [4, "G723", 8000, 1], [5, "DVI4", 8000, 1], [6, "DVI4", 16_000, 1], [7, "LPC", 8000, 1],
  [8, "PCMA", 8000, 1], [9, "G722", 8000, 1], [10, "L16", 44_100, 2], [11, "L16", 44_100, 1], [12, "QCELP", 8000, 1], [13, "CN", 8000, 1],
  [14, "MPA", 90_000, 0], [15, "G728", 8000, 1], [16, "DVI4", 11_025, 1], [17, "DVI4", 22_050, 1], [18, "G729", 8000, 1],
  [25, "CelB", 90_000, 0], [26, "JPEG", 90_000, 0], [28, "nv", 90_000, 0], [31, "H261", 90_000, 0], [32, "MPV", 90_000, 0],
  [33, "MP2T", 90_000, 0], [34, "H263", 90_000, 0],
] as const;

const PACKET = Uint8Array.of(0x80, 0x80, 0, 7, 0, 0, 0, 160, 0, 0, 0, 9, 0xff, 0xff);

it.each(STATIC)("PayloadType has the static type %i, %s, with its clock rate and channels", (value, description, rate, channel) => {
  expect(PayloadType.of(value)).toMatchObject({ value, description, rate, channel, dynamic: false, number: value });
});

it("PayloadType has every static type once, under names that do not collide, and EVENT and UNKNOWN beside them", () => {
  const all = Object.entries(PayloadType).filter(([, type]) => type instanceof PayloadType);
  expect(all).toHaveLength(STATIC.length + 2);
  expect(Object.keys(PayloadType)).toEqual(expect.arrayContaining(["DVI4_8000", "DVI4_16000", "DVI4_11025", "DVI4_22050", "L16", "L16_2"]));
  expect(PayloadType.EVENT).toMatchObject({ value: "telephone-event", rate: 8000, description: "telephone-event", dynamic: true });
  expect(PayloadType.UNKNOWN.dynamic).toBe(true);
});

it("DynamicPayloadType is thrown when a type without a number is asked for it", () => {
  expect(() => PayloadType.EVENT.number).toThrow(DynamicPayloadType);
});

it("TransmitType has the four words of SDP", () => {
  expect(TransmitType).toEqual({ RECVONLY: "recvonly", SENDRECV: "sendrecv", SENDONLY: "sendonly", INACTIVE: "inactive" });
});

it("RTPProtocol has the three protocols of an m= line", () => {
  expect(RTPProtocol).toEqual({ UDP: "udp", AVP: "RTP/AVP", SAVP: "RTP/SAVP" });
});

it("RTPMessage has the documented attributes", () => {
  expect(new RTPMessage(PACKET, new Map([[0, PayloadType.PCMU]]))).toMatchObject({
    version: 2, padding: false, extension: false, CC: 0, marker: true, payloadType: PayloadType.PCMU, sequence: 7, timestamp: 160,
    SSRC: 9, CSRC: [], payload: Uint8Array.of(0xff, 0xff), raw: PACKET,
  });
});

it("RTPMessage.summary is a line about the packet", () => {
  expect(new RTPMessage(PACKET).summary()).toBe("RTP PCMU sequence 7 timestamp 160 SSRC 9 marker, 2 bytes");
});

it("RTPParseError is thrown for what is no RTP packet", () => {
  expect(() => new RTPMessage(PACKET.subarray(0, 11))).toThrow(RTPParseError);
  expect(() => new RTPMessage(Uint8Array.of(0, ...PACKET.subarray(1)))).toThrow(RTPParseError);
});
