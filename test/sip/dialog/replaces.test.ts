import { describe, expect, it } from "vitest";
import { ANSWER, ended, NOTHING_LEFT, OFFER, World } from "../client/World.ts";
import { talking } from "./Calls.ts";

const replacing = (callId: string, toTag: string, fromTag: string, more = ""): [string, string][] => [
  ["Replaces", `${callId};to-tag=${toTag};from-tag=${fromTag}${more}`], ["Require", "replaces"],
];

describe("INVITE with Replaces (RFC 3891)", () => {
  it("takes the place of a call: that one is hung up when this one is answered", async () => {
    const { world, bob, call, incoming } = await talking();
    const carol = await world.phone({ user: "carol" });
    const { callId } = incoming;
    const next = carol.client.invite(bob.uri, { headers: replacing(callId, incoming.localTag, call.localTag), body: OFFER });
    const replacement = await bob.call(1);
    expect([replacement.replaces === incoming, incoming.state]).toEqual([true, "confirmed"]);
    await world.during(replacement.accept(ANSWER));
    expect([next.state, incoming.endReason?.by]).toEqual(["confirmed", "local"]);
    expect(await ended(world, call)).toMatchObject({ by: "remote", cause: "bye", reason: "Replaced" });
    await world.during(next.bye());
    expect(await world.end()).toEqual(NOTHING_LEFT);
  });

  it("that is turned away leaves the call as it is", async () => {
    const { world, bob, call, incoming } = await talking();
    const carol = await world.phone({ user: "carol" });
    carol.client.invite(bob.uri, { headers: replacing(incoming.callId, incoming.localTag, call.localTag), body: OFFER });
    (await bob.call(1)).reject(488);
    await world.clock.advance(1000);
    expect([call.state, incoming.state]).toEqual(["confirmed", "confirmed"]);
  });

  it("may take over a call of ours that still rings: that one is cancelled", async () => {
    const world = new World();
    const alice = await world.phone({ user: "alice" });
    const bob = await world.phone({ user: "bob" });
    const carol = await world.phone({ user: "carol" });
    const call = alice.client.invite(bob.uri, { body: OFFER });
    const ringing = await bob.call();
    ringing.ringing();
    await world.clock.advance(50);
    carol.client.invite(alice.uri, { headers: replacing(call.callId, call.localTag, ringing.localTag, ";early-only"), body: OFFER });
    const replacement = await alice.call();
    await world.during(replacement.accept(ANSWER));
    expect(await ended(world, ringing)).toMatchObject({ by: "remote", cause: "cancel" });
    expect(await ended(world, call)).toMatchObject({ by: "local", cause: "cancel" });
  });

  it("is refused: 481 for an unknown call or one that rings here, 486 for an answered one that was to ring, 603 for one that is over, 400 for two", async () => {
    const { world, bob, call, incoming } = await talking();
    const carol = await world.phone({ user: "carol" });
    const { callId } = incoming;
    const status = async (headers: [string, string][]): Promise<number | undefined> =>
      (await ended(world, carol.client.invite(bob.uri, { headers, body: OFFER })))?.status;
    const fits = replacing(callId, incoming.localTag, call.localTag);
    expect(await status(replacing("unknown", "1", "2"))).toBe(481);
    expect(await status(replacing(callId, call.localTag, incoming.localTag))).toBe(481);
    expect(await status(replacing(callId, incoming.localTag, call.localTag, ";early-only"))).toBe(486);
    expect(await status([...fits, ...fits])).toBe(400);
    expect(await status([["Replaces", "nonsense"]])).toBe(400);
    // Its BYE gets no answer, so the dialog is still known for a while.
    world.network.override(({ address }) => address === "192.0.2.1", { loss: 1 });
    void incoming.bye();
    expect(await status(fits)).toBe(603);
    const dave = await world.phone({ user: "dave" });
    const ringing = dave.client.invite(bob.uri, { body: OFFER });
    const index = bob.calls.length;
    const rings = await bob.call(index);
    rings.ringing();
    expect(await status(replacing(ringing.callId, rings.localTag, ringing.localTag))).toBe(481);
  });

  it("completes an attended transfer between three of our phones", async () => {
    const { world, alice, bob, call, incoming } = await talking();
    const carol = await world.phone({ user: "carol" });
    const consultation = alice.client.invite(carol.uri, { body: OFFER });
    const atCarol = await carol.call();
    await world.during(atCarol.accept(ANSWER));
    carol.client.onInvite = (session) => {
      carol.calls.push(session);
      if (session.replaces !== undefined) void session.accept(ANSWER);
    };
    incoming.onRefer = (refer) => {
      refer.accept();
      const next = bob.client.invite(refer.target.toString(), { headers: refer.headers, body: OFFER });
      next.onAccepted = ({ statusCode }) => refer.report(statusCode);
      next.onEnded = ({ status = 487 }) => refer.report(status);
    };
    const referral = call.refer(undefined, { replaces: consultation });
    expect((await world.during(referral.outcome)).success).toBe(true);
    await world.during(call.bye());
    await world.clock.advance(1000);
    expect([consultation.state, atCarol.state, carol.calls[1]?.state]).toEqual(["terminated", "terminated", "confirmed"]);
    expect(carol.calls[1]?.remote.uri.toString()).toContain("bob");
  });
});
