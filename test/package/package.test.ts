import { mkdir, readdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { install, npm, pack, type Packed, type Result, root, run, succeed, temporaryFolder } from "./installed.ts";

let project: { path: string; remove: () => Promise<void> };
let packed: Packed;
/** Whether this machine's addon is in the package. */
let hasNative = false;

beforeAll(async () => {
  project = await temporaryFolder();
  packed = await pack(project.path);
  await install(packed.path, project.path);
  hasNative = packed.files.some(({ path }) => path.startsWith(`prebuilds/${process.platform}-${process.arch}/`));
});

afterAll(() => project.remove());

function script(
  source: string,
  options: { type?: "module" | "commonjs"; env?: Record<string, string>; flags?: string[] } = {},
): Promise<Result> {
  const { type = "module", env = {}, flags = [] } = options;
  return run(process.execPath, [...flags, `--input-type=${type}`, "-e", source], project.path, env);
}

/** The events that `npx sidetone … --json` printed. */
async function sidetone(
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<{ status: number; events: Record<string, unknown>[] }> {
  const { status, stdout } = await run("npx", ["--no-install", "sidetone", ...args, "--json"], project.path, env);
  const lines = stdout.split("\n").filter(Boolean);
  return { status, events: lines.map((line): Record<string, unknown> => JSON.parse(line)) };
}

describe("the packed package", () => {
  it("holds what runs, and nothing else", () => {
    const product = /^(dist\/.+\.(js|js\.map|d\.ts)|prebuilds\/[\w-]+\/sidetone[\w.]*\.node|assets\/\w+\.wav)$/;
    const about = ["package.json", "README.md", "LICENSE", "CHANGELOG.md"];
    const others = packed.files.map(({ path }) => path).filter((path) => !product.test(path) && !about.includes(path));
    expect(others).toEqual([]);
    const names = packed.files.map(({ path }) => path);
    for (const needed of [
      "dist/index.js",
      "dist/index.d.ts",
      "dist/testkit/index.js",
      "dist/cli/main.js",
      "assets/speech.wav",
      "LICENSE",
    ]) {
      expect(names).toContain(needed);
    }
  });

  it("has the compiled form of each source, and no other", async () => {
    const sources = (await readdir(join(root, "ts"), { recursive: true })).filter((path) => path.endsWith(".ts"));
    const compiled = packed.files.map(({ path }) => path).filter((path) => /^dist\/.+\.js$/.test(path));
    expect(compiled.toSorted()).toEqual(sources.map((path) => `dist/${path.replace(/\.ts$/, ".js")}`).toSorted());
  });

  it("is small", () => {
    expect(packed.size).toBeLessThan(4_000_000);
    for (const { path, size } of packed.files) if (path.endsWith(".node")) expect(size).toBeLessThan(1_200_000);
  });

  it("runs no script when it is installed", async () => {
    const manifest: { scripts?: Record<string, string> } = JSON.parse(
      await readFile(join(project.path, "node_modules/sidetone/package.json"), "utf8"),
    );
    const names = Object.keys(manifest.scripts ?? {});
    expect(names.filter((name) => /^(pre|post)?(install|prepare)$|^prepublish/.test(name))).toEqual([]);
    expect(packed.files.filter(({ path }) => path.endsWith(".gyp"))).toEqual([]);
  });

  it("brings one dependency", async () => {
    const names = (await readdir(join(project.path, "node_modules"))).filter((name) => !name.startsWith("."));
    expect(names.toSorted()).toEqual(["sidetone", "wavefile"]);
  });

  it("gives import and require the same classes", async () => {
    const source = `const required = require("sidetone"), kit = require("sidetone/testkit");
      import("sidetone").then(async (imported) => {
        console.log(imported.VoIPPhone === required.VoIPPhone, typeof kit.Registrar, typeof imported.engineInfo().engine);
      });`;
    const { stdout, stderr } = await succeed(script(source, { type: "commonjs" }));
    expect(stdout.trim()).toBe("true function string");
    expect(stderr).not.toMatch(/Error/);
  });

  it("exposes nothing but its entries", async () => {
    const { stderr } = await script('import "sidetone/dist/media/load.js";');
    expect(stderr).toContain("ERR_PACKAGE_PATH_NOT_EXPORTED");
  });

  it("has types that a strict consumer compiles against", async () => {
    await mkdir(join(project.path, "types"), { recursive: true });
    const source = `import { CallState, CredentialsManager, VoIPCall, VoIPPhone } from "sidetone";
import { Registrar } from "sidetone/testkit";
class Announcement extends VoIPCall {
  override async ringing(): Promise<void> {
    await this.answer();
    await this.play("hello.wav", { signal: AbortSignal.timeout(1000) });
    const state: CallState = this.state;
    if (state === CallState.ANSWERED) await this.hangup();
  }
}
const registrar: Registrar = new Registrar({ users: { a: "b" } });
const credentialsManager = new CredentialsManager();
export const phone: VoIPPhone = new VoIPPhone({ server: registrar.address, user: "a", credentialsManager, callClass: Announcement });
// @ts-expect-error no such option
new VoIPPhone({ user: "a", colour: "red" });
`;
    await writeFile(join(project.path, "types", "consumer.mts"), source);
    const tsc = join(root, "node_modules/typescript/bin/tsc");
    const flags = [
      "--ignoreConfig",
      "--noEmit",
      "--strict",
      "--target",
      "es2023",
      "--module",
      "nodenext",
      "--types",
      "node",
      "--typeRoots",
      join(root, "node_modules/@types"),
    ];
    expect(await run(process.execPath, [tsc, ...flags, "types/consumer.mts"], project.path)).toMatchObject({ status: 0, stdout: "" });
  });

  it("decodes a long WAV on a thread of its own", async () => {
    const source = `process.on("worker", (worker) => { console.log("worker"); worker.on("error", (error) => console.log(error.message)); });
      const { readWav } = await import("./node_modules/sidetone/dist/audio/wav.js");
      const { WavWriter } = await import("./node_modules/sidetone/dist/audio/WavWriter.js");
      const wav = await WavWriter.open("long.wav", 16000);
      wav.write(new Int16Array(16000 * 20).fill(1000));
      await wav.close();
      console.log((await readWav("long.wav")).length);`;
    const { stdout } = await succeed(script(source));
    expect(stdout.trim().split("\n")).toEqual(["worker", "160000"]);
  });
});

describe("the installed command", () => {
  it("tells which engine runs", async () => {
    const { status, events } = await sidetone(["doctor"]);
    expect(status).toBe(0);
    expect(events).toMatchObject([{ event: "doctor", engine: hasNative ? "native" : "typescript" }]);
  });

  it("goes on with the TypeScript engine where addons are not allowed, and says why", async () => {
    const { status, events } = await sidetone(["doctor"], { NODE_OPTIONS: "--no-addons" });
    expect(status).toBe(0);
    expect(events).toMatchObject([{ engine: "typescript", refused: expect.arrayContaining([expect.stringMatching(/\.node: /)]) }]);
  });

  it("goes on with the TypeScript engine where there is no addon, unless the native one is asked for", async () => {
    const prebuilds = join(project.path, "node_modules/sidetone/prebuilds");
    if (hasNative) await rename(prebuilds, `${prebuilds}.away`);
    try {
      expect(await sidetone(["doctor"])).toMatchObject({ status: 0, events: [{ engine: "typescript" }] });
      const wanted = await run("npx", ["--no-install", "sidetone", "doctor"], project.path, { SIDETONE_ENGINE: "native" });
      expect(wanted.status).toBe(8);
      expect(wanted.stderr).toContain("prebuilds/");
    } finally {
      if (hasNative) await rename(`${prebuilds}.away`, prebuilds);
    }
  });

  for (const engine of ["native", "typescript"] as const) {
    it(`makes the demo's call with the ${engine} engine`, async (context) => {
      if (engine === "native" && !hasNative) context.skip("npm run prebuildify builds it (needs cargo)");
      const { status, events } = await sidetone(["demo", "--engine", engine]);
      expect(events.find(({ event }) => event === "error")).toBeUndefined();
      expect(status).toBe(0);
      const result = events.find(({ event }) => event === "result");
      // It judges the correlation of said and heard itself.
      expect(result).toMatchObject({
        ok: true,
        engine,
        digits: "1234#",
        packetsLost: [0, 0],
        correlation: [expect.any(Number), expect.any(Number)],
      });
      const html = await readFile(join(project.path, "demo-out/call.html"), "utf8");
      expect(html).not.toMatch(/<script|src="(?!data:)|href=|url\(/);
      expect((await readFile(join(project.path, "demo-out/heard-by-bob.wav"))).length).toBeGreaterThan(100_000);
    });

    it(`carries a call with the ${engine} engine for a program of its own`, async (context) => {
      if (engine === "native" && !hasNative) context.skip("npm run prebuildify builds it (needs cargo)");
      const source = `import { VoIPCall, VoIPPhone } from "sidetone";
        class Answering extends VoIPCall { async ringing() { await this.answer(); } }
        const bob = new VoIPPhone({ user: "bob", bindIp: "127.0.0.1", bindPort: 0, callClass: Answering, acceptCalls: "any" });
        const alice = new VoIPPhone({ user: "alice", bindIp: "127.0.0.1", bindPort: 0 });
        await bob.start();
        await alice.start();
        const incoming = new Promise((resolve) => bob.once("incoming", resolve));
        const call = await alice.call("sip:bob@127.0.0.1:" + bob.localEndpoint.port);
        const taken = await incoming;
        const digit = new Promise((resolve) => taken.once("dtmf", resolve));
        await new Promise((resolve) => call.once("answered", resolve));
        call.writeAudio(new Uint8Array(1600).fill(0xc0));
        const heard = await taken.readAudio(3200);
        await call.sendDtmf("7");
        const result = { digit: await digit, loud: heard.filter((sample) => sample > 0xb0).length > 1000, engine: call.stats().engine };
        await call.hangup();
        await taken.ended;
        await alice.stop();
        await bob.stop();
        console.log(JSON.stringify(result));`;
      const { stdout } = await succeed(script(source, { env: { SIDETONE_ENGINE: engine } }));
      expect(JSON.parse(stdout)).toEqual({ digit: "7", loud: true, engine });
    });
  }
});

describe("npm", () => {
  it("has nothing to complain about in what it would publish", async () => {
    const { stderr } = await npm(["pack", "--dry-run"], root);
    expect(stderr).not.toMatch(/npm (warn|error)(?! Unknown)/i);
  });
});
