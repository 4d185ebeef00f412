import { afterEach, describe, expect, it } from "vitest";
import { SIPResponse } from "../../../ts/sip/message/SIPResponse.ts";
import { TransactionLayer, type TransactionLayerOptions } from "../../../ts/sip/transaction/TransactionLayer.ts";
import { connectError } from "../../../ts/sip/transport/errors.ts";
import { TCPTransport } from "../../../ts/sip/transport/tcp.ts";
import type { Endpoint } from "../../../ts/sip/transport/transport.ts";
import { TransportSet } from "../../../ts/sip/transport/TransportSet.ts";
import { MemoryNetwork } from "../../../ts/testkit/MemoryNetwork.ts";
import { VirtualClock } from "../../../ts/testkit/VirtualClock.ts";
import { closeAll, closeLater, listener, Mailbox, options, Wire } from "../transport/streams.ts";
import { Heard, outgoing } from "./rig.ts";

afterEach(closeAll);

const whole = (heard: string): boolean => heard.includes("\r\n\r\n");

/** A layer over real TCP, in virtual time. */
async function layerOverTCP(given: Partial<TransactionLayerOptions> = {}): Promise<{ clock: VirtualClock; layer: TransactionLayer; transport: TCPTransport; disconnects: Mailbox<Endpoint> }> {
  const clock = new VirtualClock();
  const transport = new TCPTransport({ address: "127.0.0.1", port: 0, clock });
  closeLater(transport);
  await transport.open();
  const layer = new TransactionLayer({ transport, clock, sentBy: () => ({ host: "127.0.0.1", port: transport.local.port }), ...given });
  closeLater(layer);
  const disconnects = new Mailbox<Endpoint>();
  layer.onDisconnect = (remote) => disconnects.put(remote);
  return { clock, layer, transport, disconnects };
}

/** What a transaction told its user, to be waited for. */
class Told extends Heard {
  readonly box = new Mailbox<string>();

  constructor() {
    super();
    const { log } = this;
    const put = (line: string): number => {
      this.box.put(line);
      return Array.prototype.push.call(log, line);
    };
    this.log.push = put;
  }
}

function answer(request: string, status: number): string {
  const header = (name: string): string => new RegExp(`^${name}: .*$`, "m").exec(request)?.[0] ?? "";
  return [`SIP/2.0 ${status} x`, header("Via"), header("From"), `${header("To")};tag=far`, header("Call-ID"), header("CSeq"), "Content-Length: 0", "\r\n"].join("\r\n");
}

describe("the responses to a request (RFC 3261 §18.2.2)", () => {
  it("go back on its connection, whatever its Via says", async () => {
    const { layer, transport } = await layerOverTCP();
    layer.onRequest = (transaction, request) => transaction.respond(SIPResponse.to(request, 200));
    const wire = await Wire.to(transport);
    await wire.write(options("1", { via: "SIP/2.0/TCP 192.0.2.99:7;branch=z9hG4bK1" }));
    expect(await wire.hears(whole)).toContain("received=127.0.0.1");
    expect(wire.heard).toMatch(/^SIP\/2\.0 200 /);
    expect(transport.connections).toBe(1);
  });

  it("take a new connection to where the Via's sender listens when that is gone", async () => {
    const { layer, transport, disconnects } = await layerOverTCP();
    const { endpoint, sockets } = await listener();
    const pending = new Mailbox<() => void>();
    layer.onRequest = (transaction, request) => pending.put(() => transaction.respond(SIPResponse.to(request, 200)));
    const wire = await Wire.to(transport);
    await wire.write(options("1", { via: `SIP/2.0/TCP 192.0.2.99:${endpoint.port};branch=z9hG4bK1` }));
    const respond = await pending.next();
    wire.socket.end();
    await disconnects.next();
    respond();
    expect(await (await sockets.next()).hears(whole)).toMatch(/^SIP\/2\.0 200 /);
  });

  it("go to the servers of the Via's name when nobody listens there either (RFC 3263 §5)", async () => {
    const { endpoint, sockets } = await listener();
    const asked: unknown[] = [];
    const { layer, transport, disconnects } = await layerOverTCP({
      locate: async (...question) => {
        asked.push(question);
        return [endpoint];
      },
    });
    const pending = new Mailbox<() => void>();
    layer.onRequest = (transaction, request) => pending.put(() => transaction.respond(SIPResponse.to(request, 200)));
    const wire = await Wire.to(transport);
    await wire.write(options("1", { via: "SIP/2.0/TCP proxy.example.com:1;branch=z9hG4bK1" }));
    const respond = await pending.next();
    wire.socket.end();
    await disconnects.next();
    respond();
    await (await sockets.next()).hears(whole);
    expect(asked).toEqual([["proxy.example.com", 1, "TCP"]]);
  });

  it("are 400 on a stream that cannot go on, which is then closed", async () => {
    const { transport } = await layerOverTCP();
    const wire = await Wire.to(transport);
    await wire.write(options("1").replace("Content-Length: 0\r\n", ""));
    expect(await wire.hears(whole)).toMatch(/^SIP\/2\.0 400 /);
    await wire.closed;
  });

  it("are the request's own where the stream's limit is higher than a datagram's", async () => {
    const { layer, transport } = await layerOverTCP();
    layer.onRequest = (transaction, request) => transaction.respond(SIPResponse.to(request, 200));
    const wire = await Wire.to(transport);
    await wire.write(options("1", { body: "x".repeat(100_000) }));
    expect(await wire.hears(whole)).toMatch(/^SIP\/2\.0 200 /);
  });
});

