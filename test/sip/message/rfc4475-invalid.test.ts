import { describe, expect, it } from "vitest";
import { parseMessage, SIPResponse, StreamParser } from "../../../ts/sip/message/index.ts";
import { refusal, request, vector } from "./vectors.ts";

/** The status of the refusal, once it is sure that the refusal can be sent. */
function answer(name: string): number {
  const error = refusal(vector("rfc4475", name));
  if (error.request === undefined) throw new Error(`${name} cannot be answered`);
  const response = SIPResponse.to(error.request, error.status);
  expect(response.headers.getAll("CSeq")).toEqual(error.request.headers.getAll("CSeq"));
  expect(response.toBytes().length).toBeGreaterThan(0);
  return response.statusCode;
}

describe("RFC 4475 §3.1.2: invalid messages are refused, and the refusal can be sent", () => {
  it("§3.1.2.1 badinv01: separators without anything between them", () => {
    expect(answer("badinv01")).toBe(400);
  });

  it("§3.1.2.2 clerr: Content-Length beyond the datagram", () => {
    expect(answer("clerr")).toBe(400);
  });

  it("§3.1.2.3 ncl: a negative Content-Length, which also ends a stream", () => {
    expect(answer("ncl")).toBe(400);
    expect(new StreamParser().push(vector("rfc4475", "ncl"))).toMatchObject([{ type: "fatal", error: { status: 400 } }]);
  });

  it("§3.1.2.4 scalar02: a CSeq beyond 32 bits", () => {
    expect(answer("scalar02")).toBe(400);
  });

  it("§3.1.2.4 scalar02: too large Max-Forwards and Expires alone count as absent", () => {
    const text = vector("rfc4475", "scalar02").toString("latin1").replace("36893488147419103232", "1");
    const message = parseMessage(Buffer.from(text, "latin1"));
    expect(message.maxForwards).toBeUndefined();
    expect(message.expires).toBeUndefined();
  });

  it("§3.1.2.5 scalarlg: a response with such a CSeq is dropped", () => {
    expect(refusal(vector("rfc4475", "scalarlg")).request).toBeUndefined();
  });

  it("§3.1.2.6 quotbal: a quoted display name without its end", () => {
    expect(answer("quotbal")).toBe(400);
  });

  it("§3.1.2.7 ltgtruri: a Request-URI in <>", () => {
    expect(answer("ltgtruri")).toBe(400);
  });

  it("§3.1.2.8 lwsruri: white space inside the Request-URI", () => {
    expect(answer("lwsruri")).toBe(400);
  });

  it("§3.1.2.9 lwsstart: several spaces between the parts of the request line", () => {
    expect(answer("lwsstart")).toBe(400);
  });

  it("§3.1.2.10 trws: spaces behind the request line", () => {
    expect(answer("trws")).toBe(400);
  });

  it("§3.1.2.11 escruri: headers in the Request-URI", () => {
    expect(answer("escruri")).toBe(400);
  });

  it("§3.1.2.12 baddate: a date that is not in GMT does not count; a call does not fail for it", () => {
    expect(request("rfc4475", "baddate").date).toBeUndefined();
    const text = vector("rfc4475", "baddate").toString("latin1").replace("EST", "GMT");
    expect(parseMessage(Buffer.from(text, "latin1")).date).toEqual(new Date("2010-01-01T16:00:00Z"));
  });

  it("§3.1.2.13 regbadct: a Contact with ? outside <>", () => {
    expect(answer("regbadct")).toBe(400);
  });

  it("§3.1.2.14 badaspec: spaces around the URI in <>", () => {
    expect(answer("badaspec")).toBe(400);
  });

  it("§3.1.2.15 baddn: an unquoted display name with a comma", () => {
    expect(answer("baddn")).toBe(400);
    expect(refusal(vector("rfc4475", "baddn")).message).toMatch(/must be quoted/);
  });

  it("§3.1.2.16 badvers: SIP/7.0", () => {
    expect(answer("badvers")).toBe(505);
  });

  it("§3.1.2.17 mismatch01: a known method that CSeq contradicts", () => {
    expect(answer("mismatch01")).toBe(400);
  });

  it("§3.1.2.18 mismatch02: an unknown method that CSeq contradicts", () => {
    expect(answer("mismatch02")).toBe(501);
  });

  it("§3.1.2.19 bigcode: a response with a status beyond 699 is dropped", () => {
    expect(refusal(vector("rfc4475", "bigcode")).request).toBeUndefined();
  });
});
