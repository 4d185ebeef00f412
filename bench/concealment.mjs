// @ts-check
// How much of what was lost does a listener miss? Speech in G.711 loses packets of 20 ms at random and in bursts; what the core makes
// of it is compared with the whole speech, and so are silence, repetition of the last frame, G.711 Appendix I (our own derivation, and
// the only one that adds delay: 3.75 ms) and, where libspandsp-dev is installed, spandsp's concealment.
//
//   npm run bench -- concealment [--json]
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { appendixI } from "./concealment/appendixI.mjs";
import { corpus } from "./concealment/corpus.mjs";
import { compare } from "./concealment/measure.mjs";
import { Random } from "./jitter/traces.mjs";
import { plainStream } from "./lib/plainStream.mjs";

const { values } = parseArgs({ options: { json: { type: "boolean", default: false } } });
const { loadEngine } = await import("../dist/media/load.js");
const { engine } = loadEngine();
const FRAME = 160;

/** How packets are lost: a share of all, in bursts of so many on average (Gilbert–Elliott). */
const CONDITIONS = [
  { name: "random 3 %", share: 0.03, burst: 1 },
  { name: "random 5 %", share: 0.05, burst: 1 },
  { name: "random 10 %", share: 0.1, burst: 1 },
  { name: "random 20 %", share: 0.2, burst: 1 },
  { name: "bursts 5 %", share: 0.05, burst: 3 },
  { name: "bursts 10 %", share: 0.1, burst: 3 },
  { name: "bursts 20 %", share: 0.2, burst: 3 },
];
/** Each piece of speech is heard so often, each time with other losses. */
const ROUNDS = 6;

const scratch = mkdtempSync(join(tmpdir(), "sidetone-bench-"));
try {
  const driver = buildDriver();
  /** @type {Record<string, (truth: Int16Array, payload: Uint8Array, mask: string) => Int16Array>} */
  const methods = {
    silence: (truth, _, mask) => truth.map((sample, index) => (mask[Math.floor(index / FRAME)] === "1" ? 0 : sample)),
    repetition,
    ...(driver === undefined ? {} : { spandsp: (truth, _, mask) => spandsp(driver, truth, mask) }),
    // Each packet of 20 ms is two of its frames.
    "Appendix I": (truth, _, mask) => appendixI(truth, (frame) => mask[frame >> 1] === "1"),
    sidetone: (_, payload, mask) => sidetone(payload, mask),
  };
  const speech = corpus().map(({ name, samples }) => {
    const payload = new Uint8Array(samples.length - (samples.length % FRAME));
    engine.encode("PCMU", samples, payload);
    const truth = new Int16Array(payload.length);
    engine.decode("PCMU", payload, truth);
    return { name, payload, truth };
  });
  if (!values.json) process.stderr.write(`${speech.length} pieces of speech\n`);
  const conditions = CONDITIONS.map(({ name, share, burst }, number) => {
    /** @type {Record<string, { segmentalSNR: number, logSpectralDistance: number }>} */
    const scores = {};
    for (const [method, conceal] of Object.entries(methods)) {
      const sums = { ratio: 0, lost: 0, distance: 0, count: 0 };
      for (const [piece, { truth, payload }] of speech.entries()) {
        for (let round = 0; round < ROUNDS; round++) {
          const mask = lose(new Random(number * 1_000 + piece * 10 + round), truth.length / FRAME, share, burst);
          const { ratio, lost, distance, count } = compare(truth, conceal(truth, payload, mask), mask);
          sums.ratio += ratio;
          sums.lost += lost;
          sums.distance += distance;
          sums.count += count;
        }
      }
      scores[method] = { segmentalSNR: sums.ratio / sums.lost, logSpectralDistance: sums.distance / sums.count };
    }
    return { name, scores };
  });
  const microseconds = timeConcealment(speech.map(({ payload }) => payload));
  if (values.json) console.log(JSON.stringify({ conditions, microsecondsPerLostFrame: microseconds }, null, 2));
  else {
    for (const [title, field] of /** @type {const} */ ([
      ["segmental SNR, dB: more is better", "segmentalSNR"],
      ["log-spectral distance, dB: less is better", "logSpectralDistance"],
    ])) {
      console.log(title);
      const row = (/** @type {(typeof conditions)[number]["scores"]} */ scores) =>
        Object.fromEntries(Object.entries(scores).map(([method, score]) => [method, Number(score[field].toFixed(2))]));
      console.table(Object.fromEntries(conditions.map(({ name, scores }) => [name, row(scores)])));
    }
    console.log(`${microseconds.toFixed(2)} µs for a lost frame (${engine.name})`);
  }
} finally {
  rmSync(scratch, { recursive: true });
}

