import { describe, expect, it } from "vitest";
import type { ClientInviteSession } from "../../../ts/sip/dialog/ClientInviteSession.ts";
import { SIPRejection } from "../../../ts/sip/dialog/errors.ts";
import type { ServerInviteSession } from "../../../ts/sip/dialog/ServerInviteSession.ts";
import type { SIPBody } from "../../../ts/sip/dialog/InviteSession.ts";
import type { SIPRequest } from "../../../ts/sip/message/SIPRequest.ts";
import type { SIPResponse } from "../../../ts/sip/message/SIPResponse.ts";
import { ANSWER, ended, NOTHING_LEFT, OFFER, type Peer, type Phone, type PhoneOptions, World } from "../client/World.ts";

const text = (body: SIPBody | undefined): string | undefined => (body === undefined ? undefined : Buffer.from(body.content).toString());

/** A call between two clients that has been answered. */
async function talking(bobOptions: Partial<PhoneOptions> = {}): Promise<{
  world: World;
  alice: Phone;
  bob: Phone;
  call: ClientInviteSession;
  incoming: ServerInviteSession;
}> {
  const world = new World();
  const alice = await world.phone({ user: "alice" });
  const bob = await world.phone({ user: "bob", ...bobOptions });
  const call = alice.client.invite(bob.uri, { body: OFFER });
  const incoming = await bob.call();
  await world.during(incoming.accept(ANSWER));
  return { world, alice, bob, call, incoming };
}

/** A call from a scripted peer that bob has answered. */
async function calledByPeer(): Promise<{ world: World; peer: Peer; bob: Phone; call: ServerInviteSession; invite: SIPRequest; ok: SIPResponse }> {
  const world = new World();
  const peer = await world.peer("peer");
  const bob = await world.phone({ user: "bob" });
  const invite = peer.request("INVITE", bob.client, { body: "v=0" });
  const call = await bob.call();
  void call.accept(ANSWER);
  await world.clock.runUntil(() => peer.statuses.includes(200), 1000);
  const ok = peer.responses.at(-1)!;
  peer.follow(invite, ok, "ACK", bob.client);
  await world.clock.advance(100);
  peer.responses.length = 0;
  return { world, peer, bob, call, invite, ok };
}

