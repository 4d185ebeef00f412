import { describe, expect, it } from "vitest";

import { Exchange } from "./exchange.ts";

describe("REGISTER at the testkit's registrar", () => {
  it("is challenged, and binds once the digest is right", async () => {
    const exchange = await Exchange.start();
    const alice = await exchange.phone("alice");
    const request = alice.register();

    const challenge = await exchange.settled(alice.send(request).final);
    expect(challenge.statusCode).toBe(401);
    expect(challenge.headers.getAll("WWW-Authenticate")).toEqual([
      expect.stringMatching(/^Digest realm="sidetone\.test", nonce="[0-9a-f]{32}", algorithm=SHA-256, qop="auth"$/),
      expect.stringMatching(/algorithm=MD5/),
    ]);
    expect(exchange.registrar.bindings).toEqual([]);

    const accepted = await exchange.settled(alice.send(alice.answerChallenge(request, challenge)!).final);
    expect(accepted.statusCode).toBe(200);
    expect(accepted.headers.getAll("Contact")).toEqual(["<sip:alice@192.0.2.10:5060>;expires=3600"]);
    expect(exchange.registrar.bindings).toMatchObject([
      { user: "alice", source: { address: "192.0.2.10", port: 5060 }, behindNAT: false, expiresAt: expect.closeTo(3_600_000, -3) },
    ]);
  });

  it.each(["MD5", "SHA-256", "SHA-512-256", "MD5-sess", "SHA-256-sess"])("works with %s", async (algorithm) => {
    const exchange = await Exchange.start({ algorithm });
    expect((await exchange.registered("alice")).name).toBe("alice");
  });

  it.each([["auth-int"], [["auth", "auth-int"]], [[]]])("works with qop %j", async (qop) => {
    const exchange = await Exchange.start({ qop });
    expect((await exchange.registered("alice")).name).toBe("alice");
  });

  it("with a wrong password is challenged anew, not as stale", async () => {
    const exchange = await Exchange.start();
    const alice = await exchange.phone("alice", { password: "wrong" });
    const response = await exchange.settled(alice.authenticated(alice.register()));
    expect(response.statusCode).toBe(401);
    expect(response.headers.get("WWW-Authenticate")).not.toContain("stale");
    expect(exchange.registrar.bindings).toEqual([]);
  });

  it("for somebody else is 403", async () => {
    const exchange = await Exchange.start();
    const alice = await exchange.phone("alice");
    const request = alice.register();
    request.headers.set("To", "<sip:bob@192.0.2.1>");
    expect((await exchange.settled(alice.authenticated(request))).statusCode).toBe(403);
  });

  it("for an address of record of another domain is 404, and of ours without authentication for nobody known too", async () => {
    const exchange = await Exchange.start({ authenticate: [], domains: ["example.com"] });
    const alice = await exchange.phone("alice");
    for (const [to, status] of [
      ["<sip:alice@example.org>", 404],
      ["<sip:nobody@example.com>", 404],
      ["<sip:constructor@example.com>", 404],
      ["<sip:alice@EXAMPLE.com>", 200],
    ] as const) {
      const request = alice.register();
      request.headers.set("To", to);
      // oxlint-disable-next-line no-await-in-loop -- one after the other, on one clock
      expect((await exchange.settled(alice.send(request).final)).statusCode, to).toBe(status);
    }
  });

  it("that uses a nonce twice is told that it is stale, and is accepted with the new one", async () => {
    const exchange = await Exchange.start();
    const alice = await exchange.phone("alice");
    const request = alice.register();
    const again = alice.answerChallenge(request, await exchange.settled(alice.send(request).final))!;
    await exchange.settled(alice.send(again).final);

    const replay = alice.register();
    replay.headers.set("Authorization", again.headers.get("Authorization")!);
    const response = await exchange.settled(alice.send(replay).final);
    expect(response.statusCode).toBe(401);
    expect(response.headers.get("WWW-Authenticate")).toContain("stale=true");
  });

  it("with a nonce past its life is told that it is stale", async () => {
    const exchange = await Exchange.start({ nonceLifetime: 60_000 });
    const alice = await exchange.phone("alice");
    const request = alice.register();
    const challenge = await exchange.settled(alice.send(request).final);
    await exchange.clock.advance(60_000);
    const late = alice.answerChallenge(request, challenge)!;
    const response = await exchange.settled(alice.send(late).final);
    expect(response.headers.get("WWW-Authenticate")).toContain("stale=true");
    const fresh = alice.answerChallenge(late, response)!;
    expect((await exchange.settled(alice.send(fresh).final)).statusCode).toBe(200);
  });

  it("with credentials for another Request-URI is 400", async () => {
    const exchange = await Exchange.start();
    const alice = await exchange.phone("alice");
    const request = alice.register();
    const challenge = await exchange.settled(alice.send(request).final);
    const other = alice.create("REGISTER", "sip:192.0.2.1:5060;x=y");
    other.headers.set("To", "<sip:alice@192.0.2.1>");
    other.headers.set("Authorization", alice.answerChallenge(request, challenge)!.headers.get("Authorization")!);
    expect((await exchange.settled(alice.send(other).final)).statusCode).toBe(400);
  });
});

