import { describe, expect, it } from "vitest";
import type { Target } from "../../../ts/sip/transport/target.ts";
import type { Endpoint } from "../../../ts/sip/transport/transport.ts";
import { TransportSet } from "../../../ts/sip/transport/TransportSet.ts";
import { ended, NOTHING_LEFT, OFFER, World } from "./World.ts";

const udp = (address: string): Endpoint => ({ address, port: 5060, protocol: "UDP" });

describe("a URI", () => {
  it("says what to resolve: host or maddr, port, transport, and TLS for sips:", async () => {
    const world = new World();
    const asked: Target[] = [];
    const transport = new TransportSet(["UDP" as const, "TCP" as const, "TLS" as const].map((protocol) => world.network.transport("192.0.2.200", 5060, protocol)));
    const alice = await world.phone({
      user: "alice",
      transport,
      resolve: async (target) => {
        asked.push(target);
        return [];
      },
    });
    for (const uri of ["sip:b@example.com", "sip:b@example.com:5070;transport=TCP", "sips:b@example.com;transport=tcp", "sip:b@h.example;maddr=192.0.2.5;transport=tls"]) {
      // oxlint-disable-next-line no-await-in-loop -- one by one
      await ended(world, alice.client.invite(uri, { body: OFFER }));
    }
    expect(asked).toEqual([
      { host: "example.com" },
      { host: "example.com", port: 5070, protocol: "TCP" },
      { host: "example.com", protocol: "TLS", secure: true },
      { host: "192.0.2.5", protocol: "TLS" },
    ]);
    expect(await world.end()).toEqual(NOTHING_LEFT);
  });

  it.each([
    ["sips:bob@192.0.2.9", "a sips: address demands TLS, and this client speaks UDP only; set transportMode"],
    ["sip:bob@192.0.2.9;transport=tls", "the address asks for TLS"],
    ["sip:bob@192.0.2.9;transport=sctp", "udp, tcp and tls are spoken here"],
    ["sips:bob@192.0.2.9;transport=udp", "sips: demands TLS"],
  ])("%s that we cannot reach is an error that says why; nothing leaves another way", async (uri, why) => {
    const world = new World();
    const alice = await world.phone({ user: "alice" });
    const reason = await ended(world, alice.client.invite(uri, { body: OFFER }));
    expect(reason).toMatchObject({ by: "error", error: { code: "TRANSPORT_UNAVAILABLE" } });
    expect(reason?.error?.message).toContain(why);
    expect(world.wire).toEqual([]);
    expect(await world.end()).toEqual(NOTHING_LEFT);
  });

  it("sips: is answered to, and called, with a Contact that is sips:, too", async () => {
    const world = new World();
    const alice = await world.phone({ user: "alice", transport: world.network.transport("192.0.2.201", 5061, "TLS") });
    const bob = await world.phone({ user: "bob", transport: world.network.transport("192.0.2.202", 5061, "TLS") });
    const call = alice.client.invite("sips:bob@192.0.2.202", { body: OFFER });
    const incoming = await bob.call();
    expect(incoming.invite.contact?.uri.toString()).toMatch(/^sips:alice@192\.0\.2\.201:5061;line=/);
    await world.during(incoming.accept({ contentType: "application/sdp", content: "v=0" }));
    expect(call.dialog?.remoteTarget.toString()).toMatch(/^sips:bob@192\.0\.2\.202:5061;line=/);
    await world.during(call.bye());
    expect(await world.end()).toEqual(NOTHING_LEFT);
  });
});

describe("an outbound proxy", () => {
  it("gets what is outside dialogs, and stands in its Route; credentials are still the server's", async () => {
    const world = new World();
    const proxy = await world.peer("proxy");
    const { address } = proxy.transport.local;
    proxy.onRequest = (request) => proxy.respond(request, 200, { contact: request.headers.get("Contact") ?? false });
    const alice = world.client({ user: "alice", server: "pbx.example.com", port: 5080, outboundProxy: `${address}:5060` });
    await world.during(alice.start());
    await world.during(alice.message("bob", "hi"));
    expect(proxy.requests.map((request) => `${request.method} ${request.uri.toString()} via ${request.headers.get("Route")}`)).toEqual([
      `REGISTER sip:pbx.example.com via <sip:${address}:5060;lr>`,
      `MESSAGE sip:bob@pbx.example.com via <sip:${address}:5060;lr>`,
    ]);
    expect(await world.end()).toEqual(NOTHING_LEFT);
  });

  it("that is no address is refused at once", () => {
    const world = new World();
    expect(() => world.client({ user: "alice", outboundProxy: "not a host" })).toThrow(/outbound proxy is no SIP address/);
  });
});

describe("a server that has failed", () => {
  it("by refusing the connection is passed over at once (RFC 3263 §4.3)", async () => {
    const world = new World();
    const transport = new TransportSet([world.network.transport("192.0.2.201", 5060, "TCP"), world.network.transport("192.0.2.201", 5060)]);
    const alive = await world.peer("alive");
    alive.onRequest = (request) => alive.respond(request, 200);
    const refusing: Endpoint = { address: "192.0.2.77", port: 5060, protocol: "TCP" };
    const alice = await world.phone({ user: "alice", server: "pbx.example.com", register: false, transport, resolve: async () => [refusing, alive.transport.local] });
    expect((await world.during(alice.client.message("bob", "hi"))).statusCode).toBe(200);
    expect(world.clock.now()).toBeLessThan(2000);
  });

  it("is tried after the others for a minute, then first again", async () => {
    const world = new World();
    const dead = udp("192.0.2.77");
    const alive = await world.peer("alive");
    alive.onRequest = (request) => alive.respond(request, 200);
    const alice = await world.phone({ user: "alice", server: "pbx.example.com", register: false, resolve: async () => [dead, alive.transport.local] });
    const time = async (): Promise<number> => {
      const before = world.clock.now();
      await world.during(alice.client.message("bob", "hi"));
      return world.clock.now() - before;
    };
    expect(await time()).toBeGreaterThan(31_000);
    expect(await time()).toBeLessThan(1000);
    await world.clock.advance(60_000);
    expect(await time()).toBeGreaterThan(31_000);
  });

  it("by a 503 is passed over for as long as its Retry-After says", async () => {
    const world = new World();
    const [busy, alive] = [await world.peer("busy"), await world.peer("alive")];
    busy.onRequest = (request) => busy.respond(request, 503, { headers: [["Retry-After", "600"]] });
    alive.onRequest = (request) => alive.respond(request, 200);
    const alice = await world.phone({ user: "alice", server: "pbx.example.com", register: false, resolve: async () => [busy.transport.local, alive.transport.local] });
    await world.during(alice.client.message("bob", "1"));
    await world.clock.advance(590_000);
    await world.during(alice.client.message("bob", "2"));
    expect([busy.of("MESSAGE").length, alive.of("MESSAGE").length]).toEqual([1, 2]);
    await world.clock.advance(20_000);
    await world.during(alice.client.message("bob", "3"));
    expect(busy.of("MESSAGE")).toHaveLength(2);
  });
});
