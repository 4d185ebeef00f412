import { describe, expect, it } from "vitest";
import { SIPRejection } from "../../../ts/sip/dialog/errors.ts";
import type { SIPResponse } from "../../../ts/sip/message/SIPResponse.ts";
import { ANSWER, type Peer, type Phone, type PhoneOptions, World } from "./World.ts";

async function meet(options: Partial<PhoneOptions> = {}): Promise<{ world: World; peer: Peer; bob: Phone }> {
  const world = new World();
  const peer = await world.peer("stranger");
  const bob = await world.phone({ user: "bob", ...options });
  return { world, peer, bob };
}

/** The final response to what the peer sends. */
async function answer(world: World, peer: Peer, send: () => unknown): Promise<SIPResponse> {
  const before = peer.responses.length;
  send();
  await world.clock.runUntil(() => peer.responses.slice(before).some(({ statusCode }) => statusCode >= 200), 5000);
  return peer.responses.slice(before).find(({ statusCode }) => statusCode >= 200)!;
}

describe("a request that nobody expects", () => {
  it("in an unknown dialog gets 481", async () => {
    const { world, peer, bob } = await meet();
    for (const method of ["BYE", "INFO", "INVITE", "UPDATE", "PRACK", "NOTIFY", "REFER", "OPTIONS"]) {
      const response = await answer(world, peer, () => peer.request(method, bob.client, { headers: [["To", `<${bob.uri}>;tag=gone`]] }));
      expect([method, response.statusCode]).toEqual([method, 481]);
    }
  });

  it("that only makes sense in a dialog, without one, gets 481", async () => {
    const { world, peer, bob } = await meet();
    for (const method of ["BYE", "CANCEL", "PRACK", "UPDATE", "INFO"]) {
      expect([method, (await answer(world, peer, () => peer.request(method, bob.client))).statusCode]).toEqual([method, 481]);
    }
  });

  it("NOTIFY of a subscription that nobody made gets 481 (RFC 6665 §4.1.3), unless the application takes such", async () => {
    const { world, peer, bob } = await meet();
    const waiting: [string, string][] = [["Event", "message-summary"], ["Subscription-State", "active"]];
    expect((await answer(world, peer, () => peer.request("NOTIFY", bob.client, { headers: waiting }))).statusCode).toBe(481);
    bob.client.onNotify = () => undefined;
    expect((await answer(world, peer, () => peer.request("NOTIFY", bob.client, { headers: waiting }))).statusCode).toBe(200);
  });

  it("SUBSCRIBE is refused by its event: 489 and those that exist here, 403 for one that only a REFER begins", async () => {
    const { world, peer, bob } = await meet();
    bob.client.onRefer = (refer) => refer.reject();
    const presence = await answer(world, peer, () => peer.request("SUBSCRIBE", bob.client, { headers: [["Event", "presence"]] }));
    expect([presence.statusCode, presence.headers.get("Allow-Events")]).toEqual([489, "refer"]);
    expect((await answer(world, peer, () => peer.request("SUBSCRIBE", bob.client, { headers: [["Event", "refer"]] }))).statusCode).toBe(403);
  });

  it("that has spent its last hop and is not for us gets 483: it goes in circles (RFC 3261 §16.3)", async () => {
    const { world, peer, bob } = await meet();
    const spent = await answer(world, peer, () => peer.request("INVITE", bob.client, { uri: "sip:carol@192.0.2.2", headers: [["Max-Forwards", "0"]] }));
    expect(spent.statusCode).toBe(483);
  });

  it("INVITE that is our own, sent back to us by a proxy, gets 482 (RFC 3261 §8.2.2.2)", async () => {
    const { world, peer, bob } = await meet();
    peer.onRequest = (request) => {
      if (request.method !== "INVITE") return;
      const back = request.clone();
      back.headers.prepend("Via", `SIP/2.0/UDP ${peer.transport.local.address}:5060;branch=z9hG4bKback`);
      peer.send(back, bob.client.transport.local);
    };
    bob.client.invite(`sip:bob@${peer.transport.local.address}`).cancel();
    await world.clock.advance(100);
    bob.client.invite(`sip:bob@${peer.transport.local.address}`);
    await world.clock.runUntil(() => peer.statuses.includes(482), 1000);
    expect(bob.calls).toEqual([]);
  });

  it("of an unknown or unwanted method gets 405 and the list of those that we take", async () => {
    const { world, peer, bob } = await meet();
    for (const method of ["SUBSCRIBE", "PUBLISH", "DANCE", "MESSAGE", "REFER"]) {
      const response = await answer(world, peer, () => peer.request(method, bob.client));
      expect([method, response.statusCode, response.headers.getAll("Allow").join(" ")]).toEqual([method, 405, "INVITE ACK CANCEL BYE OPTIONS UPDATE NOTIFY PRACK"]);
    }
  });

  it("that requires an extension which we lack gets 420 and its name", async () => {
    const { world, peer, bob } = await meet();
    const response = await answer(world, peer, () => peer.request("INVITE", bob.client, { headers: [["Require", "levitate, 100rel, teleport"]] }));
    expect(response.statusCode).toBe(420);
    expect(response.headers.getAll("Unsupported")).toEqual(["levitate", "teleport"]);
    expect(bob.calls).toEqual([]);
  });

  it("to a tel: number gets 416", async () => {
    const { world, peer, bob } = await meet();
    const response = await answer(world, peer, () => peer.request("INVITE", bob.client, { uri: "tel:+4930123456", headers: [["To", "<tel:+4930123456>"]] }));
    expect(response.statusCode).toBe(416);
  });

  it("OPTIONS is answered with what we can do", async () => {
    const { world, peer, bob } = await meet();
    bob.client.onMessage = () => 200;
    const response = await answer(world, peer, () => peer.request("OPTIONS", bob.client, { uri: "sip:192.0.2.2" }));
    expect(response.statusCode).toBe(200);
    expect(response.headers.getAll("Allow").join(" ")).toBe("INVITE ACK CANCEL BYE OPTIONS UPDATE NOTIFY PRACK MESSAGE");
    expect(response.headers.getAll("Accept")).toEqual(["application/sdp", "message/sipfrag", "text/plain"]);
    expect(response.headers.getAll("Supported")).toEqual(["100rel", "timer", "replaces", "norefersub"]);
  });

  it("that has spent its last hop on the way is taken all the same (RFC 4475 §3.1.1.3: only proxies refuse it)", async () => {
    const { world, peer, bob } = await meet();
    peer.request("INVITE", bob.client, { headers: [["Max-Forwards", "0"]], body: "v=0" });
    expect((await bob.call()).state).toBe("incoming");
    expect(world.errors).toEqual([]);
  });
});

