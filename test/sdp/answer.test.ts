import { describe, expect, it } from "vitest";

import { createAnswer, parseSDP, writeSDP } from "../../ts/sdp/index.ts";
import { answerTo, attributesOf, EVENT, far, LOCAL, PCMA, PCMU } from "./calls.ts";

const EVENT_LINES = ["a=rtpmap:101 telephone-event/8000", "a=fmtp:101 0-15"];

describe("an answer (RFC 3264 §6)", () => {
  it("answers a usual offer", () => {
    const { answer, agreed } = answerTo(far("m=audio 4000 RTP/AVP 18 8 0 101", ...EVENT_LINES, "a=ptime:30"));
    expect(writeSDP(answer).split("\r\n")).toEqual([
      "v=0",
      "o=- 7 1 IN IP4 198.51.100.9",
      "s=-",
      "c=IN IP4 198.51.100.9",
      "t=0 0",
      "m=audio 10000 RTP/AVP 8 0 101",
      "a=rtpmap:8 PCMA/8000",
      "a=rtpmap:0 PCMU/8000",
      "a=rtpmap:101 telephone-event/8000",
      "a=fmtp:101 0-16",
      "a=ptime:20",
      "a=sendrecv",
      "",
    ]);
    expect(agreed).toEqual({
      direction: "sendrecv",
      remoteAddress: "192.0.2.1",
      remotePort: 4000,
      send: PCMA,
      receive: [PCMA, PCMU],
      sendEvent: { ...EVENT, fmtp: "0-15" },
      receiveEvent: EVENT,
      ptime: 30,
    });
  });

  it("takes the first codec of the offer's order that we have", () => {
    expect(answerTo(far("m=audio 4000 RTP/AVP 9 8 0")).agreed.send).toEqual(PCMA);
  });

  it("takes our order when told to", () => {
    const { answer, agreed } = answerTo(far("m=audio 4000 RTP/AVP 9 8 0"), {}, { prefer: "local" });
    expect(agreed.send).toEqual(PCMU);
    expect(answer.media[0]!.formats).toEqual(["0", "8"]);
  });

  it("knows static payload types without a=rtpmap", () => {
    expect(answerTo(far("m=audio 4000 RTP/AVP 0")).agreed.send).toEqual(PCMU);
  });

  it("takes the offer's numbers for dynamic types", () => {
    const { answer, agreed } = answerTo(far("m=audio 4000 RTP/AVP 0 96", "a=rtpmap:96 telephone-event/8000"));
    expect(answer.media[0]!.formats).toEqual(["0", "96"]);
    expect(attributesOf(answer)).toContain("rtpmap:96 telephone-event/8000");
    expect(agreed.sendEvent?.payloadType).toBe(96);
    expect(agreed.receiveEvent?.payloadType).toBe(96);
  });

  it("takes a static codec under a dynamic number, in whatever case", () => {
    const { answer, agreed } = answerTo(far("m=audio 4000 RTP/AVP 96", "a=rtpmap:96 pcmu/8000"));
    expect(agreed.send).toEqual({ ...PCMU, payloadType: 96 });
    expect(agreed.receive).toEqual([{ ...PCMU, payloadType: 96 }]);
    expect(attributesOf(answer)).toContain("rtpmap:96 PCMU/8000");
  });

  it("matches telephone-event by its clock rate of 8000, not by its place", () => {
    const { answer, agreed } = answerTo(
      far(
        "m=audio 4000 RTP/AVP 96 0 97 98",
        "a=rtpmap:96 opus/48000/2",
        "a=rtpmap:97 telephone-event/48000",
        "a=rtpmap:98 telephone-event/8000",
      ),
    );
    expect(agreed.sendEvent?.payloadType).toBe(98);
    expect(answer.media[0]!.formats).toEqual(["0", "98"]);
  });

  it("goes without events when the offer has none", () => {
    const { answer, agreed } = answerTo(far("m=audio 4000 RTP/AVP 0"));
    expect(agreed).not.toHaveProperty("sendEvent");
    expect(agreed).not.toHaveProperty("receiveEvent");
    expect(answer.media[0]!.formats).toEqual(["0"]);
  });

  it("lists a codec once that the offer has under two numbers", () => {
    expect(answerTo(far("m=audio 4000 RTP/AVP 0 96", "a=rtpmap:96 PCMU/8000")).answer.media[0]!.formats).toEqual(["0"]);
  });

  it("never sends comfort noise as if it were speech, whatever comes first", () => {
    const cn = { payloadType: 13, encoding: "CN", clockRate: 8000 };
    const { agreed } = answerTo(far("m=audio 4000 RTP/AVP 13 0"), { formats: [PCMU, cn] });
    expect(agreed.send).toEqual(PCMU);
    expect(agreed.receive).toEqual([PCMU]);
    expect(agreed.receiveNoise).toEqual(cn);
  });

  it("repeats the offer's t= line", () => {
    const offer = parseSDP("v=0\no=- 1 1 IN IP6 2001:db8::20\nc=IN IP6 2001:db8::20\nt=3338481189 3370017201\nm=audio 6000 RTP/AVP 0\n");
    expect(answerTo(offer).answer.times).toEqual([{ type: "t", value: "3338481189 3370017201" }]);
  });

  it("serves RTP/AVPF as the offer names it", () => {
    expect(answerTo(far("m=audio 4000 RTP/AVPF 0")).answer.media[0]!.protocol).toBe("RTP/AVPF");
  });
});

