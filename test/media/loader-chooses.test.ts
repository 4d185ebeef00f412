import { afterEach, describe, expect, it } from "vitest";
import { SidetoneError } from "../../ts/error.ts";
import { EngineUnavailableError } from "../../ts/media/errors.ts";
import { engineInfo, loadEngine, loadFrom } from "../../ts/media/load.ts";
import { missingExports } from "../../ts/media/native.ts";
import { compiledForThisFile } from "./compiled.ts";
import { engine, info } from "./engine.ts";

const compiled = compiledForThisFile();
const show = `
  import { loadEngine } from "./dist/media/load.js";
  const { engine, info } = loadEngine();
  console.log(JSON.stringify({ name: engine.name, file: info.file, refused: info.refused }));
`;

describe("the engine of this run", () => {
  it("is the one that SIDETONE_ENGINE names", () => {
    expect(engine.name).toBe(process.env["SIDETONE_ENGINE"]);
    expect(info).toMatchObject({ engine: engine.name, machine: expect.stringMatching(`^${process.platform}-${process.arch}`) });
    expect(info.file === "").toBe(engine.name === "typescript");
    expect(engineInfo()).toBe(info);
  });

  it("is made once, whoever asks", () => {
    expect(loadEngine(engine.name).engine).toBe(engine);
    if (engine.name === "native") expect(loadEngine("").engine).toBe(engine);
  });
});

describe("without a word in the environment", () => {
  afterEach(() => compiled().usePrebuilds("those of the repository"));

  it("the TypeScript engine runs where there is no addon, and tells of each file why", async () => {
    await compiled().usePrebuilds("none");
    const { name, refused } = JSON.parse((await compiled().run(show)).stdout);
    expect(name).toBe("typescript");
    expect(refused.length).toBeGreaterThan(0);
    for (const line of refused) expect(line).toMatch(/^prebuilds\/.*sidetone.*\.node: Cannot find module/);
  });

  // Where there is an addon to refuse: without one, that is the reason.
  it.runIf(engine.name === "native")("the TypeScript engine runs where addons are off", async () => {
    const { name, refused } = JSON.parse((await compiled().run(show, {}, "--no-addons")).stdout);
    expect(name).toBe("typescript");
    expect(refused.join()).toMatch(/disabled|addons/i);
  });
});

describe("SIDETONE_ENGINE=native", () => {
  const native = { SIDETONE_ENGINE: "native" };
  afterEach(() => compiled().usePrebuilds("those of the repository"));

  it.runIf(engine.name === "native")("runs the addon", async () => {
    expect(JSON.parse((await compiled().run(show, native)).stdout)).toMatchObject({ name: "native", refused: [] });
  });

  it("fails where there is none, with the reason of each file", async () => {
    await compiled().usePrebuilds("none");
    const { code, stderr } = await compiled().run(show, native);
    expect(code).toBe(1);
    expect(stderr).toContain("EngineUnavailableError: SIDETONE_ENGINE=native, but no addon loads:");
    expect(stderr).toMatch(/^ {2}prebuilds\/.*sidetone\.node: Cannot find module/m);
    expect(stderr).toContain("npm run prebuildify");
  });

  it("fails where the file is no addon, and says so", async () => {
    await compiled().useAddon("this is not a shared library");
    const { code, stderr } = await compiled().run(show, native);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^ {2}prebuilds\/.*sidetone\.node: .*(invalid|too short|not a|mach-o|Win32)/im);
  });
});

describe("SIDETONE_ENGINE with any other word", () => {
  it("is an error that names the words there are", () => {
    expect(() => loadEngine("rust")).toThrow(SidetoneError);
    expect(() => loadEngine("rust")).toThrow(/"rust".*"native".*"typescript"/);
  });
});

it("nothing is loaded by importing the loader", async () => {
  const code = `
    import { readFileSync } from "node:fs";
    await import("./dist/media/load.js");
    console.log(process.platform === "linux" && readFileSync("/proc/self/maps", "latin1").includes("sidetone.") ? "loaded" : "lazy");
  `;
  expect((await compiled().run(code, { SIDETONE_ENGINE: "native" })).stdout).toBe("lazy");
});

const nowhere = () => new URL("../../prebuilds/", undefined);

it("a folder that cannot be named, as in a bundle made to CommonJS, is a reason and no crash", () => {
  expect(loadFrom("", nowhere).info).toMatchObject({ engine: "typescript", refused: [expect.stringContaining("Invalid URL"), expect.anything()] });
  expect(() => loadFrom("native", nowhere)).toThrow(EngineUnavailableError);
});

it("an addon from other sources is known by what it lacks", () => {
  const whole = { encode() {}, decode() {}, SessionCore() {}, MediaEngine() {} };
  const missing = missingExports(whole);
  expect(missing).toContain("MediaSession");
  expect(missing).toContain("MediaEngine.open");
  expect(missing).not.toContain("encode");
});
