import { describe, expect, it } from "vitest";
import { acceptAnswer, createAnswer, createOffer, type LocalMedia } from "../../ts/sdp/offerAnswer.ts";
import { parseSDP } from "../../ts/sdp/parse.ts";
import { writeSDP } from "../../ts/sdp/write.ts";

const local: LocalMedia = {
  address: "192.0.2.9",
  port: 10_000,
  formats: [{ payloadType: 0, encoding: "PCMU", clockRate: 8_000 }],
  direction: "sendrecv",
  sessionId: 1,
  sessionVersion: 1,
};

/** What a far end writes, with these attributes in its audio section. */
function theirs(...attributes: string[]): ReturnType<typeof parseSDP> {
  const lines = ["v=0", "o=- 1 1 IN IP4 198.51.100.1", "s=-", "c=IN IP4 198.51.100.1", "t=0 0", "m=audio 5000 RTP/AVP 0", ...attributes];
  return parseSDP(lines.map((line) => `${line}\r\n`).join(""));
}

function answerTo(offer: ReturnType<typeof parseSDP>, ours: LocalMedia = local): { text: string; agreed: object } {
  const result = createAnswer(offer, ours);
  if ("rejected" in result) throw new Error(result.rejected);
  return { text: writeSDP(result.answer), agreed: result.agreed };
}

describe("a=rtcp-mux", () => {
  it("is answered where it is offered, unless it is not wanted", () => {
    const { text, agreed } = answerTo(theirs("a=rtcp-mux"));
    expect(text).toContain("a=rtcp-mux\r\n");
    expect(agreed).toMatchObject({ rtcpMux: true });
    expect(answerTo(theirs("a=rtcp-mux"), { ...local, rtcpMux: false }).text).not.toContain("rtcp-mux");
    expect(answerTo(theirs()).text).not.toContain("rtcp-mux");
    expect(answerTo(theirs()).agreed).not.toHaveProperty("rtcpMux");
  });

  it("is offered by option, holds when the answer has it, and is offered again", () => {
    expect(writeSDP(createOffer(local))).not.toContain("rtcp-mux");
    const offer = createOffer({ ...local, rtcpMux: true });
    expect(writeSDP(offer)).toContain("a=rtcp-mux\r\n");
    expect(acceptAnswer(offer, theirs("a=rtcp-mux"))).toMatchObject({ agreed: { rtcpMux: true } });
    expect(acceptAnswer(offer, theirs())).not.toHaveProperty("agreed.rtcpMux");
    expect(writeSDP(createOffer(local, { previous: offer }))).toContain("a=rtcp-mux\r\n");
  });

  it("that nobody offered does not hold", () => {
    expect(acceptAnswer(createOffer(local), theirs("a=rtcp-mux"))).not.toHaveProperty("agreed.rtcpMux");
  });
});

it("a=rtcp-rsize is answered where it is offered", () => {
  const { text, agreed } = answerTo(theirs("a=rtcp-rsize"));
  expect(text).toContain("a=rtcp-rsize\r\n");
  expect(agreed).toMatchObject({ rtcpReducedSize: true });
});

describe("a=rtcp", () => {
  it.each([
    ["a=rtcp:53020", { port: 53_020 }],
    ["a=rtcp:53020 IN IP4 203.0.113.5", { port: 53_020, address: "203.0.113.5" }],
    ["a=rtcp:53020 IN IP6 2001:db8::1", { port: 53_020, address: "2001:db8::1" }],
    ["a=rtcp:53020 IN IP4 phone.example.com", { port: 53_020 }],
  ])("%s says where the far end takes RTCP", (line, rtcp) => {
    expect(answerTo(theirs(line)).agreed).toMatchObject({ rtcp });
  });

  it.each(["a=rtcp:0", "a=rtcp:70000", "a=rtcp:no", "a=rtcp", "a=rtcp:53020 IN IP4 224.2.1.1"])("%s is passed over", (line) => {
    expect(answerTo(theirs(line)).agreed).not.toHaveProperty("rtcp");
  });
});

describe("a=rtcp-xr (RFC 3611 §5)", () => {
  it.each([
    ["a=rtcp-xr:voip-metrics", true],
    ["a=rtcp-xr:rcvr-rtt=all:10 VoIP-Metrics", true],
    ["a=rtcp-xr:stat-summary=loss,dup", false],
    ["a=rtcp-xr", false],
  ])("%s asks for VoIP metrics: %s", (line, asked) => {
    expect(answerTo(theirs(line)).agreed).toEqual(asked ? expect.objectContaining({ voipMetrics: true }) : expect.not.objectContaining({ voipMetrics: true }));
  });

  it("stands in our offer and answer by option, whatever the other side wrote", () => {
    expect(writeSDP(createOffer(local))).not.toContain("rtcp-xr");
    expect(writeSDP(createOffer({ ...local, voipMetrics: true }))).toContain("a=rtcp-xr:voip-metrics\r\n");
    expect(answerTo(theirs(), { ...local, voipMetrics: true }).text).toContain("a=rtcp-xr:voip-metrics\r\n");
    expect(answerTo(theirs("a=rtcp-xr:voip-metrics")).text).not.toContain("rtcp-xr");
  });
});

describe("b=RS and b=RR (RFC 3556)", () => {
  it("say what RTCP may take, the section's before the session's", () => {
    expect(answerTo(theirs("b=RS:800", "b=RR:2400")).agreed).toMatchObject({ rtcpBandwidth: { senders: 800, receivers: 2_400 } });
    expect(answerTo(theirs("b=AS:64", "b=RR:0")).agreed).toMatchObject({ rtcpBandwidth: { receivers: 0 } });
    const text = ["v=0", "o=- 1 1 IN IP4 198.51.100.1", "s=-", "c=IN IP4 198.51.100.1", "b=RS:0", "b=RR:0", "t=0 0", "m=audio 5000 RTP/AVP 0", "b=RS:100"];
    expect(answerTo(parseSDP(text.map((line) => `${line}\r\n`).join(""))).agreed).toMatchObject({ rtcpBandwidth: { senders: 100, receivers: 0 } });
  });

  it.each(["b=RS:-1", "b=RS:x", "b=RS:"])("%s is passed over", (line) => {
    expect(answerTo(theirs(line)).agreed).not.toHaveProperty("rtcpBandwidth");
  });
});
