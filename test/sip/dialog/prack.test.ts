import { describe, expect, it } from "vitest";
import type { SIPRequest } from "../../../ts/sip/message/SIPRequest.ts";
import type { SIPResponse } from "../../../ts/sip/message/SIPResponse.ts";
import { ANSWER, ended, NOTHING_LEFT, OFFER, type Peer, World } from "../client/World.ts";
import { calledByPeer, callingPeer, response, sdp, text } from "./Calls.ts";

const reliably = (number: number): [string, string][] => [["Require", "100rel"], ["RSeq", String(number)]];
const provisional = (peer: Peer): SIPResponse[] => peer.responses.filter(({ statusCode }) => statusCode > 100 && statusCode < 200);
const rack = (invite: SIPRequest, { headers }: SIPResponse): [string, string][] => [["RAck", `${headers.get("RSeq")} ${invite.cseq.toString()}`]];

describe("a caller, to reliable provisional responses (RFC 3262 §4)", () => {
  it("says that it can acknowledge them, or demands it, or does neither", async () => {
    for (const [rel100, supported, required] of [["supported", true, false], ["required", true, true], ["off", false, false]] as const) {
      const { invite } = await callingPeer({ rel100 });
      expect([rel100, invite.headers.getAll("Supported").includes("100rel"), invite.headers.getAll("Require").includes("100rel")]).toEqual([rel100, supported, required]);
    }
  });

  it("sends a PRACK that names response and INVITE, once however often the response comes", async () => {
    const { world, peer, call, invite } = await callingPeer();
    const progress: number[] = [];
    call.onProgress = ({ statusCode }) => progress.push(statusCode);
    peer.onRequest = (request) => request.method === "PRACK" && peer.respond(request, 200);
    for (let i = 0; i < 3; i += 1) peer.respond(invite, 180, { headers: reliably(7) });
    await world.clock.advance(100);
    expect(peer.of("PRACK").map(({ headers }) => headers.get("RAck"))).toEqual([`7 ${invite.cseq.sequence} INVITE`]);
    expect(peer.of("PRACK")[0]?.cseq.sequence).toBe(invite.cseq.sequence + 1);
    expect(progress).toEqual([180]);
  });

  it("drops one that has overtaken another, and takes it when it comes again", async () => {
    const { world, peer, call, invite } = await callingPeer();
    const progress: number[] = [];
    call.onProgress = ({ statusCode }) => progress.push(statusCode);
    for (const [status, number] of [[180, 1], [182, 3], [183, 2], [182, 3]] as const) {
      peer.respond(invite, status, { headers: reliably(number) });
      await world.clock.advance(50); // oxlint-disable-line no-await-in-loop
    }
    expect(progress).toEqual([180, 183, 182]);
    expect(peer.of("PRACK").map(({ headers }) => headers.get("RAck")?.split(" ")[0])).toEqual(["1", "2", "3"]);
  });

  it("counts each early dialog for itself", async () => {
    const { world, peer, invite } = await callingPeer();
    for (const [toTag, number] of [["one", 10], ["two", 500], ["one", 11]] as const) {
      peer.respond(invite, 180, { toTag, headers: reliably(number) });
      await world.clock.advance(50); // oxlint-disable-line no-await-in-loop
    }
    expect(peer.of("PRACK").map(({ to, headers }) => [to.tag, headers.get("RAck")?.split(" ")[0]])).toEqual([["one", "10"], ["two", "500"], ["one", "11"]]);
  });

  it("repeats a PRACK that gets lost", async () => {
    const { world, peer, invite } = await callingPeer();
    peer.respond(invite, 180, { headers: reliably(1) });
    await world.clock.advance(2000);
    expect(peer.of("PRACK").length).toBeGreaterThan(1);
    expect(new Set(peer.of("PRACK").map(({ via }) => via.branch)).size).toBe(1);
  });

  it("takes the answer from it: the 2xx only repeats that", async () => {
    const { world, peer, call, invite } = await callingPeer();
    const heard: (string | undefined)[] = [];
    call.onProgress = (_response, description) => heard.push(text(description));
    call.onAccepted = (_response, answer) => heard.push(text(answer));
    peer.onRequest = (request) => request.method === "PRACK" && peer.respond(request, 200);
    peer.respond(invite, 183, { headers: reliably(1), body: "v=0 early" });
    await world.clock.advance(100);
    peer.respond(invite, 180, { headers: reliably(2), body: "v=0 ignored" });
    await world.clock.advance(100);
    peer.respond(invite, 200, { body: "v=0 ignored, too" });
    await world.clock.advance(100);
    expect(heard).toEqual(["v=0 early", undefined, "v=0 early"]);
  });

  it("answers an offer that it brings in the PRACK, and none in the ACK", async () => {
    const { world, peer, call, invite } = await callingPeer({}, null);
    call.onLateOffer = (offer) => sdp(`to ${text(offer)}`);
    peer.onRequest = (request) => request.method === "PRACK" && peer.respond(request, 200);
    peer.respond(invite, 183, { headers: reliably(1), body: "v=0 theirs" });
    await world.clock.advance(100);
    expect(peer.of("PRACK")[0]?.bodyText).toBe("to v=0 theirs");
    peer.respond(invite, 200, { body: "v=0 theirs" });
    await world.clock.advance(100);
    expect([call.state, peer.of("ACK")[0]?.bodyText]).toEqual(["confirmed", ""]);
  });

  it("cancels when it has no answer to that offer", async () => {
    const { world, peer, call, invite } = await callingPeer({}, null);
    call.onLateOffer = () => {
      throw new Error("nothing fits");
    };
    peer.respond(invite, 183, { headers: reliably(1), body: "v=0 theirs" });
    await world.clock.runUntil(() => peer.of("CANCEL").length > 0, 1000);
    expect(peer.of("PRACK")).toHaveLength(1);
  });

  it("ignores that they are reliable when told to", async () => {
    const { world, peer, call, invite } = await callingPeer({ rel100: "off" });
    const progress: number[] = [];
    call.onProgress = ({ statusCode }) => progress.push(statusCode);
    peer.respond(invite, 180, { headers: reliably(1) });
    await world.clock.advance(100);
    expect([progress, peer.of("PRACK").length]).toEqual([[180], 0]);
  });
});