describe("changing a call", () => {
  it("carries offer and answer both ways", async () => {
    const { world, call, incoming } = await talking();
    const offers: (string | undefined)[] = [];
    incoming.onReinvite = (offer) => {
      offers.push(text(offer));
      return { ...ANSWER, content: "v=0 held" };
    };
    const response = await world.during(call.reinvite({ ...OFFER, content: "v=0 hold" }));
    expect([response.statusCode, response.bodyText]).toEqual([200, "v=0 held"]);
    expect(offers).toEqual(["v=0 hold"]);
    call.onReinvite = async () => ({ ...ANSWER, content: "v=0 resumed" });
    expect((await world.during(incoming.reinvite(OFFER))).bodyText).toBe("v=0 resumed");
    await world.during(call.bye());
    expect(await world.end()).toEqual(NOTHING_LEFT);
  });

  it("without an offer lets the far end make it, and answers in the ACK", async () => {
    const { world, call, incoming } = await talking();
    call.onLateOffer = (offer) => ({ ...ANSWER, content: `to ${text(offer)}` });
    incoming.onReinvite = (offer) => (offer === undefined ? OFFER : ANSWER);
    const answers: (string | undefined)[] = [];
    incoming.onAnswer = (answer) => answers.push(text(answer));
    await world.during(call.reinvite());
    await world.clock.advance(100);
    expect(answers).toEqual(["to v=0 offer"]);
  });

  it("that the far end refuses leaves the call as it was", async () => {
    const { world, call, incoming } = await talking();
    incoming.onReinvite = () => {
      throw new SIPRejection(488, undefined, [["Warning", '304 bob "no such codec"']]);
    };
    const response = await world.during(call.reinvite(OFFER));
    expect([response.statusCode, response.headers.get("Warning")]).toEqual([488, '304 bob "no such codec"']);
    incoming.onReinvite = undefined;
    expect((await world.during(call.reinvite(OFFER))).statusCode).toBe(488);
    incoming.onReinvite = () => Promise.reject(new Error("bug"));
    expect((await world.during(call.reinvite(OFFER))).statusCode).toBe(500);
    expect(world.errors).toHaveLength(1);
    expect([call.state, incoming.state]).toEqual(["confirmed", "confirmed"]);
  });

  it("from both sides at once works out after a pause: the one who called waits longer (RFC 3261 §14.1)", async () => {
    const { world, call, incoming } = await talking();
    call.onReinvite = () => ANSWER;
    incoming.onReinvite = () => ANSWER;
    const began = world.clock.now();
    const done: string[] = [];
    const first = call.reinvite(OFFER).then((response) => done.push(`caller ${response.statusCode} ${Math.floor((world.clock.now() - began) / 1000)}`));
    const second = incoming.reinvite(OFFER).then((response) => done.push(`callee ${response.statusCode} ${Math.floor((world.clock.now() - began) / 1000)}`));
    await world.during(Promise.all([first, second]));
    expect(done).toEqual(["callee 200 1", "caller 200 3"]);
    expect(world.wire.filter((entry) => entry.endsWith("491"))).toHaveLength(2);
  });

  it("twice in a row sends the second when the first is done", async () => {
    const { world, call, incoming } = await talking();
    incoming.onReinvite = (offer) => ({ ...ANSWER, content: `answer to ${text(offer)}` });
    const [one, two] = await world.during(Promise.all([call.reinvite({ ...OFFER, content: "1" }), call.reinvite({ ...OFFER, content: "2" })]));
    expect([one?.bodyText, two?.bodyText]).toEqual(["answer to 1", "answer to 2"]);
    expect(world.wire.filter((entry) => entry.endsWith("491") || entry.endsWith("500"))).toEqual([]);
  });

  it("while the far end's change waits for its answer waits, too", async () => {
    const { world, call, incoming } = await talking();
    call.onReinvite = () => new Promise((resolve) => world.clock.at(world.clock.now() + 1000, () => resolve(ANSWER)));
    incoming.onReinvite = () => ANSWER;
    const theirs = incoming.reinvite(OFFER);
    await world.clock.advance(100);
    const ours = call.reinvite(OFFER);
    expect((await world.during(theirs)).statusCode).toBe(200);
    expect((await world.during(ours)).statusCode).toBe(200);
    expect(world.wire.filter((entry) => entry.endsWith("491"))).toEqual([]);
  });

  it("of which no answer comes ends the call with BYE (RFC 3261 §14.1)", async () => {
    const { world, alice, call } = await talking();
    world.network.override(() => true, { loss: 1 });
    const changed = call.reinvite(OFFER).then(() => "changed", (error: Error) => error.name);
    expect(await ended(world, call)).toMatchObject({ by: "timeout", cause: "gone", status: 408 });
    expect(await changed).toBe("RequestTimeoutError");
    await world.clock.advance(64_000);
    expect([alice.client.layer.size, alice.client.dialogs]).toEqual([0, 0]);
  });

  it("in a dialog that the far end has forgotten (481) ends the call", async () => {
    const { world, bob, call } = await talking();
    bob.client.removeDialog(bob.calls[0]!.dialog!);
    const response = await world.during(call.reinvite(OFFER));
    expect(response.statusCode).toBe(481);
    expect(call.endReason).toMatchObject({ by: "remote", cause: "gone", status: 481 });
  });

  it("and hanging up before the far end has decided ends both; the change is refused with 487", async () => {
    const { world, call, incoming } = await talking();
    incoming.onReinvite = () => new Promise(() => {});
    const changed = call.reinvite(OFFER);
    await world.clock.advance(1000);
    void call.bye();
    expect(await ended(world, incoming)).toMatchObject({ by: "remote", cause: "bye" });
    expect((await world.during(changed)).statusCode).toBe(487);
    expect(await world.end()).toEqual(NOTHING_LEFT);
  });

  it("and being hung up on before the far end has decided ends both", async () => {
    const { world, call, incoming } = await talking();
    incoming.onReinvite = () => new Promise(() => {});
    const changed = call.reinvite(OFFER);
    await world.clock.advance(1000);
    void incoming.bye();
    expect(await ended(world, call)).toMatchObject({ by: "remote", cause: "bye" });
    expect((await world.during(changed)).statusCode).toBe(487);
    expect(await world.end()).toEqual(NOTHING_LEFT);
  });

  it("is refused before the call is confirmed and after its end", async () => {
    const { world, alice, bob, call } = await talking();
    await world.during(call.bye());
    await expect(call.reinvite(OFFER)).rejects.toMatchObject({ code: "SESSION_STATE", state: "terminated" });
    const second = alice.client.invite(bob.uri, { body: OFFER });
    await expect(second.reinvite(OFFER)).rejects.toMatchObject({ code: "SESSION_STATE", state: "calling" });
    second.cancel();
  });
});

