import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { parseSDP, SDPParseError, SDPWriteError, writeSDP, type Line, type SessionDescription } from "../../ts/sdp/index.ts";

const TYPICAL = [
  "v=0",
  "o=root 1821 1822 IN IP4 192.0.2.1",
  "s=PBX",
  "i=about",
  "c=IN IP4 192.0.2.1",
  "b=CT:384",
  "t=0 0",
  "r=604800 3600 0 90000",
  "z=2882844526 -1h",
  "a=group:BUNDLE 0",
  "y=0100000001",
  "m=audio 10022 RTP/AVP 8 0 101",
  "i=speech",
  "c=IN IP6 2001:db8::1",
  "b=AS:64",
  "a=rtpmap:8 PCMA/8000",
  "a=fmtp:101 0-16",
  "a=ptime:20",
  "a=sendrecv",
  "m=video 0 RTP/AVP 31",
  "m=audio 49170/2 RTP/AVP 0",
  "c=IN IP4 224.2.1.1/127/3",
  "",
].join("\r\n");

const word = fc.stringMatching(/^[!-.0-9;-Z^-~]{1,12}$/);
const phrase = fc.array(word, { minLength: 1, maxLength: 4 }).map((words) => words.join(" "));
const line = (types: string): fc.Arbitrary<Line> => fc.record({ type: fc.constantFrom(...types.split("")), value: phrase });
/** Kept lines have one order only: that in which they are written. */
const sorted = (types: string): fc.Arbitrary<Line[]> =>
  fc.array(line(types), { maxLength: 4 }).map((all) => all.toSorted((a, b) => types.indexOf(a.type) - types.indexOf(b.type)));
const connection = fc.record(
  { netType: fc.constant("IN"), addressType: fc.constantFrom("IP4", "IP6"), address: fc.oneof(fc.ipV4(), fc.ipV6()), scope: word },
  { requiredKeys: ["netType", "addressType", "address"] },
);
const bandwidths = fc.array(fc.record({ type: fc.constantFrom("AS", "CT", "TIAS"), value: fc.nat().map(String) }), { maxLength: 2 });
const attributes = fc.array(fc.record({ name: word, value: phrase }, { requiredKeys: ["name"] }), { maxLength: 5 });
const media = fc.record(
  {
    type: fc.constantFrom("audio", "video", "image"),
    port: fc.integer({ min: 0, max: 65_535 }),
    portCount: fc.integer({ min: 1, max: 9 }),
    protocol: fc.constantFrom("RTP/AVP", "udptl"),
    formats: fc.array(word, { maxLength: 5 }),
    connection,
    bandwidths,
    attributes,
    others: sorted("iky"),
  },
  { requiredKeys: ["type", "port", "protocol", "formats", "bandwidths", "attributes", "others"] },
);
const description: fc.Arbitrary<SessionDescription> = fc.record(
  {
    origin: fc.record({
      username: word,
      sessionId: fc.nat().map(String),
      sessionVersion: fc.nat().map(String),
      netType: fc.constant("IN"),
      addressType: fc.constantFrom("IP4", "IP6"),
      address: word,
    }),
    sessionName: phrase,
    connection,
    bandwidths,
    times: fc.array(line("tr"), { maxLength: 3 }).map((times) => [{ type: "t", value: "0 0" }, ...times]),
    attributes,
    others: sorted("iuepzky"),
    media: fc.array(media, { maxLength: 3 }),
  },
  { requiredKeys: ["origin", "sessionName", "bandwidths", "times", "attributes", "others", "media"] },
);

describe("parse and write", () => {
  it("write what was read, line for line, when it stood in the order of RFC 8866 §9", () => {
    expect(writeSDP(parseSDP(TYPICAL))).toBe(TYPICAL);
  });

  it("write lines in the order of RFC 8866 §9, whatever order they came in", () => {
    const text = "v=0\na=x\nt=0 0\nc=IN IP4 192.0.2.1\ne=me\ns=-\no=- 1 1 IN IP4 192.0.2.1\nm=audio 4 RTP/AVP 0\na=y\ni=z\n";
    expect(writeSDP(parseSDP(text)).split("\r\n").map((each) => each[0]).join("")).toBe("vosectamia");
  });

  it("give back every description that was written", () => {
    fc.assert(
      fc.property(description, (each) => {
        expect(parseSDP(writeSDP(each))).toEqual(each);
      }),
    );
  });

  it("refuse to write a line break", () => {
    const base = parseSDP(TYPICAL);
    for (const broken of ["x\r\na=inactive", "x\ny", "x\0"]) {
      expect(() => writeSDP({ ...base, sessionName: broken })).toThrow(SDPWriteError);
      expect(() => writeSDP({ ...base, attributes: [{ name: "tool", value: broken }] })).toThrow(SDPWriteError);
    }
  });
});

/** Typical descriptions with pieces cut out, doubled, or replaced by anything. */
const mangled = fc
  .array(fc.tuple(fc.nat(TYPICAL.length), fc.nat(20), fc.oneof(fc.string({ unit: "binary", maxLength: 6 }), word, fc.constant("\r\n"))), {
    maxLength: 8,
  })
  .map((cuts) => cuts.reduce((text, [at, length, put]) => text.slice(0, at) + put + text.slice(at + length), TYPICAL));

describe("whatever comes in", () => {
  it.each([
    ["any text", fc.string({ unit: "binary", maxLength: 300 })],
    ["any lines", fc.array(fc.tuple(fc.constantFrom(..."voscbtramxk".split("")), fc.string({ maxLength: 30 }))).map(joinLines)],
    ["a mangled description", mangled],
  ])("%s is read or is an SDPParseError, and what was read stays the same when written and read again", (_, texts) => {
    fc.assert(
      fc.property(texts, (text) => {
        const read = readOrRefuse(text);
        if (read !== undefined) expect(parseSDP(writeSDP(read))).toEqual(read);
      }),
      { numRuns: 1000 },
    );
  });
});

function joinLines(parts: [string, string][]): string {
  return `v=0\n${parts.map(([type, value]) => `${type}=${value}`).join("\n")}`;
}

function readOrRefuse(text: string): SessionDescription | undefined {
  try {
    return parseSDP(text);
  } catch (error) {
    expect(error).toBeInstanceOf(SDPParseError);
    return undefined;
  }
}
