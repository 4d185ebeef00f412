// @ts-check
// All figures of the media plane in one table; each comes from its own benchmark, which tells more: `npm run bench -- <name>`.
//
//   npm run bench
import { spawnSync } from "node:child_process";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { machine, round } from "./lib/machine.mjs";

/** @type {{ figure: string, measured: string | number, wanted: string }[]} */
const table = [];

/** @param {string} figure @param {string | number} measured @param {string} wanted */
function tell(figure, measured, wanted) {
  table.push({ figure, measured, wanted });
}

/** What a benchmark found; undefined when it does not run here. @param {string} name @param {readonly string[]} options @returns {any} */
function run(name, ...options) {
  process.stderr.write(`${name} …\n`);
  const file = fileURLToPath(new URL(`${name}.mjs`, import.meta.url));
  const { stdout } = spawnSync(process.execPath, [file, "--json", ...options], { stdio: ["ignore", "pipe", "inherit"], maxBuffer: 1 << 26 });
  try {
    return JSON.parse(stdout.toString());
  } catch {
    tell(`${name}: did not run`, "", "");
    return undefined;
  }
}

const g711 = run("g711");
for (const { level, encodeUlaw, encodeAlaw, decodeUlaw, decodeAlaw } of g711?.rust ?? []) {
  const wanted = level === "avx2" ? "≤ 30, 30, 20, 31" : "";
  tell(`G.711, ns for 160 samples, ${level}: encode µ, A, decode µ, A`, `${encodeUlaw}, ${encodeAlaw}, ${decodeUlaw}, ${decodeAlaw}`, wanted);
}
const slowest = Math.min(...(g711?.typescript ?? []).map((/** @type {{ times: number }} */ { times }) => times));
if (g711 !== undefined) tell("G.711 in TypeScript, times as fast as alawmulaw (the least of four)", round(slowest, 1), "≥ 5");

const rtp = run("rtp");
if (rtp !== undefined) {
  tell("RTP, ns for a packet: read, write", `${rtp.rust.parse}, ${rtp.rust.write}`, "≤ 5, ≤ 10");
  tell("RTP in TypeScript, ns for a packet: read, write", `${rtp.typescript.parse}, ${rtp.typescript.write}`, "");
}

const calls = run("calls", "--seconds", "5");
for (const { engine, perTick, ceiling, rounds, full } of calls?.results ?? []) {
  const wanted = engine === "native" ? "≥ 4000" : engine === "typescript" ? "≥ 800" : "the system calls alone";
  tell(`${engine}: calls a core (µs CPU a call-tick)`, `${ceiling} (${round(perTick)})`, wanted);
  if (full === undefined) continue;
  const lost = rounds.reduce((/** @type {number} */ sum, /** @type {{ lostToUs: number }} */ { lostToUs }) => sum + lostToUs, full.lostToUs);
  tell(`${engine}: % of spacing within 20 ± 2 ms at ${full.calls} calls`, round(full.within * 100), engine === "native" ? "≥ 99" : "");
  tell(`${engine}: packets lost by us`, lost, engine === "native" ? "0" : "");
  tell(`${engine}: KiB a call`, round(rounds[0].memory / 1_024, 1), engine === "native" ? "≤ 24" : "");
}

for (const { engine, median, longest, frames, missing } of run("stall")?.results ?? []) {
  const wanted = engine === "native" ? "20, 250, 0" : "";
  tell(`${engine}: JavaScript blocked 2 s: median and longest spacing ms, frames of 250, lost`, `${median}, ${longest}, ${frames}, ${missing}`, wanted);
}

const jitter = run("jitter");
if (jitter?.mean !== undefined) tell("jitter buffer, mean of the traces: % concealed, ms", `${jitter.mean.concealed}, ${jitter.mean.meanDelay}`, "≤ 1.0, ≤ 60");

console.log(machine());
console.table(table);
