import fc from "fast-check";
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";

import { createAnswer, parseSDP, SDPParseError, writeSDP, type SessionDescription } from "../../ts/sdp/index.ts";
import { LOCAL, PCMU } from "./calls.ts";

/** Number 2, once G.721, is reserved since RFC 3551; RFC 5118 uses it with its a=rtpmap. */
const G726 = { payloadType: 2, encoding: "G726-32", clockRate: 8000 };
const folder = new URL("../vectors/sip/", import.meta.url);

/** The session descriptions in the torture messages of RFC 4475 and RFC 5118, by file. */
const bodies = ["rfc4475", "rfc5118"].flatMap((rfc) =>
  readdirSync(new URL(rfc, folder)).flatMap((file): [string, string][] => {
    const text = readFileSync(new URL(`${rfc}/${file}`, folder), "latin1");
    const start = text.indexOf("\r\n\r\nv=0");
    return start === -1 ? [] : [[`${rfc}/${file}`, text.slice(start + 4)]];
  }),
);

describe("the session descriptions of RFC 4475 and RFC 5118", () => {
  it.each(bodies)("%s is read, and answered with as many media sections", (_, body) => {
    // dblreq carries a whole second request behind its description, which Content-Length cuts off.
    const offer = parseSDP(body.split("REGISTER")[0]!);
    const result = createAnswer(offer, { ...LOCAL, formats: [PCMU, G726] });
    if ("rejected" in result) throw new Error(result.rejected);
    expect(result.answer.media).toHaveLength(offer.media.length);
    expect([PCMU, G726]).toContainEqual(result.agreed.send);
  });

  it("were all found", () => {
    expect(bodies.length).toBeGreaterThan(15);
  });

  it("RFC 5118 §4.7: IPv4 for speech, IPv6 for the picture", () => {
    const offer = parseSDP(bodies.find(([name]) => name.includes("mult-ip-in-sdp"))![1]);
    expect(offer.media.map((media) => media.connection?.address)).toEqual(["192.0.2.1", "2001:db8::1"]);
  });
});

describe("an offer out of whatever pieces", () => {
  const line = fc.constantFrom(
    "c=IN IP4 192.0.2.1",
    "c=IN IP4 0.0.0.0",
    "c=IN IP6 2001:db8::1",
    "c=IN IP4 224.0.0.1/3",
    "c=X Y Z",
    "m=audio 4000 RTP/AVP 0 8 101",
    "m=audio 4002 RTP/AVP 13 101",
    "m=audio 0 RTP/AVP 8",
    "m=audio 4004 RTP/SAVP 0",
    "m=audio 1 RTP/AVP 200 x 96",
    "m=video 6000 RTP/AVP 31",
    "a=rtpmap:101 telephone-event/8000",
    "a=rtpmap:101 PCMU/8000/0",
    "a=rtpmap:96 pcma/8000",
    "a=rtpmap:96",
    "a=rtpmap:x y/z",
    "a=fmtp:101",
    "a=sendonly",
    "a=inactive",
    "a=ptime:-1",
    "a=ptime:9999",
    "t=1 2",
    "junk",
  );

  it("is answered or rejected, never thrown at, and its answer can be read and mirrors its sections", () => {
    fc.assert(
      fc.property(fc.array(line, { maxLength: 25 }), (lines) => {
        const offer = read(["v=0", ...lines].join("\n"));
        if (offer === undefined) return;
        const result = createAnswer(offer, LOCAL);
        if ("rejected" in result) return;
        const answer = parseSDP(writeSDP(result.answer));
        expect(answer.media.map(({ type, protocol }) => [type, protocol])).toEqual(
          offer.media.map(({ type, protocol }) => [type, protocol]),
        );
        expect(answer.media.filter((media) => media.port !== 0)).toHaveLength(1);
        expect(answer.times).toEqual(offer.times);
      }),
      { numRuns: 2000 },
    );
  });
});

function read(text: string): SessionDescription | undefined {
  try {
    return parseSDP(text);
  } catch (error) {
    expect(error).toBeInstanceOf(SDPParseError);
    return undefined;
  }
}
