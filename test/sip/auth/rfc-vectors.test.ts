import { describe, expect, it } from "vitest";
import { DigestAuthenticator, verifyDigest } from "../../../ts/sip/auth/index.ts";
import { digestAlgorithm, digestKey, digestResponse } from "../../../ts/sip/auth/digest.ts";
import { SIPRequest, SIPResponse } from "../../../ts/sip/message/index.ts";

function respond(
  algorithm: string,
  user: string,
  realm: string,
  password: string,
  rest: Record<"method" | "uri" | "nonce" | "cnonce", string> & { qop?: string },
) {
  const known = digestAlgorithm(algorithm);
  if (known === undefined) throw new Error(algorithm);
  const key = digestKey(known.hash, user, realm, password);
  return digestResponse({ algorithm: known, key, nc: "00000001", body: new Uint8Array(0), qop: undefined, ...rest });
}

describe("digest responses are those of the RFCs", () => {
  const rfc7616 = {
    method: "GET",
    uri: "/dir/index.html",
    nonce: "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
    cnonce: "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
    qop: "auth",
  };

  it("RFC 7616 §3.9.1, SHA-256", () => {
    expect(respond("SHA-256", "Mufasa", "http-auth@example.org", "Circle of Life", rfc7616)).toBe(
      "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1",
    );
  });

  it("RFC 7616 §3.9.1, MD5", () => {
    expect(respond("MD5", "Mufasa", "http-auth@example.org", "Circle of Life", rfc7616)).toBe("8ca523f5e9506fed4657c9700eebdbec");
  });

  it("RFC 7616 §3.9.2 with the corrected response of erratum 4897, SHA-512-256 and a name beyond ASCII", () => {
    const rest = {
      method: "GET",
      uri: "/doe.json",
      nonce: "5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK",
      cnonce: "NTg6RKcb9boFIAS3KrFK9BGeh+iDa/sm6jUMp2wds69v",
      qop: "auth",
    };
    expect(respond("SHA-512-256", "Jäsøn Doe", "api@example.org", "Secret, or not?", rest)).toBe(
      "3798d4131c277846293534c3edc11bd8a5e4cdcbff78b05db9d95eeb1cec68a5",
    );
  });

  it("RFC 2617 §3.5", () => {
    const rest = { method: "GET", uri: "/dir/index.html", nonce: "dcd98b7102dd2f0e8b11d0f600bfb0c093", cnonce: "0a4f113b", qop: "auth" };
    expect(respond("MD5", "Mufasa", "testrealm@host.com", "Circle Of Life", rest)).toBe("6629fae49393a05397450978507c4ef1");
  });

  it("RFC 2069 §2.4 with the corrected response of its erratum: no qop", () => {
    const rest = { method: "GET", uri: "/dir/index.html", nonce: "dcd98b7102dd2f0e8b11d0f600bfb0c093", cnonce: "" };
    expect(respond("MD5", "Mufasa", "testrealm@host.com", "CircleOfLife", rest)).toBe("1949323746fe6a43ef61f9606e7febea");
  });
});

describe("RFC 7616 §3.9.1: the header of the example", () => {
  it("comes out of the example's challenges, and verifies", () => {
    const request = SIPRequest.create({ method: "GET", uri: "x:/dir/index.html", headers: [["From", "<sip:Mufasa@example.org>;tag=1"]] });
    const response = SIPResponse.create({
      status: 401,
      headers: [
        [
          "WWW-Authenticate",
          'Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm=SHA-256, nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"',
        ],
      ],
    });
    const authenticator = new DigestAuthenticator(
      { get: () => ({ username: "Mufasa", password: "Circle of Life" }) },
      { random: () => "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ" },
    );
    expect(authenticator.answer(request, response, "www.example.org")).toBe(true);
    expect(request.authentication).toMatchObject({
      username: "Mufasa",
      realm: "http-auth@example.org",
      algorithm: "SHA-256",
      nc: "00000001",
      cnonce: "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
      qop: "auth",
      opaque: "FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS",
    });
    expect(verifyDigest({ authorization: request.headers.get("Authorization") ?? "", method: "GET", password: "Circle of Life" })).toBe(
      true,
    );
    expect(verifyDigest({ authorization: request.headers.get("Authorization") ?? "", method: "GET", password: "circle of life" })).toBe(
      false,
    );
  });
});
