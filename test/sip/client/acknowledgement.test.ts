import { describe, expect, it } from "vitest";
import { SIPResponse } from "../../../ts/sip/message/SIPResponse.ts";
import { ANSWER, ended, NOTHING_LEFT, OFFER, World } from "./World.ts";

describe("the answer to a call", () => {
  it("is acknowledged each time it comes, in the same words", async () => {
    const world = new World();
    const peer = await world.peer("bob");
    const alice = await world.phone({ user: "alice" });
    alice.client.invite(peer.uri, { body: OFFER });
    await world.clock.runUntil(() => peer.of("INVITE").length === 1, 1000);
    for (let i = 0; i < 4; i += 1) {
      peer.respond(peer.of("INVITE")[0]!, 200);
      await world.clock.advance(500);
    }
    expect(peer.of("ACK")).toHaveLength(4);
    expect(new Set(peer.of("ACK").map(String)).size).toBe(1);
  });

  it("is acknowledged even after we have hung up", async () => {
    const world = new World();
    const peer = await world.peer("bob");
    const alice = await world.phone({ user: "alice" });
    const call = alice.client.invite(peer.uri, { body: OFFER });
    await world.clock.runUntil(() => peer.of("INVITE").length === 1, 1000);
    peer.respond(peer.of("INVITE")[0]!, 200);
    await world.clock.runUntil(() => call.state === "confirmed", 1000);
    void call.bye();
    await world.clock.runUntil(() => peer.of("BYE").length === 1, 1000);
    peer.respond(peer.of("BYE")[0]!, 200);
    peer.respond(peer.of("INVITE")[0]!, 200);
    await world.clock.advance(100);
    expect(peer.of("ACK")).toHaveLength(2);
    expect(peer.of("BYE")).toHaveLength(1);
  });

  it("without a To tag and without Contact (RFC 2543) still makes a call that can be hung up", async () => {
    const world = new World();
    const peer = await world.peer("bob");
    const alice = await world.phone({ user: "alice" });
    const call = alice.client.invite(peer.uri, { body: OFFER });
    await world.clock.runUntil(() => peer.of("INVITE").length === 1, 1000);
    const invite = peer.of("INVITE")[0]!;
    const ok = SIPResponse.to(invite, 200);
    ok.headers.set("To", invite.headers.get("To") ?? "");
    peer.send(ok, alice.client.transport.local);
    await world.clock.runUntil(() => peer.of("ACK").length === 1, 1000);
    expect(peer.of("ACK")[0]?.uri.toString()).toBe(peer.uri);
    void call.bye();
    await world.clock.runUntil(() => peer.of("BYE").length === 1, 1000);
    expect(peer.of("BYE")[0]?.to.tag).toBeUndefined();
  });

  it("is repeated at 0.5, 1, 2, 4, 4 … s until the ACK comes, and hung up after 32 s without", async () => {
    const world = new World({ minimumDelay: 0, maximumDelay: 0 });
    const peer = await world.peer("alice");
    const bob = await world.phone({ user: "bob" });
    peer.onRequest = (request) => peer.respond(request, 200);
    peer.request("INVITE", bob.client, { body: "v=0" });
    const call = await bob.call();
    const began = world.clock.now();
    const times: number[] = [];
    world.network.onDatagram = (bytes) => {
      if (Buffer.from(bytes).toString().startsWith("SIP/2.0 200")) times.push(world.clock.now() - began);
    };
    const acknowledged = call.accept(ANSWER);
    const outcome = acknowledged.then(() => "acknowledged", (error: Error) => error.name);
    expect(await ended(world, call)).toMatchObject({ by: "timeout", cause: "no-ack" });
    expect(await outcome).toBe("RequestTimeoutError");
    expect(times.slice(0, 11)).toEqual([0, 500, 1500, 3500, 7500, 11_500, 15_500, 19_500, 23_500, 27_500, 31_500]);
    expect(world.clock.now() - began).toBe(32_000);
    await world.clock.advance(100);
    expect(peer.of("BYE")).toHaveLength(1);
    expect(await world.end()).toEqual(NOTHING_LEFT);
  });

  it("is not repeated once the ACK has come, however late", async () => {
    const world = new World();
    const alice = await world.phone({ user: "alice" });
    const bob = await world.phone({ user: "bob" });
    world.network.drop((bytes) => Buffer.from(bytes).toString().startsWith("ACK"), 3);
    const call = alice.client.invite(bob.uri, { body: OFFER });
    const incoming = await bob.call();
    const acks: number[] = [];
    incoming.onAck = () => acks.push(world.clock.now());
    await world.during(incoming.accept(ANSWER));
    await world.clock.advance(60_000);
    expect(acks).toHaveLength(1);
    expect(world.wire.filter((entry) => entry === "bob > alice 200")).toHaveLength(4);
    expect(call.state).toBe("confirmed");
  });

  it("waits for its ACK before the callee may hang up (RFC 3261 §15)", async () => {
    const world = new World();
    const alice = await world.phone({ user: "alice" });
    const bob = await world.phone({ user: "bob" });
    world.network.drop((bytes) => Buffer.from(bytes).toString().startsWith("ACK"));
    const call = alice.client.invite(bob.uri, { body: OFFER });
    const incoming = await bob.call();
    void incoming.accept(ANSWER);
    void incoming.bye();
    expect(incoming.state).toBe("terminated");
    expect(await ended(world, call)).toMatchObject({ by: "remote", cause: "bye" });
    expect(world.wire).toEqual(["alice > bob INVITE", "bob > alice 200", "alice > bob ACK", "bob > alice 200", "alice > bob ACK", "bob > alice BYE", "alice > bob 200"]);
    expect(await world.end()).toEqual(NOTHING_LEFT);
  });

  it("carries the offer when the INVITE had none; the ACK then brings the answer", async () => {
    const world = new World();
    const alice = await world.phone({ user: "alice" });
    const bob = await world.phone({ user: "bob" });
    const call = alice.client.invite(bob.uri);
    call.onLateOffer = (offer) => ({ ...ANSWER, content: `answer to ${Buffer.from(offer.content).toString()}` });
    const incoming = await bob.call();
    const answers: string[] = [];
    incoming.onAnswer = (body) => answers.push(Buffer.from(body.content).toString());
    await world.during(incoming.accept(OFFER));
    expect(answers).toEqual(["answer to v=0 offer"]);
    expect(await world.end()).toEqual(NOTHING_LEFT);
  });

  it("with an offer that the caller cannot take is acknowledged and hung up", async () => {
    const world = new World();
    const alice = await world.phone({ user: "alice" });
    const bob = await world.phone({ user: "bob" });
    const call = alice.client.invite(bob.uri);
    call.onLateOffer = () => Promise.reject(new Error("no codec in common"));
    let accepted = false;
    call.onAccepted = () => {
      accepted = true;
    };
    const incoming = await bob.call();
    void incoming.accept(OFFER);
    expect(await ended(world, call)).toMatchObject({ by: "local", cause: "error" });
    expect(await ended(world, incoming)).toMatchObject({ by: "remote", cause: "bye" });
    expect(accepted).toBe(false);
    expect(world.errors).toHaveLength(1);
  });
});
