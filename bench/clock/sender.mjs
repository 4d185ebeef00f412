// @ts-check
// One session of the engine in its first argument sends silence to the port in its third.
import { once } from "node:events";
import process from "node:process";
import { loadEngine } from "../../dist/media/load.js";
import { plainStream } from "../lib/plainStream.mjs";

const [engineName, javascript, port] = process.argv.slice(2);
const { engine, info } = loadEngine(engineName);
const session = await engine.open({ address: "127.0.0.1", portLow: 20_000, portHigh: 40_000 });
session.configure({ ...plainStream("127.0.0.1", Number(port)), direction: "sendonly" });

if (javascript === "blocked") {
  setInterval(() => {
    const end = performance.now() + 100;
    while (performance.now() < end);
  }, 1_000).unref();
}

await once(process, "message");
const { framesSkipped } = session.statistics();
await session.close();
process.send?.({ skipped: framesSkipped, threadPriority: info.threadPriority });
process.disconnect();
