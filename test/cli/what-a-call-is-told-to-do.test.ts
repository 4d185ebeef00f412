import { describe, expect, it } from "vitest";
import { VoIPCall } from "../../ts/index.ts";
import { Answering } from "../phone/calls.ts";
import { oneRTPPort } from "../phone/support.ts";
import { account, addressOf, passwordOf, PORTS, startPhone, startRegistrar } from "./Account.ts";
import { finish, start } from "./FakeIO.ts";

describe("sidetone call --hold", () => {
  it("puts the far end on hold, takes it back, and hangs up", async () => {
    const offers: string[] = [];
    const bob = await startPhone("bob", {
      callClass: Answering,
      trace: ({ direction, bytes }) => {
        const message = Buffer.from(bytes).toString("latin1");
        if (direction === "in" && message.startsWith("INVITE ")) offers.push(/^a=(sendrecv|sendonly)/m.exec(message)?.[1] ?? "sendrecv");
      },
    });
    const { io, status } = await finish(["call", addressOf(bob, "bob"), "--bind", "127.0.0.1", "--hold", "0.1", "--json", ...PORTS]);
    expect(status).toBe(0);
    const names = io.events().map(({ event }) => event);
    expect(names.slice(names.indexOf("answered"))).toEqual(["answered", "held", "resumed", "ended", "stats"]);
    expect(offers).toEqual(["sendrecv", "sendonly", "sendrecv"]);
  });
});

describe("sidetone call --transfer", () => {
  it("hands the far end over to a user of the server, and is done with it", async () => {
    const registrar = await startRegistrar();
    await startPhone("bob", { callClass: Answering, acceptTransfers: true }, registrar);
    const carol = await start(["answer", ...account("carol", registrar), ...PORTS], passwordOf("carol"));
    await carol.io.stdout.sees(/"registered"/);
    const alice = await finish(["call", "bob", "--transfer", "carol", ...account("alice", registrar), ...PORTS], passwordOf("alice"));
    expect(alice.status).toBe(0);
    expect(alice.io.event("transfer")).toMatchObject({ to: "carol", accepted: true });
    await carol.io.stdout.sees(/"answered"/);
    expect(carol.io.event("incoming")).toMatchObject({ remote: expect.stringMatching(/^sip:bob@/) });
  });

  it("ends with 9 when the far end does not go, after hanging up", async () => {
    const bob = await startPhone("bob", { callClass: Answering });
    const target = "sip:carol@127.0.0.1:9";
    const { io, status } = await finish(["call", addressOf(bob, "bob"), "--transfer", target, "--bind", "127.0.0.1", "--json", ...PORTS]);
    expect(status).toBe(9);
    expect(io.event("transfer")).toMatchObject({ to: target, accepted: false });
    expect(io.event("ended")).toMatchObject({ by: "local", cause: "bye" });
  });
});

describe("--register-only", () => {
  it.each([["call", "bob"], ["answer"], ["message", "bob", "hello"], ["register"]])("with %s sees whether the account works, and no more", async (...words) => {
    const registrar = await startRegistrar();
    const methods = new Set<string>();
    registrar.trace = ({ direction, bytes }) => {
      if (direction === "in") methods.add(/^\S+/.exec(Buffer.from(bytes).toString("latin1"))?.[0] ?? "");
    };
    const { io, status } = await finish([...words, "--register-only", ...account("alice", registrar)], passwordOf("alice"));
    expect(status).toBe(0);
    expect(io.events().map(({ event }) => event)).toEqual(["registered", "deregistered"]);
    expect([...methods]).toEqual(["REGISTER"]);
  });

  it("ends with 3 when it does not", async () => {
    const registrar = await startRegistrar();
    const { status } = await finish(["call", "bob", "--register-only", ...account("alice", registrar)], { SIDETONE_PASSWORD: "wrong" });
    expect(status).toBe(3);
  });
});

describe("a call that goes wrong", () => {
  it("ends with 8 when the far end cannot be reached", async () => {
    const { io, status } = await finish(["call", "sip:bob@127.0.0.1:1;transport=tcp", "--bind", "127.0.0.1", "--json", ...PORTS]);
    expect(status).toBe(8);
    expect(io.event("ended")).toMatchObject({ cause: "transport" });
  });

  it("ends with 5 when it is redirected to where we do not follow", async () => {
    class Redirecting extends VoIPCall {
      override ringing(): void {
        this.deny({ status: 380 });
      }
    }
    const bob = await startPhone("bob", { callClass: Redirecting });
    const { io, status } = await finish(["call", addressOf(bob, "bob"), "--bind", "127.0.0.1", "--json", ...PORTS]);
    expect(status).toBe(5);
    expect(io.event("ended")).toMatchObject({ cause: "redirected", status: 380 });
  });

  it("ends with 2 when the number is no address, with 1 when a file is no WAV", async () => {
    const bob = await startPhone("bob", { callClass: Answering });
    const bad = await finish(["call", "sip:", "--bind", "127.0.0.1"]);
    expect([bad.status, bad.io.stderr.text]).toEqual([2, expect.stringContaining("sip:")]);
    const noWav = await finish(["call", addressOf(bob, "bob"), "--bind", "127.0.0.1", "--play", "/dev/null", ...PORTS]);
    expect([noWav.status, noWav.io.stderr.text]).toEqual([1, expect.stringContaining("/dev/null")]);
  });

  it("ends with 8 when no RTP port is free", async () => {
    const bob = await startPhone("bob", { callClass: Answering });
    const { rtpPortLow: port } = await oneRTPPort();
    const { status } = await finish(["call", addressOf(bob, "bob"), "--bind", "127.0.0.1", "--calls", "2", "--rtp-ports", `${port}-${port}`]);
    expect(status).toBe(8);
  });
});
