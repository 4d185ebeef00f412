import { describe, expect, it } from "vitest";
import { CSeq, SIPRequest, SIPResponse } from "../../../ts/sip/message/index.ts";
import { alice, authenticatorFor, proves, register, unauthorized } from "./exchange.ts";

const challenge = { realm: "r", nonce: "first", algorithm: "SHA-256", qop: ["auth"] };

describe("nonces", () => {
  it("a stale one is answered again with the new one", () => {
    const authenticator = authenticatorFor(alice);
    const request = register();
    authenticator.answer(request, unauthorized(challenge), "h");
    expect(authenticator.answer(request, unauthorized({ ...challenge, nonce: "second", stale: true }), "h")).toBe(true);
    expect(request.authentication).toMatchObject({ nonce: "second", nc: "00000001" });
    expect(proves(request)).toBe(true);
  });

  it("refused and not stale: the password is wrong, and nothing more is sent", () => {
    const authenticator = authenticatorFor(alice);
    const request = register();
    authenticator.answer(request, unauthorized(challenge), "h");
    expect(authenticator.answer(request, unauthorized({ ...challenge, nonce: "second" }), "h")).toBe(false);
    expect(authenticator.answer(request, unauthorized({ ...challenge, stale: true }), "h")).toBe(false);
  });

  it("a server that calls every nonce stale is given up", () => {
    const authenticator = authenticatorFor(alice);
    const request = register();
    let answers = 0;
    while (answers < 100 && authenticator.answer(request, unauthorized({ ...challenge, nonce: `n${answers}`, stale: true }), "h"))
      answers++;
    expect(answers).toBeLessThan(10);
  });

  it("are counted in eight hex digits, request by request", () => {
    const authenticator = authenticatorFor(alice);
    const first = register();
    authenticator.answer(first, unauthorized(challenge), "h");
    const counts = [first.authentication?.nc];
    for (let i = 0; i < 11; i++) {
      const next = register();
      next.cseq = new CSeq(i + 2, "REGISTER");
      expect(authenticator.authorize(next)).toBe(true);
      expect(proves(next)).toBe(true);
      counts.push(next.authentication?.nc);
    }
    expect(counts.slice(8)).toEqual(["00000009", "0000000a", "0000000b", "0000000c"]);
  });

  it("given out twice by the server go on counting", () => {
    const authenticator = authenticatorFor(alice);
    const [one, two] = [register(), register()];
    authenticator.answer(one, unauthorized(challenge), "h");
    authenticator.answer(two, unauthorized(challenge), "h");
    expect([one.authentication?.nc, two.authentication?.nc]).toEqual(["00000001", "00000002"]);
    expect(proves(two)).toBe(true);
  });

  it("used up without the server saying stale: the credentials are tried with the new nonce", () => {
    const authenticator = authenticatorFor(alice);
    authenticator.answer(register(), unauthorized(challenge), "h");
    const refresh = register();
    authenticator.authorize(refresh);
    expect(authenticator.answer(refresh, unauthorized({ ...challenge, nonce: "second" }), "h")).toBe(true);
    expect(authenticator.answer(refresh, unauthorized({ ...challenge, nonce: "third" }), "h")).toBe(false);
  });

  it("announced in Authentication-Info serve the next request", () => {
    const authenticator = authenticatorFor(alice);
    const request = register();
    authenticator.answer(request, unauthorized(challenge), "h");
    const ok = SIPResponse.create({ status: 200, headers: [["Authentication-Info", 'nextnonce="next", qop=auth']] });
    authenticator.learn(ok, request);
    const refresh = register();
    authenticator.authorize(refresh);
    expect(refresh.authentication).toMatchObject({ nonce: "next", nc: "00000001" });
    expect(proves(refresh)).toBe(true);
    expect(authenticator.answer(refresh, unauthorized({ ...challenge, nonce: "fresh" }), "h")).toBe(true);
  });

  it("go ahead only to the server that asked, and never on ACK and CANCEL", () => {
    const authenticator = authenticatorFor(alice);
    authenticator.answer(register(), unauthorized(challenge), "here");
    expect(authenticator.authorize(register(), "elsewhere")).toBe(false);
    expect(authenticator.authorize(register(), "here")).toBe(true);
    expect(authenticator.authorize(SIPRequest.create({ method: "ACK", uri: "sip:a@b" }))).toBe(false);
    authenticator.forget();
    expect(authenticator.authorize(register())).toBe(false);
  });
});
