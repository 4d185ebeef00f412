import { describe, expect, it } from "vitest";
import type { ServerInviteSession } from "../../../ts/sip/dialog/ServerInviteSession.ts";
import type { SIPRequest } from "../../../ts/sip/message/SIPRequest.ts";
import type { SIPResponse } from "../../../ts/sip/message/SIPResponse.ts";
import { ANSWER, ended, NOTHING_LEFT, OFFER, type Peer, type Phone, World } from "../client/World.ts";

async function calledByPeer(prepare: (call: ServerInviteSession) => void = () => {}): Promise<{
  world: World;
  peer: Peer;
  bob: Phone;
  call: ServerInviteSession;
  invite: SIPRequest;
  ok: SIPResponse;
  /** Sends a request inside the call and waits for its final response. */
  ask: (method: string, init?: { cseq?: number; headers?: [string, string][]; body?: string }) => Promise<SIPResponse>;
}> {
  const world = new World();
  const peer = await world.peer("peer");
  const bob = await world.phone({ user: "bob" });
  const invite = peer.request("INVITE", bob.client, { body: "v=0", cseq: 200 });
  const call = await bob.call();
  prepare(call);
  void call.accept(ANSWER);
  await world.clock.runUntil(() => peer.statuses.includes(200), 1000);
  const ok = peer.responses.at(-1)!;
  peer.follow(invite, ok, "ACK", bob.client);
  await world.clock.advance(50);
  let sequence = 200;
  const ask = async (method: string, init: { cseq?: number; headers?: [string, string][]; body?: string } = {}): Promise<SIPResponse> => {
    const before = peer.responses.length;
    peer.follow(invite, ok, method, bob.client, { cseq: ++sequence, ...init });
    await world.clock.runUntil(() => peer.responses.length > before, 1000);
    return peer.responses.at(-1)!;
  };
  return { world, peer, bob, call, invite, ok, ask };
}

