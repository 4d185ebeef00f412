import { describe, expect, it } from "vitest";
import type { Endpoint } from "../../../ts/sip/transport/transport.ts";
import { ended, NOTHING_LEFT, OFFER, World } from "./World.ts";

const at = (address: string): Endpoint => ({ address, port: 5060, protocol: "UDP" });

describe("a server with several addresses (RFC 3263 §4.3)", () => {
  it("is reached at the second when the first is dead, in a new transaction of the same call", async () => {
    const world = new World();
    const alive = await world.peer("alive");
    const client = await world.phone({ user: "alice", server: "pbx.example.com", register: false, resolve: async () => [at("192.0.2.77"), alive.transport.local] });
    alive.onRequest = (request) => request.method !== "ACK" && alive.respond(request, 200);
    const call = client.client.invite("bob", { body: OFFER });
    const { callId } = call;
    await world.clock.runUntil(() => call.state === "confirmed", 60_000);
    expect(world.clock.now()).toBeGreaterThan(32_000);
    expect(alive.of("INVITE")[0]?.callId).toBe(callId);
    expect(alive.of("INVITE")[0]?.uri.toString()).toBe("sip:bob@pbx.example.com");
    await world.during(call.bye());
    expect(await world.end()).toEqual(NOTHING_LEFT);
  });

  it("is reached at the second when the first is out of service (503)", async () => {
    const world = new World();
    const [busy, alive] = [await world.peer("busy"), await world.peer("alive")];
    const client = await world.phone({ user: "alice", server: "pbx.example.com", register: false, resolve: async () => [busy.transport.local, alive.transport.local] });
    busy.onRequest = (request) => request.method !== "ACK" && busy.respond(request, 503);
    alive.onRequest = (request) => request.method !== "ACK" && alive.respond(request, 200);
    const call = client.client.invite("bob", { body: OFFER });
    await world.clock.runUntil(() => call.state === "confirmed", 1000);
    expect(busy.of("INVITE")).toHaveLength(1);
  });

  it("ends the call with 503 when all are out of service", async () => {
    const world = new World();
    const [one, two] = [await world.peer("one"), await world.peer("two")];
    const client = await world.phone({ user: "alice", server: "pbx.example.com", register: false, resolve: async () => [one.transport.local, two.transport.local] });
    for (const peer of [one, two]) peer.onRequest = (request) => request.method !== "ACK" && peer.respond(request, 503);
    expect(await ended(world, client.client.invite("bob", { body: OFFER }))).toMatchObject({ by: "remote", cause: "rejected", status: 503 });
  });
});

describe("a server whose name cannot be found", () => {
  it("ends the call with the resolver's reason", async () => {
    const world = new World();
    const notFound = Object.assign(new Error("getaddrinfo ENOTFOUND pbx.example.com"), { code: "ENOTFOUND" });
    const alice = await world.phone({ user: "alice", server: "pbx.example.com", register: false, resolve: () => Promise.reject(notFound) });
    const reason = await ended(world, alice.client.invite("bob", { body: OFFER }));
    expect(reason).toMatchObject({ by: "error", cause: "transport", status: 503 });
    expect(reason?.error?.message).toContain("ENOTFOUND");
    await expect(world.during(alice.client.message("bob", "hi"))).rejects.toMatchObject({ code: "SIP_TRANSPORT" });
    expect(await world.end()).toEqual(NOTHING_LEFT);
  });
});

function hostFor(): string {
  throw new RangeError("no name for us in that network");
}

describe("settings that forbid the call", () => {
  it("end it with their own error, which start() throws, too", async () => {
    const world = new World();
    const alice = await world.phone({ user: "alice", domain: "example.com", hostFor });
    expect(await ended(world, alice.client.invite("sip:bob@192.0.2.9", { body: OFFER }))).toMatchObject({ by: "error", cause: "error", error: { name: "RangeError" } });
    const bob = world.client({ user: "bob", server: "192.0.2.9", hostFor });
    await expect(world.during(bob.start())).rejects.toThrow("no name for us in that network");
    expect(await world.end()).toEqual(NOTHING_LEFT);
  });
});
