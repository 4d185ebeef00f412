// @ts-check
// How many two-way calls does one core carry? Each call has a socket of its own, a jitter buffer, concealment at the ready, and its
// audio comes to JavaScript and goes back from there, in batches. The far ends are a process of their own on another core.
//
//   npm run bench -- calls [--calls 3000] [--seconds 8] [--rounds 3] [--engines floor,native,typescript] [--batch 100] [--no-ceiling]
//                          [--json]
//
// In each round every engine has its turn, the TypeScript one with a sixth of the calls: it must keep up to be measured. What counts is
// processor time for a call and 20 ms (a call-tick), of all the engine's threads, JavaScript's included; 20 ms divided by it is the ceiling.
// So many calls because a ceiling should be measured near itself: of what an engine costs, waking up 200 times a second with a cold cache
// is the same for few calls and for many. With 1,000 it made a call-tick of the native engine 0.6 µs dearer than with 3,000.
// `floor` is a bare loop of one receive and one send for each call.
// Then each engine carries 80 % of its ceiling, to show that it does so evenly: as often as there are rounds, and the run is told whose
// spacing is the median. Linux gives ordinary processes that starve on the engine's core 50 ms of a second, before any in real time: `waited`
// tells for how long the media thread was kept from its core.
import process from "node:process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { buildExamples, machine, median, placed, round, stolenTime, Talker } from "./lib/machine.mjs";

const { values } = parseArgs({
  options: {
    calls: { type: "string", default: "3000" },
    seconds: { type: "string", default: "8" },
    rounds: { type: "string", default: "3" },
    engines: { type: "string", default: "floor,native,typescript" },
    batch: { type: "string", default: "100" },
    "no-ceiling": { type: "boolean", default: false },
    json: { type: "boolean", default: false },
  },
});
const warmUp = 4;
const seconds = Number(values.seconds);
const engines = values.engines.split(",");
const example = buildExamples("sidetone-engine", ["load", "floor"]);
/** The engine runs on the first core, the far ends on the second. */
const [engineCore, loadCore] = [0, 1];

/**
 * @typedef {{ calls: number, perTick: number, received: number, memory: number, within: number, deviation99: number, lost: number,
 *   lostToUs: number, skipped: number, silent: number, waited: number, busy: number, refused: number, stolen: number | undefined, priority: string }} Carried
 */

/** @type {Map<string, Carried[]>} */
const rounds = new Map(engines.map((name) => [name, []]));
for (let count = 0; count < Number(values.rounds); count++) {
  for (const name of engines) {
    const calls = Math.ceil(Number(values.calls) / (name === "typescript" ? 6 : 1));
    note(`round ${count + 1} of ${values.rounds}: ${name}, ${calls} calls, ${seconds} s`);
    rounds.get(name)?.push(await carry(name, calls));
  }
}
const cost = new Map([...rounds].map(([name, all]) => [name, median(all.map(({ perTick }) => perTick))]));
const ceiling = new Map([...cost].map(([name, perTick]) => [name, Math.floor(20_000 / perTick)]));

/** @type {Map<string, Carried>} */
const full = new Map();
for (const name of values["no-ceiling"] ? [] : engines.filter((engine) => engine !== "floor")) {
  const calls = Math.floor((ceiling.get(name) ?? 0) * 0.8);
  const runs = [];
  for (let count = 0; count < Number(values.rounds); count++) {
    note(`80 % of the ceiling, ${count + 1} of ${values.rounds}: ${name}, ${calls} calls, ${seconds} s`);
    runs.push(await carry(name, calls));
  }
  const middle = runs.toSorted((one, other) => one.within - other.within)[runs.length >> 1];
  if (middle !== undefined) full.set(name, middle);
}

if (values.json) {
  const results = engines.map((name) => ({ engine: name, perTick: cost.get(name), ceiling: ceiling.get(name), rounds: rounds.get(name), full: full.get(name) }));
  console.log(JSON.stringify({ machine: machine(), calls: Number(values.calls), seconds, results }, null, 2));
} else {
  console.log(machine());
  console.table(
    engines.map((name) => ({
      engine: name,
      "µs CPU a call-tick": round(cost.get(name) ?? 0),
      "each round": rounds.get(name)?.map(({ perTick }) => round(perTick)).join(" "),
      "calls a core": ceiling.get(name),
      "KiB a call": name === "floor" ? "" : round(median(rounds.get(name)?.map(({ memory }) => memory) ?? []) / 1_024, 1),
      "lost by us": rounds.get(name)?.reduce((sum, { lostToUs }) => sum + lostToUs, 0),
      "stolen, ms": rounds.get(name)?.map(({ stolen }) => stolen).join(" "),
    })),
  );
  if (full.size > 0) {
    console.log("At 80 % of the ceiling:");
    console.table(
      [...full].map(([name, carried]) => ({
        engine: name,
        calls: carried.calls,
        "µs CPU a call-tick": round(carried.perTick),
        "spacing within 20 ± 2 ms, %": round(carried.within * 100),
        "99 % within 20 ± … ms": carried.deviation99,
        "frames skipped": carried.skipped,
        "lost by us": carried.lostToUs,
        "generator busy, %": round(carried.busy * 100, 0),
        "thread priority": carried.priority,
        "waited, ms": round(carried.waited, 0),
        "stolen, ms": carried.stolen,
      })),
    );
  }
}

/** @param {string} text */
function note(text) {
  if (!values.json) process.stderr.write(`${text} …\n`);
}

/** @param {string} name @param {number} calls @returns {Promise<Carried>} */
async function carry(name, calls) {
  const load = new Talker(placed([example("load"), String(warmUp), String(seconds)], { core: loadCore, realTime: 10 }));
  const farEnds = (await load.line()).split(" ");
  const stolen = stolenTime();
  const command =
    name === "floor"
      ? [example("floor"), String(calls), String(warmUp), String(seconds), ...farEnds]
      : [process.execPath, fileURLToPath(new URL("calls/engine.mjs", import.meta.url)), name, String(calls), values.batch, ...farEnds];
  const engine = new Talker(placed(command, { core: engineCore, realTime: 5 }));
  load.say(await engine.line());
  const { perTick, ...counted } = name === "floor" ? await bare(engine) : await observed(engine);
  const heard = await load.json();
  engine.process.stdin.end();
  const now = stolenTime();
  return {
    calls,
    perTick,
    ...counted,
    within: heard.within,
    deviation99: heard.deviation99,
    lost: heard.lost,
    busy: heard.busy,
    refused: heard.refused,
    stolen: stolen === undefined || now === undefined ? undefined : now - stolen,
  };
}

/** @param {Talker} engine */
async function bare(engine) {
  const { ticks, cpu, received } = await engine.json();
  return { perTick: cpu / ticks, received, memory: 0, lostToUs: 0, skipped: 0, silent: 0, waited: 0, priority: "" };
}

/** @param {Talker} engine */
async function observed(engine) {
  await later(warmUp * 1_000);
  engine.say("");
  const before = await engine.json();
  await later(seconds * 1_000 - 500);
  engine.say("");
  const after = await engine.json();
  return {
    perTick: (after.cpu - before.cpu) / (after.packetsSent - before.packetsSent),
    received: after.packetsReceived - before.packetsReceived,
    memory: after.memory,
    lostToUs: after.packetsLost - before.packetsLost,
    skipped: after.framesSkipped - before.framesSkipped,
    silent: after.framesSilent - before.framesSilent,
    waited: after.waited - before.waited,
    priority: after.priority,
  };
}

/** @param {number} milliseconds @returns {Promise<void>} */
function later(milliseconds) {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
  });
}
