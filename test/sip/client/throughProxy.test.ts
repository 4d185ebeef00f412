import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { MemoryNetworkOptions } from "../../../ts/testkit/MemoryNetwork.ts";
import { Registrar, type RegistrarOptions } from "../../../ts/testkit/Registrar.ts";
import { ANSWER, ended, NOTHING_LEFT, OFFER, type Phone, World } from "./World.ts";

async function office(conditions: Partial<MemoryNetworkOptions> = {}, options: Partial<RegistrarOptions> = {}): Promise<{
  world: World;
  registrar: Registrar;
  alice: Phone;
  bob: Phone;
}> {
  const world = new World(conditions);
  const transport = world.transport("pbx");
  const registrar = new Registrar({ users: { alice: "secret", bob: "secret" }, transport, clock: world.clock, ...options });
  await registrar.start();
  const alice = await world.phone({ user: "alice", server: transport.local.address, expires: 600 });
  const bob = await world.phone({ user: "bob", server: transport.local.address, expires: 600 });
  return { world, registrar, alice, bob };
}

async function callOver({ seed, loss, cancel }: { seed: number; loss: number; cancel: boolean }): Promise<void> {
  const { world, registrar, alice, bob } = await office({ seed, loss, duplicate: 0.1, minimumDelay: 5, maximumDelay: 200 });
  bob.client.onInvite = (session) => {
    session.ringing();
    bob.calls.push(session);
    world.clock.at(world.clock.now() + 5000, () => session.state === "incoming" && void session.accept(ANSWER));
  };
  const call = alice.client.invite("bob", { body: OFFER });
  world.clock.at(world.clock.now() + (cancel ? 5100 : 20_000), () => call.cancel());
  world.clock.at(world.clock.now() + 60_000, () => void (call.state === "confirmed" && call.bye()));
  await world.clock.advance(200_000);
  expect([call.state, ...bob.calls.map(({ state }) => state)]).toEqual(["terminated", ...bob.calls.map(() => "terminated")]);
  expect([alice.client.dialogs, bob.client.dialogs]).toEqual([0, 0]);
  await registrar.stop();
  expect(await world.end()).toEqual(NOTHING_LEFT);
}

const seeds = fc.record({ seed: fc.integer(), loss: fc.double({ min: 0, max: 0.2, noNaN: true }), cancel: fc.boolean() });

describe("two phones of one registrar", () => {
  it("call each other by user name, through the proxy, to the end", async () => {
    const { world, registrar, alice, bob } = await office();
    expect(registrar.bindings).toHaveLength(2);
    world.wire.length = 0;
    const call = alice.client.invite("bob", { body: OFFER });
    const incoming = await bob.call();
    incoming.ringing();
    await world.clock.runUntil(() => call.state === "early", 1000);
    await world.during(incoming.accept(ANSWER));
    await world.during(incoming.bye());
    expect(await ended(world, call)).toMatchObject({ by: "remote", cause: "bye" });
    const methods = world.wire.filter((entry) => /INVITE|ACK|BYE/.test(entry));
    expect(methods).toEqual([
      "alice > pbx INVITE",
      "alice > pbx ACK",
      "alice > pbx INVITE",
      "pbx > bob INVITE",
      "alice > pbx ACK",
      "pbx > bob ACK",
      "bob > pbx BYE",
      "pbx > alice BYE",
    ]);
    expect(await world.end()).toMatchObject({ ...NOTHING_LEFT, alarms: expect.any(Number) });
    expect(registrar.bindings).toHaveLength(0);
    await registrar.stop();
    expect(world.clock.pending).toBe(0);
  });

  it("are asked for credentials on BYE and re-INVITE, too", async () => {
    const { world, registrar, alice, bob } = await office({}, { authenticate: ["REGISTER", "INVITE", "BYE", "INFO", "MESSAGE"], nonceLifetime: 50 });
    const call = alice.client.invite("bob", { body: OFFER });
    const incoming = await bob.call();
    incoming.onReinvite = () => ANSWER;
    await world.during(incoming.accept(ANSWER));
    expect((await world.during(call.reinvite(OFFER))).statusCode).toBe(200);
    await world.during(incoming.bye());
    expect(await ended(world, call)).toMatchObject({ by: "remote", cause: "bye" });
    await registrar.stop();
    expect(await world.end()).toEqual(NOTHING_LEFT);
  });

  it("send each other messages", async () => {
    const { world, alice, bob } = await office();
    const heard: string[] = [];
    bob.client.onMessage = (request) => {
      heard.push(`${request.from.uri.toString()}: ${request.bodyText}`);
    };
    expect((await world.during(alice.client.message("bob", "lunch?"))).statusCode).toBe(200);
    expect(heard).toEqual(["sip:alice@192.0.2.1: lunch?"]);
    expect((await world.during(alice.client.message("nobody", "lunch?"))).statusCode).toBe(404);
  });

  it("ring at two places at once; the one that does not answer stops ringing", async () => {
    const { world, registrar, alice, bob } = await office();
    const desk = await world.phone({ user: "bob", server: "192.0.2.1" });
    const call = alice.client.invite("bob", { body: OFFER });
    const [first, second] = [await bob.call(), await desk.call()];
    first.ringing();
    second.ringing();
    await world.clock.advance(100);
    void second.accept(ANSWER);
    expect(await ended(world, first)).toMatchObject({ by: "remote", cause: "cancel" });
    await world.clock.advance(100);
    expect([call.state, second.state]).toEqual(["confirmed", "confirmed"]);
    await registrar.stop();
    expect(await world.end()).toEqual(NOTHING_LEFT);
  });

  it("find each other over a bad network, and leave nothing behind", { timeout: 60_000 }, async () => {
    await fc.assert(fc.asyncProperty(seeds, callOver), { numRuns: 60, seed: Number(process.env["SIDETONE_SEED"] ?? Date.now() % 2 ** 31) });
  });
});
