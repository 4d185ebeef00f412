import { afterEach, describe, expect, it } from "vitest";
import { SIPParseError } from "../../../ts/sip/errors.ts";
import { VirtualClock } from "../../../ts/testkit/VirtualClock.ts";
import { callIdOf, closeAll, listener, options, tcp, Wire } from "./streams.ts";

afterEach(closeAll);

describe("what is no SIP on a connection", () => {
  it.each([
    ["a web request", "GET / HTTP/1.1\r\nHost: example.com\r\n\r\n"],
    ["a TLS handshake", `\x16\x03\x01\x02\x00\x01${"\x00\xfe".repeat(300)}\r\n\r\n`],
    ["a head beyond the limit", `INVITE sip:x@y SIP/2.0\r\nSubject: ${"x".repeat(70_000)}`],
    ["a body beyond the limit", options("1").replace("Content-Length: 0", "Content-Length: 99999999")],
  ])("%s closes it, and no other", async (_name, garbage) => {
    const bob = await tcp();
    const [good, bad] = [await Wire.to(bob.transport), await Wire.to(bob.transport)];
    await good.write(options("before"));
    await bob.messages.next();
    await bad.write(garbage);
    await bad.closed;
    expect((await bob.losses.next()).error.message).toContain("no SIP that could be cut into messages");
    const sofar = bob.messages.all.length;
    await good.write(options("after"));
    expect(callIdOf((await bob.messages.count(sofar + 1)).at(-1)!)).toBe("after");
    expect(bob.transport.connections).toBe(1);
  });

  it("is handed over with the request in it, so that it can be refused", async () => {
    const bob = await tcp();
    const wire = await Wire.to(bob.transport);
    await wire.write(options("1").replace("Content-Length: 0\r\n", ""));
    const { read } = await bob.messages.next();
    expect(read).toBeInstanceOf(SIPParseError);
    expect(read).toMatchObject({ status: 400, request: { method: "OPTIONS" } });
    await wire.closed;
  });

  it("but whole costs one message only: the connection goes on", async () => {
    const bob = await tcp();
    const wire = await Wire.to(bob.transport);
    await wire.write(options("1").replace("CSeq: 1 OPTIONS", "CSeq: one OPTIONS") + options("2"));
    const [first, second] = await bob.messages.count(2);
    expect(first?.read).toMatchObject({ status: 400 });
    expect(callIdOf(second!)).toBe("2");
  });
});

describe("who keeps us waiting", () => {
  it("with a message that never ends is cut off after 32 s, trickle as it may", async () => {
    const clock = new VirtualClock();
    const bob = await tcp({ clock });
    const wire = await Wire.to(bob.transport);
    await wire.write(options("1"));
    await bob.messages.next();
    for (let second = 0; second < 31; second++) {
      // oxlint-disable-next-line no-await-in-loop -- time passes between the bytes
      await wire.write("I");
      // oxlint-disable-next-line no-await-in-loop
      if (second > 0) await clock.advance(1000);
    }
    expect(bob.losses.all).toEqual([]);
    await clock.advance(3000);
    expect((await bob.losses.next()).error.message).toContain("no whole message came within 32 s");
    await wire.closed;
  });

  it("with a connection that never says anything is cut off, too", async () => {
    const clock = new VirtualClock();
    const bob = await tcp({ clock });
    const [silent, talking] = [await Wire.to(bob.transport), await Wire.to(bob.transport)];
    await talking.write(options("1"));
    await bob.messages.next();
    await clock.advance(32_000);
    await silent.closed;
    expect(bob.transport.connections).toBe(1);
  });

  it("beyond so many connections is refused", async () => {
    const bob = await tcp({ limits: { maxConnections: 2 } });
    const wires = [await Wire.to(bob.transport), await Wire.to(bob.transport)];
    for (const [index, wire] of wires.entries()) void wire.write(options(String(index)));
    await bob.messages.count(2);
    await (await Wire.to(bob.transport)).closed;
  });
});

describe("who never reads", () => {
  it("loses its connection when too much waits for it; whoever sent the last message hears of it", async () => {
    const alice = await tcp({ limits: { maxQueued: 100_000 } });
    const { endpoint, sockets } = await listener();
    await alice.transport.send(Buffer.from(options("1")), endpoint);
    (await sockets.next()).socket.pause();
    const message = Buffer.alloc(50_000, "x");
    const sent: Promise<unknown>[] = [];
    // The system's own buffers take some megabytes first.
    for (let i = 0; i < 1000 && alice.losses.all.length === 0; i++) sent.push(alice.transport.send(message, endpoint).catch((error: unknown) => error));
    const { error } = await alice.losses.next();
    expect(error.message).toMatch(/the far end does not read: \d+ bytes wait for it, and 100000 are the limit/);
    expect(await sent.at(-1)).toMatchObject({ code: "TRANSPORT_LOST" });
  });

  it("loses it after 30 s without taking a byte", async () => {
    const clock = new VirtualClock();
    const alice = await tcp({ clock, limits: { maxQueued: 1 << 30 } });
    const { endpoint, sockets } = await listener();
    await alice.transport.send(Buffer.from(options("1")), endpoint);
    (await sockets.next()).socket.pause();
    const sending = alice.transport.send(Buffer.alloc(64 << 20, "x"), endpoint).catch((error: unknown) => error);
    await clock.advance(31_000);
    expect((await alice.losses.next()).error.message).toContain("takes nothing");
    expect(await sending).toMatchObject({ code: "TRANSPORT_LOST" });
  });

  it("does not hold up our closing for more than a second", async () => {
    const clock = new VirtualClock();
    const alice = await tcp({ clock, limits: { maxQueued: 1 << 30 } });
    const { endpoint, sockets } = await listener();
    await alice.transport.send(Buffer.from(options("1")), endpoint);
    (await sockets.next()).socket.pause();
    alice.transport.send(Buffer.alloc(64 << 20, "x"), endpoint).catch(() => {});
    const closed = alice.transport.close();
    await clock.advance(1000);
    await closed;
    expect(clock.pending).toBe(0);
  });

  it("but pings by the thousand gets one answer for each piece that comes", async () => {
    const bob = await tcp();
    const wire = await Wire.to(bob.transport);
    await wire.write("\r\n\r\n".repeat(50_000) + options("1"));
    await bob.messages.next();
    await wire.hears((heard) => heard !== "");
    expect(wire.heard.length).toBeLessThan(500);
  });
});
