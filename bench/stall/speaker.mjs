// @ts-check
// Queues five seconds of numbered frames in a running call, and blocks JavaScript for two of them.
import process from "node:process";
import { loadEngine } from "../../dist/media/load.js";
import { decode } from "../../dist/media/typescript/g711.js";
import { plainStream } from "../lib/plainStream.mjs";

const [name, port] = process.argv.slice(2);
const { engine } = loadEngine(name);
// A session does not hold the process open.
const alive = setInterval(() => {}, 1_000);
const session = await engine.open({ address: "127.0.0.1", portLow: 20_000, portHigh: 32_000 });
session.configure({ ...plainStream("127.0.0.1", Number(port)), direction: "sendonly" });
await later(200);
const frames = new Int16Array(250 * 160);
const level = new Int16Array(1);
for (let frame = 0; frame < 250; frame++) {
  decode("PCMU", Uint8Array.of(0x80 + (frame % 100)), level);
  frames.fill(level[0] ?? 0, frame * 160, (frame + 1) * 160);
}
session.write(frames);
await later(1_000);
const end = performance.now() + 2_000;
while (performance.now() < end);
await session.whenQueued(0);
await later(200);
const { framesSkipped: skipped } = session.statistics();
await session.close();
clearInterval(alive);
process.stdout.write(`${JSON.stringify({ skipped })}\n`);

/** @param {number} milliseconds @returns {Promise<void>} */
function later(milliseconds) {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
  });
}
