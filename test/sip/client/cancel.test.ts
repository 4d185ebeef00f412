import { describe, expect, it } from "vitest";
import { calling } from "../dialog/Calls.ts";
import { ANSWER, ended, NOTHING_LEFT, OFFER, PATIENCE, World } from "./World.ts";

describe("giving up a call", () => {
  it("stops the other phone's ringing and ends both sides with 487", async () => {
    const { world, call, incoming } = await calling();
    incoming.ringing();
    await world.clock.runUntil(() => call.state === "early", 1000);
    call.cancel('SIP;cause=200;text="Call completed elsewhere"');
    expect(await ended(world, call)).toMatchObject({ by: "local", cause: "cancel", status: 487 });
    expect(await ended(world, incoming)).toMatchObject({ by: "remote", cause: "cancel", status: 487, reason: "Call completed elsewhere" });
    expect(world.wire).toEqual([
      "alice > bob INVITE",
      "bob > alice 180",
      "alice > bob CANCEL",
      "bob > alice 200",
      "bob > alice 487",
      "alice > bob ACK",
    ]);
    expect(await world.end()).toEqual(NOTHING_LEFT);
  });

  it("before anything was heard waits for a sign of life before it says so (RFC 3261 §9.1)", async () => {
    const world = new World();
    const peer = await world.peer("bob");
    const alice = await world.phone({ user: "alice" });
    const call = alice.client.invite(peer.uri, { body: OFFER });
    await world.clock.runUntil(() => peer.of("INVITE").length === 1, 1000);
    call.cancel();
    await world.clock.advance(2000);
    expect(peer.of("CANCEL")).toEqual([]);
    peer.respond(peer.of("INVITE")[0]!, 100);
    await world.clock.advance(100);
    const [cancel] = peer.of("CANCEL");
    expect(cancel?.via.branch).toBe(peer.of("INVITE")[0]?.via.branch);
    peer.respond(cancel!, 200);
    peer.respond(peer.of("INVITE")[0]!, 487);
    expect(await ended(world, call)).toMatchObject({ by: "local", cause: "cancel", status: 487 });
  });

  it("in the same breath sends nothing at all", async () => {
    const world = new World();
    const alice = await world.phone({ user: "alice" });
    const call = alice.client.invite("sip:bob@192.0.2.50", { body: OFFER });
    call.cancel();
    expect(call.endReason).toMatchObject({ by: "local", cause: "cancel" });
    await world.clock.advance(1000);
    expect(world.wire).toEqual([]);
    expect(await world.end()).toEqual(NOTHING_LEFT);
  });

  it("when the answer crosses it acknowledges the answer and hangs up", async () => {
    const world = new World();
    const alice = await world.phone({ user: "alice" });
    const bob = await world.phone({ user: "bob" });
    const call = alice.client.invite(bob.uri, { body: OFFER });
    let accepted = false;
    call.onAccepted = () => {
      accepted = true;
    };
    const incoming = await bob.call();
    incoming.ringing();
    await world.clock.runUntil(() => call.state === "early", 1000);
    call.cancel();
    void incoming.accept(ANSWER);
    expect(await ended(world, call)).toMatchObject({ by: "local", cause: "cancel" });
    expect(await ended(world, incoming)).toMatchObject({ by: "remote", cause: "bye" });
    expect(accepted).toBe(false);
    await world.clock.advance(100);
    expect(world.wire.slice(2)).toEqual([
      "alice > bob CANCEL",
      "bob > alice 200",
      "bob > alice 200",
      "alice > bob ACK",
      "alice > bob BYE",
      "bob > alice 200",
    ]);
    expect(await world.end()).toEqual(NOTHING_LEFT);
  });

  it("ends after 32 s on our side even when the far end never confirms", async () => {
    const world = new World();
    const peer = await world.peer("bob");
    const alice = await world.phone({ user: "alice" });
    const call = alice.client.invite(peer.uri, { body: OFFER });
    peer.onRequest = (request) => {
      if (request.method === "INVITE") peer.respond(request, 180);
      if (request.method === "CANCEL") peer.respond(request, 200);
    };
    await world.clock.runUntil(() => call.state === "early", 1000);
    call.cancel();
    const began = world.clock.now();
    expect(await ended(world, call)).toMatchObject({ by: "local", cause: "cancel", status: 487 });
    expect(world.clock.now() - began).toBe(PATIENCE);
    expect(await world.end()).toEqual(NOTHING_LEFT);
  });

  it("happens by itself when nobody answers for three minutes", async () => {
    const world = new World();
    const alice = await world.phone({ user: "alice" });
    const bob = await world.phone({ user: "bob" });
    const call = alice.client.invite(bob.uri, { body: OFFER });
    // It rings once, then the phone is unplugged.
    (await bob.call()).ringing();
    await world.clock.runUntil(() => call.state === "early", 1000);
    world.network.override(({ address }) => address === bob.client.transport.local.address, { loss: 1 });
    expect(await ended(world, call, 300_000)).toMatchObject({ by: "timeout", cause: "no-answer", status: 408 });
  });

  it("does not happen to a phone that rings for ten minutes and says so each minute", async () => {
    const { world, call, incoming } = await calling();
    incoming.ringing();
    await world.clock.advance(600_000);
    expect(call.state).toBe("early");
    await world.during(incoming.accept(ANSWER));
    expect(call.state).toBe("confirmed");
  });

  it("by the Expires of the INVITE stops the ringing with 487", async () => {
    const world = new World();
    const alice = await world.phone({ user: "alice" });
    const bob = await world.phone({ user: "bob" });
    const call = alice.client.invite(bob.uri, { body: OFFER, headers: [["Expires", "20"]] });
    const incoming = await bob.call();
    incoming.ringing();
    expect(await ended(world, incoming)).toMatchObject({ by: "timeout", cause: "no-answer", status: 487 });
    expect(await ended(world, call)).toMatchObject({ by: "remote", cause: "rejected", status: 487 });
  });

  it("with BYE instead of CANCEL, as some callers do, ends the ringing, too", async () => {
    const world = new World();
    const peer = await world.peer("alice");
    const bob = await world.phone({ user: "bob" });
    const invite = peer.request("INVITE", bob.client, { body: "v=0" });
    const call = await bob.call();
    call.ringing();
    await world.clock.advance(100);
    peer.follow(invite, peer.responses[0]!, "BYE", bob.client);
    expect(await ended(world, call)).toMatchObject({ by: "remote", cause: "bye" });
    await world.clock.advance(100);
    expect(peer.statuses.toSorted((a, b) => a - b)).toEqual([180, 200, 487]);
  });
});

describe("hanging up at the same moment", () => {
  it("ends both sides as if each had been first", async () => {
    const { world, call, incoming } = await calling();
    await world.during(incoming.accept(ANSWER));
    await world.during(Promise.all([call.bye(), incoming.bye()]));
    expect(call.endReason).toMatchObject({ by: "local" });
    expect(incoming.endReason).toMatchObject({ by: "local" });
    expect(await world.end()).toEqual(NOTHING_LEFT);
  });
});
