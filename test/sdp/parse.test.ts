import { describe, expect, it } from "vitest";

import { formatsOf, parseSDP, SDPParseError, type Format } from "../../ts/sdp/index.ts";

const MINIMAL = "v=0\r\no=bob 280744730 28977631 IN IP4 host.example.com\r\ns=-\r\nt=0 0\r\n";
const lines = (...more: string[]): string => MINIMAL + more.map((line) => `${line}\r\n`).join("");

describe("reading a session description", () => {
  it("reads the description of RFC 8866 §5 whole", () => {
    const description = parseSDP(
      [
        "v=0",
        "o=jdoe 3724394400 3724394405 IN IP4 198.51.100.1",
        "s=Call to John Smith",
        "i=SDP Offer #1",
        "u=http://www.jdoe.example.com/home.html",
        "e=Jane Doe <jane@jdoe.example.com>",
        "p=+1 617 555-6011",
        "c=IN IP4 198.51.100.1",
        "t=0 0",
        "m=audio 49170 RTP/AVP 0",
        "m=audio 49180 RTP/AVP 0",
        "m=video 51372 RTP/AVP 99",
        "c=IN IP6 2001:db8::2",
        "a=rtpmap:99 h263-1998/90000",
        "",
      ].join("\r\n"),
    );
    expect(description.origin).toEqual({
      username: "jdoe",
      sessionId: "3724394400",
      sessionVersion: "3724394405",
      netType: "IN",
      addressType: "IP4",
      address: "198.51.100.1",
    });
    expect(description.sessionName).toBe("Call to John Smith");
    expect(description.others.map((line) => line.type).join("")).toBe("iuep");
    expect(description.connection).toEqual({ netType: "IN", addressType: "IP4", address: "198.51.100.1" });
    expect(description.media.map((media) => `${media.type} ${media.port} ${media.formats.join(" ")}`)).toEqual([
      "audio 49170 0",
      "audio 49180 0",
      "video 51372 99",
    ]);
    expect(description.media[2]!.connection).toEqual({ netType: "IN", addressType: "IP6", address: "2001:db8::2" });
  });

  it.each([
    ["LF", "\n"],
    ["CR", "\r"],
    ["CRLF", "\r\n"],
  ])("takes %s as the end of a line, and needs none behind the last", (_, end) => {
    const description = parseSDP(["v=0", "o=- 1 2 IN IP4 192.0.2.1", "s=x", "t=0 0", "m=audio 4000 RTP/AVP 8"].join(end));
    expect(description.media[0]).toMatchObject({ type: "audio", port: 4000, formats: ["8"] });
  });

  it("keeps lines that it does not know, and lines that are none", () => {
    const description = parseSDP(lines("y=0100000001", "no line at all", "m=audio 4000 RTP/AVP 8", "f=v/2/4"));
    expect(description.others).toEqual([
      { type: "y", value: "0100000001" },
      { type: "", value: "no line at all" },
    ]);
    expect(description.media[0]!.others).toEqual([{ type: "f", value: "v/2/4" }]);
  });

  it("keeps identifiers beyond 2^53 exactly", () => {
    const description = parseSDP("v=0\r\no=assistant 971731711378798081 18446744073709551615 IN IP6 2001:db8::20\r\ns= \r\n");
    expect(description.origin).toMatchObject({ sessionId: "971731711378798081", sessionVersion: "18446744073709551615" });
  });

  it("does without o=, s= and t=", () => {
    expect(parseSDP("v=0\nc=IN IP4 192.0.2.1\nm=audio 4000 RTP/AVP 0\n")).toMatchObject({
      origin: { sessionId: "0" },
      sessionName: "-",
      times: [{ type: "t", value: "0 0" }],
    });
  });

  it("reads an o= whose user name has blanks", () => {
    expect(parseSDP("v=0\no=John Q. Doe 1 2 IN IP4 192.0.2.1\n").origin).toMatchObject({ username: "John Q. Doe", sessionId: "1" });
  });

  it("reads IPv6, also in brackets, and the scope of a multicast address", () => {
    expect(parseSDP(lines("c=IN IP6 [2001:db8::1]")).connection?.address).toBe("2001:db8::1");
    expect(parseSDP(lines("c=IN IP4 224.2.36.42/127/3")).connection).toMatchObject({ address: "224.2.36.42", scope: "127/3" });
  });

  it("reads port counts, and a refused section without formats", () => {
    const [layered, refused] = parseSDP(lines("m=video 49170/2 RTP/AVP 31", "m=image 0 udptl")).media;
    expect(layered).toMatchObject({ port: 49_170, portCount: 2 });
    expect(refused).toMatchObject({ type: "image", port: 0, protocol: "udptl", formats: [] });
  });

  it("reads bandwidth, and lets a broken one pass", () => {
    const description = parseSDP(lines("b=AS:64", "b=TIAS:60000", "b=nonsense", "m=audio 1 RTP/AVP 0", "b=RS:0"));
    expect(description.bandwidths).toEqual([
      { type: "AS", value: "64" },
      { type: "TIAS", value: "60000" },
    ]);
    expect(description.others).toEqual([{ type: "b", value: "nonsense" }]);
    expect(description.media[0]!.bandwidths).toEqual([{ type: "RS", value: "0" }]);
  });

  it("drops a NUL that was counted into the body", () => {
    expect(parseSDP(`${lines("a=sendrecv")}\0`).attributes).toEqual([{ name: "sendrecv" }]);
  });
});

