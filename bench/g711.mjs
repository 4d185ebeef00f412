// @ts-check
// G.711: nanoseconds for a frame of 160 samples. Rust for each level of vector instructions that the processor has, without
// JavaScript; TypeScript's tables against the npm package alawmulaw, in turns, each in a process of its own.
//
//   npm run bench -- g711 [--json]
import { execFileSync, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { buildExamples, machine, median, round } from "./lib/machine.mjs";

/** One of the two, in its process. */
class Contestant {
  /** @param {string} name @param {string} folder where npm installed the other */
  constructor(name, folder) {
    this.process = fork(fileURLToPath(new URL("g711/contestant.mjs", import.meta.url)), [name, folder]);
  }

  /** Nanoseconds of CPU for one frame. @param {import("./g711/contestant.mjs").Direction} direction @returns {Promise<number>} */
  async take(direction) {
    this.process.send(direction);
    const [nanoseconds] = await once(this.process, "message");
    return nanoseconds;
  }
}

const { values } = parseArgs({ options: { json: { type: "boolean", default: false } } });
/** @type {{ level: string, encodeUlaw: number, encodeAlaw: number, decodeUlaw: number, decodeAlaw: number }[]} */
const rust = JSON.parse(execFileSync(buildExamples("sidetone-engine", ["g711"])("g711")).toString());

const folder = mkdtempSync(join(tmpdir(), "sidetone-g711-"));
try {
  execFileSync("npm", ["install", "--silent", "--no-save", "--prefix", folder, "alawmulaw@6"], { stdio: "ignore", shell: process.platform === "win32" });
  /** @type {import("./g711/contestant.mjs").Direction[]} */
  const directions = ["µ-law encode", "A-law encode", "µ-law decode", "A-law decode"];
  const [sidetone, alawmulaw] = [new Contestant("sidetone", folder), new Contestant("alawmulaw", folder)];
  const typescript = [];
  for (const name of directions) {
    const [mine, others] = [/** @type {number[]} */ ([]), /** @type {number[]} */ ([])];
    for (let turn = 0; turn < 31; turn++) {
      mine.push(await sidetone.take(name));
      others.push(await alawmulaw.take(name));
    }
    typescript.push({ name, ours: median(mine), alawmulaw: median(others), times: median(others) / median(mine) });
  }
  sidetone.process.disconnect();
  alawmulaw.process.disconnect();
  if (values.json) console.log(JSON.stringify({ machine: machine(), rust, typescript }, null, 2));
  else {
    console.log(`${machine()}\nRust, ns for 160 samples (the least of many short runs):`);
    console.table(rust);
    console.log("TypeScript, ns for 160 samples (CPU time, medians of 31 turns):");
    console.table(typescript.map(({ name, times, ...each }) => ({ "": name, ours: round(each.ours, 0), alawmulaw: round(each.alawmulaw, 0), "times as fast": round(times, 1) })));
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
