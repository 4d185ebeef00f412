import { describe, expect, it } from "vitest";
import { SIPHeaderError, SIPParseError } from "../../../ts/sip/errors.ts";
import { CSeq, NameAddr, parseMessage, parseURI, SIPRequest, SIPResponse, SIPStatus, SIPURI, Via } from "../../../ts/sip/message/index.ts";

const invite = (extra = "") =>
  Buffer.from(
    `INVITE sip:bob@h SIP/2.0\r\nv: SIP/2.0/UDP a;branch=z9hG4bK1;rport, SIP/2.0/UDP b;branch=z9hG4bK2\r\nf:  "A" <sip:a@h>;tag=1\r\nTo: sip:b@h\r\n` +
      `CALL-ID: 1\r\nCSeq: 1 INVITE\r\nRecord-Route: <sip:p;lr>\r\nTimestamp: 54\r\n${extra}Content-Length: 4\r\nSubject: s\r\n\r\nbody`,
  );
const read = (bytes: Uint8Array): SIPRequest => {
  const message = parseMessage(bytes);
  if (!(message instanceof SIPRequest)) throw new Error("no request");
  return message;
};

describe("a received message", () => {
  it("is written byte for byte as it came", () => {
    expect(read(invite()).toBytes()).toEqual(invite());
    expect(read(invite()).raw).toEqual(invite());
  });

  it("is written anew once a header changes, in order, under long names, with the right Content-Length", () => {
    const request = read(invite());
    request.headers.set("Subject", "t");
    request.body = "längere";
    expect(request.toString()).toBe(
      'INVITE sip:bob@h SIP/2.0\r\nVia: SIP/2.0/UDP a;branch=z9hG4bK1;rport, SIP/2.0/UDP b;branch=z9hG4bK2\r\nFrom: "A" <sip:a@h>;tag=1\r\nTo: sip:b@h\r\n' +
        "Call-ID: 1\r\nCSeq: 1 INVITE\r\nRecord-Route: <sip:p;lr>\r\nTimestamp: 54\r\nContent-Length: 8\r\nSubject: t\r\n\r\nlängere",
    );
  });

  it("keeps its body when its headers change", () => {
    const request = read(invite());
    request.headers.set("Subject", "t");
    expect(request.bodyText).toBe("body");
  });

  it("sees a changed header through its typed value", () => {
    const request = read(invite());
    expect(request.from.tag).toBe("1");
    request.headers.set("f", "<sip:c@h>;tag=2");
    expect(request.from.tag).toBe("2");
    request.cseq = new CSeq(7, "INVITE");
    expect(request.cseq.sequence).toBe(7);
    request.to = new NameAddr({ uri: parseURI("sip:new@h") });
    expect(request.headers.get("To")).toBe("<sip:new@h>");
    request.from = NameAddr.parse("<sip:d@h>;tag=3");
    expect(request.from.tag).toBe("3");
  });

  it("sees a changed parameter of a typed value in its header: rport and received", () => {
    const request = read(invite());
    const { via } = request;
    via.params.set("received", "192.0.2.1");
    via.params.set("rport", 5070);
    expect(request.headers.getAll("Via")).toEqual([
      "SIP/2.0/UDP a;branch=z9hG4bK1;rport=5070;received=192.0.2.1",
      "SIP/2.0/UDP b;branch=z9hG4bK2",
    ]);
    expect(request.via).toBe(via);
    request.to.tag = "9";
    expect(request.headers.get("To")).toBe("<sip:b@h>;tag=9");
    expect(read(request.toBytes()).via).toMatchObject({ received: "192.0.2.1", rport: 5070 });
  });

  it("is not changed by a typed value that it has dropped", () => {
    const request = read(invite());
    const old = request.from;
    request.headers.set("From", "<sip:c@h>;tag=2");
    old.tag = "3";
    expect(request.from.tag).toBe("2");
  });

  it("takes a new top Via by itself or before the others", () => {
    const request = read(invite());
    request.via = new Via({ protocol: "TCP", host: "c" });
    expect(request.vias.map((via) => via.sentBy)).toEqual(["c", "b"]);
    request.headers.prepend("Via", "SIP/2.0/TLS d");
    expect(request.vias.map((via) => via.sentBy)).toEqual(["d", "c", "b"]);
  });

  it("is copied so that the copy changes alone", () => {
    const request = read(invite());
    const copy = request.clone();
    copy.headers.set("Subject", "other");
    copy.uri = parseURI("sip:other@h");
    expect(request.toBytes()).toEqual(invite());
    expect(copy.heading).toBe("INVITE sip:other@h SIP/2.0");
  });

  it("leaves the case of a list header with Contact: *", () => {
    const register = read(invite("Contact: *\r\n"));
    expect(register.contactIsWildcard).toBe(true);
    expect(register.contacts).toEqual([]);
  });

  it("is read as ISO 8859-1 when its headers are no UTF-8", () => {
    expect(read(Buffer.from(invite().toString("latin1").replace('"A"', '"J\xFCrgen"'), "latin1")).from.displayName).toBe("Jürgen");
  });
});

