import { describe, expect, it } from "vitest";
import { ladderOf } from "../../ts/cli/demo/ladder.ts";
import { page } from "../../ts/cli/demo/page.ts";
import type { DemoReport } from "../../ts/cli/demo/report.ts";
import type { TraceEntry } from "../../ts/index.ts";

const registrar = { address: "127.0.0.1", port: 5060, protocol: "UDP" } as const;
const alice = { address: "127.0.0.1", port: 40_001, protocol: "UDP" } as const;
const bob = { address: "127.0.0.1", port: 40_002, protocol: "UDP" } as const;

function message(heading: string, method: string, ...headers: string[]): Uint8Array {
  const lines = [
    heading,
    "Via: SIP/2.0/UDP 127.0.0.1:40001;branch=z9hG4bK1",
    "From: <sip:alice@127.0.0.1>;tag=a",
    "To: <sip:bob@127.0.0.1>",
    "Call-ID: 1",
    `CSeq: 1 ${method}`,
    "Max-Forwards: 70",
    ...headers,
    "Content-Length: 0",
    "",
    "",
  ];
  return Buffer.from(lines.join("\r\n"));
}

function entry(time: number, direction: "in" | "out", remote: TraceEntry["remote"], bytes: Uint8Array): TraceEntry {
  return { time, direction, local: registrar, remote, bytes };
}

const secret = 'Authorization: Digest username="alice", realm="x", nonce="n0nce", uri="sip:x", response="0123456789abcdef", algorithm=MD5';
const trace = [
  entry(1000, "in", alice, message("REGISTER sip:127.0.0.1 SIP/2.0", "REGISTER", secret)),
  entry(1010, "out", alice, message("SIP/2.0 200 OK", "REGISTER")),
  entry(1020, "in", alice, message("INVITE sip:bob@127.0.0.1 SIP/2.0", "INVITE", 'Subject: <script>alert("hi")</script>')),
  entry(1030, "out", bob, message("INVITE sip:bob@127.0.0.1 SIP/2.0", "INVITE")),
  entry(1040, "in", bob, message("SIP/2.0 180 Ringing", "INVITE")),
  entry(1045, "in", bob, message("SIP/2.0 180 Ringing", "INVITE")),
  entry(1050, "out", alice, message("SIP/2.0 486 Busy Here", "INVITE")),
  entry(1060, "in", alice, message("REGISTER sip:127.0.0.1 SIP/2.0", "REGISTER")),
];

function report(changes: Partial<DemoReport> = {}): DemoReport {
  return {
    version: "1.2.3",
    engine: { engine: "typescript", machine: "linux-x64-glibc", file: "", refused: ["prebuilds/x.node: <none>"], threadPriority: "" },
    startedAt: new Date(0),
    start: 1000,
    end: 3000,
    messages: ladderOf(trace, alice.port),
    marks: [
      { time: 1200, lane: 0, text: "RTP: Alice speaks" },
      { time: 1500, lane: 0, text: "RTP: digit 1", digit: "1" },
      { time: 1510, lane: 0, text: "RTP: digit #", digit: "#" },
    ],
    directions: [
      {
        speaker: "Alice",
        listener: "Bob",
        heard: [
          { time: 1200, level: -20, jitter: 0.5, playoutDelay: 20 },
          { time: 1300, level: -96, jitter: 1.5, playoutDelay: 20 },
        ],
        samples: Int16Array.of(1, -2, 3),
        correlation: 0.9991,
        shifts: 0,
      },
    ],
    digitsSent: "1#",
    digitsHeard: "1#",
    ...changes,
  };
}

describe("the ladder", () => {
  it("has each message between its lanes, with its name", () => {
    expect(ladderOf(trace, alice.port).map(({ from, to, name }) => `${from}${to} ${name}`)).toEqual([
      "01 REGISTER",
      "10 200 OK",
      "01 INVITE",
      "12 INVITE",
      "21 180 Ringing",
      "21 180 Ringing",
      "10 486 Busy Here",
      "01 REGISTER",
    ]);
  });

  it("notices what was sent again", () => {
    expect(ladderOf(trace, alice.port).map(({ repeated }) => repeated)).toEqual([false, false, false, false, false, true, false, false]);
  });

  it("shows no credentials", () => {
    const [register] = ladderOf(trace, alice.port);
    expect(register?.text).toContain("Authorization: Digest");
    expect(register?.text).not.toMatch(/0123456789abcdef|n0nce/);
  });
});

describe("the page", () => {
  const html = page(report());

  it("needs nothing else: no script, no address to load from", () => {
    expect(html).not.toMatch(/<script|<link|<img|@import|url\(|src="(?!data:)|href=/i);
  });

  it("shows text as text, whatever a message holds", () => {
    expect(html).toContain("&lt;script&gt;alert(&quot;hi&quot;)&lt;/script&gt;");
    expect(html).toContain("&lt;none&gt;");
  });

  it("tells the story in its chapters", () => {
    expect([...html.matchAll(/<h3>(.*?)<\/h3>/g)].map((match) => match[1])).toEqual(["Registration", "The call", "Taking leave"]);
  });

  it("closes every element that it opens", () => {
    const unpaired = new Set(["meta", "br", "path"]);
    const open: string[] = [];
    for (const [, closing, name, rest] of html.matchAll(/<(\/?)([a-z][a-z0-9]*)([^>]*)>/g)) {
      if (name === undefined || unpaired.has(name) || rest?.endsWith("/") === true) continue;
      if (closing === "/") expect(open.pop()).toBe(name);
      else open.push(name);
    }
    expect(open).toEqual([]);
  });

  it("plots levels and jitter where they belong, and joins the words of marks that are close", () => {
    const [levels, jitter] = [...html.matchAll(/<path class="line alice" d="([^"]*)"/g)].map((match) => match[1]);
    // 0.2 s of 2 s at -20 of -70 to 0 dBov; then silence, at the bottom.
    expect(levels).toBe("M100.0 85.7L150.0 300.0");
    // 0.5 and 1.5 of 0 to 2 ms.
    expect(jitter).toBe("M100.0 225.0L150.0 75.0");
    expect(html).toContain(">1 #</span>");
  });

  it("holds the sound itself", () => {
    const [, base64 = ""] = /src="data:audio\/wav;base64,([^"]+)"/.exec(html) ?? [];
    const wav = Buffer.from(base64, "base64");
    expect(wav.toString("latin1", 0, 4)).toBe("RIFF");
    expect([wav.readInt16LE(44), wav.readInt16LE(46), wav.readInt16LE(48)]).toEqual([1, -2, 3]);
  });

  it("says why it failed, and leaves out what there is not", () => {
    const failed = page(report({ failure: "Bob's phone & mine", directions: [], messages: [], marks: [] }));
    expect(failed).toContain("Failed: Bob&#39;s phone &amp; mine");
    expect(failed).not.toContain("<figure");
    expect(failed).not.toContain("NaN");
  });
});