describe("a callee, by reliable provisional responses (RFC 3262 §3)", () => {
  const able = { body: "v=0", headers: [["Supported", "100rel"]] as [string, string][] };
  const demanding = { body: "v=0", headers: [["Require", "100rel"]] as [string, string][] };

  it("sends early media so to callers who can, ringing only to those who demand it", async () => {
    const supported = await calledByPeer({}, able);
    supported.call.ringing();
    supported.call.progress(183, ANSWER);
    await supported.world.clock.advance(100);
    expect(provisional(supported.peer).map(({ statusCode, headers }) => [statusCode, headers.has("RSeq")])).toEqual([[180, false], [183, true]]);
    const required = await calledByPeer({}, demanding);
    required.call.ringing();
    await required.world.clock.advance(100);
    expect(provisional(required.peer)[0]?.headers.get("Require")).toBe("100rel");
    const unable = await calledByPeer();
    unable.call.progress(183, ANSWER);
    await unable.world.clock.advance(100);
    expect(provisional(unable.peer)[0]?.headers.has("RSeq")).toBe(false);
  });

  it("repeats one at T1, 2*T1, 4*T1… until its PRACK comes, and sends the next only then", async () => {
    const { world, peer, bob, call, invite } = await calledByPeer({}, demanding);
    const began = world.clock.now();
    const at: number[] = [];
    world.network.onDatagram = (bytes, from) => {
      if (from.address === "192.0.2.2" && Buffer.from(bytes).toString().startsWith("SIP/2.0 180")) at.push(world.clock.now() - began);
    };
    call.ringing();
    call.progress(183);
    await world.clock.advance(4000);
    expect(at).toEqual([0, 500, 1500, 3500]);
    peer.follow(invite, provisional(peer)[0]!, "PRACK", bob.client, { headers: rack(invite, provisional(peer)[0]!) });
    const next = await response(world, peer, ({ statusCode }) => statusCode === 183);
    expect(Number(next.headers.get("RSeq"))).toBe(Number(provisional(peer)[0]!.headers.get("RSeq")) + 1);
    expect(peer.statuses).toContain(200);
    await world.clock.advance(200);
    expect(at).toHaveLength(4);
  });

  it("refuses the INVITE with 5xx when no PRACK comes for 64*T1", async () => {
    const { world, peer, bob, call } = await calledByPeer({}, demanding);
    call.ringing();
    expect(await ended(world, call)).toMatchObject({ by: "timeout", cause: "no-ack", status: 500 });
    expect(world.clock.now()).toBeGreaterThanOrEqual(33_000);
    await world.clock.advance(40_000);
    expect(peer.statuses).toContain(500);
    expect([bob.client.dialogs, bob.client.layer.size]).toEqual([0, 0]);
  });

  it("answers a PRACK for what it never sent, or twice, with 481", async () => {
    const { world, peer, bob, call, invite } = await calledByPeer({}, demanding);
    call.ringing();
    const ringing = await response(world, peer, ({ statusCode }) => statusCode === 180);
    const send = async (headers: [string, string][]): Promise<number> => {
      const request = peer.follow(invite, ringing, "PRACK", bob.client, { headers });
      return (await response(world, peer, ({ cseq }) => cseq.sequence === request.cseq.sequence)).statusCode;
    };
    const number = Number(ringing.headers.get("RSeq"));
    expect(await send([["RAck", `${number + 1} ${invite.cseq.toString()}`]])).toBe(481);
    expect(await send([["RAck", `${number} 99999 INVITE`]])).toBe(481);
    expect(await send([["RAck", "nonsense"]])).toBe(481);
    expect(await send([])).toBe(481);
    expect(await send(rack(invite, ringing))).toBe(200);
    expect(await send(rack(invite, ringing))).toBe(481);
  });

  it("holds its 2xx back until the description in one is acknowledged, and does not repeat that there", async () => {
    const { world, peer, bob, call, invite } = await calledByPeer({}, able);
    call.progress(183, ANSWER);
    const early = await response(world, peer, ({ statusCode }) => statusCode === 183);
    const accepted = call.accept(ANSWER);
    await world.clock.advance(1000);
    expect([call.state, peer.statuses.includes(200)]).toEqual(["accepting", false]);
    peer.follow(invite, early, "PRACK", bob.client, { headers: rack(invite, early) });
    const ok = await response(world, peer, ({ statusCode, cseq }) => statusCode === 200 && cseq.method === "INVITE");
    expect([call.state, ok.bodyText]).toEqual(["confirmed", ""]);
    peer.follow(invite, ok, "ACK", bob.client);
    await world.during(accepted);
  });

  it("sends its 2xx at once when only ringing is unacknowledged, and takes that PRACK afterwards", async () => {
    const { world, peer, bob, call, invite } = await calledByPeer({}, demanding);
    call.ringing();
    const ringing = await response(world, peer, ({ statusCode }) => statusCode === 180);
    void call.accept(ANSWER);
    const ok = await response(world, peer, ({ statusCode }) => statusCode === 200);
    expect(ok.bodyText).toBe("v=0 answer");
    peer.follow(invite, ringing, "PRACK", bob.client, { headers: rack(invite, ringing) });
    expect((await response(world, peer, ({ cseq }) => cseq.method === "PRACK")).statusCode).toBe(200);
  });

  it("hangs up, or is cancelled, while its 2xx is held back: the INVITE is refused", async () => {
    for (const [act, status, by] of [["bye", 480, "local"], ["cancel", 487, "remote"]] as const) {
      const { world, peer, bob, call, invite } = await calledByPeer({}, able); // oxlint-disable-line no-await-in-loop
      call.progress(183, ANSWER);
      await world.clock.advance(50); // oxlint-disable-line no-await-in-loop
      const accepted = call.accept(ANSWER).then(() => "accepted", (error: Error) => error.name);
      if (act === "bye") void call.bye();
      else {
        const own = ["Via", "From", "Call-ID"].map((name): [string, string] => [name, invite.headers.get(name) ?? ""]);
        peer.request("CANCEL", bob.client, { cseq: invite.cseq.sequence, uri: invite.uri.toString(), headers: own });
      }
      expect(await ended(world, call)).toMatchObject({ by }); // oxlint-disable-line no-await-in-loop
      expect(await accepted).toBe("SessionEndedError"); // oxlint-disable-line no-await-in-loop
      await world.clock.advance(100); // oxlint-disable-line no-await-in-loop
      expect(peer.statuses).toContain(status);
    }
  });

  it("makes an offer in one, whose PRACK brings the answer", async () => {
    const { world, peer, bob, call, invite } = await calledByPeer({}, { headers: [["Supported", "100rel"]] });
    const answers: (string | undefined)[] = [];
    call.onAnswer = (answer) => answers.push(text(answer));
    call.progress(183, OFFER);
    const early = await response(world, peer, ({ statusCode }) => statusCode === 183);
    peer.follow(invite, early, "PRACK", bob.client, { headers: rack(invite, early), body: "v=0 theirs" });
    await response(world, peer, ({ cseq }) => cseq.method === "PRACK");
    expect(answers).toEqual(["v=0 theirs"]);
    void call.accept(OFFER);
    expect((await response(world, peer, ({ statusCode, cseq }) => statusCode === 200 && cseq.method === "INVITE")).bodyText).toBe("");
  });

  it("answers an offer that a PRACK brings in its 200", async () => {
    const { world, peer, bob, call, invite } = await calledByPeer({}, able);
    call.onReinvite = (offer) => sdp(`to ${text(offer)}`);
    call.progress(183, ANSWER);
    const early = await response(world, peer, ({ statusCode }) => statusCode === 183);
    peer.follow(invite, early, "PRACK", bob.client, { headers: rack(invite, early), body: "v=0 another" });
    expect((await response(world, peer, ({ cseq }) => cseq.method === "PRACK")).bodyText).toBe("to v=0 another");
  });

  it("turns callers away who cannot, when it insists (421), and 420 those who demand it, when it will not", async () => {
    const world = new World();
    const peer = await world.peer("peer");
    const strict = await world.phone({ user: "strict", rel100: "required" });
    peer.request("INVITE", strict.client, { body: "v=0" });
    const refused = await response(world, peer, ({ statusCode }) => statusCode >= 400);
    expect([refused.statusCode, refused.headers.get("Require")]).toEqual([421, "100rel"]);
    peer.responses.length = 0;
    const lax = await world.phone({ user: "lax", rel100: "off" });
    peer.request("INVITE", lax.client, demanding);
    const unsupported = await response(world, peer, ({ statusCode }) => statusCode >= 400);
    expect([unsupported.statusCode, unsupported.headers.get("Unsupported")]).toEqual([420, "100rel"]);
  });
});

describe("two of our phones", () => {
  it("talk whatever both think of reliable responses", async () => {
    for (const caller of ["off", "supported", "required"] as const) {
      for (const callee of ["off", "supported", "required"] as const) {
        /* oxlint-disable no-await-in-loop */
        const world = new World();
        const alice = await world.phone({ user: "alice", rel100: caller });
        const bob = await world.phone({ user: "bob", rel100: callee });
        const call = alice.client.invite(bob.uri, { body: OFFER });
        const possible = !((caller === "off" && callee === "required") || (caller === "required" && callee === "off"));
        if (!possible) {
          expect((await ended(world, call))?.status).toBe(callee === "off" ? 420 : 421);
          continue;
        }
        const incoming = await bob.call();
        incoming.ringing();
        incoming.progress(183, ANSWER);
        await world.clock.advance(200);
        await world.during(incoming.accept(ANSWER));
        expect([caller, callee, call.state, world.wire.some((entry) => entry.endsWith("PRACK"))]).toEqual([caller, callee, "confirmed", caller !== "off" && callee !== "off"]);
        await world.during(call.bye());
        expect(await world.end()).toEqual(NOTHING_LEFT);
        /* oxlint-enable no-await-in-loop */
      }
    }
  });
});