describe("a description that cannot be read", () => {
  it.each([
    ["nothing", "", 0],
    ["blank lines", "\r\n\r\n", 0],
    ["another version", "v=1\r\ns=-\r\n", 1],
    ["no version", "o=- 1 1 IN IP4 192.0.2.1\r\n", 1],
    ["c= without an address", lines("c=IN IP4"), 5],
    ["c= with an empty address", lines("c=IN IP4 /127"), 5],
    ["m= without a protocol", lines("m=audio 4000"), 5],
    ["m= with a word for a port", lines("m=audio $ RTP/AVP 0"), 5],
    ["m= with a port too high", lines("m=audio 65536 RTP/AVP 0"), 5],
    ["m= with a port below 0", lines("m=audio -1 RTP/AVP 0"), 5],
  ])("%s is an SDPParseError that names the line", (_, text, line) => {
    const error = catchError(() => parseSDP(text));
    expect(error).toBeInstanceOf(SDPParseError);
    expect(error).toMatchObject({ code: "SDP_PARSE", line });
  });

  it("is refused when it is longer, or has more lines or sections, than a call needs", () => {
    expect(() => parseSDP(lines(`a=${"x".repeat(65_536)}`))).toThrow(/characters/);
    expect(() => parseSDP(MINIMAL + "a=x\n".repeat(3000))).toThrow(/lines/);
    expect(() => parseSDP(MINIMAL + "m=audio 0 RTP/AVP 0\n".repeat(65))).toThrow(/media sections/);
    expect(() => parseSDP(MINIMAL, { maxLength: 20 })).toThrow(/at most 20/);
    expect(parseSDP(MINIMAL + "m=audio 0 RTP/AVP 0\n".repeat(64)).media).toHaveLength(64);
    expect(parseSDP("v=0\n" + "a=x\n".repeat(1999)).attributes).toHaveLength(1999);
  });
});

describe("RTP formats of a section", () => {
  it("are known without a=rtpmap where RFC 3551 fixes them", () => {
    expect(formats("m=audio 4000 RTP/AVP 0 8 9 10 11 18")).toEqual([
      { payloadType: 0, encoding: "PCMU", clockRate: 8000 },
      { payloadType: 8, encoding: "PCMA", clockRate: 8000 },
      { payloadType: 9, encoding: "G722", clockRate: 8000 },
      { payloadType: 10, encoding: "L16", clockRate: 44_100, channels: 2 },
      { payloadType: 11, encoding: "L16", clockRate: 44_100 },
      { payloadType: 18, encoding: "G729", clockRate: 8000 },
    ]);
  });

  it("keep the section's order, each number once", () => {
    expect(formats("m=audio 4000 RTP/AVP 8 0 8")).toMatchObject([{ payloadType: 8 }, { payloadType: 0 }]);
  });

  it("come with fmtp and channels", () => {
    expect(
      formats("m=audio 4000 RTP/AVP 96 101", "a=rtpmap:96 opus/48000/2", "a=rtpmap:101 telephone-event/8000", "a=fmtp:101 0-16,66"),
    ).toEqual([
      { payloadType: 96, encoding: "opus", clockRate: 48_000, channels: 2 },
      { payloadType: 101, encoding: "telephone-event", clockRate: 8000, fmtp: "0-16,66" },
    ]);
  });

  it("have one channel when a=rtpmap names none, or one", () => {
    expect(formats("m=audio 4000 RTP/AVP 0 8", "a=rtpmap:0 PCMU/8000/1", "a=rtpmap: 8 PCMA/8000")).toEqual([
      { payloadType: 0, encoding: "PCMU", clockRate: 8000 },
      { payloadType: 8, encoding: "PCMA", clockRate: 8000 },
    ]);
  });

  it("do without a clock rate where an encoding has only one (RFC 4475 writes `a=rtpmap:31 LPC`)", () => {
    expect(formats("m=audio 4000 RTP/AVP 31 96 97", "a=rtpmap:31 LPC", "a=rtpmap:96 telephone-event", "a=rtpmap:97 DVI4")).toEqual([
      { payloadType: 31, encoding: "LPC", clockRate: 8000 },
      { payloadType: 96, encoding: "telephone-event", clockRate: 8000 },
    ]);
  });

  it("give G.722 the RTP clock of RFC 3551 §4.5.2 whatever the peer writes", () => {
    expect(formats("m=audio 4000 RTP/AVP 9", "a=rtpmap:9 G722/16000")).toEqual([{ payloadType: 9, encoding: "G722", clockRate: 8000 }]);
  });

  it("leave out what nothing explains", () => {
    expect(formats("m=audio 4000 RTP/AVP 97 500 x 0 1")).toMatchObject([{ payloadType: 0 }]);
  });
});

function formats(...section: string[]): Format[] {
  return formatsOf(parseSDP(lines(...section)).media[0]!);
}

function catchError(action: () => unknown): unknown {
  try {
    action();
  } catch (error) {
    return error;
  }
  return undefined;
}
