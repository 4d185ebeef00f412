import { describe, expect, it } from "vitest";
import { InvalidOptionError } from "../../ts/phone/errors.ts";
import { checkMediaOptions, sessionOptions } from "../../ts/phone/mediaOptions.ts";
import { type MediaWishes, Negotiation } from "../../ts/phone/Negotiation.ts";
import { PayloadType } from "../../ts/rtp/PayloadType.ts";
import type { SIPBody } from "../../ts/sip/dialog/InviteSession.ts";

const TYPES = [PayloadType.PCMU, PayloadType.EVENT];

function body(...lines: string[]): SIPBody {
  const all = ["v=0", "o=- 1 1 IN IP4 198.51.100.1", "s=-", "c=IN IP4 198.51.100.1", "t=0 0", ...lines];
  return { contentType: "application/sdp", content: all.map((line) => `${line}\r\n`).join("") };
}

function negotiation(wishes: MediaWishes = {}): Negotiation {
  return new Negotiation("192.0.2.9", 10_000, TYPES, wishes);
}

describe("what a phone wishes of its media", () => {
  it("stands in its offer", () => {
    expect(String(negotiation().offer().content)).not.toMatch(/ 13|rtcp-/);
    const offer = String(negotiation({ comfortNoise: true, rtcpMux: true, voipMetrics: true, ptime: 30 }).offer().content);
    expect(offer).toContain("m=audio 10000 RTP/AVP 0 101 13\r\n");
    for (const line of ["a=rtpmap:13 CN/8000", "a=ptime:30", "a=rtcp-mux", "a=rtcp-xr:voip-metrics"]) expect(offer).toContain(`${line}\r\n`);
  });

  it("holds for the stream where the far end has it, too", () => {
    const ours = negotiation({ comfortNoise: true, rtcpMux: true, voipMetrics: true });
    ours.offer();
    const answer = body("m=audio 5000 RTP/AVP 0 13", "b=RS:800", "b=RR:0", "a=rtcp-mux", "a=rtcp-xr:voip-metrics");
    expect(ours.accept(answer)).toMatchObject({
      sendNoisePayloadType: 13,
      receiveNoisePayloadType: 13,
      rtcpMux: true,
      voipMetrics: true,
      rtcpSenderBandwidth: 800,
      rtcpReceiverBandwidth: 0,
    });
    expect(ours.accept(body("m=audio 5000 RTP/AVP 0"))).toMatchObject({ sendNoisePayloadType: -1, voipMetrics: false });
  });

  it("is asked for by both, or not given", () => {
    const { body: answer, parameters } = negotiation().answer(body("m=audio 5000 RTP/AVP 0 13", "a=rtcp-mux", "a=rtcp-xr:voip-metrics"));
    expect(String(answer.content)).toContain("m=audio 10000 RTP/AVP 0\r\n");
    expect(parameters).toMatchObject({ sendNoisePayloadType: -1, voipMetrics: false, rtcpMux: true });
    expect(negotiation({ rtcpMux: false }).answer(body("m=audio 5000 RTP/AVP 0", "a=rtcp-mux")).parameters).not.toHaveProperty("rtcpMux");
  });
});

describe("a phone's media options", () => {
  it.each([
    ["minimumDelay", { minimumDelay: -1 }],
    ["maximumDelay", { maximumDelay: 5_000 }],
    ["minimumDelay", { minimumDelay: 100, maximumDelay: 60 }],
    ["ptime", { ptime: 25 }],
    ["ptime", { ptime: 70 }],
    ["comfortNoise", JSON.parse('{ "comfortNoise": "yes" }')],
    ["symmetricRtp", JSON.parse('{ "symmetricRtp": "no" }')],
    ["rtcpMux", JSON.parse('{ "rtcpMux": 1 }')],
  ])("%s is refused where it makes no sense", (name, options) => {
    expect(() => checkMediaOptions(options)).toThrow(InvalidOptionError);
    expect(() => checkMediaOptions(options)).toThrow(name);
  });

  it("bound the playout delay, also from one side only", () => {
    expect(sessionOptions({})).toEqual({});
    expect(sessionOptions({ minimumDelay: 60, maximumDelay: 60, toneDetection: true })).toEqual({ minimumDelay: 60, maximumDelay: 60, toneDetection: true });
    expect(sessionOptions({ symmetricRtp: false })).toEqual({ symmetricRtp: false });
    expect(sessionOptions({ minimumDelay: 300 })).toEqual({ minimumDelay: 300, maximumDelay: 300 });
    expect(sessionOptions({ maximumDelay: 10 })).toEqual({ minimumDelay: 10, maximumDelay: 10 });
  });
});
