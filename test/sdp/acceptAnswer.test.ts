import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { acceptAnswer, createAnswer, createOffer, parseSDP, writeSDP, type Format } from "../../ts/sdp/index.ts";
import { agreedFrom, answerTo, EVENT, far, LOCAL, PCMA, PCMU } from "./calls.ts";

const OFFER = createOffer(LOCAL);

describe("the answer to our offer (RFC 3264 §7)", () => {
  it("settles where to send, and what", () => {
    const answer = far("m=audio 4000 RTP/AVP 8 101", "a=rtpmap:101 telephone-event/8000", "a=fmtp:101 0-15", "a=ptime:30");
    expect(agreedFrom(OFFER, answer)).toEqual({
      direction: "sendrecv",
      remoteAddress: "192.0.2.1",
      remotePort: 4000,
      send: PCMA,
      receive: [PCMA],
      sendEvent: { ...EVENT, fmtp: "0-15" },
      receiveEvent: EVENT,
      ptime: 30,
    });
  });

  it("that lists several codecs: we send the first and accept all that both list", () => {
    const agreed = agreedFrom(OFFER, far("m=audio 4000 RTP/AVP 18 8 0"));
    expect(agreed.send).toEqual(PCMA);
    expect(agreed.receive).toEqual([PCMA, PCMU]);
  });

  it("that numbers a codec differently: we send its number and expect ours", () => {
    const agreed = agreedFrom(OFFER, far("m=audio 4000 RTP/AVP 0 96", "a=rtpmap:96 telephone-event/8000"));
    expect(agreed.sendEvent?.payloadType).toBe(96);
    expect(agreed.receiveEvent?.payloadType).toBe(101);
  });

  it("that repeats our dynamic number without a=rtpmap means what we offered", () => {
    const agreed = agreedFrom(OFFER, far("m=audio 4000 RTP/AVP 0 101"));
    expect(agreed.sendEvent?.payloadType).toBe(101);
  });

  it("that goes without telephone-event leaves us none", () => {
    const agreed = agreedFrom(OFFER, far("m=audio 4000 RTP/AVP 0"));
    expect(agreed).not.toHaveProperty("sendEvent");
    expect(agreed).not.toHaveProperty("receiveEvent");
  });

  it("is read at the place of our audio section", () => {
    const { answer: previous } = answerTo(far("m=video 6000 RTP/AVP 31", "m=audio 4000 RTP/AVP 0"));
    const offer = createOffer(LOCAL, { previous });
    expect(agreedFrom(offer, far("m=video 0 RTP/AVP 31", "m=audio 4002 RTP/AVP 0")).remotePort).toBe(4002);
  });

  it.each([
    ["refuses the stream", far("m=audio 0 RTP/AVP 0"), /refused/],
    ["has no media section", far(), /0 media sections/],
    ["has another medium in its place", far("m=video 6000 RTP/AVP 31"), /only audio/],
    ["lists only what we did not offer", far("m=audio 4000 RTP/AVP 18"), /no codec in common.*G729/],
    ["wants SRTP", far("m=audio 4000 RTP/SAVP 0"), /RTP\/SAVP/],
    ["has no c= line", parseSDP("v=0\nm=audio 4000 RTP/AVP 0\n"), /no c= line/],
  ])("that %s is rejected with the reason", (_, answer, reason) => {
    const result = acceptAnswer(OFFER, answer);
    expect("rejected" in result ? result.rejected : result).toMatch(reason);
  });
});

describe("two of our phones", () => {
  const codecs: Format[] = [
    PCMU,
    PCMA,
    { payloadType: 9, encoding: "G722", clockRate: 8000 },
    { payloadType: 97, encoding: "speex", clockRate: 8000 },
    EVENT,
  ];
  const formats = fc.tuple(fc.shuffledSubarray(codecs), fc.integer({ min: 98, max: 127 })).map(([some, event]) =>
    some.map((format) => (format.encoding === EVENT.encoding ? { ...format, payloadType: event } : format)),
  );
  const direction = fc.constantFrom("sendrecv", "sendonly", "recvonly", "inactive");
  const prefer = fc.constantFrom("offer", "local");

  it("always come to the same agreement on both sides, through text", () => {
    fc.assert(
      fc.property(formats, formats, direction, direction, prefer, (theirs, ours, theirDirection, ourDirection, order) => {
        const offer = parseSDP(writeSDP(createOffer({ ...LOCAL, formats: theirs, direction: theirDirection })));
        const local = { ...LOCAL, address: "192.0.2.1", port: 4000, formats: ours, direction: ourDirection };
        const answered = createAnswer(offer, local, { prefer: order });
        const common = theirs.filter((each) => each.encoding !== EVENT.encoding && ours.includes(each));
        expect("rejected" in answered).toBe(common.length === 0);
        if ("rejected" in answered) return;

        const accepted = acceptAnswer(offer, parseSDP(writeSDP(answered.answer)));
        if ("rejected" in accepted) throw new Error(accepted.rejected);
        const mirror = { sendrecv: "sendrecv", sendonly: "recvonly", recvonly: "sendonly", inactive: "inactive" };
        expect(accepted.agreed.direction).toBe(mirror[answered.agreed.direction]);
        expect(accepted.agreed.send).toEqual(answered.agreed.receive[0]);
        expect(accepted.agreed.receive[0]).toEqual(answered.agreed.send);
        expect(accepted.agreed.receive).toHaveLength(common.length);
        expect(accepted.agreed.sendEvent?.payloadType).toBe(answered.agreed.receiveEvent?.payloadType);
        expect(accepted.agreed.receiveEvent?.payloadType).toBe(answered.agreed.sendEvent?.payloadType);
      }),
    );
  });
});
