import { describe, expect, it } from "vitest";

import { DynamicPayloadType } from "../../ts/rtp/DynamicPayloadType.ts";
import { PayloadType } from "../../ts/rtp/PayloadType.ts";
import { TransmitType } from "../../ts/rtp/TransmitType.ts";
import { staticFormats } from "../../ts/sdp/staticFormats.ts";

const types = Object.values(PayloadType).filter((each): each is PayloadType => each instanceof PayloadType);

describe("PayloadType", () => {
  it("has every static type of RFC 3551 §6, as the session descriptions know it", () => {
    const named = types.filter((type) => !type.dynamic).map((type) => [type.number, type.description, type.rate, type.channel]);
    expect(named).toEqual([...staticFormats].map(([number, { encoding, clockRate, channels }]) => [number, encoding, clockRate, channels]));
  });

  it.each([
    ["DVI4_8000", 5, 8000, 1, "DVI4"],
    ["DVI4_16000", 6, 16_000, 1, "DVI4"],
    ["L16_2", 10, 44_100, 2, "L16"],
    ["L16", 11, 44_100, 1, "L16"],
    ["DVI4_11025", 16, 11_025, 1, "DVI4"],
    ["DVI4_22050", 17, 22_050, 1, "DVI4"],
  ] as const)("%s tells types of one name apart", (name, value, rate, channel, description) => {
    expect(PayloadType[name]).toMatchObject({ value, rate, channel, description });
  });

  it("says its name in text", () => {
    expect(String(PayloadType.PCMA)).toBe("PCMA");
  });

  it.each([PayloadType.EVENT, PayloadType.UNKNOWN])("%s is dynamic: asking for its number is a DynamicPayloadType error", (type) => {
    expect(type.dynamic).toBe(true);
    expect(() => type.number).toThrow(DynamicPayloadType);
  });

  it("EVENT is telephone-event, the error names it", () => {
    expect(PayloadType.EVENT).toMatchObject({ value: "telephone-event", rate: 8000, description: "telephone-event" });
    expect(() => PayloadType.EVENT.number).toThrow(/telephone-event has no payload type number/);
  });

  it("is found by number; what RFC 3551 does not number is UNKNOWN", () => {
    for (const type of types) if (!type.dynamic) expect(PayloadType.of(type.number)).toBe(type);
    for (const number of [-1, 1, 2, 19, 72, 96, 127, 128]) expect(PayloadType.of(number)).toBe(PayloadType.UNKNOWN);
  });
});

describe("TransmitType", () => {
  it("has the words of session descriptions", () => {
    expect(TransmitType).toEqual({ RECVONLY: "recvonly", SENDRECV: "sendrecv", SENDONLY: "sendonly", INACTIVE: "inactive" });
  });
});
