import { describe, expect, it } from "vitest";
import { SIPRejection } from "../../../ts/sip/dialog/errors.ts";
import type { SIPResponse } from "../../../ts/sip/message/SIPResponse.ts";
import { ANSWER, ended, NOTHING_LEFT, OFFER } from "../client/World.ts";
import { calledByPeer, calling, callingPeer, response, sdp, talking, text } from "./Calls.ts";

describe("UPDATE (RFC 3311)", () => {
  it("changes a call like a re-INVITE, both ways, in one round trip", async () => {
    const { world, call, incoming } = await talking();
    incoming.onReinvite = (offer) => sdp(`callee to ${text(offer)}`);
    call.onReinvite = async (offer) => sdp(`caller to ${text(offer)}`);
    expect((await world.during(call.update(sdp("v=0 hold")))).bodyText).toBe("callee to v=0 hold");
    expect((await world.during(incoming.update(sdp("v=0 resume")))).bodyText).toBe("caller to v=0 resume");
    expect(world.wire.filter((entry) => entry.endsWith("ACK"))).toHaveLength(1);
    await world.during(call.bye());
    expect(await world.end()).toEqual(NOTHING_LEFT);
  });

  it("without a body says no more than that we are there, and where", async () => {
    const { world, call, incoming } = await talking();
    let asked = 0;
    incoming.onReinvite = () => {
      asked += 1;
      return ANSWER;
    };
    const ok = await world.during(call.update());
    expect([ok.statusCode, ok.bodyText, asked]).toEqual([200, "", 0]);
    expect(ok.contact).toBeDefined();
  });

  it("that does not fit is refused, and the call stays as it was", async () => {
    const { world, call, incoming } = await talking();
    expect((await world.during(call.update(OFFER))).statusCode).toBe(488);
    incoming.onReinvite = () => {
      throw new SIPRejection(504);
    };
    expect((await world.during(call.update(OFFER))).statusCode).toBe(504);
    expect(call.state).toBe("confirmed");
    incoming.onReinvite = () => ANSWER;
    expect((await world.during(call.update(OFFER))).statusCode).toBe(200);
  });

  it("from both sides at once works out after a pause", async () => {
    const { world, call, incoming } = await talking();
    call.onReinvite = () => ANSWER;
    incoming.onReinvite = () => ANSWER;
    const results = await world.during(Promise.all([call.update(OFFER), incoming.update(OFFER)]));
    expect(results.map(({ statusCode }) => statusCode)).toEqual([200, 200]);
    expect(world.wire.filter((entry) => entry.endsWith("491"))).toHaveLength(2);
  });

  it("waits for the one before it, without an offer, too: nobody is asked two things at once", async () => {
    const { world, call, incoming } = await talking();
    const answers: (() => void)[] = [];
    incoming.onReinvite = () => new Promise((resolve) => answers.push(() => resolve(ANSWER)));
    world.wire.length = 0;
    const first = call.update(OFFER);
    await world.clock.advance(1);
    const both = Promise.all([first, call.update()]);
    await world.clock.advance(300);
    expect(world.wire).toEqual(["alice > bob UPDATE"]);
    answers[0]?.();
    expect((await world.during(both)).map(({ statusCode }) => statusCode)).toEqual([200, 200]);
    expect(world.wire).toEqual(["alice > bob UPDATE", "bob > alice 200", "alice > bob UPDATE", "bob > alice 200"]);
    await world.during(call.bye());
    expect(await world.end()).toEqual(NOTHING_LEFT);
  });

  it("that still waits when the call ends is given up", async () => {
    const { world, call, incoming } = await talking();
    incoming.onReinvite = () => new Promise(() => {});
    const first = call.update(OFFER);
    await world.clock.advance(1);
    const second = call.update();
    first.catch(() => {});
    second.catch(() => {});
    await world.clock.advance(300);
    await world.during(call.bye());
    await expect(world.during(second)).rejects.toMatchObject({ code: "SESSION_ENDED" });
    expect((await world.during(first)).statusCode).toBe(487);
    expect(await world.end()).toEqual(NOTHING_LEFT);
  });

  it("that crosses a re-INVITE works out after a pause, too", async () => {
    const { world, call, incoming } = await talking();
    call.onReinvite = () => ANSWER;
    incoming.onReinvite = () => ANSWER;
    const results = await world.during(Promise.all([call.update(OFFER), incoming.reinvite(OFFER)]));
    expect(results.map(({ statusCode }) => statusCode)).toEqual([200, 200]);
    expect(world.wire.filter((entry) => entry.endsWith("491"))).toHaveLength(2);
  });

  it("while the last one is being answered gets 500 and a pause of at most 10 s", async () => {
    const { world, peer, bob, call, invite } = await calledByPeer();
    void call.accept(ANSWER);
    const ok = await response(world, peer, ({ statusCode }) => statusCode === 200);
    peer.follow(invite, ok, "ACK", bob.client);
    call.onReinvite = () => new Promise(() => {});
    peer.follow(invite, ok, "UPDATE", bob.client, { body: "v=0 one" });
    await world.clock.advance(50);
    peer.follow(invite, ok, "UPDATE", bob.client, { body: "v=0 two" });
    const refusal = await response(world, peer, ({ statusCode }) => statusCode === 500);
    expect(Number(refusal.headers.get("Retry-After"))).toBeLessThanOrEqual(10);
    // The application never answers the first. Its transaction ends, and with it the obstacle.
    await world.clock.advance(33_000);
    call.onReinvite = () => ANSWER;
    peer.responses.length = 0;
    peer.follow(invite, ok, "UPDATE", bob.client, { body: "v=0 three" });
    await response(world, peer, ({ statusCode }) => statusCode === 200);
  });

  it("that the far end answers 481 ends the call; silence does, too", async () => {
    for (const status of [481, 0]) {
      /* oxlint-disable no-await-in-loop */
      const { world, peer, call, invite } = await callingPeer();
      peer.respond(invite, 200, { body: "v=0" });
      await world.clock.advance(50);
      peer.onRequest = (request) => {
        if (request.method === "UPDATE" && status > 0) peer.respond(request, status);
      };
      call.update().catch(() => {});
      expect((await ended(world, call))?.cause).toBe("gone");
      /* oxlint-enable no-await-in-loop */
    }
  });

  it("moves the far end's address, and ours", async () => {
    const { world, peer, call, invite } = await callingPeer();
    peer.respond(invite, 200, { body: "v=0" });
    await world.clock.advance(50);
    peer.onRequest = (request) => {
      if (request.method !== "ACK") peer.respond(request, 200, { contact: `<sip:moved@${peer.transport.local.address}:5060>` });
    };
    await world.during(call.update());
    void call.bye();
    await world.clock.advance(50);
    expect(peer.of("BYE")[0]?.uri.toString()).toBe(`sip:moved@${peer.transport.local.address}:5060`);
  });
});

