// @ts-check
// What signalling costs: parsing and routing a message, against the other SIP parsers of npm; whole calls, over UDP on loopback and over a
// transport in memory, and what they leave in memory.
//
//   npm run bench -- sip [--only parse|calls] [--turns 60] [--calls 100000] [--json]
//
// CPU time throughout, so that a busy machine spoils little.
import { fork } from "node:child_process";
import { once } from "node:events";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { measureCalls } from "./sip/calls.mjs";
import { measureParsers } from "./sip/parse.mjs";

const { values } = parseArgs({
  options: {
    only: { type: "string" },
    turns: { type: "string", default: "60" },
    calls: { type: "string", default: "100000" },
    json: { type: "boolean", default: false },
    // For the processes of the single measurements.
    measure: { type: "string" },
  },
});

if (values.measure === undefined) await lead();
else await measure(values.measure);

/** @param {string} what */
async function measure(what) {
  if (what === "parse") process.send?.(await measureParsers(Number(values.turns)));
  else process.send?.(await measureCalls(what === "UDP" ? "UDP" : "memory", Number(values.calls)));
}

/** In a process of its own: no measurement finds what another has left. @param {string} what */
async function isolated(what) {
  if (!values.json) process.stderr.write(`${what === "parse" ? "parsers" : `${values.calls} calls over ${what}`} …\n`);
  const args = ["--measure", what, "--turns", values.turns, "--calls", values.calls];
  const child = fork(fileURLToPath(import.meta.url), args, { execArgv: ["--expose-gc"] });
  const ended = once(child, "exit").then(([code]) => {
    throw new Error(`measuring ${what} ended with status ${code}`);
  });
  const [result] = await Promise.race([once(child, "message"), ended]);
  child.disconnect();
  return result;
}

async function lead() {
  /** @type {import("./sip/parse.mjs").Row[]} */
  const parsers = values.only === "calls" ? [] : await isolated("parse");
  /** @type {import("./sip/calls.mjs").Result[]} */
  const calls = values.only === "parse" ? [] : [await isolated("UDP"), await isolated("memory")];
  if (values.json) {
    console.log(JSON.stringify({ parsers, calls }, null, 2));
    return;
  }
  if (parsers.length > 0) {
    console.table(
      parsers.map(({ message, parser, micros, times }) => ({
        message,
        parser,
        "µs a message (median)": hundredths(micros),
        "times ours": hundredths(times),
      })),
    );
  }
  for (const { transport, calls: count, lost, perSecond, perCPUSecond, memory } of calls) {
    const pace = `${perCPUSecond.toFixed(0)} a second of CPU time, ${perSecond.toFixed(0)} a second by the clock`;
    console.log(`${count} calls over ${transport}: ${pace}; one process was both ends; ${lost} got no answer`);
    console.table(memory.map(({ calls: done, rss, heap }) => ({ calls: done, "RSS, MB": megabytes(rss), "heap, MB": megabytes(heap) })));
  }
}

/** @param {number} value */
function hundredths(value) {
  return Number(value.toFixed(2));
}

/** @param {number} bytes */
function megabytes(bytes) {
  return Number((bytes / 2 ** 20).toFixed(1));
}
