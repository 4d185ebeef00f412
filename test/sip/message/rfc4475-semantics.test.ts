import { describe, expect, it } from "vitest";
import { SIPResponse, SIPURI, StreamParser } from "../../../ts/sip/message/index.ts";
import { refusal, request, response, vector } from "./vectors.ts";

const get = (name: string) => request("rfc4475", name);

describe("RFC 4475 §3.2 to §3.4: what the layers above need to see", () => {
  it("§3.2.1 badbranch: a branch that is only the cookie", () => {
    expect(get("badbranch").via.branch).toBe("z9hG4bK");
  });

  it("§3.3.1 insuf: Call-ID, From and To are missing; what is there goes into the 400", () => {
    const error = refusal(vector("rfc4475", "insuf"));
    expect(error.status).toBe(400);
    if (error.request === undefined) throw new Error("cannot be answered");
    const answer = SIPResponse.to(error.request, error.status);
    expect([...answer.headers].map(([name]) => name)).toEqual(["Via", "CSeq"]);
  });

  it("§3.3.2 unkscm: an unknown scheme in the Request-URI is the user agent's 416", () => {
    expect(get("unkscm").uri).toMatchObject({ scheme: "nobodyknowsthisscheme", opaque: "totallyopaquecontent" });
  });

  it("§3.3.3 novelsc: a known scheme that is none of SIP's", () => {
    expect(get("novelsc").uri).toMatchObject({ scheme: "soap.beep", opaque: "//192.0.2.103:3002" });
  });

  it("§3.3.4 unksm2: unknown schemes in To, From and Contact", () => {
    const register = get("unksm2");
    expect([register.to, register.from, register.contacts[0]].map((address) => String(address?.uri))).toEqual([
      "isbn:2983792873",
      "http://www.example.com",
      "name:John_Smith",
    ]);
  });

  it("§3.3.5 bext01: Require and Proxy-Require, for the 420", () => {
    const options = get("bext01");
    expect(options.headers.getAll("Require")).toEqual(["nothingSupportsThis", "nothingSupportsThisEither"]);
    expect(options.headers.getAll("Proxy-Require")).toEqual(["noProxiesSupportThis", "norDoAnyProxiesSupportThis"]);
  });

  it("§3.3.6 invut: an unknown content type, for the 415", () => {
    expect(get("invut").contentType).toBe("application/unknownformat");
  });

  it("§3.3.7 regaut01: an unknown authorization scheme is as good as none", () => {
    expect(get("regaut01").authentication).toBeUndefined();
  });

  it("§3.3.8 multi01: two values where one may be", () => {
    expect(refusal(vector("rfc4475", "multi01")).status).toBe(400);
  });

  it("§3.3.9 mcl01: two Content-Lengths that differ; a stream cannot go on", () => {
    expect(refusal(vector("rfc4475", "mcl01")).status).toBe(400);
    expect(new StreamParser().push(vector("rfc4475", "mcl01"))).toMatchObject([{ type: "fatal", error: { status: 400 } }]);
  });

  it("§3.3.10 bcast: a response whose second Via is a broadcast address", () => {
    expect(response("rfc4475", "bcast").vias.map((via) => via.host)).toEqual(["192.0.2.198", "255.255.255.255"]);
  });

  it("§3.3.11 zeromf: Max-Forwards 0 is legal at an endpoint", () => {
    expect(get("zeromf").maxForwards).toBe(0);
  });

  it("§3.3.12 cparam01: without <>, a parameter is the Contact's", () => {
    const [contact] = get("cparam01").contacts;
    expect(contact?.params.has("unknownparam")).toBe(true);
    expect(String(contact?.uri)).toBe("sip:+19725552222@gw1.example.net");
  });

  it("§3.3.13 cparam02: inside <>, a parameter is the URI's", () => {
    const [contact] = get("cparam02").contacts;
    expect(contact?.params.size).toBe(0);
    expect(contact?.uri instanceof SIPURI && contact.uri.params.has("unknownparam")).toBe(true);
  });

  it("§3.3.14 regescrt: a Contact with a header in its URI", () => {
    const uri = get("regescrt").contact?.uri;
    expect(uri instanceof SIPURI && [...uri.headers]).toEqual([["Route", "<sip:sip.example.com>"]]);
  });

  it("§3.3.15 sdp01: an Accept that excludes SDP, for the 406", () => {
    expect(get("sdp01").headers.getAll("Accept")).toEqual(["text/nobodyKnowsThis"]);
  });

  it("§3.4.1 inv2543: an INVITE of RFC 2543: no branch, no From tag, no Max-Forwards, no Content-Length", () => {
    const invite = get("inv2543");
    expect(invite.via.branch).toBeUndefined();
    expect(invite.from.tag).toBeUndefined();
    expect(invite.maxForwards).toBeUndefined();
    expect(invite.to.params.get("user")).toBe("phone");
    expect(invite.recordRoutes[0]?.uri instanceof SIPURI && invite.recordRoutes[0].uri.params.get("maddr")).toBe("ss1.example.com");
    expect(invite.bodyText).toMatch(/^v=0\r\n/);
  });
});