describe("a connection that is lost while a request waits", () => {
  it("is replaced, and the request repeated under its branch, when nothing shows that it had arrived", async () => {
    const { layer } = await layerOverTCP();
    const { endpoint, sockets } = await listener();
    const told = new Told();
    layer.request(outgoing("OPTIONS"), endpoint, told);
    const first = await sockets.next();
    const request = await first.hears(whole);
    first.socket.end();
    const second = await sockets.next();
    expect(await second.hears(whole)).toBe(request);
    await second.write(answer(request, 200));
    expect(await told.box.next()).toBe("200");
  });

  it("twice, is told to the request's user", async () => {
    const { layer } = await layerOverTCP();
    const { endpoint, sockets } = await listener();
    const told = new Told();
    layer.request(outgoing("OPTIONS"), endpoint, told);
    for (let time = 0; time < 2; time++) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      const wire = await sockets.next();
      // oxlint-disable-next-line no-await-in-loop
      await wire.hears(whole);
      wire.socket.resetAndDestroy();
    }
    expect(await told.box.next()).toMatch(/^transportError the TCP connection with 127\.0\.0\.1:\d+ is closed/);
    expect(layer.size).toBe(0);
  });

  it("and nobody listens any more, is told to the request's user", async () => {
    const { layer } = await layerOverTCP();
    const { endpoint, sockets, server } = await listener();
    const told = new Told();
    layer.request(outgoing("OPTIONS"), endpoint, told);
    const wire = await sockets.next();
    await wire.hears(whole);
    server.close();
    wire.socket.end();
    expect(await told.box.next()).toMatch(/nobody listens there/);
  });

  it("while it rings, ends an INVITE if it broke, not if the far end closed it in good order: the answer may come over another", async () => {
    const { layer, transport, disconnects } = await layerOverTCP();
    const { endpoint, sockets } = await listener();
    const told = new Told();
    layer.request(outgoing("INVITE"), endpoint, told);
    const wire = await sockets.next();
    const invite = await wire.hears(whole);
    await wire.write(answer(invite, 180));
    expect(await told.box.next()).toBe("180");
    wire.socket.end();
    await disconnects.next();
    const other = await Wire.to(transport);
    await other.write(answer(invite, 200));
    expect(await told.box.next()).toBe("200");

    const broken = new Told();
    layer.request(outgoing("INVITE"), endpoint, broken);
    const second = await sockets.next();
    await second.write(answer(await second.hears(whole), 180));
    expect(await broken.box.next()).toBe("180");
    second.socket.resetAndDestroy();
    expect(await broken.box.next()).toMatch(/^transportError/);
  });
});

describe("a server that answers nothing at all", () => {
  it("loses its connection with the request's timeout, so that the next request opens a new one", async () => {
    const { clock, layer, transport } = await layerOverTCP();
    const { endpoint, sockets } = await listener();
    const told = new Told();
    layer.request(outgoing("OPTIONS"), endpoint, told);
    const wire = await sockets.next();
    await wire.hears(whole);
    await clock.advance(32_000);
    expect(await told.box.next()).toBe("timeout");
    await wire.closed;
    expect(transport.connections).toBe(0);
  });

  it("but says something else, keeps it", async () => {
    const { clock, layer, transport } = await layerOverTCP();
    const { endpoint, sockets } = await listener();
    const [slow, quick] = [new Told(), new Told()];
    layer.request(outgoing("OPTIONS"), endpoint, slow);
    const wire = await sockets.next();
    await wire.hears(whole);
    await clock.advance(20_000);
    wire.heard = "";
    layer.request(outgoing("INFO"), endpoint, quick);
    await wire.write(answer(await wire.hears(whole), 200));
    await quick.box.next();
    await clock.advance(12_000);
    expect(await slow.box.next()).toBe("timeout");
    expect(transport.connections).toBe(1);
  });
});

describe("a request that is too large for UDP", () => {
  it("waits a second for TCP, where a firewall may swallow it, then goes over UDP", async () => {
    const clock = new VirtualClock();
    const network = new MemoryNetwork({ clock, seed: 1 });
    const patience: unknown[] = [];
    const tcp = Object.assign(network.transport("192.0.2.1", 5060, "TCP"), {
      send: (_message: Uint8Array, to: Endpoint, limit?: number) => {
        patience.push(limit);
        return Promise.reject(connectError("TCP", to.address, to.port, Object.assign(new Error("no connection within 1 s"), { code: "ETIMEDOUT" })));
      },
    });
    const transport = new TransportSet([network.transport("192.0.2.1", 5060), tcp]);
    await transport.open();
    const far = network.transport("192.0.2.2", 5060);
    await far.open();
    const came: string[] = [];
    far.onMessage = (bytes) => came.push(Buffer.from(bytes).toString().slice(0, 7));
    const layer = new TransactionLayer({ transport, clock, sentBy: () => ({ host: "192.0.2.1", port: 5060 }) });
    layer.request(outgoing("OPTIONS", [["Subject", "x".repeat(1300)]]), far.local, new Heard());
    await clock.advance(0);
    expect(patience).toEqual([1000]);
    expect(came).toEqual(["OPTIONS"]);
    layer.close();
  });
});
