import { describe, expect, it } from "vitest";
import type { ClientInviteSession } from "../../../ts/sip/dialog/ClientInviteSession.ts";
import { ANSWER, ended, NOTHING_LEFT, OFFER, type Peer, type Phone, type PhoneOptions, World } from "./World.ts";

/** A peer that sends each INVITE elsewhere: by user name to Contacts, or to a status. */
async function redirector(
  places: Readonly<Record<string, readonly string[] | number>>,
  options: Partial<PhoneOptions> = {},
): Promise<{ world: World; alice: Phone; peer: Peer; call: ClientInviteSession; targets: string[] }> {
  const world = new World();
  const peer = await world.peer("peer", "192.0.2.100");
  const alice = await world.phone({ user: "alice", ...options });
  peer.onRequest = (request) => {
    const place = places[/sip:([^@]+)@/.exec(request.uri.toString())?.[1] ?? ""];
    if (request.method !== "INVITE" || place === undefined) return;
    if (typeof place === "number") peer.respond(request, place, { toTag: `tag-${request.cseq.sequence}`, ...(place === 200 ? { body: "v=0" } : {}) });
    else peer.respond(request, 302, { toTag: `tag-${request.cseq.sequence}`, headers: place.map((contact): [string, string] => ["Contact", contact]) });
  };
  const call = alice.client.invite("sip:first@192.0.2.100", { body: OFFER });
  const targets: string[] = [];
  call.onRedirect = (target) => targets.push(target.user ?? "");
  return { world, alice, peer, call, targets };
}

const at = (user: string, q = ""): string => `<sip:${user}@192.0.2.100>${q}`;

describe("a call that is sent elsewhere (RFC 3261 §8.1.3.4)", () => {
  it("goes there, under the same Call-ID and From tag and the next CSeq number", async () => {
    const { world, peer, call, targets } = await redirector({ first: [at("second")], second: 200 });
    await world.clock.runUntil(() => call.state === "confirmed", 1000);
    const [one, two] = peer.of("INVITE");
    expect([two?.uri.toString(), two?.callId, two?.from.tag, two?.to.tag, two?.to.uri.toString()]).toEqual([
      "sip:second@192.0.2.100", one?.callId, one?.from.tag, undefined, one?.to.uri.toString(),
    ]);
    expect(two?.cseq.sequence).toBe((one?.cseq.sequence ?? 0) + 1);
    expect([two?.bodyText, targets]).toEqual(["v=0 offer", ["second"]]);
    peer.onRequest = (request) => peer.respond(request, 200);
    await world.during(call.bye());
    expect(await world.end()).toEqual(NOTHING_LEFT);
  });

  it("tries the places by their q, the next when one refuses", async () => {
    const { world, call, targets } = await redirector({
      first: [at("third", ";q=0.3"), at("second", ";q=0.7"), at("fourth", ";q=0.1")], second: 480, third: 486, fourth: 200,
    });
    await world.clock.runUntil(() => call.state === "confirmed", 1000);
    expect(targets).toEqual(["second", "third", "fourth"]);
  });

  it("ends with what the last of them said", async () => {
    const { world, call } = await redirector({ first: [at("second"), at("third")], second: 480, third: 486 });
    expect(await ended(world, call)).toMatchObject({ by: "remote", cause: "rejected", status: 486 });
  });

  it("ends at once when somebody speaks for all (6xx)", async () => {
    const { world, call, targets } = await redirector({ first: [at("second"), at("third")], second: 603, third: 200 });
    expect(await ended(world, call)).toMatchObject({ status: 603 });
    expect(targets).toEqual(["second"]);
  });

  it("does not run in circles", async () => {
    const { world, call, targets } = await redirector({ first: [at("second")], second: [at("first"), at("second")] });
    expect(await ended(world, call)).toMatchObject({ by: "remote", cause: "redirected", status: 302 });
    expect(targets).toEqual(["second"]);
  });

  it("is not sent on for ever", async () => {
    const places = Object.fromEntries(Array.from({ length: 20 }, (_, i) => [i === 0 ? "first" : `place${i}`, [at(`place${i + 1}`)]]));
    const five = await redirector(places);
    expect(await ended(five.world, five.call)).toMatchObject({ cause: "redirected", status: 302 });
    expect(five.targets).toHaveLength(5);
    const none = await redirector(places, { followRedirects: 0 });
    expect((await ended(none.world, none.call))?.response?.contact?.uri.toString()).toBe("sip:place1@192.0.2.100");
    expect(none.peer.of("INVITE")).toHaveLength(1);
  });

  it("passes over places that it cannot call, and those that are silent", async () => {
    const { world, call, targets } = await redirector({ first: ["<tel:+4930123456>", "<mailto:bob@example.com>", "<sip:ghost@192.0.2.250>;q=0.9", at("last", ";q=0.5")], last: 200 });
    await world.clock.runUntil(() => call.state === "confirmed", 60_000);
    expect(targets).toEqual(["ghost", "last"]);
  });

  it("leaves other 3xx to the caller", async () => {
    const { world, call } = await redirector({ first: 380 });
    expect(await ended(world, call)).toMatchObject({ cause: "redirected", status: 380 });
  });

  it("is not followed once it has been cancelled, even while it hears of it", async () => {
    const { world, alice, peer, call } = await redirector({ first: [at("second")], second: 200 });
    call.onRedirect = () => call.cancel();
    expect(await ended(world, call)).toMatchObject({ by: "local", cause: "cancel" });
    expect(peer.of("INVITE")).toHaveLength(1);
    await world.clock.advance(64_000);
    expect(alice.client.dialogs).toBe(0);
  });

  it("rings at the new place: the early dialog of the old one is gone", async () => {
    const { world, alice, peer, call } = await redirector({});
    await world.clock.runUntil(() => peer.of("INVITE").length === 1, 1000);
    peer.respond(peer.of("INVITE")[0]!, 180, { toTag: "old" });
    await world.clock.advance(50);
    const bob = await world.phone({ user: "bob" });
    peer.respond(peer.of("INVITE")[0]!, 302, { toTag: "old", headers: [["Contact", `<${bob.uri}>`]] });
    const incoming = await bob.call();
    expect([call.state, alice.client.dialogs]).toEqual(["calling", 0]);
    incoming.ringing();
    await world.clock.advance(50);
    expect([call.state, alice.client.dialogs]).toEqual(["early", 1]);
    await world.during(incoming.accept(ANSWER));
    await world.during(call.bye());
    expect(await world.end()).toEqual(NOTHING_LEFT);
  });
});
