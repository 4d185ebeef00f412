import { describe, expect, it } from "vitest";
import { createOffer, type Format } from "../../ts/sdp/index.ts";
import { agreedFrom, answerTo, attributesOf, EVENT, far, LOCAL, PCMA, PCMU } from "./calls.ts";

const CN: Format = { payloadType: 13, encoding: "CN", clockRate: 8000 };
const WITH_NOISE = { formats: [PCMU, PCMA, EVENT, CN] };

describe("comfort noise in SDP (RFC 3389 §5)", () => {
  it("is offered by option, with its static number", () => {
    expect(createOffer(LOCAL).media[0]!.formats).toEqual(["0", "8", "101"]);
    const offer = createOffer({ ...LOCAL, ...WITH_NOISE });
    expect(offer.media[0]!.formats).toEqual(["0", "8", "101", "13"]);
    expect(attributesOf(offer)).toContain("rtpmap:13 CN/8000");
  });

  it("is agreed on where both have it, with or without a=rtpmap", () => {
    const offer = createOffer({ ...LOCAL, ...WITH_NOISE });
    for (const answer of [far("m=audio 5000 RTP/AVP 0 13"), far("m=audio 5000 RTP/AVP 13 8", "a=rtpmap:13 cn/8000")]) {
      const agreed = agreedFrom(offer, answer);
      expect(agreed).toMatchObject({ sendNoise: { payloadType: 13 }, receiveNoise: { payloadType: 13 } });
      expect(agreed.receive.map(({ encoding }) => encoding)).not.toContain("CN");
    }
    expect(agreedFrom(offer, far("m=audio 5000 RTP/AVP 0"))).not.toHaveProperty("sendNoise");
    expect(agreedFrom(createOffer(LOCAL), far("m=audio 5000 RTP/AVP 0 13"))).not.toHaveProperty("sendNoise");
  });

  it("is answered where it is offered and wanted, under the offer's number", () => {
    const { answer, agreed } = answerTo(far("m=audio 5000 RTP/AVP 0 97", "a=rtpmap:97 CN/8000"), WITH_NOISE);
    expect(answer.media[0]!.formats).toEqual(["0", "97"]);
    expect(agreed).toMatchObject({ sendNoise: { payloadType: 97 }, receiveNoise: { payloadType: 97 } });
    expect(answerTo(far("m=audio 5000 RTP/AVP 0 13")).answer.media[0]!.formats).toEqual(["0"]);
    expect(answerTo(far("m=audio 5000 RTP/AVP 0"), WITH_NOISE).answer.media[0]!.formats).toEqual(["0"]);
  });

  it("of another clock rate is not for this speech, and carries no call alone", () => {
    const offer = far("m=audio 5000 RTP/AVP 0 98", "a=rtpmap:98 CN/16000");
    expect(answerTo(offer, WITH_NOISE).agreed).not.toHaveProperty("sendNoise");
    expect(() => answerTo(far("m=audio 5000 RTP/AVP 13"), WITH_NOISE)).toThrow("no codec in common");
  });
});
