import { afterEach, describe, expect, it } from "vitest";
import {
  CallState,
  CredentialsManager,
  InvalidOptionError,
  PhoneStatus,
  TCPTransport,
  TLSTransport,
  type TraceEntry,
  TransportMode,
  TransportSet,
  UDPTransport,
  VoIPCall,
  VoIPPhone,
  type VoIPPhoneParameter,
} from "../../ts/index.ts";
import { Registrar } from "../../ts/testkit/index.ts";
import { pem, pemFile } from "../sip/transport/streams.ts";
import { Answering } from "./calls.ts";
import { newPhone, next, PASSWORDS, within } from "./support.ts";

const open: { stop(): Promise<void> }[] = [];

/** Phones before their servers, which came first: else nobody answers when they deregister. */
afterEach(async () => {
  for (const each of open.splice(0).toReversed()) {
    // oxlint-disable-next-line no-await-in-loop -- in this order
    await each.stop();
  }
});

/** A registrar that speaks everything, TLS with a certificate of the test authority. */
async function registrar(certificate = "server.pem"): Promise<Registrar> {
  const address = "127.0.0.1";
  const udp = new UDPTransport({ address, port: 0 });
  const transport = new TransportSet([
    udp,
    new TCPTransport({ address, port: () => udp.local.port }),
    new TLSTransport({ address, port: 0, cert: pem(certificate), key: pem("server-key.pem") }),
  ]);
  const started = new Registrar({ users: PASSWORDS, transport, domains: ["localhost", "sidetone.test"] });
  await started.start();
  open.push(started);
  return started;
}

function startTLS(options: Partial<VoIPPhoneParameter>): Promise<void> {
  return new VoIPPhone({ user: "alice", bindIp: "127.0.0.1", bindPort: 0, transportMode: TransportMode.TLS, ...options }).start();
}

function phone(user: string, server: Registrar, mode: TransportMode, options: Partial<VoIPPhoneParameter> = {}): VoIPPhone {
  const tls = mode === TransportMode.TLS ? { tlsCa: pemFile("ca.pem") } : {};
  const made = newPhone(user, server, { transportMode: mode, port: server.portOf(mode.value), callClass: Answering, ...tls, ...options });
  open.push(made);
  return made;
}

/** Registers both, calls, hangs up. */
async function call(alice: VoIPPhone, bob: VoIPPhone): Promise<void> {
  await within(10_000, "both phones started", Promise.all([alice.start(), bob.start()]));
  const arriving = next(bob, "incoming");
  const placed = await alice.call("bob");
  const answered = next(placed, "answered");
  const [taken] = await arriving;
  await answered;
  expect(placed.state).toBe(CallState.ANSWERED);
  await placed.hangup();
  expect(taken).toBeInstanceOf(VoIPCall);
  if (taken instanceof VoIPCall) await within(5000, "the far end's BYE", taken.ended);
}

describe("phones at one server", () => {
  it.each([
    [TransportMode.TCP, TransportMode.TCP],
    [TransportMode.TLS, TransportMode.TLS],
    [TransportMode.TLS, TransportMode.UDP],
    [TransportMode.UDP, TransportMode.TCP],
  ])("call over %s, answer over %s, and hang up", async (calling, answering) => {
    const server = await registrar();
    const seen = new Set<string>();
    const trace = ({ bytes, remote }: TraceEntry): void => {
      seen.add(remote.protocol);
      // The topmost Via of every message names the transport it travels on.
      expect(/SIP\/2\.0\/(\w+)/.exec(Buffer.from(bytes).toString())?.[1]).toBe(remote.protocol);
    };
    const alice = phone("alice", server, calling, { trace });
    const bob = phone("bob", server, answering);
    await call(alice, bob);
    // What is too large for UDP may take TCP; nothing ever leaves TLS.
    expect([...seen].filter((protocol) => !(calling === TransportMode.UDP && protocol === "TCP"))).toEqual([calling.value]);
    await Promise.all([alice.stop(), bob.stop()]);
    expect(server.bindings).toEqual([]);
  });

  it("over TLS by the server's name, with a certificate of their own behind a password", async () => {
    const server = await registrar();
    const own = { certFile: pemFile("client.pem"), keyFile: pemFile("client-key-locked.pem"), keyPassword: () => Buffer.from("open-sesame") };
    const alice = phone("alice", server, TransportMode.TLS, { server: "localhost", ...own });
    await alice.start();
    expect(server.bindings).toMatchObject([{ user: "alice", source: { protocol: "TLS" } }]);
  });

  it("send what is too large for UDP over TCP", async () => {
    const server = await registrar();
    const protocols: string[] = [];
    const trace = ({ direction, remote, bytes }: TraceEntry): void => {
      if (direction === "out" && Buffer.from(bytes).toString().startsWith("MESSAGE")) protocols.push(remote.protocol);
    };
    const alice = phone("alice", server, TransportMode.UDP, { trace });
    const bob = phone("bob", server, TransportMode.UDP);
    await Promise.all([alice.start(), bob.start()]);
    await alice.message("bob", "short");
    expect(new Set(protocols)).toEqual(new Set(["UDP"]));
    await alice.message("bob", "long ".repeat(400));
    expect(protocols.at(-1)).toBe("TCP");
  });
});

