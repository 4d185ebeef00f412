import { join } from "node:path";
import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { align } from "../../ts/audio/correlate.ts";
import { alignPieces } from "../../ts/audio/correlatePieces.ts";
import { readWav } from "../../ts/audio/wav.ts";
import { VoIPCall, VoIPPhone } from "../../ts/index.ts";
import { Registrar } from "../../ts/testkit/index.ts";
import { finish, type Running, start } from "./FakeIO.ts";

const reply = new URL("../../assets/reply.wav", import.meta.url).pathname;
const users = { alice: "wonderland", bob: "builder" };
const ports = ["--rtp-ports", "24000-25999"];

/** Other speech is below 0.1; on a busy machine the TypeScript engine leaves pauses that cost up to a third. */
const LIKE = 0.6;

/** How alike the reply is to what was recorded. */
async function likeness(path: string): Promise<number> {
  const said = await readWav(reply);
  const heard = await readWav(path);
  return alignPieces(said, heard, align(said, heard).offset).correlation;
}

/** `sidetone answer` on a free port, and the address to call it at. */
async function answering(...options: string[]): Promise<Running & { uri: string }> {
  const running = await start(["answer", "--bind", "127.0.0.1:0", "--json", ...ports, ...options]);
  await running.io.stdout.sees(/"listening".*\n/);
  return { ...running, uri: `sip:anybody@127.0.0.1:${String(running.io.event("listening")?.["port"])}` };
}

describe("calls from peer to peer", () => {
  it("plays, sends digits, records at the other end, and ends by itself", async () => {
    const bob = await answering("--record", "heard.wav", "--calls", "1");
    const alice = await finish(["call", bob.uri, "--bind", "127.0.0.1", "--play", reply, "--dtmf", "12#", "--json", ...ports]);
    expect(alice.status).toBe(0);
    expect(await bob.status).toBe(0);
    expect(alice.io.events().map(({ event }) => event)).toEqual(["listening", "ringing", "answered", "ended", "stats"]);
    expect(alice.io.event("ended")).toMatchObject({ by: "local", cause: "bye", duration: expect.any(Number) });
    expect(bob.io.events().map(({ event, digit }) => digit ?? event)).toEqual([
      "listening",
      "incoming",
      "answered",
      "1",
      "2",
      "#",
      "ended",
      "stats",
    ]);
    expect(bob.io.event("stats")).toMatchObject({ packetsReceived: expect.any(Number), engine: process.env["SIDETONE_ENGINE"] });
    expect(await likeness(join(bob.io.cwd, "heard.wav"))).toBeGreaterThan(LIKE);
  }, 40_000);

  it("hears its own voice from --echo, and hangs up when its time is over", async () => {
    const bob = await answering("--echo");
    const alice = await finish([
      "call",
      bob.uri,
      "--bind",
      "127.0.0.1",
      "--play",
      reply,
      "--duration",
      "4",
      "--record",
      "echo.wav",
      "--json",
      ...ports,
    ]);
    expect(alice.status).toBe(0);
    expect(await likeness(join(alice.io.cwd, "echo.wav"))).toBeGreaterThan(LIKE);
    await bob.io.stdout.sees(/"ended"/);
  }, 40_000);

  it("takes several calls at once, and numbers their recordings", async () => {
    const bob = await answering("--calls", "3", "--record", "heard.wav");
    const alice = await finish(["call", bob.uri, "--bind", "127.0.0.1", "--calls", "3", "--duration", "0.3", "--json", ...ports]);
    expect(alice.status).toBe(0);
    expect(await bob.status).toBe(0);
    expect(alice.io.events().filter(({ event }) => event === "answered")).toHaveLength(3);
    for (const name of ["heard.wav", "heard-2.wav", "heard-3.wav"])
      expect((await readWav(join(bob.io.cwd, name))).length).toBeGreaterThan(0);
  });

  it("tells people in sentences", async () => {
    const bob = await answering("--calls", "1");
    const alice = await finish(["call", bob.uri, "--bind", "127.0.0.1", "--duration", "0.2", ...ports]);
    expect(alice.io.stdout.text).toMatch(
      /^listening on 127\.0\.0\.1:\d+\n.* rings\n.*: answered\n.*: hung up after \d\.\d s\n\d+ packets sent, .*\n$/,
    );
    expect(alice.io.stderr.text).toBe("");
  });

  it("names a WAV that is not there, and hangs up", async () => {
    const bob = await answering("--calls", "1");
    const alice = await finish(["call", bob.uri, "--bind", "127.0.0.1", "--play", "missing.wav", ...ports]);
    expect(alice.status).toBe(1);
    expect(alice.io.stderr.text).toContain("missing.wav");
    expect(await bob.status).toBe(0);
  });

  it.each([
    [486, 4],
    [600, 4],
    [603, 5],
    [403, 5],
    [404, 6],
    [480, 7],
  ])("ends with the exit status of %i", async (code, status) => {
    class Denying extends VoIPCall {
      override ringing(): void {
        this.deny({ status: code });
      }
    }
    const bob = new VoIPPhone({ user: "bob", bindIp: "127.0.0.1", bindPort: 0, callClass: Denying, acceptCalls: "any" });
    await bob.start();
    onTestFinished(() => bob.stop());
    const alice = await finish(["call", `sip:bob@127.0.0.1:${bob.localEndpoint?.port}`, "--bind", "127.0.0.1", "--json", ...ports]);
    expect(alice.status).toBe(status);
    expect(alice.io.event("ended")).toMatchObject({ status: code });
  });

  it("ends with 8 when the port is taken", async () => {
    const bob = await answering();
    const port = String(bob.io.event("listening")?.["port"]);
    const second = await finish(["answer", "--bind", `127.0.0.1:${port}`]);
    expect(second.status).toBe(8);
    expect(second.io.stderr.text).toContain(port);
  });

  it("on Ctrl-C gives up a call that rings", async () => {
    class Ringing extends VoIPCall {
      override ringing(): void {}
    }
    const bob = new VoIPPhone({ user: "bob", bindIp: "127.0.0.1", bindPort: 0, callClass: Ringing, acceptCalls: "any" });
    const incoming = new Promise<VoIPCall>((resolve) => {
      bob.once("incoming", resolve);
    });
    await bob.start();
    onTestFinished(() => bob.stop());
    const alice = await start(["call", `sip:bob@127.0.0.1:${bob.localEndpoint?.port}`, "--bind", "127.0.0.1", "--json", ...ports]);
    await alice.io.stdout.sees(/"ringing"/);
    alice.io.interrupt();
    expect(await alice.status).toBe(130);
    expect(await (await incoming).ended).toMatchObject({ by: "remote", cause: "cancel" });
  });
});

