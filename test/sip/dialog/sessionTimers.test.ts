import { describe, expect, it } from "vitest";
import type { SIPRequest } from "../../../ts/sip/message/SIPRequest.ts";
import type { SIPResponse } from "../../../ts/sip/message/SIPResponse.ts";
import { ANSWER, ended, NOTHING_LEFT, OFFER, type Peer, World } from "../client/World.ts";
import { calledByPeer, callingPeer, response, sdp, talking, text } from "./Calls.ts";

const HALF_AN_HOUR = 1_800_000;
const expires = (message: SIPRequest | SIPResponse): string | undefined => message.headers.get("Session-Expires");
const count = (world: World, method: string): number => world.wire.filter((entry) => entry.endsWith(method)).length;
const ALLOW_UPDATE: [string, string] = ["Allow", "INVITE, ACK, BYE, UPDATE"];

/** Answers the INVITE and lets time pass until the first refresh. */
async function answered(
  { world, peer, invite }: { world: World; peer: Peer; invite: SIPRequest },
  headers: [string, string][],
): Promise<SIPResponse> {
  const ok = peer.respond(invite, 200, { body: "v=0", headers });
  await world.clock.runUntil(() => peer.of("ACK").length > 0, 1000);
  return ok;
}

describe("a call with session timers (RFC 4028)", () => {
  it("is refreshed at half time by the caller, by UPDATE, and goes on for hours", async () => {
    const { world, call, incoming } = await talking();
    expect([call.refresh.current, incoming.refresh.current]).toEqual([{ interval: 1800, by: "local" }, { interval: 1800, by: "remote" }]);
    await world.clock.advance(HALF_AN_HOUR / 2 - 1000);
    expect(count(world, "UPDATE")).toBe(0);
    await world.clock.advance(2000);
    expect(count(world, "alice > bob UPDATE")).toBe(1);
    await world.clock.advance(10 * HALF_AN_HOUR);
    expect([call.state, incoming.state, count(world, "UPDATE")]).toEqual(["confirmed", "confirmed", 21]);
    await world.during(call.bye());
    expect(await world.end()).toEqual(NOTHING_LEFT);
  });

  it("has none when either side wants none", async () => {
    for (const options of [[{ sessionExpires: 0 }, {}], [{}, { sessionExpires: 0 }]] as const) {
      /* oxlint-disable no-await-in-loop */
      const { world, call, incoming } = await talking(...options);
      expect([call.refresh.current, incoming.refresh.current]).toEqual([undefined, undefined]);
      await world.clock.advance(3 * HALF_AN_HOUR);
      expect([call.state, count(world, "UPDATE")]).toEqual(["confirmed", 0]);
      /* oxlint-enable no-await-in-loop */
    }
  });

  it("ends with BYE on both sides, a little before the interval is over, when the line is dead", async () => {
    const { world, alice, bob, call, incoming } = await talking();
    const began = world.clock.now();
    world.network.override(() => true, { loss: 1 });
    expect(await ended(world, incoming, 2 * HALF_AN_HOUR)).toMatchObject({ by: "timeout", cause: "expired" });
    const passed = world.clock.now() - began;
    expect(passed).toBeGreaterThan(HALF_AN_HOUR - 33_000);
    expect(passed).toBeLessThanOrEqual(HALF_AN_HOUR - 32_000);
    expect(await ended(world, call)).toMatchObject({ by: "timeout", cause: "gone", status: 408 });
    await world.clock.advance(100_000);
    expect([alice.client.dialogs, bob.client.dialogs, alice.client.layer.size, bob.client.layer.size]).toEqual([0, 0, 0, 0]);
  });

  it("takes a re-INVITE of the application's for a refresh", async () => {
    const { world, call, incoming } = await talking();
    incoming.onReinvite = () => ANSWER;
    await world.clock.advance(800_000);
    await world.during(call.reinvite(OFFER));
    await world.clock.advance(800_000);
    expect(count(world, "UPDATE")).toBe(0);
    await world.clock.advance(200_000);
    expect(count(world, "alice > bob UPDATE")).toBe(1);
  });

  it("is refreshed while somebody ponders over a re-INVITE", async () => {
    const { world, call, incoming } = await talking({ sessionExpires: 90 });
    incoming.onReinvite = () => new Promise(() => {});
    const abort = new AbortController();
    call.reinvite(OFFER, { signal: abort.signal }).catch(() => {});
    await world.clock.advance(170_000);
    expect([call.state, incoming.state, count(world, "alice > bob UPDATE")]).toEqual(["confirmed", "confirmed", 3]);
    abort.abort();
    await world.during(call.bye());
    expect(await world.end()).toEqual(NOTHING_LEFT);
  });

  it("keeps its roles when the other side changes the call", async () => {
    const { world, call, incoming } = await talking();
    call.onReinvite = () => ANSWER;
    await world.during(incoming.reinvite(OFFER));
    await world.during(incoming.update());
    expect([call.refresh.current?.by, incoming.refresh.current?.by]).toEqual(["local", "remote"]);
  });

  it("outlives refreshes that cross a re-INVITE of the other side", async () => {
    const { world, call, incoming } = await talking();
    call.onReinvite = () => ANSWER;
    incoming.onReinvite = () => ANSWER;
    let changed = 0;
    for (let i = 0; i < 4; i += 1) {
      /* oxlint-disable no-await-in-loop */
      await world.clock.runUntil(() => world.wire.at(-1) === "alice > bob UPDATE", HALF_AN_HOUR);
      world.wire.push("");
      changed += (await world.during(incoming.reinvite(OFFER))).statusCode === 200 ? 1 : 0;
      /* oxlint-enable no-await-in-loop */
    }
    expect([changed, call.state, incoming.state]).toEqual([4, "confirmed", "confirmed"]);
  });
});