describe("UPDATE before the call is answered", () => {
  it("may change the session once its first offer has been answered reliably, from either side", async () => {
    const { world, call, incoming } = await calling();
    call.onReinvite = (offer) => sdp(`caller to ${text(offer)}`);
    incoming.onReinvite = (offer) => sdp(`callee to ${text(offer)}`);
    await expect(incoming.update(sdp("too early"))).rejects.toMatchObject({ code: "SESSION_STATE" });
    await expect(call.update(sdp("too early"))).rejects.toMatchObject({ code: "SESSION_STATE" });
    incoming.progress(183, ANSWER);
    await world.clock.advance(200);
    expect((await world.during(call.update(sdp("v=0 early")))).bodyText).toBe("callee to v=0 early");
    expect((await world.during(incoming.update(sdp("v=0 comfort")))).bodyText).toBe("caller to v=0 comfort");
    const accepted: (string | undefined)[] = [];
    call.onAccepted = (_response, answer) => accepted.push(text(answer));
    await world.during(incoming.accept(ANSWER));
    await world.clock.advance(50);
    // What the first answer said has been overtaken by the UPDATEs.
    expect(accepted).toEqual([undefined]);
    await world.during(call.bye());
    expect(await world.end()).toEqual(NOTHING_LEFT);
  });

  it("with an offer while the INVITE's own waits for its answer gets 500", async () => {
    const { world, peer, bob, call, invite } = await calledByPeer();
    call.onReinvite = () => ANSWER;
    call.ringing();
    const ringing = await response(world, peer, ({ statusCode }) => statusCode === 180);
    peer.follow(invite, ringing, "UPDATE", bob.client, { body: "v=0 hasty" });
    const refusal = await response(world, peer, ({ cseq }) => cseq.method === "UPDATE");
    expect([refusal.statusCode, refusal.headers.has("Retry-After")]).toEqual([500, true]);
  });

  it("with an offer while ours waits for its answer gets 491", async () => {
    const { world, peer, alice, call, invite } = await callingPeer();
    call.onReinvite = () => ANSWER;
    const ringing = peer.respond(invite, 180);
    await world.clock.advance(50);
    peer.reply(invite, ringing, "UPDATE", alice.client, { body: "v=0 hasty" });
    expect((await response(world, peer, ({ cseq }) => cseq.method === "UPDATE")).statusCode).toBe(491);
  });

  it("from one phone does not hinder that from another", async () => {
    const { world, peer, alice, call, invite } = await callingPeer();
    const rings = (toTag: string): SIPResponse =>
      peer.respond(invite, 183, { toTag, body: "v=0 answer", headers: [["Require", "100rel"], ["RSeq", "1"]] });
    peer.onRequest = (request) => {
      if (request.method === "PRACK") peer.respond(request, 200);
    };
    const kitchen = rings("kitchen");
    const hall = rings("hall");
    await world.clock.advance(100);
    const asked: (string | undefined)[] = [];
    call.onReinvite = (_offer, { from }) => {
      asked.push(from.tag);
      return from.tag === "kitchen" ? new Promise(() => {}) : ANSWER;
    };
    peer.reply(invite, kitchen, "UPDATE", alice.client, { body: "v=0 kitchen" });
    await world.clock.advance(50);
    peer.reply(invite, hall, "UPDATE", alice.client, { body: "v=0 hall" });
    const ok = await response(world, peer, ({ cseq }) => cseq.method === "UPDATE");
    expect([ok.statusCode, ok.from.tag, asked]).toEqual([200, "hall", ["kitchen", "hall"]]);
  });

  it("without an offer is always welcome, and moves the far end's address", async () => {
    const { world, peer, alice, call, invite } = await callingPeer();
    const ringing = peer.respond(invite, 180);
    await world.clock.advance(50);
    peer.reply(invite, ringing, "UPDATE", alice.client, { headers: [["Contact", "<sip:early@192.0.2.1:5060>"]] });
    expect((await response(world, peer, ({ cseq }) => cseq.method === "UPDATE")).statusCode).toBe(200);
    expect(call.dialog?.remoteTarget.toString()).toBe("sip:early@192.0.2.1:5060");
  });
});
