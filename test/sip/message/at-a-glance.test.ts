import { describe, expect, it } from "vitest";
import { parseMessage, SIPParseError, SIPRequest, SIPURI } from "../../../ts/sip/index.ts";

// What the parser recognises without taking it apart must say what taking it apart would say.

function invite(headers: Readonly<Record<string, string>> = {}, body = ""): Buffer {
  const all = {
    Via: "SIP/2.0/UDP 192.0.2.1:5070;rport;branch=z9hG4bK1",
    From: '"Alice" <sip:alice@example.com>;tag=a',
    To: "<sip:bob@example.com>",
    "Call-ID": "1@192.0.2.1",
    CSeq: "1 INVITE",
    ...headers,
  };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.from(`INVITE sip:bob@192.0.2.44:5060;transport=udp SIP/2.0\r\n${lines.join("")}\r\n${body}`, "latin1");
}

describe("a received branch or tag", () => {
  it("is found whatever its case, and only as a whole name", () => {
    const { via, from, to } = parseMessage(
      invite({ Via: "SIP/2.0/UDP h;xbranch=1;branc=2;Branch=z9hG4bKx", From: "<sip:a@b>;xtag=1;TAG=t", To: "<sip:a@b>;tagg=2;atag=3" }),
    );
    expect([via.branch, from.tag, to.tag]).toEqual(["z9hG4bKx", "t", undefined]);
  });

  it("that stands twice is the first, also when that one has no value", () => {
    const { via, from } = parseMessage(invite({ Via: "SIP/2.0/UDP h;branch=1;branch=2", From: "<sip:a@b>;tag;tag=2" }));
    expect([via.branch, from.tag]).toEqual(["1", undefined]);
    expect([...via.params, ...from.params]).toEqual([["branch", "1"], ["branch", "1"], ["tag", true], ["tag", true]]);
  });

  it("follows its parameters when they change", () => {
    const message = parseMessage(invite());
    const { via, from, to } = message;
    expect([via.branch, from.tag, to.tag]).toEqual(["z9hG4bK1", "a", undefined]);
    via.params.set("branch", "z9hG4bK2");
    from.params.delete("tag");
    to.tag = "b";
    expect([via.branch, from.tag, to.tag]).toEqual(["z9hG4bK2", undefined, "b"]);
    expect(message.headers.getAll("Via")).toEqual(["SIP/2.0/UDP 192.0.2.1:5070;rport;branch=z9hG4bK2"]);
    expect(message.headers.get("From")).toBe('"Alice" <sip:alice@example.com>');
    expect(message.headers.get("To")).toBe("<sip:bob@example.com>;tag=b");
  });

  it("follows its header when that changes", () => {
    const message = parseMessage(invite());
    message.headers.set("From", "<sip:carol@example.com>;tag=c").set("Call-ID", "2").set("CSeq", "7 INVITE").set("Via", "SIP/2.0/TCP h;branch=z");
    expect([message.from.tag, message.callId, message.cseq.sequence, message.via.branch, message.via.protocol]).toEqual(["c", "2", 7, "z", "TCP"]);
  });
});

describe("a Request-URI", () => {
  it.each([
    "sip:bob@192.0.2.44:5060;transport=udp",
    "sips:bob@example.com",
    "sip:example.com",
    "sip:*21#@example.com:65535;lr;x=1",
    "sip:h;x=a@b",
  ])("%s has the parts that its own parser finds", (text) => {
    const message = parseMessage(Buffer.from(invite().toString("latin1").replace(/sip:bob\S*/, text), "latin1"));
    if (!(message instanceof SIPRequest && message.uri instanceof SIPURI)) throw new Error("not a request to a SIP URI");
    const read = message.uri;
    const parsed = SIPURI.parse(text);
    expect(String(read)).toBe(text);
    expect([read.scheme, read.user, read.password, read.host, read.port]).toEqual([
      parsed.scheme,
      parsed.user,
      parsed.password,
      parsed.host,
      parsed.port,
    ]);
    expect([...read.params]).toEqual([...parsed.params]);
    expect(read.equals(parsed)).toBe(true);
  });
});

describe("header names", () => {
  it("are known in any case, and not with control characters in the place of dash or colon", () => {
    const known = parseMessage(invite({ "mAX-fORWARDS": "7", "CONTENT-length": "0", K: "timer" }));
    expect([known.maxForwards, known.headers.get("Supported")]).toEqual([7, "timer"]);
    expect(() => parseMessage(invite({ "Max\rForwards": "7" }))).toThrow(SIPParseError);
    expect(() => parseMessage(Buffer.from(invite().toString("latin1").replace("CSeq:", "CSeq\x1a"), "latin1"))).toThrow(SIPParseError);
  });
});

describe("what is larger than a datagram", () => {
  const limits = { maxSize: 1 << 20, maxHeadSize: 1 << 20 };

  it("keeps its whole body", () => {
    const body = "x".repeat(200_000);
    expect(parseMessage(invite({ "Content-Length": String(body.length) }, body), limits).body.length).toBe(200_000);
  });

  it("is refused when its head is, whatever the limits", () => {
    const huge = invite({ Subject: "x".repeat(70_000) });
    expect(() => parseMessage(huge, limits)).toThrow(expect.objectContaining({ status: 513 }));
    for (let end = 65_530; end < 65_550; end++) {
      const fill = end - invite({ Subject: "" }).length;
      const read = (): unknown => parseMessage(invite({ Subject: "x".repeat(fill), "Content-Length": "9" }, "y".repeat(90_000)), limits);
      // The head ends 19 bytes later for the Content-Length; 65,535 are the most that it may have, with its empty line.
      if (end + 19 <= 65_535) expect(read).not.toThrow();
      else expect(read).toThrow(expect.objectContaining({ status: 513 }));
    }
  });

  it("leaves nothing behind that the next message could take for its own", () => {
    parseMessage(invite({ Subject: "x".repeat(3000) }));
    const short = invite().subarray(0, -2);
    expect(() => parseMessage(short)).not.toThrow();
    for (let length = 0; length < short.length; length++) expect(() => parseMessage(short.subarray(0, length))).toThrow(SIPParseError);
  });
});
