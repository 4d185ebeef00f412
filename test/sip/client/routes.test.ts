import { describe, expect, it } from "vitest";
import type { SIPRequest } from "../../../ts/sip/message/SIPRequest.ts";
import { ANSWER, OFFER, type Peer, World } from "./World.ts";

/** A call from alice to the peer, whose 200 comes with Record-Route. */
async function callThrough(world: World, peer: Peer, ...recordRoute: string[]): Promise<{ bye: SIPRequest; reinvite: SIPRequest; ack: SIPRequest }> {
  const alice = await world.phone({ user: "alice" });
  peer.onRequest = (request) => {
    if (request.method === "ACK") return;
    peer.respond(request, 200, { headers: recordRoute.map((route) => ["Record-Route", route]), contact: "<sip:bob@192.0.2.77:5099>" });
  };
  const call = alice.client.invite(peer.uri, { body: OFFER });
  await world.clock.runUntil(() => peer.of("ACK").length === 1, 1000);
  await world.during(call.reinvite(OFFER));
  await world.during(call.bye());
  return { ack: peer.of("ACK")[0]!, reinvite: peer.of("INVITE")[1]!, bye: peer.of("BYE")[0]! };
}

describe("a proxy that stays in the path", () => {
  it("gets ACK, re-INVITE and BYE of the caller, addressed to the callee's Contact, in reverse Record-Route order", async () => {
    const world = new World();
    const peer = await world.peer("proxy");
    const near = `<sip:${peer.transport.local.address};lr>`;
    const requests = await callThrough(world, peer, "<sip:far.example.com;lr>", near);
    for (const request of Object.values(requests)) {
      expect(request.uri.toString()).toBe("sip:bob@192.0.2.77:5099");
      expect(request.headers.getAll("Route")).toEqual([near, "<sip:far.example.com;lr>"]);
    }
  });

  it("of the old, strict kind gets its own address as Request-URI and the Contact as last Route", async () => {
    const world = new World();
    const peer = await world.peer("proxy");
    const near = `sip:${peer.transport.local.address}`;
    const requests = await callThrough(world, peer, "<sip:far.example.com;lr>", `<${near}>`);
    for (const request of Object.values(requests)) {
      expect(request.uri.toString()).toBe(near);
      expect(request.headers.getAll("Route")).toEqual(["<sip:far.example.com;lr>", "<sip:bob@192.0.2.77:5099>"]);
    }
  });

  it("gets the callee's BYE, too, in Record-Route order", async () => {
    const world = new World();
    const peer = await world.peer("proxy");
    const bob = await world.phone({ user: "bob" });
    const near = `<sip:${peer.transport.local.address};lr>`;
    peer.onRequest = (request) => peer.respond(request, 200);
    const invite = peer.request("INVITE", bob.client, {
      headers: [["Record-Route", `${near}, <sip:far.example.com;lr>`], ["Contact", "<sip:alice@192.0.2.88>"]],
      body: "v=0",
    });
    const call = await bob.call();
    void call.accept(ANSWER);
    await world.clock.runUntil(() => peer.responses.some(({ statusCode }) => statusCode === 200), 1000);
    const ok = peer.responses.find(({ statusCode }) => statusCode === 200)!;
    expect(ok.headers.getAll("Record-Route")).toEqual([near, "<sip:far.example.com;lr>"]);
    peer.follow(invite, ok, "ACK", bob.client);
    await world.clock.advance(100);
    await world.during(call.bye());
    const [bye] = peer.of("BYE");
    expect(bye?.uri.toString()).toBe("sip:alice@192.0.2.88");
    expect(bye?.headers.getAll("Route")).toEqual([near, "<sip:far.example.com;lr>"]);
  });

  it("that only the 200 names, not the 180, is in the route set all the same", async () => {
    const world = new World();
    const peer = await world.peer("proxy");
    const alice = await world.phone({ user: "alice" });
    const call = alice.client.invite(peer.uri, { body: OFFER });
    await world.clock.runUntil(() => peer.of("INVITE").length === 1, 1000);
    const invite = peer.of("INVITE")[0]!;
    peer.respond(invite, 180, { contact: "<sip:early@192.0.2.66>" });
    await world.clock.runUntil(() => call.state === "early", 1000);
    peer.respond(invite, 200, { headers: [["Record-Route", `<sip:${peer.transport.local.address};lr>`]], contact: "<sip:late@192.0.2.67>" });
    await world.clock.runUntil(() => peer.of("ACK").length === 1, 1000);
    expect(peer.of("ACK")[0]?.uri.toString()).toBe("sip:late@192.0.2.67");
    expect(peer.of("ACK")[0]?.headers.getAll("Route")).toHaveLength(1);
  });
});