describe("a message made here", () => {
  it("counts its body, and puts Content-Length last unless it has a place", () => {
    const request = SIPRequest.create({ method: "MESSAGE", uri: "sip:a@h", headers: [["Content-Type", "text/plain"]], body: "é" });
    expect(request.toString()).toBe("MESSAGE sip:a@h SIP/2.0\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\né");
  });

  it("lacks what it was not given", () => {
    const request = SIPRequest.create({ method: "MESSAGE", uri: "sip:a@h" });
    expect(() => request.via).toThrow(SIPParseError);
    expect(() => request.from).toThrow(/has no From/);
    expect(request.contact).toBeUndefined();
    expect(request.status).toBe(0);
  });

  it("refuses methods, reasons, statuses, URIs and headers that cannot be written", () => {
    expect(() => SIPRequest.create({ method: "IN VITE", uri: "sip:a@h" })).toThrow(SIPHeaderError);
    expect(() => SIPRequest.create({ method: "INVITE", uri: "sip:a@h\r\nVia: x" })).toThrow(SIPParseError);
    expect(() => SIPRequest.create({ method: "INVITE", uri: "sip:a@h", headers: [["Subject", "a\r\nb"]] })).toThrow(SIPHeaderError);
    expect(() => SIPResponse.create({ status: 200, reason: "OK\r\nVia: x" })).toThrow(SIPHeaderError);
    expect(() => SIPResponse.create({ status: 99 })).toThrow(SIPHeaderError);
    expect(() => SIPResponse.create({ status: 700 })).toThrow(SIPHeaderError);
  });

  it("leaves the headers of its URI out of the request line", () => {
    expect(SIPRequest.create({ method: "INVITE", uri: SIPURI.parse("sip:a@h?Subject=x") }).heading).toBe("INVITE sip:a@h SIP/2.0");
  });
});

describe("a response to a request (RFC 3261 §8.2.6)", () => {
  it("copies Via, From, Call-ID and CSeq, gives To a tag, and carries the route set of a dialog", () => {
    const response = SIPResponse.to(read(invite()), 180, { toTag: "t", headers: [["Contact", "<sip:b@h>"]] });
    expect([...response.headers].map(String)).toEqual([
      "Via,SIP/2.0/UDP a;branch=z9hG4bK1;rport, SIP/2.0/UDP b;branch=z9hG4bK2",
      "Record-Route,<sip:p;lr>",
      'From,"A" <sip:a@h>;tag=1',
      "To,<sip:b@h>;tag=t",
      "Call-ID,1",
      "CSeq,1 INVITE",
      "Contact,<sip:b@h>",
    ]);
    expect(response).toMatchObject({ heading: "SIP/2.0 180 Ringing", statusCode: 180, method: null });
  });

  it("leaves To alone in a 100, and when it has a tag", () => {
    const trying = SIPResponse.to(read(invite()), 100);
    expect(trying.to.tag).toBeUndefined();
    expect(trying.headers.get("Timestamp")).toBe("54");
    const inDialog = read(Buffer.from(invite().toString().replace("sip:b@h\r\n", "sip:b@h;tag=x\r\n")));
    expect(SIPResponse.to(inDialog, 200, { toTag: "t" }).to.tag).toBe("x");
  });

  it("makes up a tag of its own, and leaves the route set out of refusals", () => {
    const response = SIPResponse.to(read(invite()), 486);
    expect(response.to.tag).toMatch(/^[0-9a-f]{16}$/);
    expect(response.headers.has("Record-Route")).toBe(false);
    expect(response.status).toBe(SIPStatus.BUSY_HERE);
  });
});
