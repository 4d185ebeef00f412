import { createSocket } from "node:dgram";
import { once } from "node:events";
import { afterEach, describe, expect, it } from "vitest";
import {
  CredentialsManager,
  InvalidAccountInfoError,
  InvalidRangeError,
  InvalidStateError,
  NATError,
  NoPortsAvailableError,
  PhoneStatus,
  SidetoneError,
  VoIPCall,
  VoIPPhone,
} from "../../ts/index.ts";
import { newPhone, next, oneRTPPort, startRegistrar, uriOf, within } from "./support.ts";

/** Sockets and look-ups that keep a process alive; timers of the test runner itself come and go and are left out. */
function openHandles(): number {
  return process.getActiveResourcesInfo().filter((kind) => /UDP|TCP|GetAddrInfo/.test(kind)).length;
}

/** A closed handle leaves the list one turn of the event loop after its close has been told: gives it a few. */
async function expectNoOpenHandle(): Promise<void> {
  for (let turn = 0; turn < 20 && openHandles() > 0; turn++) await new Promise(setImmediate);
  expect(openHandles()).toBe(0);
}

const phones: VoIPPhone[] = [];
function phone(...args: Parameters<typeof newPhone>): VoIPPhone {
  const made = newPhone(...args);
  phones.push(made);
  return made;
}

async function failure(promise: Promise<unknown>): Promise<SidetoneError> {
  const error = await within(10_000, "the failure", promise.then(() => undefined, (reason: unknown) => reason));
  if (!(error instanceof SidetoneError)) throw new Error("it did not fail, or not with a SidetoneError", { cause: error });
  return error;
}

afterEach(async () => {
  await Promise.all(phones.splice(0).map((each) => each.stop()));
});

