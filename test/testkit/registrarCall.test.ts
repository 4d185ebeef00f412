import { describe, expect, it } from "vitest";

import { SIPResponse } from "../../ts/sip/message/SIPResponse.ts";
import { Exchange, SERVER } from "./exchange.ts";

describe("a call through the testkit's registrar", () => {
  it("is challenged, routed, kept in the path, acknowledged and ended", async () => {
    const exchange = await Exchange.start();
    const alice = await exchange.registered("alice");
    const bob = await exchange.registered("bob");

    const invite = alice.create("INVITE", "bob", [["Contact", alice.contact]], "the offer");
    const challenge = await exchange.settled(alice.send(invite).final);
    expect(challenge.statusCode).toBe(407);
    expect(challenge.headers.get("Proxy-Authenticate")).toContain('realm="sidetone.test"');
    expect(bob.received).toEqual([]);

    const call = alice.send(alice.answerChallenge(invite, challenge)!);
    await exchange.clock.runUntil(() => bob.received.length === 1, 1000);
    const arrived = bob.received[0]!;
    expect(arrived.heading).toBe("INVITE sip:bob@192.0.2.11:5060 SIP/2.0");
    expect(arrived.vias.map((via) => via.host)).toEqual(["192.0.2.1", "192.0.2.10"]);
    expect(arrived.maxForwards).toBe(69);
    expect(arrived.headers.getAll("Record-Route")).toEqual(["<sip:192.0.2.1:5060;lr>"]);
    expect(arrived.headers.has("Proxy-Authorization")).toBe(false);
    expect(arrived.bodyText).toBe("the offer");

    bob.reject(180);
    await exchange.soon();
    expect(call.responses).toEqual([180]);
    bob.accept();
    const answer = await exchange.settled(call.final);
    expect(answer.statusCode).toBe(200);
    expect(answer.vias).toHaveLength(1);
    expect(answer.recordRoutes.map(String)).toEqual(["<sip:192.0.2.1:5060;lr>"]);

    alice.acknowledge(answer);
    await exchange.soon();
    expect(bob.methods).toEqual(["INVITE", "ACK"]);
    expect(bob.received[1]!.routes).toEqual([]);
    expect(bob.received[1]!.vias).toHaveLength(2);

    bob.onRequest = (transaction, request) => transaction.respond(SIPResponse.to(request, 200));
    const bye = await exchange.settled(alice.send(alice.inDialog("BYE", answer, 3)).final);
    expect(bye.statusCode).toBe(200);
    expect(bob.methods).toEqual(["INVITE", "ACK", "BYE"]);

    // Everything is over after timers J, L and M.
    await exchange.clock.advance(70_000);
    expect(exchange.registrar.size).toBe(0);
    expect(exchange.clock.pending).toBe(0);
    expect(exchange.failures).toEqual([]);
  });

  it("says Trying when the phone called takes its time", async () => {
    const exchange = await Exchange.start({ authenticate: [] });
    const alice = await exchange.registered("alice");
    await exchange.registered("bob");
    const call = alice.send(alice.create("INVITE", "bob"));
    await exchange.clock.advance(300);
    expect(call.responses).toEqual([100]);
  });

  it("is refused with what the phone called says", async () => {
    const exchange = await Exchange.start({ authenticate: [] });
    const alice = await exchange.registered("alice");
    const bob = await exchange.registered("bob");
    bob.onRequest = (transaction) => bob.reject(486, transaction);
    expect((await exchange.settled(alice.send(alice.create("INVITE", "bob")).final)).statusCode).toBe(486);
    expect(bob.methods).toEqual(["INVITE"]);
    await exchange.clock.advance(70_000);
    expect(exchange.clock.pending).toBe(0);
  });

  it("to a phone that is gone is 408 after timer B; another request gets no 408, which would come too late", async () => {
    const exchange = await Exchange.start({ authenticate: [] });
    const alice = await exchange.registered("alice");
    const bob = await exchange.registered("bob");
    bob.layer.close();
    const call = alice.send(alice.create("INVITE", "bob"));
    const message = alice.send(alice.create("MESSAGE", "bob"));
    await exchange.clock.advance(31_000);
    expect(call.responses).toEqual([100]);
    await exchange.clock.advance(60_000);
    expect(call.responses).toEqual([100, 408]);
    // 408 by alice's own timer F, not from the wire.
    expect(message.responses.filter((status) => status >= 200)).toEqual([408]);
    expect(message.last?.headers.getAll("Via")).toEqual([]);
  });

  it("is cancelled: the phone called hears it, the caller gets 487", async () => {
    const exchange = await Exchange.start({ authenticate: [] });
    const alice = await exchange.registered("alice");
    const bob = await exchange.registered("bob");
    bob.onRequest = (transaction) => bob.reject(180, transaction);
    const call = alice.send(alice.create("INVITE", "bob"));
    await exchange.clock.runUntil(() => call.responses.includes(180), 1000);
    alice.layer.cancel(call.transaction, [["Reason", 'SIP;cause=200;text="Call completed elsewhere"']]);
    expect((await exchange.settled(call.final)).statusCode).toBe(487);
    expect(bob.cancelled).toHaveLength(1);
    expect(bob.cancelled[0]!.headers.get("Reason")).toContain("elsewhere");
  });

  it("that was cancelled before the phone called said anything is cancelled as soon as it does", async () => {
    const exchange = await Exchange.start({ authenticate: [] });
    const alice = await exchange.registered("alice");
    const bob = await exchange.registered("bob");
    const call = alice.send(alice.create("INVITE", "bob"));
    await exchange.clock.runUntil(() => call.responses.includes(100), 1000);
    alice.layer.cancel(call.transaction);
    await exchange.soon();
    expect(call.responses).toEqual([100, 487]);
    expect(bob.cancelled).toHaveLength(1);
  });

  it("that rings for three minutes without a word is cancelled (timer C)", async () => {
    const exchange = await Exchange.start({ authenticate: [] });
    const alice = await exchange.registered("alice");
    const bob = await exchange.registered("bob");
    bob.onRequest = (transaction) => bob.reject(180, transaction);
    const call = alice.send(alice.create("INVITE", "bob"));
    await exchange.clock.advance(179_000);
    expect(call.responses).toEqual([180]);
    bob.reject(180);
    await exchange.clock.advance(179_000);
    expect(call.responses).toEqual([180, 180]);
    await exchange.clock.advance(5000);
    expect(call.responses).toEqual([180, 180, 487]);
  });

  it("goes to where the phone's REGISTER came from when a NAT hides its address", async () => {
    const exchange = await Exchange.start({ authenticate: [] });
    const alice = await exchange.registered("alice");
    const bob = await exchange.phone("bob", { sentBy: "10.0.0.7" });
    await exchange.settled(bob.send(bob.register([["Contact", "<sip:bob@10.0.0.7:5060>"]])).final);
    expect(exchange.registrar.bindings.find((binding) => binding.user === "bob")).toMatchObject({ behindNAT: true });
    bob.onRequest = (transaction, request) =>
      transaction.respond(SIPResponse.to(request, 200, { headers: [["Contact", "<sip:bob@10.0.0.7:5060>"]] }));
    const answer = await exchange.settled(alice.send(alice.create("INVITE", "bob")).final);
    alice.acknowledge(answer);
    const bye = await exchange.settled(alice.send(alice.inDialog("BYE", answer, 2)).final);
    expect(bye.statusCode).toBe(200);
    expect(bob.received.map((request) => request.heading)).toEqual([
      "INVITE sip:bob@10.0.0.7:5060 SIP/2.0",
      "ACK sip:bob@10.0.0.7:5060 SIP/2.0",
      "BYE sip:bob@10.0.0.7:5060 SIP/2.0",
    ]);
  });

  it("goes phone to phone after the INVITE when the proxy does not stay in the path", async () => {
    const exchange = await Exchange.start({ authenticate: [], recordRoute: false });
    const alice = await exchange.registered("alice");
    const bob = await exchange.registered("bob");
    bob.onRequest = (transaction) => bob.accept(transaction);
    const answer = await exchange.settled(alice.send(alice.create("INVITE", "bob")).final);
    expect(answer.recordRoutes).toEqual([]);
    alice.acknowledge(answer, { address: "192.0.2.11", port: 5060, protocol: "UDP" });
    await exchange.soon();
    expect(bob.received[1]!.vias).toHaveLength(1);
  });
});

