import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { createServer } from "node:tls";
import { afterEach, describe, expect, it } from "vitest";
import { TransportError } from "../../../ts/sip/transport/errors.ts";
import { TLSTransport, type TLSTransportOptions } from "../../../ts/sip/transport/tls.ts";
import type { Endpoint } from "../../../ts/sip/transport/transport.ts";
import { VirtualClock } from "../../../ts/testkit/VirtualClock.ts";
import { callIdOf, closeAll, closeLater, listener, options, pem, type Station, station, tcp, Wire } from "./streams.ts";

afterEach(closeAll);

const ca = pem("ca.pem");

function tls(given: Partial<TLSTransportOptions> = {}): Promise<Station<TLSTransport>> {
  return station(new TLSTransport({ address: "127.0.0.1", port: 0, ...given }));
}

/** A server with a certificate, and how a client that asked for `host` reaches it. */
async function server(certificate: string, given: Partial<TLSTransportOptions> = {}): Promise<{ bob: Station<TLSTransport>; as: (host?: string) => Endpoint }> {
  const bob = await tls({ cert: pem(certificate), key: pem("server-key.pem"), ...given });
  return { bob, as: (host) => ({ ...bob.transport.local, ...(host === undefined ? {} : { host }) }) };
}

async function refusal(client: Station<TLSTransport>, to: Endpoint): Promise<TransportError> {
  const error: unknown = await client.transport.send(Buffer.from(options("secret")), to).catch((reason: unknown) => reason);
  if (error instanceof TransportError) return error;
  throw new Error(`no TransportError but ${String(error)}`);
}

describe.each(["127.0.0.1", "::1"])("TLS on %s", (address) => {
  it("carries messages both ways over one connection, to a server whose authority is trusted", async () => {
    const { bob, as } = await server("server.pem", { address });
    const alice = await tls({ address, ca });
    await alice.transport.send(Buffer.from(options("there")), as("pbx.sidetone.test"));
    const arrived = await bob.messages.next();
    expect(callIdOf(arrived)).toBe("there");
    await bob.transport.send(Buffer.from(options("back")), arrived.from);
    expect(callIdOf(await alice.messages.next())).toBe("back");
    expect(alice.messages.all[0]?.from).toEqual(as("pbx.sidetone.test"));
    // The address itself is in the certificate, too.
    await alice.transport.send(Buffer.from(options("again")), as());
    await bob.messages.next();
    expect([alice.transport.connections, bob.transport.connections]).toEqual([1, 1]);
  });
});

describe("a server's certificate", () => {
  it.each([
    ["that is self-signed", "self-signed.pem", "pbx.sidetone.test", /^cannot connect to TLS pbx\.sidetone\.test at 127\.0\.0\.1:\d+: its certificate is self-signed, which proves nothing; if you trust it, give .* as tlsCa \(--ca\)$/],
    ["that has expired", "expired.pem", "pbx.sidetone.test", /has expired; whoever runs the server must renew it/],
    ["for another name", "elsewhere.pem", "pbx.sidetone.test", /is not for pbx\.sidetone\.test \(.*DNS:elsewhere\.sidetone\.test\); use a name that it is for/],
    ["for names, asked for by its address", "elsewhere.pem", undefined, /is not for 127\.0\.0\.1/],
    ["for a person of the domain (RFC 5922 §7.1)", "sip-domain.pem", "person.sidetone.test", /is not for person\.sidetone\.test/],
  ])("%s is refused, before a byte of ours is sent", async (_name, certificate, host, message) => {
    const { bob, as } = await server(certificate);
    const alice = await tls({ ca });
    const error = await refusal(alice, as(host));
    expect(error.code).toBe("TRANSPORT_TLS");
    expect(error.message).toMatch(message);
    expect(bob.messages.all).toEqual([]);
    expect(alice.transport.connections).toBe(0);
  });

  it("of an authority that nobody told us of is refused", async () => {
    const { as } = await server("server.pem");
    expect((await refusal(await tls(), as("pbx.sidetone.test"))).message).toMatch(/unknown authority.*tlsCa/);
  });

  it("is for a SIP domain when it says so by a URI", async () => {
    const { bob, as } = await server("sip-domain.pem");
    const alice = await tls({ ca });
    await alice.transport.send(Buffer.from(options("1")), as("uri.sidetone.test"));
    await bob.messages.next();
  });

  it("that is self-signed is trusted when it is given as an authority", async () => {
    const { bob, as } = await server("self-signed.pem");
    const alice = await tls({ ca: [ca, pem("self-signed.pem").toString()] });
    await alice.transport.send(Buffer.from(options("1")), as("pbx.sidetone.test"));
    await bob.messages.next();
  });

  it("counts for nothing without verification; without the check of the name it may be for any", async () => {
    const expired = await server("expired.pem");
    const careless = await tls({ verify: false });
    await careless.transport.send(Buffer.from(options("1")), expired.as("whatever.sidetone.test"));
    await expired.bob.messages.next();
    const other = await server("elsewhere.pem");
    const trusting = await tls({ ca, checkHostname: false });
    await trusting.transport.send(Buffer.from(options("1")), other.as("pbx.sidetone.test"));
    await other.bob.messages.next();
    expect((await refusal(trusting, expired.as("pbx.sidetone.test"))).message).toContain("has expired");
  });

  it("for one name opens no connection for another at the same address", async () => {
    const { bob, as } = await server("server.pem");
    const alice = await tls({ ca });
    await alice.transport.send(Buffer.from(options("1")), as("pbx.sidetone.test"));
    await alice.transport.send(Buffer.from(options("2")), as("localhost"));
    await bob.messages.count(2);
    expect(alice.transport.connections).toBe(1);
    expect((await refusal(alice, as("elsewhere.sidetone.test"))).message).toContain("is not for elsewhere.sidetone.test");
  });
});

