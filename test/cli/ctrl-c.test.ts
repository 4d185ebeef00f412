import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { VoIPCall } from "../../ts/index.ts";
import { Answering } from "../phone/calls.ts";
import { within } from "../phone/support.ts";
import { account, passwordOf, PORTS, startPhone, startRegistrar, type User } from "./Account.ts";
import { Sink } from "./FakeIO.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
let built = "";

/** The command as it is published: Node 20 runs no TypeScript. */
beforeAll(() => {
  built = mkdtempSync(join(tmpdir(), "sidetone-built-"));
  const tsc = join(root, "node_modules/typescript/bin/tsc");
  execFileSync(process.execPath, [tsc, "-p", join(root, "tsconfig.json"), "--outDir", join(built, "dist")]);
  copyFileSync(join(root, "package.json"), join(built, "package.json"));
  for (const folder of ["node_modules", "prebuilds", "assets"]) symlinkSync(join(root, folder), join(built, folder));
}, 120_000);

afterAll(() => rmSync(built, { recursive: true, force: true }));

interface Command {
  readonly process: ChildProcess;
  readonly stdout: Sink;
  readonly stderr: Sink;
  /** Its exit status; the signal's name when one ended it. */
  readonly ended: Promise<unknown>;
}

function sidetone(argv: readonly string[], user: User): Command {
  const child = spawn(process.execPath, [join(built, "dist/cli/main.js"), ...argv], {
    env: { ...process.env, ...passwordOf(user) },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const [stdout, stderr] = [new Sink(), new Sink()];
  child.stdout.setEncoding("utf8").on("data", (text: string) => stdout.write(text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => stderr.write(text));
  onTestFinished(() => void child.kill("SIGKILL"));
  return { process: child, stdout, stderr, ended: once(child, "close").then(([code, signal]: unknown[]) => code ?? signal) };
}

describe.each(["SIGINT", "SIGTERM"] as const)("%s", (signal) => {
  it("hangs up, deregisters, and ends the process with 130", async () => {
    const registrar = await startRegistrar();
    const bob = await startPhone("bob", { callClass: Answering }, registrar);
    const incoming = once(bob, "incoming");
    const command = sidetone(["call", "bob", ...account("alice", registrar), ...PORTS], "alice");
    await command.stdout.sees(/"answered"/);
    expect(registrar.bindings.map(({ user }) => user).toSorted()).toEqual(["alice", "bob"]);

    command.process.kill(signal);
    expect(await within(15_000, "the command to end", command.ended)).toBe(130);
    const [call]: unknown[] = await incoming;
    if (!(call instanceof VoIPCall)) throw new Error("no call came in");
    expect(await call.ended).toMatchObject({ by: "remote", cause: "bye" });
    expect(registrar.bindings.map(({ user }) => user)).toEqual(["bob"]);
    expect(command.stdout.text).toMatch(/"event":"ended"[^\n]*"cause":"bye"[^\n]*\n[^\n]*"event":"stats"[^\n]*\n$/);
    expect(command.stderr.text).toBe("");
  });
});

describe("Ctrl-C", () => {
  it("ends sidetone answer, which deregisters", async () => {
    const registrar = await startRegistrar();
    const command = sidetone(["answer", ...account("alice", registrar), ...PORTS], "alice");
    await command.stdout.sees(/"registered"/);
    command.process.kill("SIGINT");
    expect(await within(15_000, "the command to end", command.ended)).toBe(130);
    expect(registrar.bindings).toEqual([]);
  });

  it("ends one that still tries to register, at a server that does not answer", async () => {
    const registrar = await startRegistrar();
    await registrar.stop();
    const command = sidetone(["register", ...account("alice", registrar), "--trace"], "alice");
    await command.stdout.sees(/REGISTER sip:/);
    command.process.kill("SIGINT");
    expect(await within(15_000, "the command to end", command.ended)).toBe(130);
  });

  it("pressed twice ends it at once, whoever is still waited for", async () => {
    const registrar = await startRegistrar();
    const command = sidetone(["register", "--duration", "600", ...account("alice", registrar), "--trace"], "alice");
    await command.stdout.sees(/"registered"/);
    // Its taking back the registration is never answered.
    await registrar.stop();
    command.process.kill("SIGINT");
    await command.stdout.sees(/;expires=0/);
    command.process.kill("SIGINT");
    expect(await within(15_000, "the command to end", command.ended)).toBe(130);
    expect(command.stdout.text).not.toContain('"deregistered"');
  });
});
