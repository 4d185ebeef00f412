import { afterEach, describe, expect, it } from "vitest";
import { VirtualClock } from "../../../ts/testkit/VirtualClock.ts";
import { closeAll, listener, options, type Station, tcp, Wire } from "./streams.ts";

afterEach(closeAll);

/** A transport on a virtual clock and, at the other end of its connection, a bare wire. */
async function connected(): Promise<{ clock: VirtualClock; alice: Station; wire: Wire }> {
  const clock = new VirtualClock();
  const alice = await tcp({ clock, random: () => 0.5, limits: { keepAlive: 100_000, pongTimeout: 10_000 } });
  const { endpoint, sockets } = await listener();
  await alice.transport.send(Buffer.from(options("1")), endpoint);
  const wire = await sockets.next();
  await wire.hears((heard) => heard.endsWith("\r\n\r\n"));
  wire.heard = "";
  return { clock, alice, wire };
}

/** Waits until the transport has taken a line end: a message behind it tells. */
async function write(alice: Station, wire: Wire, text: string): Promise<void> {
  const before = alice.messages.all.length;
  await wire.write(text + options("marker"));
  await alice.messages.count(before + 1);
}

describe("a connection that we opened", () => {
  it("is pinged when nothing was sent for 80 to 100 % of the interval (RFC 5626 §4.4.1)", async () => {
    const { clock, alice, wire } = await connected();
    await clock.advance(89_999);
    await alice.transport.send(Buffer.from("SIP"), alice.messages.all[0]?.from ?? { address: "127.0.0.1", port: wire.socket.localPort!, protocol: "TCP" });
    await wire.hears((heard) => heard === "SIP");
    await clock.advance(89_999);
    expect(wire.heard).toBe("SIP");
    await clock.advance(1);
    expect(await wire.hears((heard) => heard.length > 3)).toBe("SIP\r\n\r\n");
  });

  it("to a server that never answers pings stays up: many do not", async () => {
    const { clock, alice, wire } = await connected();
    for (let i = 1; i <= 5; i++) {
      // oxlint-disable-next-line no-await-in-loop -- ping by ping
      await clock.advance(90_000);
      // oxlint-disable-next-line no-await-in-loop
      await wire.hears((heard) => heard === "\r\n\r\n".repeat(i));
    }
    expect(alice.losses.all).toEqual([]);
  });

  it("to a server that has answered a ping is dead when it misses one for 10 s", async () => {
    const { clock, alice, wire } = await connected();
    await clock.advance(90_000);
    await wire.hears((heard) => heard === "\r\n\r\n");
    await write(alice, wire, "\r\n");
    await clock.advance(90_000);
    await wire.hears((heard) => heard === "\r\n\r\n\r\n\r\n");
    await clock.advance(9999);
    expect(alice.losses.all).toEqual([]);
    await clock.advance(1);
    const { error, clean } = await alice.losses.next();
    expect(clean).toBe(false);
    expect(error.message).toContain("no answer to a keep-alive within 10 s");
    await wire.closed;
    expect(clock.pending).toBe(0);
  });

  it("is not dead while anything comes over it", async () => {
    const { clock, alice, wire } = await connected();
    await clock.advance(90_000);
    await wire.hears((heard) => heard === "\r\n\r\n");
    await write(alice, wire, "\r\n");
    await clock.advance(95_000);
    await write(alice, wire, "");
    await clock.advance(20_000);
    expect(alice.losses.all).toEqual([]);
  });

  it("does not take a server's own ping for an answer to ours", async () => {
    const { clock, alice, wire } = await connected();
    await clock.advance(90_000);
    await wire.hears((heard) => heard === "\r\n\r\n");
    await write(alice, wire, "\r\n\r\n");
    await clock.advance(400_000);
    expect(alice.losses.all).toEqual([]);
  });

  it("is pinged on demand", async () => {
    const { alice, wire } = await connected();
    alice.transport.ping({ address: "127.0.0.1", port: wire.socket.localPort!, protocol: "TCP" });
    expect(await wire.hears((heard) => heard !== "")).toBe("\r\n\r\n");
  });
});

describe("a connection that others opened", () => {
  it("answers their pings, wherever they are cut, and sends none", async () => {
    const clock = new VirtualClock();
    const bob = await tcp({ clock });
    const wire = await Wire.to(bob.transport);
    await wire.write("\r\n\r\n");
    await wire.hears((heard) => heard === "\r\n");
    await wire.write("\r\n\r");
    await write(bob, wire, "\n");
    await wire.hears((heard) => heard === "\r\n\r\n");
    await clock.advance(600_000);
    expect(wire.heard).toBe("\r\n\r\n");
  });
});

describe("a connection over which nothing is said", () => {
  it("is closed after 15 minutes, however much is pinged; a message makes them begin again", async () => {
    const { clock, alice, wire } = await connected();
    await clock.advance(899_000);
    await write(alice, wire, "");
    await clock.advance(899_999);
    expect(alice.losses.all).toEqual([]);
    await clock.advance(1);
    expect((await alice.losses.next()).error.message).toContain("nothing was said for 900 s");
    await wire.closed;
    expect(clock.pending).toBe(0);
  });
});