describe("a caller, to session timers", () => {
  it("offers 1800 s, and lets the callee choose who refreshes", async () => {
    const { invite } = await callingPeer();
    expect([expires(invite), invite.headers.has("Min-SE"), invite.headers.getAll("Supported").includes("timer")]).toEqual(["1800", false, true]);
  });

  it("asks again for longer when somebody on the way wants that (422), and gives up when it is never enough", async () => {
    const { world, peer, call, invite } = await callingPeer({ sessionExpires: 120 });
    peer.respond(invite, 422, { headers: [["Min-SE", "600"]] });
    await world.clock.runUntil(() => peer.of("INVITE").length === 2, 1000);
    const second = peer.of("INVITE")[1]!;
    expect([expires(second), second.headers.get("Min-SE"), second.callId, second.from.tag, second.to.tag]).toEqual(["600", "600", invite.callId, invite.from.tag, undefined]);
    expect(second.cseq.sequence).toBe(invite.cseq.sequence + 1);
    peer.respond(second, 422, { headers: [["Min-SE", "600"]] });
    expect(await ended(world, call)).toMatchObject({ cause: "rejected", status: 422 });
  });

  it("does not follow demands that grow without end", async () => {
    const { world, peer, call, invite } = await callingPeer();
    let demand = 2000;
    const refuse = (request: SIPRequest): void => {
      demand += 1;
      if (request.method === "INVITE") peer.respond(request, 422, { headers: [["Min-SE", String(demand)]] });
    };
    peer.onRequest = refuse;
    refuse(invite);
    expect(await ended(world, call)).toMatchObject({ cause: "rejected", status: 422 });
    expect(peer.of("INVITE")).toHaveLength(6);
  });

  it("does not send all the time because a peer grants next to nothing", async () => {
    const setup = await callingPeer();
    const { world, peer, call } = setup;
    peer.onRequest = (request) => request.method === "UPDATE" && peer.respond(request, 200, { headers: [["Session-Expires", "0;refresher=uac"]] });
    await answered(setup, [["Session-Expires", "1;refresher=uac"], ALLOW_UPDATE]);
    await world.clock.advance(60_000);
    expect([call.state, peer.of("UPDATE").length]).toEqual(["confirmed", 3]);
  });

  it("refreshes by re-INVITE with an offer that changes nothing when the far end takes no UPDATE", async () => {
    const setup = await callingPeer({ sessionExpires: 180 });
    const { world, peer, call } = setup;
    const answers: (string | undefined)[] = [];
    call.onAnswer = (answer) => answers.push(text(answer));
    await answered(setup, [["Session-Expires", "180;refresher=uac"], ["Require", "timer"]]);
    await world.clock.runUntil(() => peer.of("INVITE").length === 2, 91_000);
    const refresh = peer.of("INVITE")[1]!;
    expect([refresh.to.tag, refresh.bodyText, expires(refresh)]).toEqual(["peer-tag", "v=0 offer", "180;refresher=uac"]);
    peer.respond(refresh, 200, { body: "v=0 same", headers: [["Session-Expires", "180;refresher=uac"]] });
    await world.clock.advance(50);
    expect([answers, peer.of("ACK").length]).toEqual([["v=0 same"], 2]);
    call.onRefreshOffer = () => sdp("v=0 better");
    await world.clock.runUntil(() => peer.of("INVITE").length === 3, 91_000);
    expect(peer.of("INVITE")[2]?.bodyText).toBe("v=0 better");
  });

  it("refreshes by re-INVITE when the far end lists UPDATE and does not know it", async () => {
    const setup = await callingPeer({ sessionExpires: 180 });
    const { world, peer, call } = setup;
    peer.onRequest = (request) => {
      if (request.method === "UPDATE") peer.respond(request, 501);
      else if (request.method === "INVITE") peer.respond(request, 200, { body: "v=0", headers: [["Session-Expires", "180;refresher=uac"]] });
    };
    await answered(setup, [["Session-Expires", "180;refresher=uac"], ALLOW_UPDATE]);
    await world.clock.advance(1_000_000);
    expect([call.state, peer.of("UPDATE").length]).toEqual(["confirmed", 1]);
    expect(peer.of("INVITE").length).toBeGreaterThan(10);
  });

  it("tries again after a 503, and hangs up in time when that does not help", async () => {
    const setup = await callingPeer({ sessionExpires: 180 });
    const { world, peer, call } = setup;
    let refusals = 2;
    peer.onRequest = (request) => {
      if (request.method !== "UPDATE") return;
      refusals -= 1;
      peer.respond(request, refusals >= 0 ? 503 : 200, { headers: [["Session-Expires", "180;refresher=uac"]] });
    };
    await answered(setup, [["Session-Expires", "180;refresher=uac"], ALLOW_UPDATE]);
    await world.clock.advance(140_000);
    expect([call.state, peer.of("UPDATE").length]).toEqual(["confirmed", 3]);
    refusals = 1000;
    const began = world.clock.now();
    expect((await ended(world, call, 200_000))?.cause).toBe("expired");
    expect(world.clock.now() - began).toBeLessThan(180_000);
    await world.clock.advance(100);
    expect(peer.of("BYE")[0]?.headers.get("Reason")).toContain("Session Timer Expired");
  });

  it("hangs up when the callee, whose part it was, does not refresh: min(32 s, a third) before the end", async () => {
    const setup = await callingPeer();
    const { world, call } = setup;
    await answered(setup, [["Session-Expires", "90;refresher=uas"]]);
    const began = world.clock.now();
    expect((await ended(world, call))?.cause).toBe("expired");
    expect(Math.abs(world.clock.now() - began - 60_000)).toBeLessThanOrEqual(10);
  });

  it("keeps what was agreed with peers that forget the header in later answers", async () => {
    const setup = await callingPeer({ sessionExpires: 180 });
    const { world, peer, call } = setup;
    peer.onRequest = (request) => request.method === "UPDATE" && peer.respond(request, 200);
    await answered(setup, [["Session-Expires", "180;refresher=uac"], ALLOW_UPDATE]);
    await world.clock.advance(1_000_000);
    expect([call.state, peer.of("UPDATE").length]).toEqual(["confirmed", 11]);
  });

  it("takes the other role when the callee says so in a later answer, as some do", async () => {
    const setup = await callingPeer({ sessionExpires: 180 });
    const { world, peer, call } = setup;
    peer.onRequest = (request) => request.method === "UPDATE" && peer.respond(request, 200, { headers: [["Session-Expires", "180;refresher=uas"]] });
    await answered(setup, [["Session-Expires", "180;refresher=uac"], ALLOW_UPDATE]);
    await world.clock.advance(95_000);
    expect(call.refresh.current).toEqual({ interval: 180, by: "remote" });
  });
});

