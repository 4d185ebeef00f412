import { describe, expect, it } from "vitest";
import { alice, authenticatorFor, proves, register, unauthorized } from "./exchange.ts";

const algorithms = ["MD5", "MD5-sess", "SHA-256", "SHA-256-sess", "SHA-512-256", "SHA-512-256-sess", undefined];
const qops = [["auth"], ["auth-int"], ["auth", "auth-int"], []];

describe("every algorithm and quality of protection is answered so that a server verifies it", () => {
  it.each(algorithms.flatMap((algorithm) => qops.map((qop) => [algorithm, qop] as const)))("algorithm %s, qop %j", (algorithm, qop) => {
    const authenticator = authenticatorFor(alice);
    const request = register("a body");
    expect(
      authenticator.answer(request, unauthorized({ realm: 'r "1", x', nonce: "n,=1", algorithm, qop, opaque: "o" }), "example.com"),
    ).toBe(true);
    expect(proves(request)).toBe(true);
    expect(request.authentication).toMatchObject({
      username: "alice",
      realm: 'r "1", x',
      nonce: "n,=1",
      opaque: "o",
      uri: "sip:example.com",
    });
  });

  it("auth-int covers the body", () => {
    const request = register("a body");
    authenticatorFor(alice).answer(request, unauthorized({ realm: "r", nonce: "n", qop: ["auth-int"] }), "example.com");
    request.body = "another";
    expect(proves(request)).toBe(false);
  });
});
