import { createHash } from "node:crypto";
import { expect, it } from "vitest";
import { SIPResponse } from "../../../ts/sip/message/index.ts";
import { alice, authenticatorFor, register, unauthorized } from "./exchange.ts";

// RFC 7616 §3.5: rspauth is a response without a method, over what the request was authorised with.
const hash = (text: string): string => createHash("sha256").update(text).digest("hex");

function nonceAfter(info: string): string | undefined {
  const authenticator = authenticatorFor(alice, { random: () => "c" });
  const request = register();
  authenticator.answer(request, unauthorized({ realm: "r", nonce: "first", algorithm: "SHA-256", qop: ["auth"] }), "h");
  authenticator.learn(SIPResponse.create({ status: 200, headers: [["Authentication-Info", info]], body: "body" }), request);
  const next = register();
  authenticator.authorize(next);
  return next.authentication?.nonce;
}

const key = hash("alice:r:secret");

it("the next nonce of a server that proves the password is used", () => {
  const proof = hash(`${key}:first:00000001:c:auth:${hash(":sip:example.com")}`);
  expect(nonceAfter(`qop=auth, rspauth="${proof}", cnonce="c", nc=00000001, nextnonce="second"`)).toBe("second");
});

it("the proof covers the body where it says auth-int", () => {
  const proof = hash(`${key}:first:00000001:c:auth-int:${hash(`:sip:example.com:${hash("body")}`)}`);
  expect(nonceAfter(`qop=auth-int, rspauth="${proof}", cnonce="c", nc=00000001, nextnonce="second"`)).toBe("second");
});

it("the next nonce of somebody who proves nothing right is not", () => {
  expect(nonceAfter(`qop=auth, rspauth="${hash("guess")}", cnonce="c", nc=00000001, nextnonce="second"`)).toBe("first");
});

it("servers that give no proof are believed, as nearly all are such", () => {
  expect(nonceAfter('nextnonce="second"')).toBe("second");
});
