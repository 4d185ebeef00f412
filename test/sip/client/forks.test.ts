import { describe, expect, it } from "vitest";
import { ended, NOTHING_LEFT, OFFER, type Peer, type Phone, World } from "./World.ts";

async function ringing(): Promise<{ world: World; peer: Peer; alice: Phone; call: ReturnType<Phone["client"]["invite"]> }> {
  const world = new World();
  const peer = await world.peer("proxy");
  const alice = await world.phone({ user: "alice" });
  const call = alice.client.invite(peer.uri, { body: OFFER });
  await world.clock.runUntil(() => peer.of("INVITE").length === 1, 1000);
  return { world, peer, alice, call };
}

describe("a call that rings several phones", () => {
  it("tells of each of them, with its own To tag", async () => {
    const { world, peer, call, alice } = await ringing();
    const heard: string[] = [];
    call.onProgress = (response) => heard.push(`${response.statusCode} ${response.to.tag}`);
    const invite = peer.of("INVITE")[0]!;
    peer.respond(invite, 180, { toTag: "kitchen" });
    await world.clock.advance(20);
    peer.respond(invite, 183, { toTag: "hall" });
    peer.respond(invite, 180, { toTag: "kitchen" });
    await world.clock.advance(100);
    expect(heard).toEqual(["180 kitchen", "183 hall", "180 kitchen"]);
    expect(alice.client.dialogs).toBe(2);
    peer.respond(invite, 486, { toTag: "kitchen" });
    expect(await ended(world, call)).toMatchObject({ cause: "rejected", status: 486 });
    expect(alice.client.dialogs).toBe(0);
  });

  it("goes to the first that answers; the second to answer is acknowledged and hung up", async () => {
    const { world, peer, call, alice } = await ringing();
    const invite = peer.of("INVITE")[0]!;
    let accepted = 0;
    call.onAccepted = () => {
      accepted += 1;
    };
    peer.onRequest = (request) => {
      if (request.method === "BYE") peer.respond(request, 200);
    };
    peer.respond(invite, 180, { toTag: "kitchen" });
    peer.respond(invite, 180, { toTag: "hall" });
    await world.clock.advance(100);
    peer.respond(invite, 200, { toTag: "hall", contact: "<sip:hall@192.0.2.1>" });
    await world.clock.advance(100);
    peer.respond(invite, 200, { toTag: "kitchen", contact: "<sip:kitchen@192.0.2.1>" });
    await world.clock.advance(100);
    expect(call.state).toBe("confirmed");
    expect(call.dialog?.remoteTag).toBe("hall");
    expect(accepted).toBe(1);
    expect(peer.requests.slice(1).map((request) => `${request.method} ${request.to.tag} ${request.uri.toString()}`)).toEqual([
      "ACK hall sip:hall@192.0.2.1",
      "ACK kitchen sip:kitchen@192.0.2.1",
      "BYE kitchen sip:kitchen@192.0.2.1",
    ]);
    expect(alice.client.dialogs).toBe(1);
    await world.during(call.bye());
    expect(await world.end()).toEqual(NOTHING_LEFT);
  });

  it("acknowledges the second answer again when it is repeated, and hangs up just once", async () => {
    const { world, peer } = await ringing();
    const invite = peer.of("INVITE")[0]!;
    peer.onRequest = (request) => {
      if (request.method === "BYE") peer.respond(request, 200);
    };
    for (const toTag of ["hall", "kitchen", "kitchen"]) {
      peer.respond(invite, 200, { toTag });
      await world.clock.advance(500);
    }
    expect(peer.requests.slice(1).map((request) => `${request.method} ${request.to.tag}`)).toEqual(["ACK hall", "ACK kitchen", "BYE kitchen", "ACK kitchen"]);
  });

  it("is over: a phone that answers now is acknowledged and hung up, each time again; its own BYE is answered", async () => {
    const { world, peer, call, alice } = await ringing();
    const invite = peer.of("INVITE")[0]!;
    peer.respond(invite, 200, { toTag: "hall" });
    await world.clock.advance(100);
    peer.onRequest = (request) => {
      if (request.method === "BYE") peer.respond(request, 200);
    };
    await world.during(call.bye());
    peer.requests.length = 0;
    peer.onRequest = undefined;
    const late = peer.respond(invite, 200, { toTag: "kitchen", contact: "<sip:kitchen@192.0.2.1>" });
    await world.clock.advance(100);
    expect(alice.client.dialogs).toBe(1);
    peer.reply(invite, late, "INFO", alice.client);
    peer.reply(invite, late, "BYE", alice.client);
    peer.respond(invite, 200, { toTag: "kitchen", contact: "<sip:kitchen@192.0.2.1>" });
    peer.respond(invite, 200, { toTag: "hall" });
    await world.clock.advance(100);
    expect(peer.statuses).toEqual([481, 200]);
    expect(peer.requests.map((request) => `${request.method} ${request.to.tag}`)).toEqual(["ACK kitchen", "BYE kitchen", "ACK kitchen", "ACK hall"]);
    await world.clock.advance(64_000);
    expect(await world.end()).toEqual(NOTHING_LEFT);
  });

  it("keeps what it told each of them apart: what a losing one was told is not repeated to the one that answers", async () => {
    const { world, peer, call, alice } = await ringing();
    const invite = peer.of("INVITE")[0]!;
    call.onReinvite = () => ({ contentType: "application/sdp", content: "to the kitchen" });
    peer.onRequest = (request) => {
      if (request.method !== "INVITE" && request.method !== "ACK") peer.respond(request, 200);
    };
    // Reliable, so that the INVITE's offer is answered: only then may the next be made (RFC 3311 §5.1).
    const headers: [string, string][] = [
      ["Require", "100rel"],
      ["RSeq", "1"],
    ];
    const early = peer.respond(invite, 183, { toTag: "kitchen", body: "v=0", headers });
    await world.clock.advance(100);
    peer.reply(invite, early, "UPDATE", alice.client, { body: "v=0" });
    await world.clock.advance(100);
    expect(peer.statuses).toEqual([200]);
    expect(call.localDescription?.content).toBe("to the kitchen");
    peer.respond(invite, 200, { toTag: "hall", body: "v=0" });
    await world.clock.advance(100);
    expect([call.state, String(call.localDescription?.content)]).toEqual(["confirmed", OFFER.content]);
    await world.during(call.bye());
    await world.clock.advance(64_000);
    expect(await world.end()).toEqual(NOTHING_LEFT);
  });

  it("goes on when one of them hangs up while the others ring", async () => {
    const { world, peer, call, alice } = await ringing();
    const invite = peer.of("INVITE")[0]!;
    const early = peer.respond(invite, 180, { toTag: "kitchen" });
    peer.respond(invite, 180, { toTag: "hall" });
    await world.clock.advance(100);
    peer.reply(invite, early, "BYE", alice.client);
    await world.clock.advance(100);
    expect(peer.statuses).toEqual([200]);
    expect(call.state).toBe("early");
    peer.respond(invite, 200, { toTag: "hall" });
    await world.clock.advance(100);
    expect(call.state).toBe("confirmed");
  });

  it("takes a 1xx without a To tag for ringing, not for a dialog", async () => {
    const { world, peer, call, alice } = await ringing();
    const heard: number[] = [];
    call.onProgress = (response) => heard.push(response.statusCode);
    const invite = peer.of("INVITE")[0]!;
    const response = peer.respond(invite, 100);
    response.headers.set("To", invite.headers.get("To") ?? "");
    const { SIPResponse } = await import("../../../ts/sip/message/SIPResponse.ts");
    const untagged = SIPResponse.to(invite, 180);
    untagged.headers.set("To", invite.headers.get("To") ?? "");
    peer.send(untagged, alice.client.transport.local);
    await world.clock.advance(100);
    expect(heard).toEqual([180]);
    expect(call.state).toBe("proceeding");
    expect(alice.client.dialogs).toBe(0);
  });

  it("is not disturbed by a 180 that comes again and again", async () => {
    const { world, peer, call, alice } = await ringing();
    for (let i = 0; i < 5; i += 1) peer.respond(peer.of("INVITE")[0]!, 180);
    await world.clock.advance(100);
    expect(call.state).toBe("early");
    expect(alice.client.dialogs).toBe(1);
  });
});
