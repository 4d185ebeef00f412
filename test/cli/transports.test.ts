import { afterEach, describe, expect, it } from "vitest";
import { parseCommand } from "../../ts/cli/options.ts";
import { TCPTransport, TLSTransport } from "../../ts/index.ts";
import { Registrar } from "../../ts/testkit/index.ts";
import { pem, pemFile } from "../sip/transport/streams.ts";
import { PORTS } from "./Account.ts";
import { finish, start } from "./FakeIO.ts";

const PASSWORD = "wonder land";
const servers: Registrar[] = [];

afterEach(async () => {
  await Promise.all(servers.splice(0).map((each) => each.stop()));
});

async function register(...options: string[]): Promise<{ status: number; out: string; err: string }> {
  const transport = new TLSTransport({ address: "127.0.0.1", port: 0, cert: pem("server.pem"), key: pem("server-key.pem") });
  const server = new Registrar({ users: { alice: PASSWORD }, transport });
  servers.push(server);
  await server.start();
  const account = ["--server", `127.0.0.1:${server.port}`, "--user", "alice", "--bind", "127.0.0.1"];
  const { io, status } = await finish(["register", ...account, "--duration", "0", "--transport", "tls", ...options], { SIDETONE_PASSWORD: PASSWORD });
  return { status, out: io.stdout.text, err: io.stderr.text };
}

describe("the command over TLS", () => {
  it("registers at a server whose authority is in --ca", async () => {
    expect(await register("--ca", pemFile("ca.pem"))).toMatchObject({ status: 0, out: expect.stringContaining("registered alice") });
  });

  it("registers anywhere with --insecure", async () => {
    expect(await register("--insecure")).toMatchObject({ status: 0 });
  });

  it("tells what to do about a server that is not trusted", async () => {
    const { status, err } = await register();
    expect(status).toBe(3);
    expect(err).toMatch(/unknown authority.*--ca/);
  });
});

describe("a call over TLS without a server", () => {
  it("shows --cert, whose locked --key SIDETONE_KEY_PASSWORD opens", async () => {
    const tls = ["--transport", "tls", "--bind", "127.0.0.1:0", "--json", ...PORTS];
    const server = ["--cert", pemFile("server.pem"), "--key", pemFile("server-key.pem"), "--calls", "1"];
    const bob = await start(["answer", ...tls, ...server]);
    await bob.io.stdout.sees(/"listening"/);
    const number = `sip:bob@127.0.0.1:${String(bob.io.event("listening")?.["port"])}`;
    const client = ["--ca", pemFile("ca.pem"), "--cert", pemFile("client.pem"), "--key", pemFile("client-key-locked.pem")];
    const alice = await finish(["call", number, "--duration", "0.2", ...tls, ...client], { SIDETONE_KEY_PASSWORD: "open-sesame" });
    expect(alice.status).toBe(0);
    expect(await bob.status).toBe(0);
    const locked = await finish(["call", number, ...tls, ...client]);
    expect(locked.status).toBe(8);
    expect(locked.io.event("error")).toMatchObject({ message: expect.stringContaining("password") });
  });
});

describe("over TCP", () => {
  it("registers", async () => {
    const server = new Registrar({ users: { alice: PASSWORD }, transport: new TCPTransport({ address: "127.0.0.1", port: 0 }) });
    servers.push(server);
    await server.start();
    const account = ["--server", `127.0.0.1:${server.port}`, "--user", "alice", "--bind", "127.0.0.1", "--transport", "tcp"];
    expect((await finish(["register", ...account], { SIDETONE_PASSWORD: PASSWORD })).status).toBe(0);
  });
});

describe("options of transport", () => {
  it("are read", () => {
    const line = "register --server pbx.example.com --user alice --transport tls --ca ca.pem --insecure";
    expect(parseCommand(line.split(" "))).toMatchObject({ transport: "tls", ca: "ca.pem", insecure: true });
  });

  it.each([
    [["answer", "--transport", "pigeon"], "--transport pigeon: udp, tcp or tls"],
    [["answer", "--ca", "ca.pem"], "--ca means nothing without --transport tls"],
    [["answer", "--transport", "tcp", "--insecure"], "--insecure means nothing without --transport tls"],
    [["answer", "--cert", "a.pem", "--key", "a.pem"], "--cert means nothing without --transport tls"],
    [["answer", "--transport", "tls", "--cert", "a.pem"], "--cert needs --key"],
    [["answer", "--transport", "tls", "--key", "a.pem"], "--key needs --cert"],
    [["answer", "--transport", "tls", "--cert", "missing.pem", "--key", "missing.pem", "--bind", "127.0.0.1:0"], "missing.pem"],
    [["answer", "--transport", "tls", "--ca", "missing.pem", "--bind", "127.0.0.1:0"], "missing.pem"],
  ])("%j is refused with a word on it", async (argv, words) => {
    const { io, status } = await finish(argv);
    expect(status).toBe(2);
    expect(io.stderr.text).toContain(words);
  });
});
