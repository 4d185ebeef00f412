import { describe, expect, it } from "vitest";
import { SIPHeaderError, SIPParseError } from "../../../ts/sip/errors.ts";
import { OtherURI, parseURI, SIPURI, TelURI } from "../../../ts/sip/message/index.ts";

describe("SIP URIs", () => {
  it("come apart into their parts", () => {
    const uri = SIPURI.parse("sips:al%69ce:p%40ss@[2001:DB8::1]:5071;transport=tcp;lr;x=%41?Subject=a%20b&priority=urgent");
    expect(uri).toMatchObject({ scheme: "sips", user: "alice", password: "p@ss", host: "2001:DB8::1", port: 5071 });
    expect([...uri.params]).toEqual([
      ["transport", "tcp"],
      ["lr", true],
      ["x", "A"],
    ]);
    expect([...uri.headers]).toEqual([
      ["Subject", "a b"],
      ["priority", "urgent"],
    ]);
  });

  it("keep in the user part unescaped what RFC 3261 §25 allows there, and escape the rest", () => {
    const user = "-_.!~*'()&=+$,;?/";
    expect(String(new SIPURI({ user, host: "h" }))).toBe(`sip:${user}@h`);
    expect(String(new SIPURI({ user: '*21#:@"<> é', host: "h" }))).toBe("sip:*21%23%3A%40%22%3C%3E%20%C3%A9@h");
    expect(SIPURI.parse("sip:*21#@h").user).toBe("*21#");
  });

  it("are written as they came until they are changed", () => {
    const text = "sip:%61@H.example.com:05060;A=%62;c";
    const uri = SIPURI.parse(text);
    expect(String(uri)).toBe(text);
    uri.params.set("a", "new");
    expect(String(uri)).toBe("sip:%61@H.example.com:5060;A=new;c");
    expect(String(uri.with({ user: undefined, port: undefined }))).toBe("sip:H.example.com;A=new;c");
  });

  it("lose their headers and method on the way into a request line", () => {
    expect(String(SIPURI.parse("sip:a@b;method=INVITE;lr?Subject=x").forRequest())).toBe("sip:a@b;lr");
  });

  it.each([
    "sip:",
    "sip:@h",
    "sip:a@",
    "sip:a b@h",
    "sip:a@h:",
    "sip:a@h:65536",
    "sip:a@h:x",
    "sip:a@h;",
    "sip:a@h;=x",
    "sip:a@h?x",
    "sip:a@h?=x",
    "sip:a@h x",
    "sip:a@b@c",
    "sip:a%4@h",
    "sip:a%zz@h",
    "sip:a@[::1",
    "sip:a@[1::2::3]",
    "sip:a@[12345::]",
    "sip:a@[1:2:3:4:5:6:7:8:9]",
    "sip:a@::1",
    "sip:<a@h>",
    "tel:",
    "tel:abc xyz",
    "tel:+1;",
    "1a:b",
    ":b",
    "x:",
    "http://a b",
    "nothing",
  ])("are refused: %s", (text) => {
    expect(() => parseURI(text)).toThrow(SIPParseError);
  });

  it.each([
    "::",
    "::1",
    "1::",
    "1:2:3:4:5:6:7:8",
    "1:2:3:4:5:6:192.0.2.1",
    "::ffff:192.0.2.1",
    "2001:db8::192.0.2.1",
    "1::8",
    "1:2:3:4:5:6:7::",
  ])("hold the IPv6 address %s", (address) => expect(SIPURI.parse(`sip:[${address}]`).host).toBe(address));

  it.each(["192.0.2.1::", "::192.0.2.256", "1:2", ":1::", "1:::2", ":::1", "::1:", "1.2.3.4", "::1.2.3", "1:2:3:4:5:6:7:192.0.2.1"])(
    "do not hold %s, which is no IPv6 address",
    (address) => expect(() => SIPURI.parse(`sip:[${address}]`)).toThrow(SIPParseError),
  );

  it("cannot be made of parts that break the line or name no host", () => {
    expect(() => new SIPURI({ user: "a\r\nVia: x", host: "h" })).toThrow(SIPHeaderError);
    expect(() => new SIPURI({ host: "h\r\nVia: x" })).toThrow(SIPHeaderError);
    expect(() => new SIPURI({ host: "" })).toThrow(SIPHeaderError);
    expect(() => new SIPURI({ host: "h", port: 70_000 })).toThrow(SIPHeaderError);
    expect(() => new SIPURI({ host: "h", params: { x: "a\nb" } })).toThrow(SIPHeaderError);
    expect(() => new TelURI({ number: "+1\r\n" })).toThrow(SIPHeaderError);
  });
});