describe("a caller who does not know our Contact", () => {
  it("hears 404 while we take registered calls only; whoever knows it rings", async () => {
    const { world, peer, bob } = await meet({ acceptCalls: "registered" });
    for (const uri of ["sip:bob@192.0.2.2", "sip:100@192.0.2.2", "sip:bob@192.0.2.2;line=guess"]) {
      expect((await answer(world, peer, () => peer.request("INVITE", bob.client, { uri }))).statusCode).toBe(404);
    }
    peer.request("INVITE", bob.client);
    await bob.call();
    expect(bob.calls).toHaveLength(1);
  });

  it("rings under our user name if we take those, and no other", async () => {
    const { world, peer, bob } = await meet({ acceptCalls: "user" });
    expect((await answer(world, peer, () => peer.request("INVITE", bob.client, { uri: "sip:100@192.0.2.2" }))).statusCode).toBe(404);
    peer.request("INVITE", bob.client, { uri: "sip:bob@anywhere.example" });
    await bob.call();
  });

  it("rings under any name if we take all", async () => {
    const { peer, bob } = await meet({ acceptCalls: "any" });
    peer.request("INVITE", bob.client, { uri: "sip:+4930123456@192.0.2.2" });
    await bob.call();
  });

  it("rings a phone whose user name is not a word", async () => {
    for (const user of ["alice-0x55eb675dc330", "a.b_c!d~e*f'g(h)", "+49 30 123#4"]) {
      const world = new World();
      const peer = await world.peer("stranger");
      const phone = await world.phone({ user });
      peer.request("INVITE", phone.client, { body: "v=0" });
      const call = await phone.call();
      void call.accept(ANSWER);
      await world.clock.runUntil(() => peer.statuses.includes(200), 1000);
      expect(peer.responses.at(-1)?.contact?.uri).toMatchObject({ user });
      expect(world.errors).toEqual([]);
    }
  });
});

describe("an application's handler", () => {
  it("answers a MESSAGE with the status that it returns, or 200", async () => {
    const { world, peer, bob } = await meet();
    const heard: string[] = [];
    const statuses = [undefined, 202, 480];
    bob.client.onMessage = (request) => {
      heard.push(request.bodyText);
      return statuses[heard.length - 1];
    };
    for (const expected of [200, 202, 480]) {
      const response = await answer(world, peer, () => peer.request("MESSAGE", bob.client, { body: `number ${heard.length}` }));
      expect(response.statusCode).toBe(expected);
    }
    expect(heard).toEqual(["number 0", "number 1", "number 2"]);
  });

  it("that throws harms nobody: the caller hears 500, the error is reported", async () => {
    const { world, peer, bob } = await meet();
    bob.client.onMessage = () => {
      throw new Error("bug in a message handler");
    };
    bob.client.onInvite = () => {
      throw new Error("bug in a call handler");
    };
    expect((await answer(world, peer, () => peer.request("MESSAGE", bob.client))).statusCode).toBe(500);
    expect((await answer(world, peer, () => peer.request("INVITE", bob.client))).statusCode).toBe(500);
    expect(world.errors.map(String)).toEqual(["Error: bug in a message handler", "Error: bug in a call handler"]);
    expect(bob.client.sessions.size).toBe(0);
  });

  it("that throws a SIPRejection chooses the status", async () => {
    const { world, peer, bob } = await meet();
    bob.client.onMessage = () => Promise.reject(new SIPRejection(415, undefined, [["Accept", "text/plain"]]));
    const response = await answer(world, peer, () => peer.request("MESSAGE", bob.client));
    expect([response.statusCode, response.headers.get("Accept")]).toEqual([415, "text/plain"]);
    expect(world.errors).toEqual([]);
  });
});

describe("what we are asked to send", () => {
  it("cannot smuggle in headers", async () => {
    const { bob } = await meet();
    expect(() => bob.client.invite("sip:bob@192.0.2.9", { headers: [["Subject", "hi\r\nEvil: yes"]] })).toThrow();
    expect(() => bob.client.invite("bob\r\nEvil: yes@192.0.2.9")).toThrow();
    await expect(bob.client.message("sip:bob@192.0.2.9", "x", "text/plain\r\nEvil: yes")).rejects.toThrow();
  });

  it("needs an address that can be called", async () => {
    const { bob } = await meet();
    expect(() => bob.client.invite("carol")).toThrow(expect.objectContaining({ code: "SIP_TARGET" }));
    expect(() => bob.client.invite("mailto:carol@example.com")).toThrow(expect.objectContaining({ code: "SIP_TARGET" }));
    expect(() => bob.client.invite("")).toThrow(expect.objectContaining({ code: "SIP_TARGET" }));
  });
});
