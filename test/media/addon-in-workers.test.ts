import dgram from "node:dgram";
import { once } from "node:events";
import { pathToFileURL } from "node:url";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { describe, expect, it } from "vitest";
import { compiledForThisFile } from "./compiled.ts";
import { engine } from "./engine.ts";
import { runningPair } from "./runningPair.ts";

const compiled = compiledForThisFile();

/** A worker with a call in full swing, events and promises pending, that ends in the middle of it. */
const call = `
  import { parentPort, workerData } from "node:worker_threads";
  const { loadEngine } = await import(workerData.loader);
  const { engine } = loadEngine(workerData.engine, { threads: workerData.threads });
  ${runningPair}
  near.sendEvents([1, 2, 3, 4], 40, 40);
  parentPort.postMessage([near.localPort, far.localPort]);
  if (workerData.quits) {
    far.onEvent = () => process.exit();
  } else {
    while (true) {
      await far.whenReadable(160);
      far.read(new Int16Array(8000));
    }
  }
`;

function start(quits: boolean, threads: number): Worker {
  const loader = pathToFileURL(join(compiled().folder, "dist/media/load.js")).href;
  return new Worker(new URL(`data:text/javascript,${encodeURIComponent(call)}`), { workerData: { loader, engine: engine.name, quits, threads } });
}

async function isFree(port: number): Promise<boolean> {
  const socket = dgram.createSocket("udp4");
  const bound = new Promise<boolean>((resolve) => {
    socket.once("error", () => resolve(false));
    socket.once("listening", () => resolve(true));
  });
  socket.bind(port, "127.0.0.1");
  const result = await bound;
  socket.close();
  return result;
}

// With one to three media threads each. Not with the TypeScript engine: Node itself (20.20, UDPWrap::OnRecv) dies of a datagram that comes while its worker is terminated.
describe.runIf(engine.name === "native")("eight workers, each with the engine and a call of its own", () => {
  it.each([
    ["quit", true],
    ["are terminated", false],
  ])("%s in the middle of it, and leave nothing behind", async (_, quits) => {
    for (let round = 0; round < 2; round += 1) {
      const workers = Array.from({ length: 8 }, (__, index) => start(quits, 1 + (index % 3)));
      const ended = workers.map((worker) => once(worker, "exit"));
      const ports = await Promise.all(workers.map(async (worker): Promise<number[]> => (await once(worker, "message"))[0]));
      if (!quits) await Promise.all(workers.map((worker) => worker.terminate()));
      expect((await Promise.all(ended)).map(([code]) => code)).toEqual(workers.map(() => (quits ? 0 : 1)));
      for (const port of ports.flat()) expect(await isFree(port)).toBe(true);
    }
  });
});
