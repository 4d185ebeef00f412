// @ts-check
// The Rust tests under the address sanitizer: reads and writes beyond an allocation, after it is freed, or of what was never set aside
// end the test. With --fuzz also the fuzz targets, each for so many seconds, as far as cargo-fuzz is installed (crates/fuzz/README.md).
//
//   npm run sanitize [-- [--fuzz 600] [--targets rtp,rtcp,dtmf,jitter,session]]
//
// The sanitizer is an unstable option of rustc: RUSTC_BOOTSTRAP lets a stable one take it. Linux and macOS.
import { execFileSync, spawnSync } from "node:child_process";
import { join } from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import { root } from "./setup.mjs";

const { values } = parseArgs({
  options: { fuzz: { type: "string" }, targets: { type: "string", default: "rtp,rtcp,dtmf,jitter,session" } },
});
const [, machine = ""] = /^host: (.+)$/m.exec(execFileSync("rustc", ["-vV"]).toString()) ?? [];
const crates = ["-p", "sidetone-media", "-p", "sidetone-engine"];

// Flags of its own need objects of their own: beside the usual ones, not in their place. A target named aloud keeps build scripts free
// of the sanitizer.
run("cargo", ["test", "--locked", "--target", machine, ...crates], root, {
  RUSTFLAGS: "-Zsanitizer=address",
  CARGO_TARGET_DIR: join(process.env["CARGO_TARGET_DIR"] ?? join(root, "target"), "sanitize"),
});
for (const target of values.fuzz === undefined ? [] : values.targets.split(",")) {
  run("cargo", ["fuzz", "run", target, "--fuzz-dir", "../fuzz", "--", `-max_total_time=${values.fuzz}`], join(root, "crates", "media"), {});
}

/** @param {string} command @param {readonly string[]} options @param {string} cwd @param {Record<string, string>} env */
function run(command, options, cwd, env) {
  console.log(`${command} ${options.join(" ")}`);
  const { status } = spawnSync(command, options, { cwd, stdio: "inherit", env: { ...process.env, RUSTC_BOOTSTRAP: "1", ...env } });
  if (status !== 0) process.exit(status ?? 1);
}