describe("our own certificate", () => {
  const cert = pem("client.pem");

  it.each([
    ["text", "open-sesame"],
    ["bytes", Buffer.from("open-sesame")],
    ["a function that gives text", () => "open-sesame"],
    ["a function that gives bytes", () => Buffer.from("open-sesame")],
  ])("has a key whose password is %s", async (_name, keyPassword) => {
    const bob = await tls({ cert, key: pem("client-key-locked.pem"), keyPassword });
    const alice = await tls({ ca });
    await alice.transport.send(Buffer.from(options("1")), { ...bob.transport.local, host: "alice.sidetone.test" });
    await bob.messages.next();
  });

  it.each<[string, Partial<TLSTransportOptions>, RegExp]>([
    ["a locked key without a password", { cert, key: pem("client-key-locked.pem") }, /locked with a password; set keyPassword/],
    ["a wrong password", { cert, key: pem("client-key-locked.pem"), keyPassword: "open-barley" }, /the password does not open the private key/],
    ["somebody else's key", { cert, key: pem("server-key.pem") }, /is not the one of the certificate; check keyFile and certFile/],
    ["what is no key", { cert, key: "a key" }, /not in PEM form/],
    ["a certificate without a key", { cert }, /no private key; set keyFile/],
    ["a key without a certificate", { key: pem("client-key.pem") }, /no certificate; set certFile/],
    ["authorities that are none", { ca: "an authority" }, /tlsCa/],
  ])("with %s is an error when the transport opens", async (_name, given, message) => {
    const transport = new TLSTransport({ address: "127.0.0.1", port: 0, ...given });
    const error: unknown = await transport.open().catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: "TRANSPORT_TLS" });
    expect(String(error)).toMatch(message);
    expect(String(error)).not.toContain("barley");
  });

  it("is shown to a server that asks, which then may call back over the connection (RFC 5923)", async () => {
    const { bob } = await server("server.pem", { ca });
    const alice = await tls({ ca, cert, key: pem("client-key.pem"), listen: false });
    const via = "SIP/2.0/TLS alice.sidetone.test:5071;alias;branch=z9hG4bK1";
    await alice.transport.send(Buffer.from(options("1", { via })), { ...bob.transport.local, host: "pbx.sidetone.test" });
    await bob.messages.next();
    const back: Endpoint = { address: "127.0.0.1", port: 5071, protocol: "TLS", host: "alice.sidetone.test" };
    expect(bob.transport.isConnected(back)).toBe(true);
    await bob.transport.send(Buffer.from(options("2")), back);
    expect(callIdOf(await alice.messages.next())).toBe("2");
  });

  it("is needed to be called back: without one, alias is only a claim", async () => {
    const { bob } = await server("server.pem", { ca });
    const mallory = await tls({ ca });
    const via = "SIP/2.0/TLS alice.sidetone.test:5071;alias;branch=z9hG4bK1";
    await mallory.transport.send(Buffer.from(options("1", { via })), { ...bob.transport.local, host: "pbx.sidetone.test" });
    await bob.messages.next();
    expect(bob.transport.isConnected({ address: "127.0.0.1", port: 5071, protocol: "TLS", host: "alice.sidetone.test" })).toBe(false);
  });

  it("is needed to listen: without one, we only connect, and say so", async () => {
    const alice = await tls();
    expect(alice.transport.listening).toBe(false);
    expect(alice.transport.local.port).toBe(5061);
  });
});

