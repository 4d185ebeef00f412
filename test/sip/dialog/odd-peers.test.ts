import { describe, expect, it } from "vitest";
import { SIPResponse } from "../../../ts/sip/message/SIPResponse.ts";
import type { SIPRequest } from "../../../ts/sip/message/SIPRequest.ts";
import { ANSWER, ended, NOTHING_LEFT, OFFER, type Peer } from "../client/World.ts";
import { calledByPeer, callingPeer, response, sdp, talking, text } from "./Calls.ts";

/** A response as RFC 2543 allowed it: without a tag in To. */
function respondUntagged(peer: Peer, request: SIPRequest, status: number, headers: [string, string][] = []): void {
  const answer = SIPResponse.to(request, status, { headers: [["Contact", `<${peer.uri}>`], ...headers], body: status === 200 ? "v=0" : undefined });
  answer.headers.set("To", request.headers.get("To") ?? "");
  peer.send(answer, { address: request.via.host, port: request.via.port ?? 5060, protocol: "UDP" });
}

describe("a peer without a To tag", () => {
  it("rings, and may even want that acknowledged, which cannot be", async () => {
    const { world, peer, call, invite } = await callingPeer();
    const progress: (string | undefined)[] = [];
    call.onProgress = (provisional) => progress.push(`${provisional.statusCode}`);
    respondUntagged(peer, invite, 183, [["Require", "100rel"], ["RSeq", "1"]]);
    await world.clock.advance(100);
    expect([progress, call.state, call.dialog, peer.of("PRACK").length]).toEqual([["183"], "proceeding", undefined, 0]);
  });

  it("answers and hangs up all the same (RFC 3261 §12.1.2)", async () => {
    const { world, peer, alice, call, invite } = await callingPeer();
    respondUntagged(peer, invite, 200);
    await world.clock.advance(100);
    expect([call.state, peer.of("ACK").length, peer.of("ACK")[0]?.to.tag]).toEqual(["confirmed", 1, undefined]);
    peer.onRequest = (request) => request.method === "BYE" && peer.respond(request, 200, { toTag: "late" });
    await world.during(call.bye());
    expect(await world.end()).toEqual(NOTHING_LEFT);
    expect(alice.client.dialogs).toBe(0);
  });

  it("hangs up the call that it placed by a BYE without our tag, and one that names another caller ends nothing", async () => {
    const { world, peer, bob, call, invite } = await calledByPeer();
    void call.accept(ANSWER);
    const ok = await response(world, peer, ({ statusCode }) => statusCode === 200);
    peer.follow(invite, ok, "ACK", bob.client);
    await world.clock.advance(50);
    const untagged = (method: string, from: string): void => {
      peer.responses.length = 0;
      const headers: [string, string][] = [
        ["From", from],
        ["To", `<${bob.uri}>`],
        ["Call-ID", invite.callId],
      ];
      peer.request(method, bob.client, { headers, cseq: invite.cseq.sequence + 1 });
    };
    const caller = invite.headers.get("From") ?? "";
    untagged("BYE", caller.replace(/;tag=.*/, ";tag=another"));
    await world.clock.advance(50);
    expect([peer.statuses, call.state]).toEqual([[481], "confirmed"]);
    untagged("INFO", caller);
    await world.clock.advance(50);
    expect([peer.statuses, call.state]).toEqual([[481], "confirmed"]);
    untagged("BYE", caller);
    await world.clock.advance(50);
    expect([peer.statuses, call.endReason]).toMatchObject([[200], { by: "remote", cause: "bye" }]);
    expect(await world.end()).toEqual(NOTHING_LEFT);
  });
});

describe("a peer that hangs up", () => {
  it("before it acknowledges our 200 gets its 200, and the call is over", async () => {
    const { world, peer, bob, call, invite } = await calledByPeer();
    const accepted = call.accept(ANSWER).then(() => "acknowledged", (error: Error) => error.name);
    const ok = await response(world, peer, ({ statusCode }) => statusCode === 200);
    peer.follow(invite, ok, "BYE", bob.client);
    expect((await response(world, peer, ({ cseq }) => cseq.method === "BYE")).statusCode).toBe(200);
    expect([call.endReason?.by, await accepted]).toEqual(["remote", "SessionEndedError"]);
    await world.clock.advance(40_000);
    expect([bob.client.dialogs, bob.client.layer.size]).toEqual([0, 0]);
  });

  it("and acknowledges afterwards does no harm", async () => {
    const { world, peer, bob, call, invite } = await calledByPeer();
    void call.accept(ANSWER);
    const ok = await response(world, peer, ({ statusCode }) => statusCode === 200);
    peer.follow(invite, ok, "BYE", bob.client);
    await world.clock.advance(50);
    peer.follow(invite, ok, "ACK", bob.client);
    await world.clock.advance(50);
    expect([call.state, world.errors]).toEqual(["terminated", []]);
  });
});

