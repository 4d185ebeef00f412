import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type StreamItem, StreamParser } from "../../../ts/sip/message/index.ts";
import { request } from "./arbitraries.ts";
import { vector } from "./vectors.ts";

const options = (extra = "Content-Length: 0\r\n", body = "") =>
  Buffer.from(
    `OPTIONS sip:a@b SIP/2.0\r\nVia: SIP/2.0/TCP h;branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:a@b>\r\nCall-ID: 1\r\nCSeq: 1 OPTIONS\r\n${extra}\r\n${body}`,
  );

function summary(items: StreamItem[]): string[] {
  return items.map((item) => {
    if (item.type === "message" || item.type === "invalid") return `${item.type} ${Buffer.from(item.bytes).toString("latin1")}`;
    return item.type === "fatal" ? `fatal ${item.error.message}` : item.type;
  });
}

/** The stream pushed in pieces of the given lengths, over and over. */
function pushed(bytes: Uint8Array, lengths: number[], parser = new StreamParser()): string[] {
  const items: StreamItem[] = [];
  for (let at = 0, i = 0; at < bytes.length; i++) {
    const length = lengths[i % lengths.length] ?? 1;
    items.push(...parser.push(bytes.subarray(at, at + length)));
    at += length;
  }
  return summary(items);
}

describe("a stream of messages", () => {
  it("gives the same items, however its bytes are split", () => {
    const piece = fc.oneof(
      request.map((message) => Buffer.from(message.toBytes())),
      fc.constant(Buffer.from("\r\n\r\n")),
      fc.constant(Buffer.from("\r\n")),
      fc.constant(options("Content-Length: 3\r\n", "abc")),
      fc.constant(Buffer.from("rubbish: x\r\nl: 0\r\n\r\n")),
      fc.constant(options("")),
      fc.constant(vector("rfc4475", "trws")),
    );
    const splits = fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 10 });
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 6 }), splits, (pieces, lengths) => {
        const bytes = Buffer.concat(pieces);
        expect(pushed(bytes, lengths)).toEqual(summary(new StreamParser().push(bytes)));
        expect(pushed(bytes, [1])).toEqual(summary(new StreamParser().push(bytes)));
      }),
    );
  });

  it("gives the same items at its limits, however its bytes are split", () => {
    const head = options("l: 4\r\n").length - 4;
    for (const slack of [-1, 0, 1]) {
      const limits = { maxHeadSize: head + slack, maxSize: 1000 };
      const bytes = options("l: 4\r\n", "body");
      const whole = summary(new StreamParser(limits).push(bytes));
      expect(whole[0]?.slice(0, 5)).toBe(slack < 0 ? "fatal" : "messa");
      for (const length of [1, 2, 3, head, head + 1, head + 2, head + 3])
        expect(pushed(bytes, [length], new StreamParser(limits))).toEqual(whole);
    }
  });

  it("reports a double line end as a ping, a single one as a pong (RFC 5626 §4.4.1)", () => {
    const parser = new StreamParser();
    expect(parser.push(Buffer.from("\r\n\r\n")).map(({ type }) => type)).toEqual(["pong", "ping"]);
    expect(parser.push(Buffer.from("\r")).map(({ type }) => type)).toEqual([]);
    expect(parser.push(Buffer.from("\n")).map(({ type }) => type)).toEqual(["pong"]);
    expect(parser.push(options()).map(({ type }) => type)).toEqual(["message"]);
    expect(parser.push(Buffer.from("\r\n")).map(({ type }) => type)).toEqual(["pong"]);
    expect(parser.pending).toBe(0);
  });

  it("goes on behind a message that is whole but not valid", () => {
    const items = new StreamParser().push(Buffer.concat([Buffer.from("nonsense\r\nl: 2\r\n\r\nab"), options()]));
    expect(items.map(({ type }) => type)).toEqual(["invalid", "message"]);
  });

  it.each([
    ["no Content-Length", "", 400],
    ["a Content-Length that is no number", "Content-Length: 1x\r\n", 400],
    ["an empty Content-Length", "Content-Length:\r\n", 400],
    ["two that differ", "Content-Length: 1\r\nl: 2\r\n", 400],
    ["one that goes on in a fold", "Content-Length: 1\r\n 2\r\n", 400],
    ["more than the limit", "Content-Length: 2000000\r\n", 513],
    ["far more than any number", `Content-Length: ${"9".repeat(400)}\r\n`, 400],
  ])("cannot go on after %s, and keeps what came before", (_name, extra, status) => {
    const parser = new StreamParser();
    const items = parser.push(Buffer.concat([options(), options(extra), options()]));
    expect(items.map(({ type }) => type)).toEqual(["message", "fatal"]);
    expect(items[1]).toMatchObject({ error: { status } });
    expect(parser.failure?.status).toBe(status);
    expect(parser.push(options())).toEqual([]);
  });

  it("knows Content-Length in its compact form, in any case, with spaces and folded", () => {
    for (const extra of ["l: 2\r\n", "L : 2\r\n", "CONTENT-length:2 \r\n", "Content-Length:\r\n 2\r\n", "l: 2\r\nContent-Length: 2\r\n"])
      expect(summary(new StreamParser().push(options(extra, "ab")))[0]).toMatch(/^message [^]*ab$/);
  });

  it("ends when headers do not end within the limit", () => {
    const parser = new StreamParser({ maxHeadSize: 1000 });
    let fatal = 0;
    for (let i = 0; i < 2000; i++) fatal += parser.push(Buffer.from("x")).filter(({ type }) => type === "fatal").length;
    expect(fatal).toBe(1);
    expect(parser.pending).toBe(0);
  });

  it("does not change what it gave when its input buffer is used again", () => {
    const bytes = Buffer.from(options("l: 3\r\n", "abc"));
    const [item] = new StreamParser().push(bytes);
    bytes.fill(0);
    expect(item?.type === "message" && item.message.bodyText).toBe("abc");
  });
});
