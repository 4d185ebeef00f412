import { describe, expect, it } from "vitest";
import type { SIPRequest } from "../../../ts/sip/message/SIPRequest.ts";
import { verifyDigest } from "../../../ts/sip/auth/verify.ts";
import { ended, NOTHING_LEFT, OFFER, type Peer, World } from "./World.ts";

const CHALLENGE = { 401: "WWW-Authenticate", 407: "Proxy-Authenticate" } as const;
const ANSWERED = { 401: "Authorization", 407: "Proxy-Authorization" } as const;

function challenge(peer: Peer, request: SIPRequest, status: 401 | 407, realm = "pbx", tag = "challenge"): void {
  peer.respond(request, status, { toTag: tag, headers: [[CHALLENGE[status], `Digest realm="${realm}", nonce="n-${realm}-${peer.requests.length}", qop="auth", algorithm=MD5`]] });
}

describe("a server that asks who we are", () => {
  for (const status of [401, 407] as const) {
    it(`gets the INVITE again with credentials after ${status}: same call, next CSeq, the ${status} acknowledged`, async () => {
      const world = new World();
      const peer = await world.peer("pbx");
      const alice = await world.phone({ user: "alice", server: peer.transport.local.address, register: false });
      peer.onRequest = (request) => {
        if (request.method === "INVITE" && !request.headers.has(ANSWERED[status])) challenge(peer, request, status);
        else if (request.method !== "ACK") peer.respond(request, 200, { body: request.method === "INVITE" ? "v=0" : "" });
      };
      const call = alice.client.invite("bob", { body: OFFER });
      await world.clock.runUntil(() => peer.of("ACK").length === 2, 1000);
      const [first, second] = peer.of("INVITE");
      expect(second?.callId).toBe(first?.callId);
      expect(second?.from.tag).toBe(first?.from.tag);
      expect(second?.to.tag).toBeUndefined();
      expect(second?.cseq.sequence).toBe((first?.cseq.sequence ?? 0) + 1);
      expect(second?.via.branch).not.toBe(first?.via.branch);
      expect(verifyDigest({ authorization: second?.headers.get(ANSWERED[status]) ?? "", method: "INVITE", password: "secret" })).toBe(true);
      const [refusal, answer] = peer.of("ACK");
      expect(refusal?.to.tag).toBe("challenge");
      expect(refusal?.via.branch).toBe(first?.via.branch);
      // RFC 3261 §13.2.2.4: the ACK to the 2xx carries the INVITE's credentials.
      expect(answer?.headers.get(ANSWERED[status])).toBe(second?.headers.get(ANSWERED[status]));
      await world.during(call.bye());
      expect(await world.end()).toEqual(NOTHING_LEFT);
    });

    for (const method of ["BYE", "INFO", "INVITE"]) {
      it(`gets a ${method} inside the call again after ${status}, with the next CSeq of the dialog`, async () => {
        const world = new World();
        const peer = await world.peer("pbx");
        const alice = await world.phone({ user: "alice" });
        let established = false;
        peer.onRequest = (request) => {
          if (request.method === "ACK") return;
          if (established && request.method === method && !request.headers.has(ANSWERED[status])) challenge(peer, request, status, "pbx", request.to.tag);
          else peer.respond(request, 200);
        };
        const call = alice.client.invite(peer.uri, { body: OFFER });
        await world.clock.runUntil(() => call.state === "confirmed", 1000);
        established = true;
        if (method === "BYE") await world.during(call.bye());
        else if (method === "INVITE") expect((await world.during(call.reinvite(OFFER))).statusCode).toBe(200);
        else expect((await world.during(call.request(method))).statusCode).toBe(200);
        const [first, second, ...more] = peer.of(method).slice(method === "INVITE" ? 1 : 0);
        expect(more).toEqual([]);
        expect(second?.cseq.sequence).toBe((first?.cseq.sequence ?? 0) + 1);
        expect(second?.headers.has(ANSWERED[status])).toBe(true);
        expect(second?.to.tag).toBe(first?.to.tag);
      });
    }

    it(`gets a MESSAGE again after ${status}`, async () => {
      const world = new World();
      const peer = await world.peer("pbx");
      const alice = await world.phone({ user: "alice" });
      peer.onRequest = (request) => {
        if (request.headers.has(ANSWERED[status])) peer.respond(request, 202);
        else challenge(peer, request, status);
      };
      expect((await world.during(alice.client.message(peer.uri, "hello"))).statusCode).toBe(202);
      const [first, second] = peer.of("MESSAGE");
      expect(second?.callId).toBe(first?.callId);
      expect(second?.bodyText).toBe("hello");
      expect(second?.cseq.sequence).toBe(2);
    });
  }

  it("may sit behind another that asks, too: both get their answer", async () => {
    const world = new World();
    const peer = await world.peer("pbx");
    const alice = await world.phone({ user: "alice" });
    peer.onRequest = (request) => {
      if (request.method === "ACK") return;
      if (!request.headers.has("Proxy-Authorization")) challenge(peer, request, 407, "proxy");
      else if (request.headers.has("Authorization")) peer.respond(request, 200);
      else challenge(peer, request, 401, "pbx");
    };
    const call = alice.client.invite(peer.uri, { body: OFFER });
    await world.clock.runUntil(() => call.state === "confirmed", 1000);
    expect(peer.of("INVITE")).toHaveLength(3);
  });

  it("and does not take the answer ends the call with its 401, not with a loop", async () => {
    const world = new World();
    const peer = await world.peer("pbx");
    const alice = await world.phone({ user: "alice" });
    peer.onRequest = (request) => {
      if (request.method !== "ACK") challenge(peer, request, 401);
    };
    const call = alice.client.invite(peer.uri, { body: OFFER });
    expect(await ended(world, call)).toMatchObject({ by: "remote", cause: "rejected", status: 401 });
    expect(peer.of("INVITE")).toHaveLength(2);
    await world.clock.advance(40_000);
    expect(await world.end()).toEqual(NOTHING_LEFT);
  });

  it("after the caller has cancelled gets no second INVITE", async () => {
    const world = new World();
    const peer = await world.peer("pbx");
    const alice = await world.phone({ user: "alice" });
    const call = alice.client.invite(peer.uri, { body: OFFER });
    await world.clock.runUntil(() => peer.of("INVITE").length === 1, 1000);
    call.cancel();
    challenge(peer, peer.of("INVITE")[0]!, 407);
    expect(await ended(world, call)).toMatchObject({ by: "local", cause: "cancel" });
    expect(peer.of("INVITE")).toHaveLength(1);
  });

  it("is sent credentials ahead of its question from then on", async () => {
    const world = new World();
    const peer = await world.peer("pbx");
    const alice = await world.phone({ user: "alice", server: peer.transport.local.address, register: false });
    peer.onRequest = (request) => {
      if (request.headers.has("Authorization")) peer.respond(request, 200);
      else challenge(peer, request, 401);
    };
    await world.during(alice.client.message("bob", "one"));
    await world.during(alice.client.message("bob", "two"));
    expect(peer.of("MESSAGE").map((request) => request.headers.get("Authorization")?.match(/nc=(\d+)/)?.[1])).toEqual([undefined, "00000001", "00000002"]);
  });
});
