import { describe, expect, it } from "vitest";
import { ANSWER, NOTHING_LEFT, OFFER, PATIENCE, type Peer, type Phone, World } from "./World.ts";

const LIMIT = 20;

/** Alice takes at most 20 transactions and has a call with bob; a stranger is about to flood her. */
async function setUp(): Promise<{ world: World; alice: Phone; call: ReturnType<Phone["client"]["invite"]>; stranger: Peer }> {
  const world = new World();
  const alice = await world.phone({ user: "alice", maxTransactions: LIMIT });
  const bob = await world.phone({ user: "bob" });
  const call = bob.client.invite(alice.uri, { body: OFFER });
  const incoming = await alice.call();
  incoming.onReinvite = () => ANSWER;
  incoming.onInfo = () => 200;
  await world.during(incoming.accept(ANSWER));
  return { world, alice, call, stranger: await world.peer("stranger") };
}

function flood(stranger: Peer, alice: Phone, method: string, times: number): void {
  for (let n = 0; n < times; n += 1) stranger.request(method, alice.client, { body: "v=0 offer", headers: [["Call-ID", `flood-${method}-${n}`]] });
}

describe("a flood of requests", () => {
  it("is answered 503 with Retry-After beyond the limit, keeping nothing", async () => {
    const { world, alice, stranger } = await setUp();
    alice.client.onInvite = (session) => session.reject(486);
    flood(stranger, alice, "INVITE", 200);
    await world.clock.advance(100);
    expect(alice.client.layer.size).toBe(LIMIT);
    const refused = stranger.responses.filter(({ statusCode }) => statusCode === 503);
    // One of the places is the running call's.
    expect(refused.length).toBe(200 - (LIMIT - 1));
    expect(refused.every(({ headers, to }) => Number(headers.get("Retry-After")) > 0 && to.tag !== undefined)).toBe(true);
    flood(stranger, alice, "OPTIONS", 50);
    flood(stranger, alice, "BYE", 50);
    await world.clock.advance(100);
    expect(stranger.responses.filter(({ statusCode }) => statusCode === 503).length).toBe(200 - (LIMIT - 1) + 100);
    expect(alice.client.layer.size).toBe(LIMIT);
    await world.clock.advance(PATIENCE);
    flood(stranger, alice, "MESSAGE", 1);
    alice.client.onMessage = () => 200;
    await world.clock.advance(100);
    expect(stranger.statuses.at(-1)).toBe(200);
    await world.clock.advance(2 * PATIENCE);
    expect(await world.end()).toEqual(NOTHING_LEFT);
  });

  it("does no harm to a running call, nor to those that alice places", async () => {
    const { world, alice, call, stranger } = await setUp();
    alice.client.onInvite = (session) => session.ringing();
    flood(stranger, alice, "INVITE", 200);
    await world.clock.advance(100);
    expect((await world.during(call.reinvite(OFFER))).statusCode).toBe(200);
    expect((await world.during(call.request("INFO"))).statusCode).toBe(200);
    const carol = await world.phone({ user: "carol" });
    const placed = alice.client.invite(carol.uri, { body: OFFER });
    await world.during((await carol.call()).accept(ANSWER));
    expect(placed.state).toBe("confirmed");
    await world.during(call.bye());
    await world.during(placed.bye());
    await hangUpOnStrangers(world, alice);
  });

  it("does not keep a caller from giving up: its CANCEL is one of what has been let in", async () => {
    const { world, alice, stranger } = await setUp();
    alice.client.onInvite = (session) => session.ringing();
    flood(stranger, alice, "INVITE", 200);
    await world.clock.advance(100);
    const rings = stranger.responses.find(({ statusCode }) => statusCode === 180);
    const headers = ["Via", "From", "Call-ID"].map((name): [string, string] => [name, rings?.headers.get(name) ?? ""]);
    stranger.request("CANCEL", alice.client, { headers: [...headers, ["CSeq", `${rings?.cseq.sequence} CANCEL`]] });
    await world.clock.advance(100);
    expect(stranger.responses.filter(({ statusCode }) => statusCode === 487).map(({ callId }) => callId)).toEqual([rings?.callId]);
    await hangUpOnStrangers(world, alice);
  });
});

async function hangUpOnStrangers(world: World, alice: Phone): Promise<void> {
  for (const session of alice.client.sessions) if (session.kind === "server" && session.state === "incoming") session.end({ by: "local", cause: "error" });
  await world.clock.advance(2 * PATIENCE);
  await world.end();
}