/** A character for each frame, 1: lost. @param {Random} random @param {number} frames @param {number} share @param {number} burst */
function lose(random, frames, share, burst) {
  const begins = burst === 1 ? share : share / (burst * (1 - share));
  let lost = false;
  return Array.from({ length: frames }, () => {
    lost = lost && burst > 1 ? !random.chance(1 / burst) : random.chance(begins);
    return lost ? "1" : "0";
  }).join("");
}

/** @param {Int16Array} truth @param {Uint8Array} _ @param {string} mask */
function repetition(truth, _, mask) {
  const heard = Int16Array.from(truth);
  for (let frame = 1; frame < mask.length; frame++) {
    if (mask[frame] === "1") heard.copyWithin(frame * FRAME, (frame - 1) * FRAME, frame * FRAME);
  }
  if (mask[0] === "1") heard.fill(0, 0, FRAME);
  return heard;
}

function newSession() {
  const session = engine.core({ ssrc: 1, sequence: 0, timestamp: 0, minimumDelay: 20, maximumDelay: 20, readCapacity: 1_024, writeCapacity: 256 });
  session.configure({ ...plainStream("192.0.2.1", 4_000), direction: "recvonly" });
  return session;
}

/** @param {Uint8Array} payload @param {number} frame */
function rtp(payload, frame) {
  const packet = Buffer.alloc(12 + FRAME);
  packet[0] = 0x80;
  packet.writeUInt16BE((frame + 1) & 0xffff, 2);
  packet.writeUInt32BE((frame + 1) * FRAME, 4);
  packet.set(payload.subarray(frame * FRAME, (frame + 1) * FRAME), 12);
  return packet;
}

/** Through the core, each packet in time or not at all. @param {Uint8Array} payload @param {string} mask */
function sidetone(payload, mask) {
  const session = newSession();
  const heard = new Int16Array(payload.length);
  const frame = new Int16Array(FRAME);
  const packet = new Uint8Array(1_500);
  // A frame of silence before all begins: so the first may be lost as well.
  session.receive(0, "192.0.2.1", 4_000, rtp(new Uint8Array(FRAME).fill(0xff), -1));
  session.tick(0, 0, packet);
  session.read(frame);
  const silent = Buffer.alloc(FRAME, 0xff);
  for (let index = 0; index <= mask.length; index++) {
    const now = (index + 1) * 20_000;
    if (index === mask.length) session.receive(now, "192.0.2.1", 4_000, rtp(Buffer.concat([Buffer.alloc(index * FRAME), silent]), index));
    else if (mask[index] !== "1") session.receive(now, "192.0.2.1", 4_000, rtp(payload, index));
    session.tick(now, 0, packet);
    session.read(frame);
    if (index > 0) heard.set(frame, (index - 1) * FRAME);
  }
  return heard;
}

/** What a lost frame costs beyond a good one, µs: the least of 21 runs each, in turns. @param {Uint8Array[]} payloads */
function timeConcealment(payloads) {
  const packets = payloads.flatMap((payload) =>
    Array.from({ length: payload.length / FRAME }, (_, frame) => payload.subarray(frame * FRAME, (frame + 1) * FRAME)),
  );
  const all = Buffer.concat(packets);
  const run = (/** @type {number} */ every) => {
    const session = newSession();
    const packet = new Uint8Array(1_500);
    const datagrams = packets.map((_, frame) => rtp(all, frame));
    const began = performance.now();
    for (const [frame, datagram] of datagrams.entries()) {
      if (frame % every !== every - 1) session.receive(frame * 20_000, "192.0.2.1", 4_000, datagram);
      session.tick(frame * 20_000, 0, packet);
    }
    return performance.now() - began;
  };
  const rounds = Array.from({ length: 21 }, () => [run(4), run(Infinity)]);
  const least = (/** @type {number} */ which) => Math.min(...rounds.map((round) => round[which] ?? 0));
  return (1_000 * (least(0) - least(1))) / Math.floor(packets.length / 4);
}

/** @returns {string | undefined} the driver's file, where there are a compiler and the library */
function buildDriver() {
  const file = join(scratch, "spandsp-plc");
  const source = fileURLToPath(new URL("drivers/spandsp-plc.c", import.meta.url));
  const built = spawnSync("cc", ["-O2", "-o", file, source, "-lspandsp", "-lm"], { encoding: "utf8" });
  if (built.status === 0) return file;
  if (!values.json) process.stderr.write("without spandsp: a C compiler or libspandsp-dev is missing\n");
  return undefined;
}

/** @param {string} driver @param {Int16Array} truth @param {string} mask */
function spandsp(driver, truth, mask) {
  const [speech, lost] = [join(scratch, "speech"), join(scratch, "mask")];
  writeFileSync(speech, truth);
  writeFileSync(lost, mask);
  const { stdout, status } = spawnSync(driver, [speech, lost], { maxBuffer: 2 ** 26 });
  if (status !== 0) throw new Error(`the driver for spandsp ended with status ${status}`);
  return new Int16Array(stdout.buffer.slice(stdout.byteOffset, stdout.byteOffset + stdout.length));
}