describe("RFC 3261 §19.1.4: URIs that are equal", () => {
  it.each([
    ["sip:%61lice@atlanta.com;transport=TCP", "sip:alice@AtLanTa.CoM;Transport=tcp"],
    ["sip:carol@chicago.com", "sip:carol@chicago.com;newparam=5"],
    ["sip:carol@chicago.com;security=on", "sip:carol@chicago.com;newparam=5"],
    [
      "sip:biloxi.com;transport=tcp;method=REGISTER?to=sip:bob%40biloxi.com",
      "sip:biloxi.com;method=REGISTER;transport=tcp?to=sip:bob%40biloxi.com",
    ],
    ["sip:alice@atlanta.com?subject=project%20x&priority=urgent", "sip:alice@atlanta.com?priority=urgent&subject=project%20x"],
    ["sip:a@[::1]", "sip:a@[0:0:0:0:0:0:0:1]"],
    ["tel:+1-201-555-0123", "tel:+12015550123"],
  ])("%s and %s", (a, b) => {
    expect(parseURI(a).equals(parseURI(b))).toBe(true);
    expect(parseURI(b).equals(parseURI(a))).toBe(true);
  });
});

describe("RFC 3261 §19.1.4: URIs that are not equal", () => {
  it.each([
    ["SIP:ALICE@AtLanTa.CoM;Transport=udp", "sip:alice@AtLanTa.CoM;Transport=UDP"],
    ["sip:bob@biloxi.com", "sip:bob@biloxi.com:5060"],
    ["sip:bob@biloxi.com", "sip:bob@biloxi.com;transport=udp"],
    ["sip:bob@biloxi.com", "sip:bob@biloxi.com:6000;transport=tcp"],
    ["sip:carol@chicago.com", "sip:carol@chicago.com?Subject=next%20meeting"],
    ["sip:bob@phone21.boxesbybob.com", "sip:bob@192.0.2.4"],
    ["sip:carol@chicago.com;security=on", "sip:carol@chicago.com;security=off"],
    ["sip:a@h", "sips:a@h"],
    ["sip:a%2Bb@h", "sip:a+b@h"],
    ["sip:a@h", "sip:a:@h"],
    ["sip:a@h", "tel:+1"],
    ["tel:1;phone-context=a.com", "tel:1"],
    ["http://a", "http://b"],
  ])("%s and %s", (a, b) => {
    expect(parseURI(a).equals(parseURI(b))).toBe(false);
    expect(parseURI(b).equals(parseURI(a))).toBe(false);
  });
});

describe("other URIs", () => {
  it("tel: numbers with their separators and parameters", () => {
    const uri = parseURI("TEL:7042;phone-context=example.com");
    expect(uri).toBeInstanceOf(TelURI);
    expect(uri).toMatchObject({ scheme: "tel", number: "7042", isGlobal: false });
    expect(TelURI.parse("tel:+1-(201).555").digits).toBe("+1201555");
    expect(String(uri)).toBe("tel:7042;phone-context=example.com");
  });

  it("anything else stays as it came", () => {
    const uri = parseURI("urn:service:sos");
    expect(uri).toBeInstanceOf(OtherURI);
    expect(uri).toMatchObject({ scheme: "urn", opaque: "service:sos" });
    expect(String(uri)).toBe("urn:service:sos");
  });
});
