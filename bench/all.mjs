// @ts-check
// All figures in one table; each comes from its own benchmark, which tells more: `npm run bench -- <name>`. Takes some ten minutes.
//
//   npm run bench [-- all [--traces folder] [--json]]
//
// `--traces`: see bench/jitter.mjs.
import { spawnSync } from "node:child_process";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { machine, round } from "./lib/machine.mjs";

const { values } = parseArgs({ options: { traces: { type: "string" }, json: { type: "boolean", default: false } } });

/** @type {{ figure: string, measured: string | number, wanted: string }[]} */
const table = [];

/** @param {string} figure @param {string | number} measured @param {string} wanted */
function tell(figure, measured, wanted) {
  table.push({ figure, measured, wanted });
}

/** What a benchmark found; undefined when it does not run here. @param {string} name @param {readonly string[]} options @returns {any} */
function run(name, ...options) {
  const begin = performance.now();
  process.stderr.write(`${name} …`);
  const file = fileURLToPath(new URL(`${name}.mjs`, import.meta.url));
  const { stdout } = spawnSync(process.execPath, [file, "--json", ...options], { stdio: ["ignore", "pipe", "inherit"], maxBuffer: 1 << 26 });
  process.stderr.write(` ${round((performance.now() - begin) / 1_000, 0)} s\n`);
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
  const measured = `${median}, ${longest}, ${frames}, ${missing}`;
  tell(`${engine}: JavaScript blocked 2 s: median and longest spacing ms, frames of 250, lost`, measured, wanted);
}

const jitter = run("jitter", ...(values.traces === undefined ? [] : ["--traces", values.traces]));
if (jitter !== undefined) {
  const { concealed, meanDelay, stretched, unplayed, p95Delay, nsPerTick } = jitter.mean;
  tell(`jitter buffer, mean of ${jitter.traces.length} traces: % concealed, mean delay ms`, list(concealed, meanDelay), "≤ 1.0, ≤ 60");
  tell("and % stretched, % never played, 95 % delay ms, ns a tick", list(stretched, unplayed, p95Delay, nsPerTick), "");
}

const concealment = run("concealment");
for (const { name, scores } of concealment?.conditions ?? []) {
  const methods = Object.entries(scores).map(([method, { logSpectralDistance }]) => `${method} ${round(logSpectralDistance)}`);
  tell(`concealment, ${name} lost: log-spectral distance dB`, methods.join(", "), "sidetone ≤ Appendix I");
}
if (concealment !== undefined) tell("concealment, µs for a lost frame", round(concealment.microsecondsPerLostFrame), "≤ 3");

const parsers = run("sip", "--only", "parse", "--turns", "20");
for (const { message, parser, micros, times } of parsers?.parsers ?? []) {
  tell(`SIP ${message}, ${parser}: µs a message (times ours)`, list(micros, times), "");
}
const dialogs = run("sip", "--only", "calls", "--calls", "20000");
for (const { transport, perCPUSecond } of dialogs?.calls ?? []) {
  tell(`SIP calls over ${transport}, both ends: a second of CPU time`, round(perCPUSecond, 0), "");
}

if (values.json) console.log(JSON.stringify({ machine: machine(), table }, null, 2));
else {
  console.log(machine());
  console.table(table);
}

/** @param {readonly number[]} figures */
function list(...figures) {
  return figures.map((figure) => round(figure)).join(", ");
}
