import { afterEach, describe, expect, it } from "vitest";
import { SIPRequest } from "../../../ts/sip/message/SIPRequest.ts";
import { TCPTransport } from "../../../ts/sip/transport/tcp.ts";
import { callIdOf, closeAll, deadEnd, listener, options, station, tcp, Wire } from "./streams.ts";

afterEach(closeAll);

describe.each(["127.0.0.1", "::1"])("TCP on %s", (address) => {
  it("carries a message there, and the answer back on the same connection", async () => {
    const [alice, bob] = [await tcp({ address }), await tcp({ address })];
    await alice.transport.send(Buffer.from(options("there")), bob.transport.local);
    const arrived = await bob.messages.next();
    expect(arrived.text).toBe(options("there"));
    expect(arrived.read).toBeInstanceOf(SIPRequest);
    expect(arrived.from).toMatchObject({ address, protocol: "TCP" });
    expect(arrived.from.port).not.toBe(alice.transport.local.port);
    await bob.transport.send(Buffer.from(options("back")), arrived.from);
    expect(callIdOf(await alice.messages.next())).toBe("back");
    expect(alice.messages.all[0]?.from).toEqual(bob.transport.local);
    expect([alice.transport.connections, bob.transport.connections]).toEqual([1, 1]);
  });
});

describe("TCP", () => {
  it("opens one connection for what is sent at once, and keeps the order", async () => {
    const [alice, bob] = [await tcp(), await tcp()];
    await Promise.all(["1", "2", "3", "4"].map((id) => alice.transport.send(Buffer.from(options(id)), bob.transport.local)));
    expect((await bob.messages.count(4)).map(callIdOf)).toEqual(["1", "2", "3", "4"]);
    expect(bob.transport.connections).toBe(1);
  });

  it("puts messages together from single bytes, and takes several out of one piece", async () => {
    const bob = await tcp();
    const wire = await Wire.to(bob.transport);
    wire.socket.setNoDelay(true);
    for (const byte of options("bytes", { body: "v=0\r\n\r\n" })) {
      // oxlint-disable-next-line no-await-in-loop -- one at a time is the point
      await wire.write(byte);
    }
    expect((await bob.messages.next()).text).toBe(options("bytes", { body: "v=0\r\n\r\n" }));
    await wire.write(`${options("a")}\r\n\r\n${options("b", { body: "hello" })}${options("c")}`.slice(0, -7));
    expect((await bob.messages.count(3)).slice(1).map(callIdOf)).toEqual(["a", "b"]);
    await wire.write(options("c").slice(-7));
    expect((await bob.messages.count(4)).at(-1)?.text).toBe(options("c"));
  });

  it("opens a new connection after the far end has closed the old one, and says that it was closed in good order", async () => {
    const alice = await tcp();
    const { endpoint, sockets } = await listener();
    await alice.transport.send(Buffer.from(options("1")), endpoint);
    const first = await sockets.next();
    await first.hears((heard) => heard.endsWith("\r\n\r\n"));
    first.socket.end();
    const { remote, error, clean } = await alice.losses.next();
    expect(remote).toEqual(endpoint);
    expect(clean).toBe(true);
    expect(error).toMatchObject({ code: "TRANSPORT_LOST", port: endpoint.port });
    expect(alice.transport.connections).toBe(0);
    await alice.transport.send(Buffer.from(options("2")), endpoint);
    expect(await (await sockets.next()).hears((heard) => heard.endsWith("\r\n\r\n"))).toBe(options("2"));
  });

  it("tells a reset from an orderly end", async () => {
    const alice = await tcp();
    const { endpoint, sockets } = await listener();
    await alice.transport.send(Buffer.from(options("1")), endpoint);
    (await sockets.next()).socket.resetAndDestroy();
    const { error, clean } = await alice.losses.next();
    expect(clean).toBe(false);
    expect(error.message).toMatch(/connection with 127\.0\.0\.1:\d+ is closed: .*ECONNRESET/);
  });

  it("where nobody listens fails at once, with what to do", async () => {
    const alice = await tcp();
    const to = await deadEnd();
    await expect(alice.transport.send(Buffer.from(options("1")), to)).rejects.toMatchObject({
      code: "TRANSPORT_CONNECT",
      systemCode: "ECONNREFUSED",
      message: `cannot connect to TCP 127.0.0.1:${to.port}: nobody listens there; check the server's address and port, and that it speaks this transport`,
    });
    expect(alice.transport.connections).toBe(0);
    expect(alice.losses.all).toEqual([]);
  });

  it("refuses names, for which it would have to choose an address, and ports that are none", async () => {
    const alice = await tcp();
    const send = (address: string, port: number) => alice.transport.send(Buffer.from(options("1")), { address, port, protocol: "TCP" });
    await expect(send("pbx.example.com", 5060)).rejects.toThrow("resolve the name first");
    await expect(send("127.0.0.1", 0)).rejects.toThrow("no port");
  });

  // macOS gives its loopback one address only.
  it.skipIf(process.platform === "darwin")("connects from the address that it is bound to", async () => {
    const alice = await tcp({ address: "127.0.0.2" });
    const bob = await tcp({ address: "127.0.0.3" });
    await alice.transport.send(Buffer.from(options("1")), bob.transport.local);
    expect((await bob.messages.next()).from.address).toBe("127.0.0.2");
  });

  it("bound to :: takes IPv4, too, and shows its addresses as such", async () => {
    const bob = await tcp({ address: "::" });
    const wire = await Wire.to({ local: { ...bob.transport.local, address: "127.0.0.1" } });
    await wire.write(options("1"));
    expect((await bob.messages.next()).from.address).toBe("127.0.0.1");
    await bob.transport.send(Buffer.from("SIP"), bob.messages.all[0]!.from);
    await wire.hears((heard) => heard === "SIP");
  });

  it("that does not listen still connects, and gets what comes back", async () => {
    const alice = await tcp({ listen: false, port: 0 });
    const bob = await tcp();
    expect([alice.transport.listening, bob.transport.listening]).toEqual([false, true]);
    await alice.transport.send(Buffer.from(options("1")), bob.transport.local);
    await bob.transport.send(Buffer.from(options("2")), (await bob.messages.next()).from);
    expect(callIdOf(await alice.messages.next())).toBe("2");
  });
});

