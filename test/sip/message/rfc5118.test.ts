import { describe, expect, it } from "vitest";
import { SIPURI } from "../../../ts/sip/message/index.ts";
import { refusal, request, vector } from "./vectors.ts";

const get = (name: string) => request("rfc5118", name);

describe("RFC 5118: IPv6 in SIP messages", () => {
  it("§4.1 ipv6-good: references in Request-URI, Via and Contact", () => {
    const register = get("ipv6-good");
    expect(register.uri).toMatchObject({ host: "2001:db8::10", port: undefined });
    expect(register.via).toMatchObject({ host: "2001:db8::9:1", port: undefined });
    expect(register.contact?.uri).toMatchObject({ user: "caller", host: "2001:db8::1" });
  });

  it("§4.2 ipv6-bad: an address without brackets in the Request-URI", () => {
    expect(refusal(vector("rfc5118", "ipv6-bad")).status).toBe(400);
  });

  it("§4.3 port-ambiguous: what looks like a port inside the brackets belongs to the address", () => {
    expect(get("port-ambiguous").uri).toMatchObject({ host: "2001:db8::10:5070", port: undefined });
  });

  it("§4.4 port-unambiguous: the port stands behind the brackets", () => {
    expect(get("port-unambiguous").uri).toMatchObject({ host: "2001:db8::10", port: 5070 });
  });

  it("§4.5 via-received-param-with-delim and -no-delim: received in both spellings", () => {
    expect(get("via-received-param-with-delim").via).toMatchObject({ received: "2001:db8::9:255", branch: "z9hG4bKas3-111" });
    expect(get("via-received-param-no-delim").via).toMatchObject({ received: "2001:db8::9:255", branch: "z9hG4bKas3" });
  });

  it("§4.6 ipv6-in-sdp: the body goes through untouched", () => {
    const invite = get("ipv6-in-sdp");
    expect(invite.body).toHaveLength(Number(invite.headers.get("Content-Length")));
    expect(invite.bodyText).toContain("c=IN IP6 2001:db8::20\r\n");
  });

  it("§4.7 mult-ip-in-header: IPv6 and IPv4 in one Via stack", () => {
    expect(get("mult-ip-in-header").vias.map((via) => [via.sentBy, via.received])).toEqual([
      ["[2001:db8::9:1]:6050", undefined],
      ["192.0.2.1", undefined],
      ["[2001:db8::9:255]", "192.0.2.200"],
    ]);
  });

  it("§4.8 mult-ip-in-sdp: both families in one body", () => {
    const invite = get("mult-ip-in-sdp");
    expect(invite.bodyText).toMatch(/c=IN IP4 192\.0\.2\.1[^]*c=IN IP6 2001:db8::1/);
  });

  it("§4.9 ipv4-mapped-ipv6: mapped addresses in Via and Contact", () => {
    const invite = get("ipv4-mapped-ipv6");
    expect(invite.vias.map((via) => via.sentBy)).toEqual(["[::ffff:192.0.2.10]:19823", "[::ffff:192.0.2.2]"]);
    expect(invite.contact?.uri).toMatchObject({ host: "::ffff:192.0.2.2" });
    expect(invite.contact?.displayName).toBe("T. desk phone");
  });

  it("§4.10 ipv6-correct-abnf-2-colons and ipv6-bug-abnf-3-colons: one and the same address", () => {
    const correct = get("ipv6-correct-abnf-2-colons").uri;
    const extra = get("ipv6-bug-abnf-3-colons").uri;
    expect(extra).toMatchObject({ user: "user", host: "2001:db8:::192.0.2.1" });
    expect(correct instanceof SIPURI && correct.equals(extra)).toBe(true);
  });
});
