// @ts-check
// What does a far end hear while JavaScript does nothing for two seconds? Five seconds of audio are queued in a running call, then
// JavaScript is blocked. The receiver, a process of its own, notes when each packet comes and what is in it.
//
//   npm run bench -- stall [--json]
import process from "node:process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { machine, placed, stolenTime, Talker } from "./lib/machine.mjs";

const { values } = parseArgs({ options: { json: { type: "boolean", default: false } } });

/** @type {Record<string, unknown>[]} */
const results = [];
for (const engine of ["native", "typescript"]) {
  const before = stolenTime() ?? 0;
  const listener = new Talker(placed([process.execPath, fileURLToPath(new URL("stall/listener.mjs", import.meta.url))], { realTime: 20 }));
  const port = await listener.line();
  const speaker = new Talker([process.execPath, fileURLToPath(new URL("stall/speaker.mjs", import.meta.url)), engine, port]);
  const [heard, said] = await Promise.all([listener.json(), speaker.json()]);
  results.push({ engine, ...heard, ...said, stolen: (stolenTime() ?? 0) - before });
}
if (values.json) console.log(JSON.stringify({ machine: machine(), results }, null, 2));
else {
  console.log(`${machine()}\nJavaScript blocked for 2 s in a call, 5 s of audio queued before:`);
  console.table(
    results.map(({ engine, median, p99, longest, frames, missing, disordered, skipped, stolen }) => ({
      engine,
      "spacing median, ms": median,
      "99 %": p99,
      longest,
      "frames of 250 heard": frames,
      "packets lost": missing,
      "out of order": disordered,
      "frames skipped": skipped,
      "stolen, ms": stolen,
    })),
  );
}
