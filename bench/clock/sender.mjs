// @ts-check
// One session of the engine in its first argument sends silence to the port in its third.
import { once } from "node:events";
import process from "node:process";
import { loadEngine } from "../../dist/media/load.js";

const [engineName, javascript, port] = process.argv.slice(2);
const { engine, info } = loadEngine(engineName);
const session = await engine.open({ address: "127.0.0.1", portLow: 20_000, portHigh: 40_000 });
session.configure({
  direction: "sendonly",
  remoteAddress: "127.0.0.1",
  remotePort: Number(port),
  sendPayloadType: 0,
  sendEncoding: "PCMU",
  sendEventPayloadType: -1,
  receivePayloadTypes: [0],
  receiveEncodings: ["PCMU"],
  receiveEventPayloadType: -1,
});

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
