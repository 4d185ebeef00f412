import { readdirSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { SIPParseError } from "../../../ts/sip/errors.ts";
import { bodyOfType, parseMessage, redact, type SIPMessage, SIPResponse, StreamParser } from "../../../ts/sip/message/index.ts";
import { request } from "./arbitraries.ts";
import { vector } from "./vectors.ts";

const seeds = (["rfc4475", "rfc5118"] as const).flatMap((rfc) =>
  readdirSync(new URL(`../../vectors/sip/${rfc}/`, import.meta.url))
    .filter((name) => name.endsWith(".dat"))
    .map((name) => vector(rfc, name.slice(0, -4))),
);

/** Everything that a layer above may ask of a message. */
function useAll(message: SIPMessage): void {
  void [message.via, message.vias, message.from.tag, message.to.tag, message.callId, message.cseq, message.contacts, message.contact];
  void [message.routes, message.recordRoutes, message.contentType, message.expires, message.maxForwards, message.date, message.bodyText];
  void [message.authentication, message.status, message.heading, message.summary(), bodyOfType(message, "application/sdp")];
  for (const { uri } of [message.from, message.to, ...message.contacts, ...message.routes])
    void [String(uri), uri.clone(), uri.equals(message.to.uri)];
  for (const via of message.vias) void [via.received, via.rport, via.sentBy, via.maddr, String(via)];
  message.headers.set("X-Changed", 1);
  message.toBytes();
}

function feed(bytes: Uint8Array): void {
  try {
    const message = parseMessage(bytes);
    useAll(message);
    if ("uri" in message) SIPResponse.to(message, 400).toBytes();
  } catch (error) {
    if (!(error instanceof SIPParseError)) throw error;
    if (error.request !== undefined) SIPResponse.to(error.request, error.status).toBytes();
  }
  for (const item of new StreamParser().push(bytes)) if (item.type === "message") useAll(item.message);
}

/** The text over and over, up to a length. */
const fill = (text: string, total = 64_000) => text.repeat(Math.floor(total / text.length));

describe("hostile input", () => {
  it("garbage is refused with a SIPParseError, or read; nothing else is thrown", () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), feed), { numRuns: 500 });
    fc.assert(
      fc.property(fc.string({ maxLength: 300 }), (text) => feed(Buffer.from(`OPTIONS sip:a SIP/2.0\r\n${text}\r\n\r\n`))),
      { numRuns: 500 },
    );
  });

  it("torture messages with bytes changed, removed, doubled or inserted", () => {
    const separator = fc.constantFrom(...Buffer.from('\r\n\t ;,:<>"\\@%=[]?*')).map((code) => Uint8Array.of(code));
    const edit = fc.record({ at: fc.nat(4000), remove: fc.nat(8), insert: fc.oneof(fc.uint8Array({ maxLength: 4 }), separator) });
    fc.assert(
      fc.property(fc.constantFrom(...seeds), fc.array(edit, { minLength: 1, maxLength: 4 }), (seed, edits) => {
        let bytes: Buffer = Buffer.from(seed);
        for (const { at, remove, insert } of edits) {
          const from = at % (bytes.length + 1);
          bytes = Buffer.concat([bytes.subarray(0, from), insert, bytes.subarray(from + remove)]);
        }
        feed(bytes);
      }),
      { numRuns: 3000 },
    );
  });

  it("generated messages with one byte changed", () => {
    fc.assert(
      fc.property(request, fc.nat(), fc.nat(255), (message, at, byte) => {
        const bytes = Buffer.from(message.toBytes());
        bytes[at % bytes.length] = byte;
        feed(bytes);
      }),
      { numRuns: 1000 },
    );
  });
});

describe("the largest datagram is read in time that grows with its length, not with its square", () => {
  const head =
    "INVITE sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:a@b>\r\nCall-ID: 1\r\nCSeq: 1 INVITE\r\n";
  it.each([
    ["folds", `${head}Subject: ${fill("\r\n a")}\r\n\r\n`],
    ["blank folds", `${head}Subject:${fill("\r\n ")}\r\n\r\n`],
    ["spaces", `${head}Subject: ${fill(" ")}x\r\n\r\n`],
    ["spaces before the colon", `${head}Subject${fill(" ")}: x\r\n\r\n`],
    ["tiny headers", `${head}${fill("a:\r\n")}\r\n`],
    ["lines that look like lengths", `${head}${fill("l\r\n")}\r\n`],
    ["commas", `${head}Contact: ${fill(",")}\r\n\r\n`],
    ["Vias in one line", `${head}Via: ${fill("SIP/2.0/UDP h,").slice(0, -1)}\r\n\r\n`],
    ["open quotes", `${head}Contact: ${fill('"')}\r\n\r\n`],
    ["backslashes", `${head}Contact: "${fill("\\")}\r\n\r\n`],
    ["open brackets", `${head}Contact: ${fill("<")}\r\n\r\n`],
    ["closed brackets", `${head}Contact: <sip:a@b>${fill(">")}\r\n\r\n`],
    ["parameters", `${head}Contact: <sip:a@b>${fill(";a")}\r\n\r\n`],
    ["URI parameters", `${head}Contact: <sip:a@b${fill(";a")}>\r\n\r\n`],
    ["URI headers", `${head}Contact: <sip:a@b?${fill("a=b&").slice(0, -1)}>\r\n\r\n`],
    ["escapes", `${head}Contact: <sip:${fill("%FF")}@b>\r\n\r\n`],
    ["at signs", `${head}Contact: <sip:${fill("@")}>\r\n\r\n`],
    ["colons", `${head}Contact: <sip:${fill(":")}>\r\n\r\n`],
    ["challenges", `${head}Authorization: ${fill("Digest a=b, ")}\r\n\r\n`],
    ["multipart", `${head}Content-Type: multipart/mixed;boundary=a\r\n\r\n${fill("--a\r\n")}`],
    ["half boundaries", `${head}Content-Type: multipart/mixed;boundary=${"-".repeat(70)}\r\n\r\n${fill("-", 60_000)}`],
    ["long names", `${head}${fill("a")}: b\r\n\r\n`],
    ["passwords", `${head}Subject: ${fill("sip:a:b@")}\r\n\r\n`],
  ])("%s", (_name, text) => {
    const bytes = Buffer.from(text, "latin1");
    feed(bytes);
    // This process's own time: others on the machine do not count. Linear work takes a few milliseconds of it; 64,000 squared takes many seconds.
    const start = process.cpuUsage();
    feed(bytes);
    redact(text);
    const { user, system } = process.cpuUsage(start);
    expect((user + system) / 1000).toBeLessThan(3_000);
  });
});