describe("a far end that changes the call", () => {
  it("while it has not heard about the last change gets 500 and a pause of at most 10 s (RFC 3261 §14.2)", async () => {
    const { world, peer, bob, call, invite, ok } = await calledByPeer();
    call.onReinvite = () => new Promise(() => {});
    peer.follow(invite, ok, "INVITE", bob.client, { body: "v=0 one" });
    await world.clock.advance(50);
    peer.follow(invite, ok, "INVITE", bob.client, { body: "v=0 two" });
    await world.clock.advance(50);
    const refusal = peer.responses.find(({ statusCode }) => statusCode === 500);
    expect(Number(refusal?.headers.get("Retry-After"))).toBeLessThanOrEqual(10);
  });

  it("before we have answered its call gets 500, too", async () => {
    const world = new World();
    const peer = await world.peer("peer");
    const bob = await world.phone({ user: "bob" });
    const invite = peer.request("INVITE", bob.client, { body: "v=0" });
    (await bob.call()).ringing();
    await world.clock.advance(50);
    peer.follow(invite, peer.responses[0]!, "INVITE", bob.client, { body: "v=0 again" });
    await world.clock.advance(50);
    expect(peer.responses.at(-1)?.statusCode).toBe(500);
    expect(peer.responses.at(-1)?.headers.has("Retry-After")).toBe(true);
  });

  it("and takes it back with CANCEL gets 487, and the call goes on", async () => {
    const { world, peer, bob, call, invite, ok } = await calledByPeer();
    call.onReinvite = () => new Promise(() => {});
    const again = peer.follow(invite, ok, "INVITE", bob.client, { body: "v=0" });
    await world.clock.advance(50);
    peer.request("CANCEL", bob.client, {
      uri: again.uri.toString(),
      cseq: again.cseq.sequence,
      headers: ["Via", "From", "To", "Call-ID"].map((name) => [name, again.headers.get(name) ?? ""]),
    });
    await world.clock.advance(50);
    expect(peer.statuses.toSorted((a, b) => a - b)).toEqual([200, 487]);
    expect(call.state).toBe("confirmed");
  });

  it("and never acknowledges our answer is hung up on after 32 s", async () => {
    const { world, peer, bob, call, invite, ok } = await calledByPeer();
    call.onReinvite = () => ANSWER;
    peer.onRequest = (request) => peer.respond(request, 200);
    peer.follow(invite, ok, "INVITE", bob.client, { body: "v=0" });
    expect(await ended(world, call)).toMatchObject({ by: "timeout", cause: "no-ack" });
    await world.clock.advance(50);
    expect(peer.of("BYE")).toHaveLength(1);
  });

  it("and moves gets our requests at its new Contact, by re-INVITE as by UPDATE", async () => {
    const { world, peer, bob, call, invite, ok } = await calledByPeer();
    call.onReinvite = () => ANSWER;
    const target = (): string | undefined => call.dialog?.remoteTarget.toString();
    const again = peer.follow(invite, ok, "INVITE", bob.client, { body: "v=0", headers: [["Contact", "<sip:new@192.0.2.1:5060>"]] });
    await world.clock.advance(50);
    peer.follow(again, peer.responses.at(-1)!, "ACK", bob.client);
    expect(target()).toBe("sip:new@192.0.2.1:5060");
    peer.follow(invite, ok, "UPDATE", bob.client, { headers: [["Contact", "<sip:newer@192.0.2.1:5060>"]] });
    await world.clock.advance(50);
    expect(target()).toBe("sip:newer@192.0.2.1:5060");
    peer.follow(invite, ok, "INFO", bob.client, { headers: [["Contact", "<sip:elsewhere@192.0.2.1:5060>"]] });
    await world.clock.advance(50);
    expect(target()).toBe("sip:newer@192.0.2.1:5060");
    void call.bye();
    await world.clock.advance(50);
    expect(peer.of("BYE")[0]?.uri.toString()).toBe("sip:newer@192.0.2.1:5060");
  });

  it("and moves while we ask it for a change is followed, too", async () => {
    const { world, peer, call } = await calledByPeer();
    peer.onRequest = (request) => {
      if (request.method !== "ACK") peer.respond(request, 200, { contact: "<sip:moved@192.0.2.1:5060>" });
    };
    await world.during(call.reinvite(OFFER));
    await world.clock.advance(50);
    expect(peer.of("ACK")[0]?.uri.toString()).toBe("sip:moved@192.0.2.1:5060");
  });
});