describe("a server that demands a certificate of ours", () => {
  it("says so in words, though TLS 1.3 refuses us only after the handshake", async () => {
    const demanding = createServer({ cert: pem("server.pem"), key: pem("server-key.pem"), ca, requestCert: true, rejectUnauthorized: true });
    demanding.listen(0, "127.0.0.1");
    await once(demanding, "listening");
    closeLater({ close: () => void demanding.close() });
    // Of a TCP server it is none but this.
    // oxlint-disable-next-line no-unsafe-type-assertion
    const { port } = demanding.address() as AddressInfo;
    const alice = await tls({ ca });
    const sending = alice.transport.send(Buffer.from(options("1")), { address: "127.0.0.1", port, protocol: "TLS" }).catch(() => {});
    expect((await alice.losses.next()).error.message).toMatch(/it refuses us \(.*certificate required.*\); it may want a certificate of ours.*certFile and keyFile/);
    await sending;
  });
});

describe("what speaks no TLS", () => {
  it("is named as such when it answers in the clear", async () => {
    const alice = await tls({ ca });
    const { endpoint, sockets } = await listener();
    const refused = refusal(alice, { ...endpoint, protocol: "TLS" });
    const wire = await sockets.next();
    await wire.hears((heard) => heard !== "");
    await wire.write("SIP/2.0 400 Bad Request\r\n\r\n");
    expect((await refused).message).toMatch(/speaks no TLS; check the port \(5061 is usual\), or use TransportMode\.TCP/);
  });

  it("is named as such when it hangs up", async () => {
    const alice = await tls({ ca });
    const { endpoint, sockets } = await listener();
    const refused = refusal(alice, { ...endpoint, protocol: "TLS" });
    const wire = await sockets.next();
    await wire.hears((heard) => heard !== "");
    wire.socket.end();
    expect((await refused).message).toMatch(/hung up|speaks TLS/);
  });

  it("and never answers costs 8 s", async () => {
    const clock = new VirtualClock();
    const alice = await tls({ ca, clock });
    const { endpoint, sockets } = await listener();
    const refused = refusal(alice, { ...endpoint, protocol: "TLS" });
    const wire = await sockets.next();
    await clock.advance(7999);
    expect(alice.transport.connections).toBe(1);
    await clock.advance(1);
    expect(await refused).toMatchObject({ code: "TRANSPORT_CONNECT", systemCode: "ETIMEDOUT" });
    await wire.closed;
    expect(clock.pending).toBe(0);
  });

  it("is turned away when it connects, and nobody else notices", async () => {
    const { bob, as } = await server("server.pem");
    const wire = await Wire.to(bob.transport);
    await wire.write(options("1"));
    await wire.closed;
    const alice = await tls({ ca });
    await alice.transport.send(Buffer.from(options("2")), as("pbx.sidetone.test"));
    expect(callIdOf(await bob.messages.next())).toBe("2");
  });
});

describe("alias over TCP, which proves nothing but the address", () => {
  it.each([
    ["is believed of its own address", "127.0.0.1", true],
    ["is not believed of another", "192.0.2.7", false],
  ])("%s", async (_name, host, believed) => {
    const [alice, bob] = [await tcp({ listen: false }), await tcp()];
    await alice.transport.send(Buffer.from(options("1", { via: `SIP/2.0/TCP ${host}:5071;alias;branch=z9hG4bK1` })), bob.transport.local);
    await bob.messages.next();
    expect(bob.transport.isConnected({ address: "127.0.0.1", port: 5071, protocol: "TCP" })).toBe(believed);
    await alice.transport.close();
    await bob.losses.count(believed ? 2 : 1);
    expect(bob.transport.isConnected({ address: "127.0.0.1", port: 5071, protocol: "TCP" })).toBe(false);
  });
});
