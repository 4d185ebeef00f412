import { describe, expect, it } from "vitest";
import { SIPParseError } from "../../../ts/sip/errors.ts";
import { bodyOfType, parseMultipart, SIPRequest } from "../../../ts/sip/message/index.ts";

const body = [
  "a preamble",
  "--b1",
  "",
  "no headers",
  "--b1  ",
  "CONTENT-type: application/sdp",
  "X: folded",
  " value",
  "",
  "v=0",
  "--b1x is no boundary",
  "--b1--",
  "an epilogue",
].join("\r\n");

describe("multipart bodies", () => {
  it("come apart at their boundaries", () => {
    const parts = parseMultipart(Buffer.from(body), 'multipart/mixed; boundary="b1"');
    expect(parts.map((part) => [part.contentType, Buffer.from(part.body).toString()])).toEqual([
      ["text/plain", "no headers"],
      ["application/sdp", "v=0\r\n--b1x is no boundary"],
    ]);
    expect(parts[1]?.headers.get("x")).toBe("folded value");
  });

  it("give up the SDP inside, nested ones too", () => {
    const nested = `--o\r\nContent-Type: multipart/alternative;boundary=b1\r\n\r\n${body}\r\n--o--`;
    for (const [type, text] of [
      ["multipart/mixed;boundary=b1", body],
      ["multipart/mixed;boundary=o", nested],
      ["Application/SDP;charset=x", "v=0\r\n--b1x is no boundary"],
    ] as const) {
      const request = SIPRequest.create({ method: "INVITE", uri: "sip:a@h", headers: [["Content-Type", type]], body: text });
      expect(Buffer.from(bodyOfType(request, "application/sdp") ?? []).toString()).toBe("v=0\r\n--b1x is no boundary");
      expect(bodyOfType(request, "image/png")).toBeUndefined();
    }
    expect(bodyOfType(SIPRequest.create({ method: "INVITE", uri: "sip:a@h", body: "v=0" }), "application/sdp")).toBeUndefined();
  });

  it.each([
    ["multipart/mixed", body],
    ["multipart/mixed;boundary=other", body],
    ["multipart/mixed;boundary=b1", "--b1\r\n\r\nno end"],
    ["multipart/mixed;boundary=b1", "--b1\r\nnonsense\r\n\r\nx\r\n--b1--"],
    ["multipart/mixed;boundary=b1", `${"--b1\r\n".repeat(100)}--b1--`],
  ])("are refused: %s", (type, text) => {
    expect(() => parseMultipart(Buffer.from(text), type)).toThrow(SIPParseError);
  });
});
