// @ts-check
// Stands in for node-gyp when prebuildify runs: the addon is Rust, so `rebuild` means `napi build`.
//
// prebuildify asks one thing of node-gyp: one .node file in build/Release (build/Debug with --debug). It tells in
// PREBUILD_PLATFORM, PREBUILD_ARCH and PREBUILD_LIBC which machine the file is for. So there is no binding.gyp, and building
// needs neither Python, make nor Node's headers: only cargo.
//
//   npm run prebuildify                                                          for this machine
//   npm run prebuildify -- --platform linux --arch arm64 --libc musl --tag-libc  for another (SIDETONE_CROSS=zig)
import { rmSync } from "node:fs";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { NapiCli } from "@napi-rs/cli";

const targets = new Map([
  ["darwin-arm64", "aarch64-apple-darwin"],
  ["darwin-x64", "x86_64-apple-darwin"],
  ["linux-arm-glibc", "armv7-unknown-linux-gnueabihf"],
  ["linux-arm64-glibc", "aarch64-unknown-linux-gnu"],
  ["linux-arm64-musl", "aarch64-unknown-linux-musl"],
  ["linux-x64-glibc", "x86_64-unknown-linux-gnu"],
  ["linux-x64-musl", "x86_64-unknown-linux-musl"],
  ["win32-arm64", "aarch64-pc-windows-msvc"],
  ["win32-x64", "x86_64-pc-windows-msvc"],
]);

const { PREBUILD_PLATFORM, PREBUILD_ARCH, PREBUILD_LIBC, SIDETONE_CROSS } = process.env;
if (PREBUILD_PLATFORM === undefined || PREBUILD_ARCH === undefined) {
  throw new Error("this file is called by prebuildify: run `npm run prebuildify`");
}
const machine = [PREBUILD_PLATFORM, PREBUILD_ARCH, ...(PREBUILD_PLATFORM === "linux" ? [PREBUILD_LIBC] : [])].join("-");
const target = targets.get(machine);
if (target === undefined) throw new Error(`no Rust target for ${machine}: one of ${[...targets.keys()].join(", ")}`);

const cwd = fileURLToPath(new URL("..", import.meta.url));
const release = !process.argv.includes("--debug");
// prebuildify takes the first .node that it finds: an older one must not lie there. Cargo's own output stays in target/.
rmSync(new URL("../build/", import.meta.url), { recursive: true, force: true });
const { task } = await new NapiCli().build({
  cwd,
  package: "sidetone-addon",
  target,
  release,
  outputDir: `build/${release ? "Release" : "Debug"}`,
  // Relative to outputDir. Committed, so that TypeScript compiles where there is no cargo; CI checks that it did not change.
  dts: "../../ts/media/binding.ts",
  constEnum: false,
  noJsBinding: true,
  // CI builds Linux files for an old glibc (napi) or for musl (zig) on any Linux.
  crossCompile: SIDETONE_CROSS === "zig",
  useNapiCross: SIDETONE_CROSS === "napi",
});
await task;
// An older file under the machine's other name, with or without its libc, would be loaded in place of this one, which prebuildify
// moves there now.
for (const tag of ["", `.${PREBUILD_LIBC}`]) {
  rmSync(new URL(`../prebuilds/${PREBUILD_PLATFORM}-${PREBUILD_ARCH}/sidetone${tag}.node`, import.meta.url), { force: true });
}
