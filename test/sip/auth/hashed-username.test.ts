import { createHash } from "node:crypto";
import { expect, it } from "vitest";
import { parseAuthorization, verifyDigest } from "../../../ts/sip/auth/index.ts";
import { alice, authenticatorFor, register, unauthorized } from "./exchange.ts";

// RFC 7616 §3.4.4: with userhash=true the name travels as H(username:realm).
const challenge = { realm: "r", nonce: "n", algorithm: "SHA-256", qop: ["auth"], userhash: true };
const hashed = createHash("sha256").update("alice:r").digest("hex");

it("sends a hash in the place of the name where the server asks for it", () => {
  const request = register();
  expect(authenticatorFor(alice).answer(request, unauthorized(challenge), "h")).toBe(true);
  expect(request.authentication).toMatchObject({ username: hashed, userhash: true });
  expect(request.headers.get("Authorization")).not.toContain("alice");
});

it("proves the password of the name that the hash stands for, and of no other", () => {
  const request = register();
  authenticatorFor(alice).answer(request, unauthorized(challenge), "h");
  const input = { authorization: request.headers.get("Authorization") ?? "", method: "REGISTER", password: "secret" };
  expect(verifyDigest({ ...input, username: "alice" })).toBe(true);
  expect(verifyDigest({ ...input, username: "bob" })).toBe(false);
  expect(verifyDigest(input)).toBe(false);
});

it("goes on sending the name where the server does not ask", () => {
  const request = register();
  authenticatorFor(alice).answer(request, unauthorized({ ...challenge, userhash: false }), "h");
  const authorization = request.headers.get("Authorization") ?? "";
  expect(parseAuthorization(authorization)).toMatchObject({ username: "alice", userhash: false });
  expect(verifyDigest({ authorization, method: "REGISTER", password: "secret", username: "bob" })).toBe(false);
});