describe("bad input gets a typed error, and the process stays clean", () => {
  it.each([InvalidRangeError, InvalidStateError, /20000.*10000/])("rtpPortLow > rtpPortHigh: %s (the documentation names both)", (expected) => {
    expect(() => new VoIPPhone({ user: "alice", rtpPortLow: 20_000, rtpPortHigh: 10_000 })).toThrow(expected);
  });

  it("an address that is not this machine's", async () => {
    const alice = phone("alice", undefined, { bindIp: "192.0.2.1" });
    expect((await failure(alice.start())).message).toMatch(/192\.0\.2\.1/);
    expect(alice.getStatus()).toBe(PhoneStatus.FAILED);
    await expectNoOpenHandle();
  });

  it("a SIP port that is taken", async () => {
    const taken = createSocket("udp4");
    taken.bind(0, "127.0.0.1");
    await once(taken, "listening");
    const { port } = taken.address();
    const error = await failure(phone("alice", undefined, { bindPort: port }).start());
    expect(error.message).toContain(String(port));
    expect(error.message).toMatch(/use|taken|choose/i);
    taken.close();
    await once(taken, "close");
  });

  it("a wrong password", async () => {
    const registrar = await startRegistrar();
    const credentialsManager = new CredentialsManager();
    credentialsManager.add("alice", "wrong");
    const alice = phone("alice", registrar, { credentialsManager });
    const error = await failure(alice.start());
    expect(error).toBeInstanceOf(InvalidAccountInfoError);
    expect(error.message).toMatch(/alice/);
    expect(error.message).not.toContain("wrong");
    expect(alice.getStatus()).toBe(PhoneStatus.FAILED);
    await registrar.stop();
  });

  it("a server that offers only MD5, to a phone that does not allow it", async () => {
    const registrar = await startRegistrar({ algorithm: "MD5" });
    expect(await failure(phone("alice", registrar, { allowMD5Auth: false }).start())).toBeInstanceOf(InvalidAccountInfoError);
    await phone("alice", registrar).start();
    await Promise.all(phones.map((each) => each.stop()));
    await registrar.stop();
  });

  it("a server that is not there", async () => {
    const free = createSocket("udp4");
    free.bind(0, "127.0.0.1");
    await once(free, "listening");
    const { port } = free.address();
    free.close();
    await once(free, "close");
    const credentialsManager = new CredentialsManager();
    const alice = new VoIPPhone({
      server: "127.0.0.1",
      port,
      user: "alice",
      credentialsManager,
      bindIp: "127.0.0.1",
      bindPort: 0,
      timers: { t1: 5, t2: 20 },
      registerFailureThreshold: 1,
    });
    const error = await failure(alice.start());
    expect(error.message).toContain(`127.0.0.1:${port}`);
    expect(alice.getStatus()).toBe(PhoneStatus.FAILED);
    await expectNoOpenHandle();
  });

  it("a server whose name does not resolve", async () => {
    const alice = new VoIPPhone({ server: "no-such-host.invalid", user: "alice", bindIp: "127.0.0.1", bindPort: 0, registerFailureThreshold: 1 });
    const error = await failure(alice.start());
    expect(error.message).toContain("no-such-host.invalid");
  });

  it("a server outside bindNetwork without a remoteHostname", async () => {
    // Loopback is always inside; nothing is sent to this address of RFC 5737.
    const alice = phone("alice", undefined, { server: "192.0.2.1", bindNetwork: "10.0.0.0/8" });
    expect(await failure(alice.start())).toBeInstanceOf(NATError);
  });

  it("no RTP port left, outgoing: the call is refused before anything is sent", async () => {
    const bob = phone("bob", undefined, { callClass: class extends VoIPCall { override ringing(): void {} } });
    const port = await oneRTPPort();
    const alice = phone("alice", undefined, port);
    await Promise.all([alice.start(), bob.start()]);
    const first = await alice.call(uriOf(bob, "bob"));
    const error = await failure(alice.call(uriOf(bob, "bob")));
    expect(error).toBeInstanceOf(NoPortsAvailableError);
    expect(error.message).toContain(String(port.rtpPortLow));
    expect(bob.calls.size).toBeLessThanOrEqual(1);
    await first.cancel();
    await (await alice.call(uriOf(bob, "bob"))).cancel(); // the port is free again
  });

  it("no RTP port left, incoming: the caller hears 503", async () => {
    const port = await oneRTPPort();
    const bob = phone("bob", undefined, { ...port, callClass: class extends VoIPCall { override ringing(): void {} } });
    const alice = phone("alice");
    await Promise.all([alice.start(), bob.start()]);
    const first = await alice.call(uriOf(bob, "bob"));
    await next(first, "ringing");
    const refused = next(bob, "callRefused");
    const second = await alice.call(uriOf(bob, "bob"));
    expect(await within(5_000, "the second's end", second.ended)).toMatchObject({ status: 503 });
    expect((await refused).slice(1)).toEqual([503, expect.stringContaining(String(port.rtpPortLow))]);
    await first.cancel();
  });

  it("a call before start(), a second start(), a number with a line break", async () => {
    const alice = phone("alice");
    expect(await failure(alice.call("sip:x@127.0.0.1"))).toBeInstanceOf(InvalidStateError);
    await alice.start();
    expect(await failure(alice.start())).toBeInstanceOf(InvalidStateError);
    await failure(alice.call("sip:x@127.0.0.1\r\nVia: evil"));
    await failure(alice.call("bob")); // no server to look it up
  });

  it("stop() leaves no open handle, with a call up and one ringing", async () => {
    const bob = newPhone("bob", undefined, { callClass: class extends VoIPCall { override async ringing(): Promise<void> {
      if (bob.calls.size === 1) await this.answer();
    } } });
    const alice = newPhone("alice");
    await Promise.all([alice.start(), bob.start()]);
    const first = await alice.call(uriOf(bob, "bob"));
    await next(first, "answered");
    const second = await alice.call(uriOf(bob, "bob"));
    await next(second, "ringing");
    await within(10_000, "both phones stopped", Promise.all([alice.stop(), bob.stop()]));
    await expectNoOpenHandle();
  });
});