describe("the media sections of an answer", () => {
  it("are as many as the offer's, in its order, the others refused with port 0", () => {
    const { answer, agreed } = answerTo(
      far("m=video 6000 RTP/AVP 96", "a=rtpmap:96 H264/90000", "m=audio 4000 RTP/AVP 0", "m=application 9 UDP/BFCP *", "m=image 0 udptl"),
    );
    expect(answer.media.map((media) => `${media.type} ${media.port} ${media.protocol} ${media.formats.join(" ")}`)).toEqual([
      "video 0 RTP/AVP 96",
      "audio 10000 RTP/AVP 0",
      "application 0 UDP/BFCP *",
      "image 0 udptl 0",
    ]);
    expect(agreed.remotePort).toBe(4000);
  });

  it("serve one audio stream only, the first that we can", () => {
    const { answer, agreed } = answerTo(
      far(
        "m=audio 4000 RTP/SAVP 0",
        "m=audio 4002 RTP/AVP 18",
        "m=audio 0 RTP/AVP 0",
        "m=audio 4006 RTP/AVP 8",
        "c=IN IP4 192.0.2.7",
        "m=audio 4008 RTP/AVP 0",
      ),
    );
    expect(answer.media.map((media) => media.port)).toEqual([0, 0, 0, 10_000, 0]);
    expect(agreed).toMatchObject({ remoteAddress: "192.0.2.7", remotePort: 4006, send: PCMA });
  });

  it("are served by the section's c= before the session's, IPv6 beside IPv4", () => {
    const { agreed } = answerTo(far("m=audio 4000 RTP/AVP 0", "c=IN IP6 2001:db8::7"));
    expect(agreed.remoteAddress).toBe("2001:db8::7");
  });

  it.each(["::ffff:192.0.2.2", "::FFFF:c000:0202", "0:0:0:0:0:ffff:192.0.2.2"])("reach an IPv4-mapped address, %s, by IPv4", (address) => {
    expect(answerTo(far("m=audio 4000 RTP/AVP 0", `c=IN IP6 ${address}`)).agreed.remoteAddress).toBe("192.0.2.2");
  });
});

describe("an offer that has nothing for us is rejected with the reason", () => {
  it.each([
    ["no media section", far(), /no media section/],
    ["only video", far("m=video 6000 RTP/AVP 31"), /m=video 6000: only audio/],
    ["no codec in common", far("m=audio 4000 RTP/AVP 18 3"), /no codec in common.*G729\/8000, GSM\/8000/],
    ["only events in common", far("m=audio 4000 RTP/AVP 18 101", ...EVENT_LINES), /no codec in common/],
    ["a stream that has ended", far("m=audio 0 RTP/AVP 0"), /refused or ended/],
    ["SRTP", far("m=audio 4000 RTP/SAVP 0"), /RTP\/SAVP is not served/],
    ["a multicast address", far("m=audio 4000 RTP/AVP 0", "c=IN IP4 224.2.36.42/127"), /no unicast address/],
    ["the broadcast address", far("m=audio 4000 RTP/AVP 0", "c=IN IP4 255.255.255.255"), /no unicast address/],
    ["an IPv6 multicast address", far("m=audio 4000 RTP/AVP 0", "c=IN IP6 ff02::1"), /no unicast address/],
    ["a multicast address in disguise", far("m=audio 4000 RTP/AVP 0", "c=IN IP6 ::ffff:e000:1"), /224\.0\.0\.1 is no unicast/],
    ["a host name for an address", far("m=audio 4000 RTP/AVP 0", "c=IN IP4 media.example.com"), /no IP address/],
    ["another network", far("m=audio 4000 RTP/AVP 0", "c=ATM NSAP 47.0091"), /not the Internet/],
    ["no c= line", parseSDP("v=0\nm=audio 4000 RTP/AVP 0\n"), /no c= line/],
  ])("%s", (_, offer, reason) => {
    const result = createAnswer(offer, LOCAL);
    expect("rejected" in result ? result.rejected : result).toMatch(reason);
  });
});

describe("the packet time that the far end would like", () => {
  it.each([
    [["a=ptime:20"], 20],
    [["a=ptime:60", "a=maxptime:40"], 40],
    [["a=maxptime:150"], undefined],
    [["a=maxptime:10"], 10],
    [["a=ptime:0"], undefined],
    [["a=ptime:soon"], undefined],
    [[], undefined],
  ])("%j → %s", (section, ptime) => {
    expect(answerTo(far("m=audio 4000 RTP/AVP 0", ...section)).agreed.ptime).toBe(ptime);
  });

  it("is also found in the session, where some peers put it", () => {
    expect(answerTo(far("a=ptime:30", "m=audio 4000 RTP/AVP 0")).agreed.ptime).toBe(30);
  });
});

describe("answering again in the same session", () => {
  const offer = far("m=audio 4000 RTP/AVP 0");
  const { answer: previous } = answerTo(offer);

  it("keeps o= while the answer is the same: a session refresh", () => {
    expect(answerTo(offer, {}, { previous }).answer).toEqual(previous);
  });

  it("counts the version up by one when the answer changed", () => {
    const { answer } = answerTo(far("m=audio 4000 RTP/AVP 8"), {}, { previous });
    expect(answer.origin).toEqual({ ...previous.origin, sessionVersion: "2" });
  });
});
