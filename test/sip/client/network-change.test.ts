import { describe, expect, it } from "vitest";
import type { ClientInviteSession } from "../../../ts/sip/dialog/ClientInviteSession.ts";
import type { SIPRequest } from "../../../ts/sip/message/SIPRequest.ts";
import { calling } from "../dialog/Calls.ts";
import { ANSWER, ended, NOTHING_LEFT, OFFER, type Peer, type Phone, World } from "./World.ts";

const MOVED = "198.51.100.7";

function accept(pbx: Peer, request: SIPRequest): void {
  const headers = request.headers.getAll("Contact").map((contact): [string, string] => ["Contact", contact]);
  pbx.respond(request, 200, { contact: false, headers });
}

/** Alice is registered and has called the peer, which has answered. */
async function running(): Promise<{ world: World; alice: Phone; pbx: Peer; call: ClientInviteSession }> {
  const world = new World();
  const pbx = await world.peer("pbx");
  pbx.onRequest = (request) => {
    if (request.method === "REGISTER") accept(pbx, request);
    else if (request.method === "INVITE") pbx.respond(request, 200, { body: "v=0 answer" });
    else if (request.method === "BYE") pbx.respond(request, 200, { contact: false });
  };
  const alice = await world.phone({ user: "alice", server: pbx.transport.local.address });
  const call = alice.client.invite("bob", { body: OFFER });
  await world.clock.runUntil(() => pbx.of("ACK").length === 1, 5000);
  pbx.requests.length = 0;
  return { world, alice, pbx, call };
}

const move = (world: World, address = MOVED) => ({ transport: (port: number) => world.transport("alice", address, port) });

