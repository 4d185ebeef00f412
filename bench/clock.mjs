// @ts-check
// How evenly does each engine send? One session at a time sends its 50 packets a second to a receiver in another process, once with
// JavaScript idle and once with JavaScript blocked for 100 ms of every second, as by a large JSON.parse.
//
//   npm run bench -- clock [--seconds 60] [--json]
//
// Sender and receiver are processes of their own, so that nothing but the blocking disturbs them; the cases run one after another.
import { fork, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

/**
 * @typedef {{ count: number, median: number, p99: number, max: number, bursts: number }} Heard
 * @typedef {{ skipped: number, threadPriority: string }} Sent
 * @typedef {{ engine: string, javascript: string, seconds: number, stolen: number | undefined } & Heard & Sent} Result
 */

const { values } = parseArgs({ options: { seconds: { type: "string", default: "60" }, json: { type: "boolean", default: false } } });
const seconds = Number(values.seconds);

/** @type {Result[]} */
const results = [];
for (const engine of ["native", "typescript"]) {
  for (const javascript of ["idle", "blocked"]) {
    if (!values.json) process.stderr.write(`${engine}, JavaScript ${javascript}: ${seconds} s …\n`);
    const before = stolenTime();
    const measured = await run(engine, javascript);
    const after = stolenTime();
    results.push({ engine, javascript, seconds, stolen: before === undefined || after === undefined ? undefined : after - before, ...measured });
  }
}

if (values.json) console.log(JSON.stringify(results, null, 2));
else {
  console.table(
    results.map(({ engine, javascript, count, median, p99, max, bursts, skipped, stolen }) => ({
      engine,
      JavaScript: javascript === "idle" ? "idle" : "blocked 100 ms/s",
      "packets (of)": `${count} (${seconds * 50})`,
      "spacing median, ms": round(median),
      "p99, ms": round(p99),
      "max, ms": round(max),
      "closer than 10 ms": bursts,
      "frames skipped": skipped,
      "stolen, ms": stolen,
    })),
  );
}

/** In real time where the system lets us (Linux, as root): what is measured is when packets come, not how long this process waits. */
function startReceiver() {
  const command = [process.execPath, fileURLToPath(new URL("clock/receiver.mjs", import.meta.url)), String(seconds)];
  const realTime = ["chrt", "--rr", "20"];
  const isPermitted = spawnSync("chrt", [...realTime.slice(1), "true"], { stdio: "ignore" }).status === 0;
  const [file = "", ...options] = isPermitted ? [...realTime, ...command] : command;
  return spawn(file, options, { stdio: ["inherit", "inherit", "inherit", "ipc"] });
}

/** @param {import("node:child_process").ChildProcess} child */
async function message(child) {
  const ended = once(child, "exit").then(([code]) => {
    throw new Error(`${child.spawnfile} ended with status ${code} before its message`);
  });
  const [said] = await Promise.race([once(child, "message"), ended]);
  return said;
}

/** Milliseconds for which a hypervisor gave this virtual machine's processors to others. No engine can send then. */
function stolenTime() {
  try {
    const [, steal] = /^cpu(?: +\d+){7} +(\d+)/.exec(readFileSync("/proc/stat", "latin1")) ?? [];
    return Number(steal) * 10;
  } catch {
    return undefined;
  }
}

/** @param {number} milliseconds */
function round(milliseconds) {
  return Number(milliseconds.toFixed(2));
}

/** @param {string} engine @param {string} javascript @returns {Promise<Heard & Sent>} */
async function run(engine, javascript) {
  const receiver = startReceiver();
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
