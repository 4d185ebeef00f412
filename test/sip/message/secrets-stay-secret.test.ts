import { describe, expect, it } from "vitest";
import { redact, SIPRequest, SIPResponse } from "../../../ts/sip/message/index.ts";

describe("what is meant for a log", () => {
  it("shows a message without what its credentials prove", () => {
    const request = SIPRequest.create({
      method: "REGISTER",
      uri: "sip:example.com",
      headers: [
        ["To", "<sip:alice:topsecret@example.com>"],
        [
          "Authorization",
          'Digest username="alice", realm="r, \\"x\\"", nonce="N0NCE", uri="sip:example.com", response="deadbeef", cnonce="CN", nc=00000001',
        ],
        ["Proxy-Authorization", "Basic YWxpY2U6c2VjcmV0"],
        ["Content-Type", "text/plain"],
      ],
      body: "hello",
    });
    const summary = request.summary();
    for (const secret of ["topsecret", "N0NCE", "deadbeef", '"CN"', "YWxpY2U6c2VjcmV0"]) expect(summary).not.toContain(secret);
    for (const shown of [
      "REGISTER sip:example.com SIP/2.0\n",
      'realm="r, \\"x\\""',
      "nc=00000001",
      "Basic …",
      "sip:alice:…@example.com",
      "\n\nhello",
    ])
      expect(summary).toContain(shown);
  });

  it("covers challenges, Authentication-Info, folded lines and any case", () => {
    const text =
      'www-authenticate: Digest realm="r",\r\n nonce="N0NCE",\r\n\topaque="0PAQUE"\r\nAuthentication-Info: nextnonce="NEXT", qop=auth\r\nX: nonce="kept"\r\n';
    expect(redact(text)).toBe(
      'www-authenticate: Digest realm="r",\r\n nonce=…,\r\n\topaque=…\r\nAuthentication-Info: nextnonce=…, qop=auth\r\nX: nonce="kept"\r\n',
    );
  });

  it("does not print binary bodies", () => {
    const response = SIPResponse.create({
      status: 200,
      headers: [["Content-Type", "application/octet-stream"]],
      body: Uint8Array.of(0, 1, 255),
    });
    expect(response.summary()).toContain("<3 bytes of application/octet-stream>");
  });
});