describe("a phone whose network changes", () => {
  it("registers at once from its new address, and takes the old one back", async () => {
    const { world, alice, pbx } = await running();
    await world.during(alice.client.recover(move(world)));
    const [register] = pbx.of("REGISTER");
    expect(register?.via.host).toBe(MOVED);
    const bindings = register?.contacts.map(({ uri, params }) => [uri.toString().includes(`@${MOVED}:5060`), params.get("expires")]);
    expect(bindings).toEqual([[true, "300"], [false, "0"]]);
    expect(alice.client.registrationState).toBe("registered");
    expect(await world.end()).toEqual(NOTHING_LEFT);
  });

  it("tells the far end of its running call where it is now, and hangs up from there", async () => {
    const { world, alice, pbx, call } = await running();
    await world.during(alice.client.recover(move(world)));
    const [again] = pbx.of("INVITE");
    expect(again?.to.tag).toBe("peer-tag");
    expect(again?.contact?.uri.toString()).toContain(`@${MOVED}:5060`);
    expect(again?.bodyText).toBe(OFFER.content);
    expect(call.state).toBe("confirmed");
    await world.during(call.bye());
    expect(pbx.of("BYE")[0]?.via.host).toBe(MOVED);
    expect(await world.end()).toEqual(NOTHING_LEFT);
  });

  it("is still hung up on by the far end, at the new address", async () => {
    const { world, alice, call, incoming } = await calling();
    await world.during(incoming.accept(ANSWER));
    incoming.onReinvite = () => ANSWER;
    await world.during(alice.client.recover(move(world)));
    await world.during(incoming.bye());
    expect(call.endReason).toMatchObject({ by: "remote", cause: "bye" });
    expect(await world.end()).toEqual(NOTHING_LEFT);
  });

  it("ends a call whose far end will not follow, and says why", async () => {
    const { world, alice, pbx, call } = await running();
    const { onRequest } = pbx;
    pbx.onRequest = (request, from) => {
      if (request.method === "INVITE") pbx.respond(request, 488);
      else onRequest?.(request, from);
    };
    await world.during(alice.client.recover(move(world)));
    expect(call.endReason).toMatchObject({ by: "remote", cause: "gone", status: 488 });
    await world.clock.advance(1000);
    expect(pbx.of("BYE")).toHaveLength(1);
    expect(await world.end()).toEqual(NOTHING_LEFT);
  });

  it("ends a call whose far end stays silent", async () => {
    const { world, alice, pbx, call } = await running();
    const { onRequest } = pbx;
    pbx.onRequest = (request, from) => {
      if (request.method === "REGISTER") onRequest?.(request, from);
    };
    const recovered = alice.client.recover(move(world));
    expect(await ended(world, call)).toMatchObject({ by: "timeout", cause: "gone", status: 408 });
    await world.during(recovered);
    expect(alice.client.registrationState).toBe("registered");
    expect(await world.end()).toEqual(NOTHING_LEFT);
  });

  it("leaves a call that still rings to itself", async () => {
    const { world, alice, pbx } = await running();
    const { onRequest } = pbx;
    pbx.onRequest = (request, from) => {
      if (request.method !== "INVITE" || request.to.tag !== undefined) onRequest?.(request, from);
      else pbx.respond(request, 180, { toTag: "ringing" });
    };
    const ringing = alice.client.invite("carol", { body: OFFER });
    await world.clock.runUntil(() => ringing.state === "early", 5000);
    const sent = pbx.of("INVITE").length;
    await world.during(alice.client.recover(move(world)));
    expect(ringing.state).toBe("early");
    expect(pbx.of("INVITE").filter(({ callId }) => callId === ringing.callId)).toHaveLength(sent);
    pbx.onRequest = onRequest;
    ringing.cancel();
    await ended(world, ringing);
    expect(await world.end()).toEqual(NOTHING_LEFT);
  });

  it("takes another port when its own is taken at the new address", async () => {
    const { world, alice, pbx } = await running();
    await world.peer("squatter", MOVED);
    await world.during(alice.client.recover(move(world)));
    const { port } = alice.client.transport.local;
    expect(port).not.toBe(5060);
    expect(pbx.of("REGISTER")[0]?.contact?.uri.toString()).toContain(`@${MOVED}:${port}`);
    expect(await world.end()).toEqual(NOTHING_LEFT);
  });

  it("does not wait for a REGISTER that went out before, and goes on trying when the registrar is not there yet", async () => {
    const { world, alice, pbx } = await running();
    const { onRequest } = pbx;
    pbx.onRequest = undefined;
    await world.clock.runUntil(() => pbx.of("REGISTER").length === 1, 300_000);
    const before = world.clock.now();
    pbx.onRequest = (request, from) => {
      if (request.method === "REGISTER" && request.via.host === MOVED) pbx.respond(request, 503, { contact: false });
      else if (request.method !== "REGISTER") onRequest?.(request, from);
    };
    const problem = await world.during(alice.client.recover(move(world)).catch((error: unknown) => error));
    expect(problem).toMatchObject({ code: "REGISTRATION_FAILED", status: 503 });
    expect(world.clock.now() - before).toBeLessThan(1000);
    pbx.onRequest = onRequest;
    await world.clock.runUntil(() => alice.client.registrationState === "registered", 60_000);
    expect(alice.client.registrationState).toBe("registered");
    expect(await world.end()).toEqual(NOTHING_LEFT);
  });

  it("can be tried again when the new address does not exist yet", async () => {
    const { world, alice, pbx, call } = await running();
    await world.peer("squatter", MOVED);
    const stuck = { transport: () => world.transport("alice", MOVED, 5060) };
    await expect(world.during(alice.client.recover(stuck))).rejects.toMatchObject({ code: "TRANSPORT_BIND" });
    await world.during(alice.client.recover(move(world, "198.51.100.8")));
    expect(pbx.of("INVITE")[0]?.contact?.uri.toString()).toContain("@198.51.100.8:5060");
    expect(call.state).toBe("confirmed");
    expect(await world.end()).toEqual(NOTHING_LEFT);
  });
});
