import { describe, expect, it } from "vitest";

import { createOffer, SDPWriteError, writeSDP } from "../../ts/sdp/index.ts";
import { agreedFrom, answerTo, attributesOf, EVENT, far, LOCAL, PCMA, PCMU } from "./calls.ts";

describe("an offer", () => {
  it("says all that a peer of RFC 3264 §5 wants to know", () => {
    expect(writeSDP(createOffer(LOCAL)).split("\r\n")).toEqual([
      "v=0",
      "o=- 7 1 IN IP4 198.51.100.9",
      "s=-",
      "c=IN IP4 198.51.100.9",
      "t=0 0",
      "m=audio 10000 RTP/AVP 0 8 101",
      "a=rtpmap:0 PCMU/8000",
      "a=rtpmap:8 PCMA/8000",
      "a=rtpmap:101 telephone-event/8000",
      "a=fmtp:101 0-16",
      "a=ptime:20",
      "a=sendrecv",
      "",
    ]);
  });

  it("names events 0-16 when the format does not say which", () => {
    const event = { payloadType: 96, encoding: "telephone-event", clockRate: 8000 };
    expect(attributesOf(createOffer({ ...LOCAL, formats: [PCMU, event] }))).toContain("fmtp:96 0-16");
  });

  it("writes IPv6 as IP6 in o= and c=", () => {
    const text = writeSDP(createOffer({ ...LOCAL, address: "2001:db8::9" }));
    expect(text).toContain("o=- 7 1 IN IP6 2001:db8::9\r\n");
    expect(text).toContain("c=IN IP6 2001:db8::9\r\n");
  });

  it("writes channels only where there are several", () => {
    const opus = { payloadType: 96, encoding: "opus", clockRate: 48_000, channels: 2 };
    expect(attributesOf(createOffer({ ...LOCAL, formats: [opus, { ...PCMU, channels: 1 }] }))).toEqual(
      expect.arrayContaining(["rtpmap:96 opus/48000/2", "rtpmap:0 PCMU/8000"]),
    );
  });

  it("never tells the far end to send to 0.0.0.0", () => {
    expect(() => createOffer({ ...LOCAL, address: "0.0.0.0" })).toThrow(SDPWriteError);
    expect(() => createOffer({ ...LOCAL, address: "::" })).toThrow(/the far end reaches us/);
  });

  it("wants decimal numbers in o=", () => {
    expect(() => createOffer({ ...LOCAL, sessionId: "abc" })).toThrow(SDPWriteError);
    expect(() => createOffer({ ...LOCAL, sessionVersion: -1 })).toThrow(SDPWriteError);
  });
});

describe("a further offer in the same session (RFC 3264 §8)", () => {
  const first = createOffer(LOCAL);

  it("keeps the o= identifier and counts its version up by one", () => {
    const hold = createOffer({ ...LOCAL, direction: "sendonly" }, { previous: first });
    expect(hold.origin).toEqual({ ...first.origin, sessionVersion: "2" });
    expect(attributesOf(hold)).toContain("sendonly");
    const resumed = createOffer(LOCAL, { previous: hold });
    expect(resumed.origin.sessionVersion).toBe("3");
  });

  it("keeps the version when nothing changed", () => {
    expect(createOffer(LOCAL, { previous: first })).toEqual(first);
  });

  it("keeps o= when our address changed, and says the new one in c=", () => {
    const moved = createOffer({ ...LOCAL, address: "203.0.113.5" }, { previous: first });
    expect(moved.origin).toEqual({ ...first.origin, sessionVersion: "2" });
    expect(moved.connection?.address).toBe("203.0.113.5");
  });

  it("counts versions beyond 2^53", () => {
    const previous = createOffer({ ...LOCAL, sessionVersion: "9007199254740993" });
    expect(createOffer({ ...LOCAL, direction: "inactive" }, { previous }).origin.sessionVersion).toBe("9007199254740994");
  });

  it("loses no media section of the far end's offer: each refused one comes again with port 0, in its place", () => {
    const offer = far("m=video 6000 RTP/AVP 31", "m=audio 4000 RTP/AVP 8 96", "a=rtpmap:96 telephone-event/8000", "m=image 6002 udptl t38");
    const { answer } = answerTo(offer);
    const hold = createOffer({ ...LOCAL, direction: "sendonly" }, { previous: answer });
    expect(hold.media.map((media) => `${media.type} ${media.port}`)).toEqual(["video 0", "audio 10000", "image 0"]);
    expect(hold.origin.sessionVersion).toBe("2");
  });

  it("goes on with the payload type numbers that the far end gave to codecs", () => {
    const { answer } = answerTo(far("m=audio 4000 RTP/AVP 8 96", "a=rtpmap:96 telephone-event/8000"));
    expect(createOffer(LOCAL, { previous: answer }).media[0]!.formats).toEqual(["0", "8", "96"]);
  });

  it("never lets a number that stood for one codec stand for another", () => {
    const speex = { payloadType: 97, encoding: "speex", clockRate: 8000 };
    const previous = createOffer({ ...LOCAL, formats: [PCMU, { ...EVENT, payloadType: 96 }, speex] });
    const formats = [PCMA, EVENT, { ...speex, clockRate: 16_000 }, { ...speex, payloadType: 98, encoding: "iLBC" }];
    const offer = createOffer({ ...LOCAL, formats }, { previous });
    expect(attributesOf(offer).filter((each) => each.startsWith("rtpmap"))).toEqual([
      "rtpmap:8 PCMA/8000",
      "rtpmap:96 telephone-event/8000",
      "rtpmap:98 speex/16000",
      "rtpmap:99 iLBC/8000",
    ]);
  });

  it("adds audio at the end of a session that had none", () => {
    const { media } = createOffer(LOCAL, { previous: far("m=image 0 udptl t38") });
    expect(media.map((each) => `${each.type} ${each.port}`)).toEqual(["image 0", "audio 10000"]);
  });

  it("offers an audio section anew in its place after it was refused", () => {
    const { media } = createOffer(LOCAL, { previous: far("m=audio 0 RTP/AVP 18", "m=image 0 udptl t38") });
    expect(media.map((each) => `${each.type} ${each.port} ${each.formats.join(" ")}`)).toEqual(["audio 10000 0 8 101", "image 0 t38"]);
  });
});

describe("a late offer, made in the 2xx to an INVITE without one", () => {
  it("is like any other, and the ACK's answer settles it", () => {
    const offer = createOffer(LOCAL);
    const agreed = agreedFrom(offer, far("m=audio 4000 RTP/AVP 8 101", "a=rtpmap:101 telephone-event/8000"));
    expect(agreed).toMatchObject({ direction: "sendrecv", send: PCMA, remoteAddress: "192.0.2.1", remotePort: 4000 });
  });
});
