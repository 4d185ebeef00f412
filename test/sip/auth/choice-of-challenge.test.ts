import { describe, expect, it } from "vitest";
import { DigestAuthenticator } from "../../../ts/sip/auth/index.ts";
import { SIPResponse } from "../../../ts/sip/message/index.ts";
import { alice, authenticatorFor, proves, register, unauthorized } from "./exchange.ts";

const offers = ["MD5", "SHA-256", "SHA-512-256"].map((algorithm) => ({
  realm: "r",
  nonce: `nonce of ${algorithm}`,
  algorithm,
  qop: ["auth"],
}));

describe("which challenge is answered", () => {
  it("is the strongest, whatever the order", () => {
    const request = register();
    expect(authenticatorFor(alice).answer(request, unauthorized(...offers), "example.com")).toBe(true);
    expect(request.authentication?.algorithm).toBe("SHA-512-256");
  });

  it("is the next weaker one when the server refuses, until none is left", () => {
    const authenticator = authenticatorFor(alice);
    const request = register();
    const tried: (string | undefined)[] = [];
    while (authenticator.answer(request, unauthorized(...offers), "example.com")) tried.push(request.authentication?.algorithm);
    expect(tried).toEqual(["SHA-512-256", "SHA-256", "MD5"]);
  });

  it("is not MD5 when that is not allowed", () => {
    const authenticator = authenticatorFor(alice, { allowMD5: false });
    expect(authenticator.answer(register(), unauthorized({ realm: "r", nonce: "n" }), "example.com")).toBe(false);
  });

  it("skips unknown algorithms, unknown qops and unknown schemes", () => {
    const request = register();
    const response = unauthorized(
      { realm: "r", nonce: "1", algorithm: "SHA-3" },
      { realm: "r", nonce: "2", algorithm: "SHA-256", qop: ["auth-conf"] },
      { realm: "r", nonce: "3", algorithm: "md5", qop: ["auth"] },
    );
    response.headers.prepend("WWW-Authenticate", "Negotiate abc==");
    expect(authenticatorFor(alice).answer(request, response, "example.com")).toBe(true);
    expect(request.authentication).toMatchObject({ nonce: "3", algorithm: "md5" });
  });

  it("finds several challenges in one line, commas in quotes notwithstanding", () => {
    const request = register();
    const line =
      'Basic realm="r", Digest realm="r", nonce="a,b", algorithm=MD5, qop="auth,auth-int", Digest realm="r", nonce="c", algorithm=SHA-256';
    expect(authenticatorFor(alice).answer(request, SIPResponse.create({ status: 401, headers: [["WWW-Authenticate", line]] }), "h")).toBe(
      true,
    );
    expect(request.authentication).toMatchObject({ nonce: "c", algorithm: "SHA-256" });
  });

  it("is Basic only when that is allowed, and only once", () => {
    const basic = SIPResponse.create({ status: 401, headers: [["WWW-Authenticate", 'Basic realm="r"']] });
    expect(authenticatorFor(alice).answer(register(), basic, "h")).toBe(false);
    const authenticator = authenticatorFor(alice, { allowBasic: true });
    const request = register();
    expect(authenticator.answer(request, basic, "h")).toBe(true);
    expect(request.headers.get("Authorization")).toBe(`Basic ${Buffer.from("alice:secret").toString("base64")}`);
    expect(authenticator.answer(request, basic, "h")).toBe(false);
  });

  it("answers every realm, user agent's and proxy's, each in its own header", () => {
    const request = register();
    const response = unauthorized({ realm: "one", nonce: "1" }, { realm: "two", nonce: "2" });
    response.headers.add("Proxy-Authenticate", 'Digest realm="three", nonce="3"');
    expect(authenticatorFor(alice).answer(request, response, "example.com")).toBe(true);
    expect(request.headers.getAll("Authorization").map((line) => /realm="(\w+)"/.exec(line)?.[1])).toEqual(["one", "two"]);
    expect(proves(request, "Proxy-Authorization")).toBe(true);
  });

  it("keeps what another realm was told before, with a count of its own", () => {
    const authenticator = authenticatorFor(alice);
    const request = register();
    authenticator.answer(request, unauthorized({ realm: "registrar", nonce: "1", qop: ["auth"] }), "example.com");
    const second = SIPResponse.create({ status: 407, headers: [["Proxy-Authenticate", 'Digest realm="proxy", nonce="2"']] });
    expect(authenticator.answer(request, second, "example.com")).toBe(true);
    expect(request.authentication).toMatchObject({ realm: "registrar", nc: "00000002" });
    expect(proves(request)).toBe(true);
    expect(proves(request, "Proxy-Authorization")).toBe(true);
  });

  it("is none without a nonce, without credentials, or without a challenge", () => {
    const authenticator = authenticatorFor(alice);
    expect(
      authenticator.answer(register(), SIPResponse.create({ status: 401, headers: [["WWW-Authenticate", 'Digest realm="r"']] }), "h"),
    ).toBe(false);
    expect(authenticator.answer(register(), SIPResponse.create({ status: 401 }), "h")).toBe(false);
    expect(authenticatorFor({ username: "", password: "" }).answer(register(), unauthorized({ realm: "r", nonce: "n" }), "h")).toBe(false);
  });

  it("asks for credentials with server, realm and the user of From", () => {
    const asked: string[][] = [];
    const source = { get: (...filters: string[]) => (asked.push(filters), alice) };
    new DigestAuthenticator(source).answer(register(), unauthorized({ realm: "r", nonce: "n" }), "pbx.example.com");
    expect(asked).toEqual([["pbx.example.com", "r", "alice"]]);
  });
});