describe("requests that go no further", () => {
  it.each([
    ["to a user that does not exist", "INVITE", "nobody", [], 404],
    ["to a user who is not registered", "INVITE", "carol", [], 480],
    ["with no hop left", "INVITE", "bob", [["Max-Forwards", "0"]], 483],
    ["that want an extension of the proxy", "INVITE", "bob", [["Proxy-Require", "foo, bar"]], 420],
    ["to an address that is not SIP", "INVITE", "tel:+15551234", [], 416],
    ["to the server itself", "MESSAGE", "", [], 404],
    ["CANCEL for nothing", "CANCEL", "bob", [], 481],
  ] as const)("%s", async (_, method, to, headers, status) => {
    const exchange = await Exchange.start({ authenticate: [] });
    const alice = await exchange.registered("alice");
    await exchange.registered("bob");
    const request = alice.create(method, to);
    for (const [name, value] of headers) request.headers.set(name, value);
    const response = await exchange.settled(alice.send(request).final);
    expect(response.statusCode).toBe(status);
    if (status === 420) expect(response.headers.get("Unsupported")).toBe("foo");
  });

  it("from strangers to strangers are 403: this is no open relay", async () => {
    const exchange = await Exchange.start();
    const alice = await exchange.phone("alice");
    const request = alice.create("INVITE", "sip:victim@198.51.100.1");
    request.headers.set("From", "<sip:mallory@example.org>;tag=1");
    expect((await exchange.settled(alice.send(request).final)).statusCode).toBe(403);
  });

  it("under another user's name are 403, however right the password", async () => {
    const exchange = await Exchange.start();
    const alice = await exchange.registered("alice");
    const request = alice.create("INVITE", "bob");
    request.headers.set("From", "<sip:carol@192.0.2.1>;tag=1");
    expect((await exchange.settled(alice.authenticated(request))).statusCode).toBe(403);
  });
});