describe("taking a change back", () => {
  it("by CANCEL while the far end decides leaves the call as it was", async () => {
    const { world, call, incoming } = await talking();
    incoming.onReinvite = () => new Promise(() => {});
    const abort = new AbortController();
    const changed = call.reinvite(OFFER, { signal: abort.signal });
    await world.clock.advance(1000);
    abort.abort();
    expect((await world.during(changed)).statusCode).toBe(487);
    expect([call.state, incoming.state]).toEqual(["confirmed", "confirmed"]);
    incoming.onReinvite = () => ANSWER;
    expect((await world.during(call.reinvite(OFFER))).statusCode).toBe(200);
  });

  it("too late means that it counts", async () => {
    const { world, call, incoming } = await talking();
    const abort = new AbortController();
    incoming.onReinvite = () => {
      abort.abort();
      return ANSWER;
    };
    expect((await world.during(call.reinvite(OFFER, { signal: abort.signal }))).statusCode).toBe(200);
    expect(call.state).toBe("confirmed");
  });
});

describe("several phones that ring", () => {
  it("each with a description of its own: that of the one who answers counts", async () => {
    const { world, peer, call, invite } = await callingPeer();
    const heard: (string | undefined)[] = [];
    call.onProgress = (provisional, description) => heard.push(`${provisional.to.tag} ${text(description)}`);
    call.onAccepted = (ok, answer) => heard.push(`${ok.to.tag} ${text(answer)} accepted`);
    peer.onRequest = (request) => request.method === "PRACK" && peer.respond(request, 200, { toTag: request.to.tag ?? "" });
    for (const [toTag, number] of [["one", 1], ["two", 1]] as const) {
      peer.respond(invite, 183, { toTag, body: `v=0 ${toTag}`, headers: [["Require", "100rel"], ["RSeq", String(number)]] });
    }
    await world.clock.advance(50);
    peer.respond(invite, 200, { toTag: "one" });
    await world.clock.advance(50);
    expect(heard).toEqual(["one v=0 one", "two v=0 two", "one v=0 one accepted"]);
    expect(peer.of("PRACK").map(({ to }) => to.tag)).toEqual(["one", "two"]);
  });

  it("each of which makes an offer gets an answer of its own", async () => {
    const { world, peer, call, invite } = await callingPeer({}, null);
    call.onLateOffer = (offer) => sdp(`to ${text(offer)}`);
    for (const toTag of ["one", "two"]) peer.respond(invite, 183, { toTag, body: `v=0 ${toTag}`, headers: [["Require", "100rel"], ["RSeq", "5"]] });
    await world.clock.advance(50);
    expect(peer.of("PRACK").map(({ to, bodyText }) => [to.tag, bodyText])).toEqual([["one", "to v=0 one"], ["two", "to v=0 two"]]);
  });
});

describe("behind a strict router (RFC 2543)", () => {
  it("PRACK, UPDATE, REFER and refreshes go to it, the target in the last Route", async () => {
    const { world, peer, call, invite } = await callingPeer();
    const proxy = await world.peer("proxy", "192.0.2.60");
    proxy.onRequest = (request) => request.method !== "ACK" && proxy.respond(request, 200, { contact: `<${peer.uri}>` });
    const record: [string, string] = ["Record-Route", "<sip:192.0.2.60>"];
    peer.respond(invite, 183, { body: "v=0", headers: [record, ["Require", "100rel"], ["RSeq", "1"]] });
    await world.clock.advance(50);
    peer.respond(invite, 200, { headers: [record, ["Allow", "UPDATE"], ["Session-Expires", "90;refresher=uac"]] });
    await world.clock.advance(50);
    await world.during(call.update());
    call.refer("sip:carol@192.0.2.77");
    await world.clock.advance(46_000);
    expect(proxy.requests.map(({ method }) => method)).toEqual(["PRACK", "ACK", "UPDATE", "REFER", "UPDATE"]);
    for (const request of proxy.requests) {
      expect([request.uri.toString(), request.routes.map(String)]).toEqual(["sip:192.0.2.60", [`<${peer.uri}>`]]);
    }
  });
});

describe("an answer to the call that is no answer", () => {
  it("leaves nothing behind when a reliable 183 is all that ever comes", async () => {
    const { world, peer, alice, call, invite } = await callingPeer();
    peer.respond(invite, 183, { body: "v=0", headers: [["Require", "100rel"], ["RSeq", "1"]] });
    expect((await ended(world, call, 400_000))?.cause).toBe("no-answer");
    await world.clock.advance(40_000);
    expect([alice.client.dialogs, alice.client.layer.size]).toEqual([0, 0]);
  });
});