describe("a server that TLS does not trust", () => {
  it.each<[string, string, Partial<VoIPPhoneParameter>, RegExp]>([
    ["with a self-signed certificate", "self-signed.pem", {}, /self-signed, which proves nothing; if you trust it.*tlsCa/],
    ["of an unknown authority", "server.pem", { tlsCa: pemFile("self-signed.pem") }, /unknown authority.*tlsCa/],
    ["with an expired certificate", "expired.pem", {}, /has expired/],
    ["with a certificate for another name", "elsewhere.pem", {}, /is not for 127\.0\.0\.1/],
  ])("%s is not registered at; the error says what to do", async (_name, certificate, options, message) => {
    const server = await registrar(certificate);
    const alice = phone("alice", server, TransportMode.TLS, options);
    // At once: what is wrong with a certificate is not right two seconds later.
    await expect(within(1900, "the refusal", alice.start())).rejects.toThrow(message);
    expect(alice.getStatus()).toBe(PhoneStatus.FAILED);
    expect(server.bindings).toEqual([]);
  });

  it("is registered at when its certificate is given, or nothing is to be verified", async () => {
    const server = await registrar("self-signed.pem");
    await phone("alice", server, TransportMode.TLS, { tlsCa: pem("self-signed.pem") }).start();
    await phone("bob", server, TransportMode.TLS, { tlsVerify: false }).start();
    expect(server.bindings).toHaveLength(2);
  });
});

describe("options of TLS", () => {
  it.each<[string, Partial<VoIPPhoneParameter>, string, RegExp]>([
    ["without TLS", { tlsCa: pemFile("ca.pem") }, "tlsCa", /set transportMode: TransportMode\.TLS/],
    ["a certificate without TLS", { certFile: pemFile("client.pem"), keyFile: pemFile("client-key.pem") }, "certFile", /means nothing without TLS/],
    ["a certificate without its key", { transportMode: TransportMode.TLS, certFile: pemFile("client.pem") }, "keyFile", /is missing/],
    ["a key without its certificate", { transportMode: TransportMode.TLS, keyFile: pemFile("client-key.pem") }, "certFile", /is missing/],
  ])("%s are refused at once", (_name, options, option, message) => {
    const make = (): VoIPPhone => new VoIPPhone({ user: "alice", ...options });
    expect(make).toThrow(InvalidOptionError);
    expect(make).toThrow(message);
    expect(make).toThrow(new RegExp(`^${option}:`));
  });

  it("name the file that cannot be read, and the password that does not fit, when the phone starts", async () => {
    await expect(startTLS({ tlsCa: "/no/such/ca.pem" })).rejects.toThrow(/^tlsCa: \/no\/such\/ca\.pem cannot be read/);
    const locked = { certFile: pemFile("client.pem"), keyFile: pemFile("client-key-locked.pem") };
    await expect(startTLS({ ...locked, keyPassword: "wrong" })).rejects.toThrow(/the password does not open the private key/);
    await expect(startTLS(locked)).rejects.toThrow(/locked with a password; set keyPassword/);
  });
});

describe("a server found by its SRV records", () => {
  it("is registered at, at the port and over the protocol that they name", async () => {
    const server = await registrar();
    const dns = {
      naptr: async () => [{ order: 1, preference: 1, flags: "s", service: "SIP+D2T", replacement: "_sip._tcp.sidetone.test" }],
      srv: async (name: string) => (name === "_sip._tcp.sidetone.test" ? [{ priority: 1, weight: 1, port: server.portOf("TCP"), name: "pbx.sidetone.test" }] : []),
      a: async () => [{ address: "127.0.0.1" }],
      aaaa: async () => [],
    };
    const credentialsManager = new CredentialsManager();
    credentialsManager.add("alice", PASSWORDS["alice"] ?? "");
    const over: string[] = [];
    const alice = new VoIPPhone({
      server: "sidetone.test",
      user: "alice",
      credentialsManager,
      bindIp: "127.0.0.1",
      bindPort: 0,
      dns,
      registerFailureThreshold: 1,
      trace: ({ remote }) => over.push(`${remote.protocol} ${remote.port}`),
    });
    open.push(alice);
    await alice.start();
    expect(server.bindings).toMatchObject([{ user: "alice", source: { protocol: "TCP" } }]);
    expect(new Set(over)).toEqual(new Set([`TCP ${server.portOf("TCP")}`]));
  });
});
