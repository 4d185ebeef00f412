import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { addonFiles } from "../../ts/media/load.ts";

// Our own loader keeps the reasons, knows musl off Alpine, and needs no package. But the names are prebuildify's, so node-gyp-build
// must find the same file of a package that holds all of them.
const machines: [platform: string, arch: string, libc: string | undefined, file: string][] = [
  ["linux", "x64", "glibc", "linux-x64/sidetone.glibc.node"],
  ["linux", "x64", "musl", "linux-x64/sidetone.musl.node"],
  ["linux", "arm64", "glibc", "linux-arm64/sidetone.glibc.node"],
  ["linux", "arm64", "musl", "linux-arm64/sidetone.musl.node"],
  ["linux", "arm", "glibc", "linux-arm/sidetone.armv7.glibc.node"],
  ["darwin", "x64", undefined, "darwin-x64/sidetone.node"],
  ["darwin", "arm64", undefined, "darwin-arm64/sidetone.node"],
  ["win32", "x64", undefined, "win32-x64/sidetone.node"],
  ["win32", "arm64", undefined, "win32-arm64/sidetone.node"],
];

const folder = mkdtempSync(join(tmpdir(), "sidetone-"));
beforeAll(() => {
  for (const [, , , file] of machines) {
    mkdirSync(dirname(join(folder, "prebuilds", file)), { recursive: true });
    writeFileSync(join(folder, "prebuilds", file), "");
  }
});
afterAll(() => rmSync(folder, { recursive: true }));

/** node-gyp-build reads these when it is loaded. */
function nodeGypBuild(platform: string, arch: string, libc: string | undefined): string {
  const require = createRequire(import.meta.url);
  const path = require.resolve("node-gyp-build/node-gyp-build.js");
  const before = { ...process.env };
  Object.assign(process.env, { npm_config_platform: platform, npm_config_arch: arch, LIBC: libc ?? "glibc", ARM_VERSION: arch === "arm" ? "7" : "8" });
  try {
    delete require.cache[path];
    const { resolve }: { resolve: (root: string) => string } = require(path);
    return relative(join(folder, "prebuilds"), resolve(folder)).replaceAll("\\", "/");
  } finally {
    for (const name of ["npm_config_platform", "npm_config_arch", "LIBC", "ARM_VERSION"]) delete process.env[name];
    Object.assign(process.env, before);
  }
}

it.each(machines)("%s %s %s", (platform, arch, libc, file) => {
  expect(addonFiles(platform, arch, libc)[0]).toBe(file);
  expect(nodeGypBuild(platform, arch, libc)).toBe(file);
});

it("what a developer's own build leaves, without its libc, is found last", () => {
  expect(addonFiles("linux", "x64", "glibc")[1]).toBe("linux-x64/sidetone.node");
});