describe("calls through a server", () => {
  let registrar: Registrar;

  beforeEach(async () => {
    registrar = new Registrar({ users });
    await registrar.start();
    return () => registrar.stop();
  });

  function account(user: keyof typeof users): string[] {
    return ["--server", `127.0.0.1:${registrar.port}`, "--user", user, "--bind", "127.0.0.1", "--json"];
  }

  it("registers, says so, and deregisters", async () => {
    const { io, status } = await finish(["register", ...account("alice")], { SIDETONE_PASSWORD: users.alice });
    expect(status).toBe(0);
    expect(io.events().map(({ event }) => event)).toEqual(["registered", "deregistered"]);
    expect(registrar.bindings).toHaveLength(0);
  });

  it("ends with 3 and the reason for a wrong password", async () => {
    const { io, status } = await finish(["register", ...account("alice")], { SIDETONE_PASSWORD: "wrong" });
    expect(status).toBe(3);
    expect(io.event("error")).toMatchObject({ code: "INVALID_ACCOUNT_INFO", message: expect.stringContaining("alice") });
    expect(JSON.stringify(io.events())).not.toContain("wrong");
  });

  it("calls a user, and on Ctrl-C hangs up and deregisters", async () => {
    const bob = await start(["answer", ...account("bob"), ...ports, "--calls", "1"], { SIDETONE_PASSWORD: users.bob });
    await bob.io.stdout.sees(/"registered"/);
    const alice = await start(["call", "bob", ...account("alice"), ...ports], { SIDETONE_PASSWORD: users.alice });
    await alice.io.stdout.sees(/"answered"/);
    alice.io.interrupt();
    expect(await alice.status).toBe(130);
    expect(await bob.status).toBe(0);
    expect(bob.io.event("ended")).toMatchObject({ by: "remote", cause: "bye" });
    expect(registrar.bindings).toHaveLength(0);
  });

  it("ends with 6 for a number that nobody has", async () => {
    const { io, status } = await finish(["call", "nobody", ...account("alice"), ...ports], { SIDETONE_PASSWORD: users.alice });
    expect(status).toBe(6);
    expect(io.event("ended")).toMatchObject({ cause: "rejected", status: 404 });
  });

  it("shows every message with --trace, and no secret", async () => {
    const { io } = await finish(["register", ...account("alice"), "--trace"], { SIDETONE_PASSWORD: users.alice });
    const messages = io.events().filter(({ event }) => event === "sip");
    const heads = messages.map(
      ({ direction, message }) => `${String(direction)} ${/^(?:SIP\/2.0 \d+|\w+)/.exec(String(message))?.[0] ?? ""}`,
    );
    const [asked, challenged, granted] = ["out REGISTER", "in SIP/2.0 401", "in SIP/2.0 200"];
    expect(heads).toEqual([asked, challenged, asked, granted, asked, granted]);
    expect(JSON.stringify(messages)).not.toMatch(/response=\\"[0-9a-f]/);
  });
});