describe("other requests", () => {
  it("from strangers to our users go through without credentials", async () => {
    const exchange = await Exchange.start();
    const bob = await exchange.registered("bob");
    bob.onRequest = (transaction) => bob.reject(200, transaction);
    const trunk = await exchange.phone("alice");
    const request = trunk.create("MESSAGE", "bob", [], "hello");
    request.headers.set("From", "<sip:+15551234@trunk.example.com>;tag=1");
    expect((await exchange.settled(trunk.send(request).final)).statusCode).toBe(200);
    expect(bob.received[0]!.bodyText).toBe("hello");
  });

  it("OPTIONS to the server are 200: it lives", async () => {
    const exchange = await Exchange.start();
    const alice = await exchange.phone("alice");
    const response = await exchange.settled(alice.send(alice.create("OPTIONS", "")).final);
    expect(response.statusCode).toBe(200);
    expect(response.headers.getAll("Allow")).toContain("REGISTER");
  });

  it("in a dialog need credentials too, for the methods chosen", async () => {
    const exchange = await Exchange.start({ authenticate: ["BYE"] });
    const alice = await exchange.registered("alice");
    const bob = await exchange.registered("bob");
    bob.onRequest = (transaction) => bob.accept(transaction);
    const answer = await exchange.settled(alice.send(alice.create("INVITE", "bob")).final);
    alice.acknowledge(answer);
    const bye = alice.inDialog("BYE", answer, 2);
    const challenge = await exchange.settled(alice.send(bye).final);
    expect(challenge.statusCode).toBe(407);
    expect((await exchange.settled(alice.send(alice.answerChallenge(bye, challenge)!).final)).statusCode).toBe(200);
    expect(bob.methods).toEqual(["INVITE", "ACK", "BYE"]);
  });

  it("to a strict router are written for it (RFC 3261 §16.6)", async () => {
    const exchange = await Exchange.start({ authenticate: [] });
    const alice = await exchange.registered("alice");
    const router = await exchange.phone("bob");
    router.onRequest = (transaction) => router.reject(200, transaction);
    const request = alice.create("MESSAGE", "sip:carol@198.51.100.1", [
      ["Route", `<sip:${SERVER.address};lr>`],
      ["Route", "<sip:192.0.2.11>"],
    ]);
    expect((await exchange.settled(alice.send(request).final)).statusCode).toBe(200);
    expect(router.received[0]!.heading).toBe("MESSAGE sip:192.0.2.11 SIP/2.0");
    expect(router.received[0]!.headers.getAll("Route")).toEqual(["<sip:carol@198.51.100.1>"]);
  });

  it("from a strict router find their target again (RFC 3261 §16.4)", async () => {
    const exchange = await Exchange.start({ authenticate: [] });
    const alice = await exchange.registered("alice");
    const bob = await exchange.registered("bob");
    bob.onRequest = (transaction) => bob.reject(200, transaction);
    const request = alice.create("MESSAGE", `sip:${SERVER.address}:5060;lr`, [["Route", "<sip:bob@192.0.2.11>"]]);
    expect((await exchange.settled(alice.send(request).final)).statusCode).toBe(200);
    expect(bob.received[0]!.heading).toBe("MESSAGE sip:bob@192.0.2.11 SIP/2.0");
  });
});
