import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { setImmediate } from "node:timers/promises";
import { afterEach, describe, expect, it } from "vitest";
import { TransportError } from "../../../ts/sip/transport/errors.ts";
import type { Endpoint } from "../../../ts/sip/transport/transport.ts";
import { UDPTransport } from "../../../ts/sip/transport/udp.ts";

const DEADLINE = 5000;

const open: { close(): unknown }[] = [];

afterEach(async () => {
  for (const one of open.splice(0)) await one.close();
});

async function bound(address: string): Promise<UDPTransport> {
  const transport = new UDPTransport({ address, port: 0 });
  await transport.open();
  open.push(transport);
  return transport;
}

/** A plain socket on 127.0.0.1, for what no well-behaved transport would send. */
async function plainSocket(): Promise<Socket> {
  const socket = createSocket("udp4");
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening", { signal: AbortSignal.timeout(DEADLINE) });
  open.push(socket);
  return socket;
}

function nextMessage(transport: UDPTransport): Promise<{ text: string; from: Endpoint }> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`no message within ${DEADLINE} ms`)), DEADLINE);
    transport.onMessage = (message, from) => {
      clearTimeout(timer);
      resolve({ text: Buffer.from(message).toString(), from });
    };
  });
}

async function failure(promise: Promise<void>): Promise<TransportError> {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof TransportError) return error;
  throw new Error(`expected a TransportError, not ${String(error)}`);
}

function udpHandles(): number {
  return process.getActiveResourcesInfo().filter((name) => name === "UDPWrap").length;
}

describe("UDPTransport", () => {
  for (const address of ["127.0.0.1", "::1"]) {
    it(`sends and receives on ${address}, telling who sent`, async () => {
      const [alice, bob] = [await bound(address), await bound(address)];
      expect(alice.local).toEqual({ address, port: expect.any(Number), protocol: "UDP" });
      expect(alice.local.port).toBeGreaterThan(0);
      const arrival = nextMessage(bob);
      await alice.send(Buffer.from("OPTIONS sip:bob SIP/2.0\r\n\r\n"), bob.local);
      expect(await arrival).toEqual({ text: "OPTIONS sip:bob SIP/2.0\r\n\r\n", from: alice.local });
    });
  }

  it("speaks IPv4 and IPv6 when bound to ::, IPv4 addresses in their usual form", async () => {
    const both = await bound("::");
    for (const address of ["127.0.0.1", "::1"]) {
      const peer = await bound(address);
      const arrival = nextMessage(both);
      await peer.send(Buffer.from("ping"), { address, port: both.local.port, protocol: "UDP" });
      const { from } = await arrival;
      expect(from).toEqual(peer.local);
      const answer = nextMessage(peer);
      await both.send(Buffer.from("pong"), from);
      expect(await answer).toEqual({ text: "pong", from: { address, port: both.local.port, protocol: "UDP" } });
    }
  });

  it("carries a message of 60,000 bytes", async () => {
    const [alice, bob] = [await bound("127.0.0.1"), await bound("127.0.0.1")];
    const arrival = nextMessage(bob);
    await alice.send(Buffer.alloc(60_000, "x"), bob.local);
    expect((await arrival).text).toBe("x".repeat(60_000));
  });

  it("ignores keep-alives: empty, CRLF, CRLF CRLF, four zero bytes", async () => {
    const bob = await bound("127.0.0.1");
    const socket = await plainSocket();
    const arrival = nextMessage(bob);
    // Loopback keeps the order, so what arrives first shows that the others were ignored.
    for (const keepAlive of ["", "\r\n", "\r\n\r\n", "\0\0\0\0", "SIP/2.0 200 OK\r\n\r\n"]) {
      await new Promise((resolve) => socket.send(keepAlive, bob.local.port, "127.0.0.1", resolve));
    }
    expect((await arrival).text).toBe("SIP/2.0 200 OK\r\n\r\n");
  });

  it("tells that the port is taken, and what to do", async () => {
    const { port } = (await bound("127.0.0.1")).local;
    const second = new UDPTransport({ address: "127.0.0.1", port });
    const error = await failure(second.open());
    expect(error).toMatchObject({ code: "TRANSPORT_BIND", systemCode: "EADDRINUSE", address: "127.0.0.1", port });
    expect(error.message).toBe(
      `cannot bind UDP 127.0.0.1:${port}: another program has this port; stop it, or choose another bindPort (0 takes any free one)`,
    );
  });

  it("can be opened again after a failed attempt", async () => {
    const first = await bound("127.0.0.1");
    const second = new UDPTransport({ address: "127.0.0.1", port: first.local.port });
    await expect(second.open()).rejects.toThrow(TransportError);
    await first.close();
    await second.open();
    await second.close();
  });

  it("tells that the address is not this machine's", async () => {
    const error = await failure(new UDPTransport({ address: "192.0.2.77", port: 0 }).open());
    expect(error).toMatchObject({ code: "TRANSPORT_BIND", systemCode: "EADDRNOTAVAIL" });
    expect(error.message).toMatch(/192\.0\.2\.77.*bindIp/);
  });

  it("tells that a name or a wrong port cannot be bound", async () => {
    await expect(new UDPTransport({ address: "localhost", port: 0 }).open()).rejects.toThrow(/localhost.*no IP address/);
    await expect(new UDPTransport({ address: "127.0.0.1", port: 70_000 }).open()).rejects.toThrow(/70000.*no port/);
  });

  it("rejects what it certainly cannot send", async () => {
    const alice = await bound("127.0.0.1");
    const send = (address: string, port: number, length = 1): Promise<void> =>
      alice.send(new Uint8Array(length), { address, port, protocol: "UDP" });
    await expect(send("example.com", 5060)).rejects.toMatchObject({ code: "TRANSPORT_SEND", address: "example.com", port: 5060 });
    await expect(send("127.0.0.1", 0)).rejects.toThrow(/no port/);
    await expect(send("127.0.0.1", 5060, 65_508)).rejects.toThrow(/65508 bytes do not fit/);
    await expect(send("::1", 5060)).rejects.toBeInstanceOf(TransportError);
  });

  it("sends nothing before open and after close", async () => {
    const transport = new UDPTransport({ address: "127.0.0.1", port: 0 });
    const to: Endpoint = { address: "127.0.0.1", port: 9, protocol: "UDP" };
    await expect(transport.send(Uint8Array.of(1), to)).rejects.toThrow(/not open/);
    await transport.open();
    await transport.close();
    await expect(transport.send(Uint8Array.of(1), to)).rejects.toMatchObject({ code: "TRANSPORT_CLOSED" });
    await expect(transport.open()).rejects.toMatchObject({ code: "TRANSPORT_CLOSED" });
  });

  it("frees the port and leaves no handle, however often and whenever it is closed", async () => {
    const transport = new UDPTransport({ address: "127.0.0.1", port: 0 });
    await transport.open();
    const { port } = transport.local;
    await Promise.all([transport.close(), transport.close()]);
    await transport.close();
    const next = new UDPTransport({ address: "127.0.0.1", port });
    await next.open();
    await next.close();

    const opening = new UDPTransport({ address: "127.0.0.1", port: 0 });
    const opened = opening.open().then(() => "open", () => "refused");
    await opening.close();
    expect(await opened).toBe("refused");
    await new UDPTransport({ address: "127.0.0.1", port: 0 }).close();
    // libuv lets go of a closed handle at the end of the loop's turn.
    await setImmediate();
    await setImmediate();
    expect(udpHandles()).toBe(0);
  });
});