describe("how long a binding lasts", () => {
  const open = { authenticate: [] };

  it.each([
    [["Contact: <sip:a@192.0.2.10>;expires=120", "Expires: 60"], 120],
    [["Contact: <sip:a@192.0.2.10>", "Expires: 60"], 60],
    [["Contact: <sip:a@192.0.2.10>"], 1800],
    [["Contact: <sip:a@192.0.2.10>;expires=soon"], 1800],
    [["Contact: <sip:a@192.0.2.10>;expires=99999"], 7200],
  ])("%j → %d s", async (headers, granted) => {
    const exchange = await Exchange.start({ ...open, defaultExpires: 1800, maximumExpires: 7200 });
    const alice = await exchange.phone("alice");
    const request = alice.register(headers.map((header): [string, string] => [header.split(": ")[0]!, header.split(": ")[1]!]));
    const response = await exchange.settled(alice.send(request).final);
    expect(response.contact?.params.get("expires")).toBe(String(granted));
    await exchange.clock.advance(granted * 1000 - 50);
    expect(exchange.registrar.bindings).toHaveLength(1);
    await exchange.clock.advance(100);
    expect(exchange.registrar.bindings).toEqual([]);
  });

  it("below the minimum is 423 with Min-Expires, and nothing is bound", async () => {
    const exchange = await Exchange.start({ ...open, minimumExpires: 60 });
    const alice = await exchange.phone("alice");
    const response = await exchange.settled(alice.send(alice.register([["Contact", `${alice.contact};expires=59`]])).final);
    expect(response.statusCode).toBe(423);
    expect(response.headers.get("Min-Expires")).toBe("60");
    expect(exchange.registrar.bindings).toEqual([]);
  });

  it("ends with Expires: 0, for one Contact", async () => {
    const exchange = await Exchange.start(open);
    const alice = await exchange.phone("alice");
    await exchange.settled(alice.send(alice.register([["Contact", "<sip:a@192.0.2.10>, <sip:a@192.0.2.11>"]])).final);
    expect(exchange.registrar.bindings).toHaveLength(2);
    const response = await exchange.settled(alice.send(alice.register([["Contact", "<sip:a@192.0.2.10>;expires=0"]])).final);
    expect(response.contacts.map((contact) => contact.uri.toString())).toEqual(["sip:a@192.0.2.11"]);
  });

  it("ends for all Contacts with `*`, which needs Expires: 0", async () => {
    const exchange = await Exchange.start(open);
    const alice = await exchange.phone("alice");
    await exchange.settled(alice.send(alice.register([["Contact", "<sip:a@192.0.2.10>, <sip:a@192.0.2.11>"]])).final);
    const wrong = await exchange.settled(alice.send(alice.register([["Contact", "*"]])).final);
    expect(wrong.statusCode).toBe(400);
    expect(exchange.registrar.bindings).toHaveLength(2);
    const all = [["Contact", "*"], ["Expires", "0"]] as const;
    expect((await exchange.settled(alice.send(alice.register(all)).final)).contacts).toEqual([]);
    expect(exchange.registrar.bindings).toEqual([]);
  });

  it("is what a REGISTER without Contact asks about", async () => {
    const exchange = await Exchange.start(open);
    const alice = await exchange.phone("alice");
    await exchange.settled(alice.send(alice.register([["Contact", alice.contact], ["Expires", "100"]])).final);
    await exchange.clock.advance(40_000);
    const response = await exchange.settled(alice.send(alice.register([])).final);
    expect(response.headers.getAll("Contact")).toEqual(["<sip:alice@192.0.2.10:5060>;expires=60"]);
  });

  it("does not change by a REGISTER that comes out of order", async () => {
    const exchange = await Exchange.start(open);
    const alice = await exchange.phone("alice");
    const request = alice.register();
    request.headers.set("CSeq", "5 REGISTER");
    await exchange.settled(alice.send(request).final);
    const older = request.clone();
    older.headers.set("CSeq", "4 REGISTER");
    older.headers.set("Expires", "0");
    expect((await exchange.settled(alice.send(older).final)).statusCode).toBe(500);
    expect(exchange.registrar.bindings).toHaveLength(1);
  });
});

describe("the registrar", () => {
  it("lets a test answer instead: a server that is down", async () => {
    let down = true;
    const exchange = await Exchange.start({ intercept: () => (down ? 503 : undefined) });
    const alice = await exchange.phone("alice");
    expect((await exchange.settled(alice.authenticated(alice.register()))).statusCode).toBe(503);
    down = false;
    expect((await exchange.settled(alice.authenticated(alice.register()))).statusCode).toBe(200);
  });

  it("does not bind a wildcard, which it would write into Record-Route", async () => {
    const { Registrar } = await import("../../ts/testkit/index.ts");
    expect(() => new Registrar({ users: {}, address: "0.0.0.0" })).toThrow(/Record-Route/);
  });
});
