import { describe, expect, it } from "vitest";
import { ANSWER, ended, NOTHING_LEFT, OFFER, World } from "./World.ts";

describe("a call", () => {
  it("goes over IPv6, with brackets where they belong", async () => {
    const world = new World();
    const alice = await world.phone({ user: "alice", address: "2001:db8::a" });
    const bob = await world.phone({ user: "bob", address: "2001:db8::b" });
    const call = alice.client.invite("sip:bob@[2001:db8::b]", { body: OFFER });
    const incoming = await bob.call();
    expect(incoming.invite.headers.get("Via")).toContain("SIP/2.0/UDP [2001:db8::a]:5060;");
    expect(incoming.invite.headers.get("Contact")).toContain("<sip:alice@[2001:db8::a]:5060;line=");
    expect(incoming.remote.uri.toString()).toBe("sip:alice@[2001:db8::a]");
    await world.during(incoming.accept(ANSWER));
    await world.during(incoming.bye());
    expect(await ended(world, call)).toMatchObject({ by: "remote", cause: "bye" });
    expect(await world.end()).toEqual(NOTHING_LEFT);
  });

  it("goes over TCP, and our Contact says so", async () => {
    const world = new World();
    const [here, there] = [world.network.transport("192.0.2.201", 5060, "TCP"), world.network.transport("192.0.2.202", 5060, "TCP")];
    const alice = await world.phone({ user: "alice", transport: here });
    const bob = await world.phone({ user: "bob", transport: there });
    const call = alice.client.invite("sip:bob@192.0.2.202;transport=tcp", { body: OFFER });
    const incoming = await bob.call();
    expect(incoming.invite.contact?.uri.toString()).toMatch(/^sip:alice@192\.0\.2\.201:5060;transport=tcp;line=/);
    await world.during(incoming.accept(ANSWER));
    await world.during(call.bye());
    expect(await ended(world, incoming)).toMatchObject({ by: "remote", cause: "bye" });
    expect(await world.end()).toEqual(NOTHING_LEFT);
  });

  it("over TCP to nobody ends at once with the transport's reason", async () => {
    const world = new World();
    const alice = await world.phone({ user: "alice", transport: world.network.transport("192.0.2.201", 5060, "TCP") });
    const reason = await ended(world, alice.client.invite("sip:bob@192.0.2.202", { body: OFFER }));
    expect(reason).toMatchObject({ by: "error", cause: "transport", status: 503 });
    expect(reason?.error?.message).toContain("nobody listens there");
  });

  it("shows the display name, and To without what belongs into the Request-URI only", async () => {
    const world = new World();
    const peer = await world.peer("bob");
    const alice = await world.phone({ user: "alice", displayName: 'Alice "A." Müller', domain: "example.com" });
    const { address } = peer.transport.local;
    alice.client.invite(`sip:bob@${address}:5060;transport=udp;user=phone?Subject=hi`, { body: OFFER });
    await world.clock.runUntil(() => peer.of("INVITE").length === 1, 1000);
    const [invite] = peer.of("INVITE");
    expect(invite?.from.displayName).toBe('Alice "A." Müller');
    expect(invite?.from.uri.toString()).toBe("sip:alice@example.com");
    expect(invite?.to.uri.toString()).toBe(`sip:bob@${address}:5060;user=phone`);
    expect(invite?.uri.toString()).toBe(`sip:bob@${address}:5060;transport=udp;user=phone`);
  });

  it("to a tel: number or a bare one goes to the server", async () => {
    const world = new World();
    const pbx = await world.peer("pbx");
    const alice = await world.phone({ user: "alice", server: pbx.transport.local.address, domain: "example.com", register: false });
    for (const target of ["tel:+49-30-123", "+4930123", "*43#", "bob", "bob@other.example", "sip:bob@other.example:5099"]) alice.client.invite(target);
    await world.clock.advance(100);
    expect(pbx.of("INVITE").map((invite) => invite.uri.toString())).toEqual([
      "sip:+49-30-123@example.com;user=phone",
      "sip:+4930123@example.com",
      "sip:*43%23@example.com",
      "sip:bob@example.com",
      "sip:bob@other.example",
      "sip:bob@other.example:5099",
    ]);
  });
});
