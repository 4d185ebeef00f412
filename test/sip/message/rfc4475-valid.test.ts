import { describe, expect, it } from "vitest";
import { bodyOfType, parseMultipart, SIPURI } from "../../../ts/sip/message/index.ts";
import { request, response, vector } from "./vectors.ts";

const get = (name: string) => request("rfc4475", name);

describe("RFC 4475 §3.1.1: valid messages are understood", () => {
  it("§3.1.1.1 wsinv: folds, odd white space, escapes, compact forms, empty values", () => {
    const invite = get("wsinv");
    expect(String(invite.uri)).toBe("sip:vivekg@chair-dnrc.example.com;unknownparam");
    expect(invite.uri instanceof SIPURI && invite.uri.params.get("unknownparam")).toBe(true);
    expect(invite.to.tag).toBe("1918181833n");
    expect(invite.from.displayName).toBe('J Rosenberg \\"');
    expect(invite.from.tag).toBe("98asjd8");
    expect(invite.maxForwards).toBe(68);
    expect(invite.cseq).toMatchObject({ sequence: 9, method: "INVITE" });
    expect(invite.headers.get("Subject")).toBe("");
    expect(invite.headers.get("newfangledheader")).toBe("newfangled value continued newfangled value");
    expect(invite.headers.get("UnknownHeaderWithUnusualValue")).toBe(";;,,;;,;");
    expect(invite.vias.map((via) => [via.protocol, via.sentBy, via.branch])).toEqual([
      ["UDP", "192.0.2.2", "390skdjuw"],
      ["TCP", "spindle.example.com", "z9hG4bK9ikj8"],
      ["UDP", "192.168.255.111", "z9hG4bK30239"],
    ]);
    expect(invite.contact?.displayName).toBe('Quoted string ""');
    expect(Object.fromEntries(invite.contact?.params ?? [])).toEqual({ newparam: "newvalue", secondparam: true, q: "0.33" });
    const route = invite.routes[0]?.uri;
    expect(route instanceof SIPURI && [...route.params]).toEqual([
      ["lr", true],
      ["unknownwith", "value"],
      ["unknown-no-value", true],
    ]);
    expect(invite.body).toHaveLength(150);
  });

  it("§3.1.1.2 intmeth: every character the grammar allows, NUL and UTF-8 included", () => {
    const message = get("intmeth");
    expect(message.method).toBe("!interesting-Method0123456789_*+`.%indeed'~");
    expect(message.cseq).toMatchObject({ sequence: 139_122_385, method: message.method });
    expect(message.uri).toMatchObject({
      user: "1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*",
      password: "&it+has=1,weird!*pas$wo~d_too.(doesn't-it)",
      host: "example.com",
    });
    expect(message.to.displayName).toBe("BEL:\u0007 NUL:\0 DEL:\u007F");
    expect(message.from.displayName).toBe("token1~` token2'+_ token3*%!.-");
    expect(message.from.params.get("fromParam''~+*_!.-%")).toBe("работающий");
    expect(message.from.tag).toBe("_token~1'+`*%!-.");
    expect(message.via.branch).toBe("z9hG4bK-.!%66*_+`'~");
    expect(message.callId).toBe("intmeth.word%ZK-!.*_+'@word`~)(><:\\/\"][?}{");
    expect(message.headers.get("extensionHeader-!.%*+_`'~")).toBe("\uFEFF大停電");
    expect(message.maxForwards).toBe(255);
  });

  it("§3.1.1.3 esc01: escapes in URIs are undone once, and stay when written", () => {
    const invite = get("esc01");
    expect(invite.uri).toMatchObject({ scheme: "sip", user: "sips:user@example.com", host: "example.net" });
    expect(invite.to.uri).toMatchObject({ user: "user", host: "example.com" });
    expect(invite.from.uri).toMatchObject({ user: "I have spaces" });
    const contact = invite.contact?.uri;
    if (!(contact instanceof SIPURI)) throw new Error("no SIP contact");
    expect(contact.user).toBe("caller");
    expect(contact.params.get("lr")).toBe(true);
    expect(contact.params.get("name")).toBe("value%41");
    expect(String(contact)).toBe("sip:cal%6Cer@host5.example.net;%6C%72;n%61me=v%61lue%25%34%31");
  });

  it("§3.1.1.4 escnull: an escaped NUL is a character like others", () => {
    const register = get("escnull");
    expect(register.from.uri).toMatchObject({ user: "null-\0-null" });
    expect(register.contacts.map(({ uri }) => uri instanceof SIPURI && uri.user)).toEqual(["\0", "\0\0"]);
  });

  it("§3.1.1.5 esc02: % is no escape in methods, header names and display names", () => {
    const message = get("esc02");
    expect(message.method).toBe("RE%47IST%45R");
    expect(message.to.displayName).toBe("%Z%45");
    expect(message.headers.get("C%6Fntact")).toBe("<sip:alias2@host2.example.com>");
    expect(message.contacts.map(({ uri }) => String(uri))).toEqual(["sip:alias1@host1.example.com", "sip:alias3@host3.example.com"]);
    expect(message.via.branch).toBe("z9hG4bK209%fzsnel234");
  });

  it("§3.1.1.6 lwsdisp: no white space between display name and <", () => {
    const { from } = get("lwsdisp");
    expect(from.displayName).toBe("caller");
    expect(String(from.uri)).toBe("sip:caller@example.com");
    expect(from.tag).toBe("323");
  });

  it("§3.1.1.7 longreq: long values, and 34 Vias in every spelling", () => {
    const invite = get("longreq");
    expect(invite.vias).toHaveLength(34);
    expect(invite.vias.map((via) => via.host).slice(0, 3)).toEqual(["sip33.example.com", "sip32.example.com", "sip31.example.com"]);
    expect(invite.vias.at(-1)).toMatchObject({ host: "host.example.com", received: "192.0.2.5" });
    expect(invite.from.tag).toMatch(/^1(298){50}2424$/);
    expect(invite.to.displayName).toMatch(/^I have a user name of extreme(extreme)+ proportion$/);
    expect(invite.to.uri).toMatchObject({ port: 6000 });
    expect(invite.body).toHaveLength(150);
  });

  it("§3.1.1.8 dblreq: what follows the body in a datagram is dropped", () => {
    const register = get("dblreq");
    expect(register.method).toBe("REGISTER");
    expect(register.callId).toBe("dblreq.0ha0isndaksdj99sdfafnl3lk233412");
    expect(register.headers.getAll("CSeq")).toEqual(["8 REGISTER"]);
    expect(register.body).toHaveLength(0);
  });

  it("§3.1.1.9 semiuri: a semicolon in the user part starts no parameter", () => {
    const message = get("semiuri");
    expect(message.uri).toMatchObject({ user: "user;par=u@example.net", host: "example.com" });
    expect(message.headers.getAll("Accept")).toEqual([
      "application/sdp",
      "application/pkcs7-mime",
      "multipart/mixed",
      "multipart/signed",
      "message/sip",
      "message/sipfrag",
    ]);
  });

  it("§3.1.1.10 transports: unknown transports in Via are carried along", () => {
    expect(get("transports").vias.map((via) => via.protocol)).toEqual(["UDP", "SCTP", "TLS", "UNKNOWN", "TCP"]);
  });

  it("§3.1.1.11 mpart01: a multipart body with a binary part", () => {
    const message = get("mpart01");
    const parts = parseMultipart(message.body, message.headers.get("Content-Type") ?? "");
    expect(parts.map((part) => part.contentType)).toEqual(["text/plain", "application/octet-stream"]);
    expect(Buffer.from(parts[0]?.body ?? []).toString()).toBe("Hello");
    expect(parts[1]?.headers.get("Content-Transfer-Encoding")).toBe("binary");
    // A DER sequence: its own header tells its length.
    const der = Buffer.from(parts[1]?.body ?? []);
    expect(der.readUInt16BE(0)).toBe(0x3082);
    expect(der.readUInt16BE(2) + 4).toBe(der.length);
    expect(bodyOfType(message, "application/octet-stream")).toEqual(parts[1]?.body);
  });

  it("§3.1.1.12 unreason: a reason phrase in UTF-8", () => {
    const message = response("rfc4475", "unreason");
    expect(message.statusCode).toBe(200);
    expect(message.reason).toBe("= 2**3 * 5**2 но сто девяносто девять - простое");
    expect(message.toBytes()).toEqual(vector("rfc4475", "unreason"));
  });

  it("§3.1.1.13 noreason: an empty reason phrase", () => {
    const message = response("rfc4475", "noreason");
    expect(message.statusCode).toBe(100);
    expect(message.reason).toBe("");
  });
});