describe("a port that is taken", () => {
  it("is an error that names it", async () => {
    const bob = await tcp();
    const { port } = bob.transport.local;
    await expect(new TCPTransport({ address: "127.0.0.1", port }).open()).rejects.toMatchObject({ code: "TRANSPORT_BIND", systemCode: "EADDRINUSE", port });
  });

  it("is done without where listening is a nicety", async () => {
    const bob = await tcp();
    const alice = await station(new TCPTransport({ address: "127.0.0.1", port: () => bob.transport.local.port, listen: "if possible" }));
    expect(alice.transport.listening).toBe(false);
    await alice.transport.send(Buffer.from(options("1")), bob.transport.local);
    await bob.messages.next();
  });
});

describe("closing TCP", () => {
  it("lets what is on its way leave, frees the port and all connections, and ends both", async () => {
    const [alice, bob] = [await tcp(), await tcp()];
    void alice.transport.send(Buffer.from(options("1")), bob.transport.local);
    await bob.messages.next();
    await bob.transport.send(Buffer.from(options("2")), bob.messages.all[0]!.from);
    const { port } = bob.transport.local;
    await Promise.all([bob.transport.close(), bob.transport.close()]);
    await alice.losses.next();
    expect(callIdOf(alice.messages.all[0]!)).toBe("2");
    expect(bob.transport.connections).toBe(0);
    await expect(bob.transport.send(Buffer.from("x"), alice.transport.local)).rejects.toMatchObject({ code: "TRANSPORT_CLOSED" });
    await expect(bob.transport.open()).rejects.toMatchObject({ code: "TRANSPORT_CLOSED" });
    await tcp({ port });
  });

  it("before or while it opens leaves nothing behind", async () => {
    const transport = new TCPTransport({ address: "127.0.0.1", port: 0 });
    const opening = transport.open().catch((error: unknown) => error);
    await transport.close();
    expect(await opening).toMatchObject({ code: "TRANSPORT_CLOSED" });
    await new TCPTransport({ address: "127.0.0.1", port: 0 }).close();
  });
});
