// @ts-check
// G.711: nanoseconds for a frame of 160 samples. Rust for each level of vector instructions that the processor has, without
// JavaScript; TypeScript's tables against the npm package alawmulaw, in turns.
//
//   npm run bench -- g711 [--json]
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import { decode, encode } from "../dist/media/typescript/g711.js";
import { buildExamples, machine, median, round } from "./lib/machine.mjs";

const { values } = parseArgs({ options: { json: { type: "boolean", default: false } } });
/** @type {{ level: string, encodeUlaw: number, encodeAlaw: number, decodeUlaw: number, decodeAlaw: number }[]} */
const rust = JSON.parse(execFileSync(buildExamples("sidetone-engine", ["g711"])("g711")).toString());

const folder = mkdtempSync(join(tmpdir(), "sidetone-g711-"));
try {
  execFileSync("npm", ["install", "--silent", "--no-save", "--prefix", folder, "alawmulaw@6"], { stdio: "ignore", shell: process.platform === "win32" });
  const { mulaw, alaw } = createRequire(join(folder, "/"))("alawmulaw");
  const samples = Int16Array.from({ length: 160 }, (_, index) => ((index * 7_919) % 65_536) - 32_768);
  const codes = new Uint8Array(160);
  const heard = new Int16Array(160);
  /** @type {Record<string, { ours: () => unknown, theirs: () => unknown }>} */
  const cases = {
    "µ-law encode": { ours: () => encode("PCMU", samples, codes), theirs: () => mulaw.encode(samples) },
    "A-law encode": { ours: () => encode("PCMA", samples, codes), theirs: () => alaw.encode(samples) },
    "µ-law decode": { ours: () => decode("PCMU", codes, heard), theirs: () => mulaw.decode(codes) },
    "A-law decode": { ours: () => decode("PCMA", codes, heard), theirs: () => alaw.decode(codes) },
  };
  const typescript = Object.entries(cases).map(([name, { ours, theirs }]) => {
    const [mine, others] = [/** @type {number[]} */ ([]), /** @type {number[]} */ ([])];
    for (let turn = 0; turn < 60; turn++) {
      mine.push(time(ours));
      others.push(time(theirs));
    }
    return { name, ours: median(mine), alawmulaw: median(others), times: median(others) / median(mine) };
  });
  if (values.json) console.log(JSON.stringify({ machine: machine(), rust, typescript }, null, 2));
  else {
    console.log(`${machine()}\nRust, ns for 160 samples (the least of many short runs):`);
    console.table(rust);
    console.log("TypeScript, ns for 160 samples (medians of 60 turns):");
    console.table(typescript.map(({ name, ours, alawmulaw, times }) => ({ "": name, ours: round(ours, 0), alawmulaw: round(alawmulaw, 0), "times as fast": round(times, 1) })));
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** Nanoseconds of one call. @param {() => unknown} work */
function time(work) {
  const start = performance.now();
  for (let index = 0; index < 4_000; index++) work();
  return ((performance.now() - start) * 1e6) / 4_000;
}
