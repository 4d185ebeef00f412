// @ts-check
// The engine under test, with all its calls: every call's audio goes through JavaScript both ways, in batches.
//
//   engine.mjs <native|typescript> <calls> <batch in ms> <port of a far end> …
//
// Tells the calls' ports. On each line that comes in it tells its counters so far; at the end of the input it ends.
import { readdirSync, readFileSync } from "node:fs";
import process from "node:process";
import { createInterface } from "node:readline";
import { loadEngine } from "../../dist/media/load.js";
import { plainStream } from "../lib/plainStream.mjs";

const [name, ...numbers] = process.argv.slice(2);
const [calls = 0, batch = 0, ...farEnds] = numbers.map(Number);
const { engine, info } = loadEngine(name);
const before = resident();

const sessions = [];
for (let index = 0; index < calls; index++) {
  const session = await engine.open({
    address: "127.0.0.1",
    portLow: 10_000,
    portHigh: 32_000,
    session: { readCapacity: 8_192, writeCapacity: 8_192 },
  });
  const remotePort = farEnds[index % farEnds.length] ?? 0;
  session.configure({ ...plainStream("127.0.0.1", remotePort), sendEventPayloadType: 101, receiveEventPayloadType: 101 });
  sessions.push(session);
}

// What is heard is sent back, as an announcement or a bridge would: samples of every call come to JavaScript and leave it.
const group = engine.group(sessions);
const row = batch * 8 * 2;
const samples = new Int16Array(calls * row);
const counts = new Uint32Array(calls);
let heard = 0;
let taken = 0;
let peak = 0;
setInterval(() => {
  group.read(samples, counts);
  for (let index = 0; index < calls; index++) {
    heard += counts[index] ?? 0;
    peak = Math.max(peak, Math.abs(samples[index * row] ?? 0));
  }
  group.write(samples, counts);
  for (let index = 0; index < calls; index++) taken += counts[index] ?? 0;
}, batch);

process.stdout.write(`${sessions.map((session) => session.localPort).join(" ")}\n`);
const lines = createInterface(process.stdin);
let told = 0;
lines.on("line", () => {
  // Counting is not part of what is measured between the first line and the second.
  let { user, system } = process.cpuUsage();
  const sum = { packetsSent: 0, packetsReceived: 0, packetsLost: 0, framesSkipped: 0, framesSilent: 0 };
  for (const session of sessions) {
    const statistics = session.statistics();
    sum.packetsSent += statistics.packetsSent;
    sum.packetsReceived += statistics.packetsReceived;
    sum.packetsLost += statistics.packetsLost;
    sum.framesSkipped += statistics.framesSkipped;
    sum.framesSilent += statistics.framesSilent;
  }
  const memory = (resident() - before) / calls;
  if (told++ === 0) ({ user, system } = process.cpuUsage());
  process.stdout.write(`${JSON.stringify({ cpu: user + system, memory, heard, taken, peak, priority: info.threadPriority, waited: waited(), ...sum })}\n`);
});
lines.on("close", () => process.exit());

/** Bytes of memory that are this process's own and in use, without files mapped. */
function resident() {
  try {
    const [, kilobytes] = /^RssAnon:\s+(\d+)/m.exec(readFileSync("/proc/self/status", "latin1")) ?? [];
    return Number(kilobytes) * 1_024;
  } catch {
    return process.memoryUsage.rss();
  }
}

/** Milliseconds for which media threads could have run and did not; 0 where the system does not tell. */
function waited() {
  try {
    const threads = readdirSync("/proc/self/task").map((thread) => `/proc/self/task/${thread}/`);
    const media = threads.filter((thread) => readFileSync(`${thread}comm`, "latin1").startsWith("sidetone"));
    return media.reduce((sum, thread) => sum + Number(readFileSync(`${thread}schedstat`, "latin1").split(" ")[1]) / 1e6, 0);
  } catch {
    return 0;
  }
}