describe("inside a call", () => {
  it("a request with an old CSeq number gets 500 and has no effect", async () => {
    const { call, ask } = await calledByPeer();
    expect((await ask("BYE", { cseq: 199 })).statusCode).toBe(500);
    expect(call.state).toBe("confirmed");
  });

  it("a request with a CSeq number far ahead is taken", async () => {
    const { call, ask } = await calledByPeer();
    expect((await ask("BYE", { cseq: 90_000 })).statusCode).toBe(200);
    expect(call.state).toBe("terminated");
  });

  it("OPTIONS is answered, and the call goes on", async () => {
    const { call, ask } = await calledByPeer();
    const response = await ask("OPTIONS");
    expect([response.statusCode, call.state]).toEqual([200, "confirmed"]);
    expect(response.headers.getAll("Allow").join(" ")).toBe("INVITE ACK CANCEL BYE OPTIONS UPDATE NOTIFY PRACK");
  });

  it("methods with a handler are in Allow, those without get 405", async () => {
    const { ok, ask } = await calledByPeer((call) => {
      call.onInfo = () => 200;
      call.onRefer = (refer) => refer.accept();
    });
    expect(ok.headers.getAll("Allow").join(" ")).toBe("INVITE ACK CANCEL BYE OPTIONS UPDATE NOTIFY PRACK INFO REFER");
    expect((await ask("INFO", { body: "Signal=1" })).statusCode).toBe(200);
    expect((await ask("REFER", { headers: [["Refer-To", "<sip:carol@192.0.2.9>"]] })).statusCode).toBe(202);
    expect((await ask("NOTIFY", { headers: [["Event", "dialog"]] })).statusCode).toBe(481);
    expect((await ask("SUBSCRIBE", { headers: [["Event", "dialog"]] })).statusCode).toBe(489);
    for (const method of ["MESSAGE", "PUBLISH", "DANCE"]) {
      const response = await ask(method);
      expect([method, response.statusCode]).toEqual([method, 405]);
      expect(response.headers.has("Allow")).toBe(true);
    }
  });

  it("an extension that we lack gets 420", async () => {
    const { call, ask } = await calledByPeer();
    const response = await ask("INFO", { headers: [["Require", "recording-aware"]] });
    expect([response.statusCode, response.headers.get("Unsupported"), call.state]).toEqual([420, "recording-aware", "confirmed"]);
  });

  it("after the BYE everything gets 481", async () => {
    const { call, ask } = await calledByPeer();
    expect((await ask("BYE", { headers: [["Reason", 'Q.850;cause=16;text="Normal call clearing"']] })).statusCode).toBe(200);
    expect(call.endReason).toMatchObject({ by: "remote", cause: "bye", reason: "Normal call clearing" });
    for (const method of ["BYE", "INFO", "INVITE"]) expect((await ask(method)).statusCode).toBe(481);
  });

  it("while our BYE is on its way the far end's gets 200, other requests 481", async () => {
    const { world, call, ask, peer } = await calledByPeer();
    void call.bye();
    await world.clock.advance(50);
    expect(peer.of("BYE")).toHaveLength(1);
    expect((await ask("INFO")).statusCode).toBe(481);
    expect((await ask("BYE")).statusCode).toBe(200);
  });

  it("our requests count up, and go on after each other's answers", async () => {
    const { world, call, peer } = await calledByPeer();
    peer.onRequest = (request) => peer.respond(request, 200);
    await world.during(call.request("INFO", { body: { contentType: "application/dtmf-relay", content: "Signal=5" } }));
    await world.during(call.request("OPTIONS"));
    await world.during(call.bye());
    expect(peer.requests.map((request) => request.cseq.toString())).toEqual(["1 INFO", "2 OPTIONS", "3 BYE"]);
    expect(peer.requests[0]).toMatchObject({ contentType: "application/dtmf-relay", bodyText: "Signal=5" });
  });

  it("a request that is never answered tells so, and the call goes on", async () => {
    const { world, call } = await calledByPeer();
    await expect(world.during(call.request("INFO"))).rejects.toMatchObject({ code: "SIP_TIMEOUT", status: 408, method: "INFO" });
    expect(call.state).toBe("confirmed");
  });

  it("a request answered 481 ends the call", async () => {
    const { world, call, peer } = await calledByPeer();
    peer.onRequest = (request) => peer.respond(request, 481);
    expect((await world.during(call.request("INFO"))).statusCode).toBe(481);
    expect(await ended(world, call)).toMatchObject({ by: "remote", cause: "gone", status: 481 });
  });

  it("a BYE that is never answered frees everything after 32 s", async () => {
    const { world, call } = await calledByPeer();
    await world.during(call.bye());
    expect(await world.end()).toEqual(NOTHING_LEFT);
  });

  it("hanging up twice is hanging up once", async () => {
    const { world, call, peer } = await calledByPeer();
    peer.onRequest = (request) => peer.respond(request, 200);
    await world.during(Promise.all([call.bye(), call.bye()]));
    expect(peer.of("BYE")).toHaveLength(1);
  });

  it("hanging up, answering or refusing at the wrong time changes nothing", async () => {
    const { world, call } = await calledByPeer();
    await expect(call.accept(ANSWER)).rejects.toMatchObject({ code: "SESSION_STATE" });
    expect(() => call.reject()).toThrow(expect.objectContaining({ code: "SESSION_STATE" }));
    expect(() => call.ringing()).toThrow(expect.objectContaining({ code: "SESSION_STATE" }));
    const alice = await world.phone({ user: "alice" });
    const other = alice.client.invite("sip:nobody@192.0.2.99", { body: OFFER });
    await expect(other.bye()).rejects.toMatchObject({ code: "SESSION_STATE", state: "calling" });
    expect([call.state, other.state]).toEqual(["confirmed", "calling"]);
  });
});