describe("a callee, to session timers", () => {
  const timer: [string, string] = ["Supported", "timer"];

  it("agrees by table 2 of RFC 4028: whoever asked, else the caller; itself for callers without timers", async () => {
    const cases: [[string, string][], string | undefined, boolean][] = [
      [[timer, ["Session-Expires", "1000"]], "1000;refresher=uac", true],
      [[timer, ["Session-Expires", "1000;refresher=uac"]], "1000;refresher=uac", true],
      [[timer, ["Session-Expires", "1000;refresher=uas"]], "1000;refresher=uas", false],
      [[timer, ["x", "100000"]], "1800;refresher=uac", true],
      [[timer, ["Session-Expires", "100000"], ["Min-SE", "5000"]], "5000;refresher=uac", true],
      [[timer], "1800;refresher=uac", true],
      [[["Session-Expires", "1000"]], "1000;refresher=uas", false],
      [[["Session-Expires", "10"]], "90;refresher=uas", false],
      [[], undefined, false],
    ];
    for (const [headers, agreed, required] of cases) {
      /* oxlint-disable no-await-in-loop */
      const { world, peer, call } = await calledByPeer({}, { headers, body: "v=0" });
      void call.accept(ANSWER);
      const ok = await response(world, peer, ({ statusCode }) => statusCode === 200);
      expect([headers, expires(ok), ok.headers.getAll("Require").includes("timer")]).toEqual([headers, agreed, required]);
      /* oxlint-enable no-await-in-loop */
    }
  });

  it("refuses with 422 who wants to refresh more often than it does, in INVITE and UPDATE", async () => {
    const world = new World();
    const peer = await world.peer("peer");
    const bob = await world.phone({ user: "bob", minSE: 300 });
    peer.request("INVITE", bob.client, { headers: [timer, ["Session-Expires", "299"]], body: "v=0" });
    const refusal = await response(world, peer, ({ statusCode }) => statusCode >= 300);
    expect([refusal.statusCode, refusal.headers.get("Min-SE"), bob.calls.length]).toEqual([422, "300", 0]);
    const invite = peer.request("INVITE", bob.client, { headers: [timer, ["Session-Expires", "300"]], body: "v=0" });
    void (await bob.call()).accept(ANSWER);
    const ok = await response(world, peer, ({ statusCode }) => statusCode === 200);
    peer.follow(invite, ok, "ACK", bob.client);
    peer.follow(invite, ok, "UPDATE", bob.client, { headers: [timer, ["Session-Expires", "90"]] });
    expect((await response(world, peer, ({ cseq }) => cseq.method === "UPDATE")).statusCode).toBe(422);
  });

  it("is content with a refresh by UPDATE, by re-INVITE, and by one without the header; then hangs up when none comes", async () => {
    const { world, peer, bob, call, invite } = await calledByPeer({}, { headers: [timer, ["Session-Expires", "90;refresher=uac"]], body: "v=0" });
    call.onReinvite = () => ANSWER;
    void call.accept(ANSWER);
    const ok = await response(world, peer, ({ statusCode }) => statusCode === 200);
    peer.follow(invite, ok, "ACK", bob.client);
    const refreshes: (() => void)[] = [
      () => peer.follow(invite, ok, "UPDATE", bob.client, { headers: [timer, ["Session-Expires", "90;refresher=uac"]] }),
      () => peer.follow(invite, ok, "INVITE", bob.client, { body: "v=0", headers: [timer, ["Session-Expires", "90;refresher=uac"]] }),
      () => peer.follow(invite, ok, "UPDATE", bob.client, { headers: [timer] }),
    ];
    for (const refresh of refreshes) {
      /* oxlint-disable no-await-in-loop */
      await world.clock.advance(50_000);
      expect(call.state).toBe("confirmed");
      peer.responses.length = 0;
      refresh();
      const refreshed = await response(world, peer, ({ statusCode }) => statusCode === 200);
      expect(expires(refreshed)).toBe("90;refresher=uac");
      if (refreshed.cseq.method === "INVITE") peer.follow(invite, refreshed, "ACK", bob.client, { cseq: refreshed.cseq.sequence });
      /* oxlint-enable no-await-in-loop */
    }
    const began = world.clock.now();
    expect((await ended(world, call))?.cause).toBe("expired");
    expect(world.clock.now() - began).toBeLessThanOrEqual(60_000);
  });

  it("refreshes for a caller that cannot, when a proxy has asked for it", async () => {
    const { world, peer, bob, call, invite } = await calledByPeer({}, { headers: [["Session-Expires", "90"]], body: "v=0" });
    void call.accept(ANSWER);
    const ok = await response(world, peer, ({ statusCode }) => statusCode === 200);
    peer.follow(invite, ok, "ACK", bob.client);
    peer.onRequest = (request) => request.method === "INVITE" && peer.respond(request, 200, { body: "v=0" });
    await world.clock.runUntil(() => peer.of("INVITE").length === 1, 46_000);
    expect([peer.of("INVITE")[0]?.bodyText, expires(peer.of("INVITE")[0]!)]).toEqual(["v=0 answer", "90;refresher=uac"]);
    await world.clock.advance(500_000);
    expect([call.state, peer.of("INVITE").length]).toEqual(["confirmed", 12]);
  });
});
