// @ts-check
// What does a listener lose, and how long does he wait? Replays packet arrivals through the jitter buffer of both engines, with speech.
//
//   npm run bench -- jitter [--traces folder] [--seed 1] [--json]
//
// A trace is a file tK_sS.txt, K being the kind of network (bench/jitter/traces.mjs) and S a seed; a line is a packet of 20 ms:
// `sequence send_ms arrival_ms lost`. Without a folder the traces are made from the seed. Frames are played every 20 ms, their moment
// within the sender's 20 ms differs from trace to trace.
//
// Delay is when a packet's first sample is played, less when it was sent, less the least network delay of its trace. Concealed is the
// share of the samples played that were made up because a packet was late or lost; stretched, of those left out or inserted to
// change the delay; unplayed, of the packets that arrived and of which nothing was played.
import process from "node:process";
import { parseArgs } from "node:util";
import { replay, speech, timeTicks } from "./jitter/replay.mjs";
import { KINDS, makeTraces, readTraces } from "./jitter/traces.mjs";

const { values } = parseArgs({
  options: { traces: { type: "string" }, seed: { type: "string", default: "1" }, json: { type: "boolean", default: false } },
});

const traces = values.traces === undefined ? makeTraces(Number(values.seed)) : readTraces(values.traces);
if (traces.length === 0) {
  process.stderr.write(`${values.traces} has no files tK_sS.txt\n`);
  process.exit(1);
}

const { loadEngine } = await import("../dist/media/load.js");
const native = loadEngine("native").engine;
const typescript = loadEngine("typescript").engine;
const audio = speech(typescript);

/** @typedef {import("./jitter/replay.mjs").Outcome & { name: string, nsPerTick: number, nsPerTickTypeScript: number }} Row */
/** @type {Row[]} */
const rows = [];
for (const [index, trace] of traces.entries()) {
  const phase = (index * 7.3) % 20;
  const { samples, ...outcome } = replay(native, trace, audio, phase);
  const twin = replay(typescript, trace, audio, phase);
  if (!samples.equals(twin.samples)) throw new Error(`${trace.name}: the two engines do not sound the same`);
  rows.push({
    name: trace.name,
    ...outcome,
    nsPerTick: timeTicks(native, trace, audio, phase),
    nsPerTickTypeScript: timeTicks(typescript, trace, audio, phase),
  });
}

const mean = average(rows);
if (values.json) console.log(JSON.stringify({ traces: rows, mean }, null, 2));
else {
  const kinds = KINDS.map((kind, number) => {
    const same = rows.filter(({ name }) => name.startsWith(`t${number}_`));
    return same.length === 0 ? [] : [[`t${number} ${kind}`, average(same)]];
  }).flat();
  console.log("each trace");
  console.table(Object.fromEntries(rows.map(({ name, ...row }) => [name, rounded(row)])));
  console.log("mean of each kind of network");
  console.table(Object.fromEntries([...kinds, ["all", mean]].map(([name, row]) => [name, rounded(row)])));
}

/** @param {readonly Omit<Row, "name">[]} all */
function average(all) {
  const of = (/** @type {keyof Omit<Row, "name">} */ field) => all.reduce((sum, row) => sum + row[field], 0) / all.length;
  return {
    concealed: of("concealed"),
    stretched: of("stretched"),
    unplayed: of("unplayed"),
    meanDelay: of("meanDelay"),
    p95Delay: of("p95Delay"),
    nsPerTick: of("nsPerTick"),
    nsPerTickTypeScript: of("nsPerTickTypeScript"),
  };
}

/** @param {Omit<Row, "name">} row */
function rounded(row) {
  return {
    "concealed %": Number(row.concealed.toFixed(2)),
    "stretched %": Number(row.stretched.toFixed(2)),
    "unplayed %": Number(row.unplayed.toFixed(2)),
    "delay mean, ms": Number(row.meanDelay.toFixed(1)),
    "p95, ms": Number(row.p95Delay.toFixed(1)),
    "ns a tick, native": Math.round(row.nsPerTick),
    "TypeScript": Math.round(row.nsPerTickTypeScript),
  };
}
