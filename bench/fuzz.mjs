// @ts-check
// Feeds mutated messages, streams, descriptions, authentication headers, and a whole user agent with what it would rather not receive.
//
//   npm run bench -- fuzz [--inputs 1000000] [--processes 2] [--seed <number>] [--keep <folder>]
//
// Fails when anything but a parse error is thrown, an input takes more than 1 ms a KB, something is left over, or memory grows.
// What it finds is printed and written to --keep at once; when mended, such an input belongs into test/vectors/fuzz/.
import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { fuzz } from "./fuzz/run.mjs";

/** Bytes that a heap may differ from one measurement to the next without having grown. */
const SLACK = 8 * 1024 * 1024;

const { values } = parseArgs({
  options: {
    inputs: { type: "string", default: "1000000" },
    processes: { type: "string", default: "2" },
    seed: { type: "string", default: String(Date.now() % 1_000_000) },
    keep: { type: "string" },
  },
});
const inputs = Number(values.inputs);
const seed = Number(values.seed);
const processes = Number(values.processes);

/** Findings that this worker has told of. */
let told = 0;

if (process.send === undefined) await lead();
else await work();

/** Starts the workers, adds up what they found. */
async function lead() {
  console.log(`${inputs} inputs in ${processes} processes, seed ${seed}`);
  const start = performance.now();
  const self = fileURLToPath(import.meta.url);
  /** @type {import("./fuzz/run.mjs").Report[]} */
  const results = await Promise.all(
    Array.from({ length: processes }, async (_, n) => {
      const share = Math.floor(inputs / processes) + (n < inputs % processes ? 1 : 0);
      const args = ["--inputs", String(share), "--seed", String(seed + n), ...(values.keep === undefined ? [] : ["--keep", values.keep])];
      const child = fork(self, args, { execArgv: ["--expose-gc"], serialization: "advanced" });
      const ended = once(child, "exit").then(([code]) => {
        throw new Error(`worker ${n} ended with status ${code}`);
      });
      const [report] = await Promise.race([once(child, "message"), ended]);
      child.disconnect();
      return report;
    }),
  );
  /** @type {Record<string, number>} */
  const counts = {};
  for (const { inputs: own } of results) for (const [target, count] of Object.entries(own)) counts[target] = (counts[target] ?? 0) + count;
  const findings = results.reduce((sum, result) => sum + result.findings.length, 0);
  console.table(counts);
  const slowest = results.map((result) => result.slowest).toSorted((a, b) => b.perKB - a.perKB)[0];
  console.log(`slowest: ${slowest?.perKB.toFixed(3)} ms/KB (${slowest?.target}, ${slowest?.bytes} bytes); allowed: 1`);
  const grown = results.map(({ heap }) => (heap.at(-1) ?? 0) - Math.max(...heap.slice(0, 3)));
  for (const { heap } of results) console.log(`heap after each tenth, MB: ${heap.map((bytes) => (bytes / 2 ** 20).toFixed(1)).join(" ")}`);
  const grew = grown.some((bytes) => bytes > SLACK);
  const seconds = ((performance.now() - start) / 1000).toFixed(0);
  console.log(`${findings} findings${grew ? ", memory GREW" : ", memory did not grow"}; ${seconds} s`);
  process.exitCode = findings > 0 || grew ? 1 : 0;
}

/** @param {string} path */
function dist(path) {
  return import(new URL(`../dist/${path}/index.js`, import.meta.url).href);
}

async function work() {
  const [sip, auth, sdp, net, testkit] = await Promise.all(["sip", "sip/auth", "sdp", "net", "testkit"].map(dist));
  const report = await fuzz({ sip, auth, sdp, net, testkit }, {
    inputs,
    seed,
    onProgress: (done, { findings }) => console.log(`seed ${seed}: ${done} inputs, ${findings.length} findings`),
    onFinding: tell,
  });
  process.send?.(report);
}

/** At once: a long run may be stopped before its end. @param {import("./fuzz/run.mjs").Finding} finding */
function tell({ target, input, error }) {
  console.log(`\n${target}, seed ${seed}, ${input.length} bytes:\n${error}\n${JSON.stringify(input.subarray(0, 600).toString("latin1"))}`);
  if (values.keep === undefined) return;
  mkdirSync(values.keep, { recursive: true });
  writeFileSync(join(values.keep, `${target}-${seed}-${told++}`), input);
}
