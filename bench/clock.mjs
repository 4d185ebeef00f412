// @ts-check
// How evenly does each engine send? One session at a time sends its 50 packets a second to a receiver in another process, once with
// JavaScript idle and once with JavaScript blocked for 100 ms of every second, as by a large JSON.parse.
//
//   npm run bench -- clock [--seconds 60] [--json]
//
// Sender and receiver are processes of their own, so that nothing but the blocking disturbs them; the cases run one after another.
import { fork } from "node:child_process";
import { once } from "node:events";
import process from "node:process";
import { parseArgs } from "node:util";

/**
 * @typedef {{ count: number, median: number, p99: number, max: number, bursts: number }} Heard
 * @typedef {{ skipped: number, threadPriority: string }} Sent
 * @typedef {{ engine: string, javascript: string, seconds: number } & Heard & Sent} Result
 */

const { values } = parseArgs({ options: { seconds: { type: "string", default: "60" }, json: { type: "boolean", default: false } } });
const seconds = Number(values.seconds);

/** @type {Result[]} */
const results = [];
for (const engine of ["native", "typescript"]) {
  for (const javascript of ["idle", "blocked"]) {
    if (!values.json) process.stderr.write(`${engine}, JavaScript ${javascript}: ${seconds} s …\n`);
    results.push({ engine, javascript, seconds, ...(await run(engine, javascript)) });
  }
}

if (values.json) console.log(JSON.stringify(results, null, 2));
else {
  console.table(
    results.map(({ engine, javascript, count, median, p99, max, bursts, skipped }) => ({
      engine,
      JavaScript: javascript === "idle" ? "idle" : "blocked 100 ms/s",
      "packets (of)": `${count} (${seconds * 50})`,
      "spacing median, ms": round(median),
      "p99, ms": round(p99),
      "max, ms": round(max),
      "closer than 10 ms": bursts,
      "frames skipped": skipped,
    })),
  );
}

/** @param {import("node:child_process").ChildProcess} child */
async function message(child) {
  const ended = once(child, "exit").then(([code]) => {
    throw new Error(`${child.spawnfile} ended with status ${code} before its message`);
  });
  const [said] = await Promise.race([once(child, "message"), ended]);
  return said;
}

/** @param {number} milliseconds */
function round(milliseconds) {
  return Number(milliseconds.toFixed(2));
}

/** @param {string} engine @param {string} javascript @returns {Promise<Heard & Sent>} */
async function run(engine, javascript) {
  const receiver = fork(new URL("clock/receiver.mjs", import.meta.url), [String(seconds)]);
  const { port } = await message(receiver);
  const sender = fork(new URL("clock/sender.mjs", import.meta.url), [engine, javascript, String(port)]);
  const [heard, sent] = await Promise.all([
    // The receiver ends by itself when it has heard long enough; then the sender may stop.
    message(receiver).then((said) => {
      sender.send("stop");
      return said;
    }),
    message(sender),
  ]);
  return { ...heard, ...sent };
}
