// @ts-check
// One trace through one session of an engine: the core itself, in the trace's own time.
import { readFileSync } from "node:fs";
import process from "node:process";
import { plainStream } from "../lib/plainStream.mjs";

/**
 * @typedef {import("./traces.mjs").Trace} Trace
 * @typedef {import("../../dist/media/contract.js").MediaEngine} MediaEngine
 * @typedef {{ concealed: number, stretched: number, unplayed: number, meanDelay: number, p95Delay: number }} Outcome
 */

const FRAME = 160;
const INTERVAL = 20;
const FIRST_TIMESTAMP = 1_000;

/** The speech of assets/speech.wav in µ-law. @param {MediaEngine} engine */
export function speech(engine) {
  const wav = readFileSync(new URL("../../assets/speech.wav", import.meta.url));
  const start = wav.indexOf("data", 12, "latin1") + 8;
  const samples = new Int16Array(wav.buffer.slice(wav.byteOffset + start, wav.byteOffset + start + 2 * Math.floor((wav.length - start) / 2)));
  const payload = new Uint8Array(samples.length);
  engine.encode("PCMU", samples, payload);
  return payload;
}

/**
 * What becomes of a trace. @param {MediaEngine} engine @param {Trace} trace @param {Uint8Array} audio
 * @param {number} phase when within the sender's 20 ms a frame is played, ms
 * @returns {Outcome & { samples: Buffer }}
 */
export function replay(engine, trace, audio, phase) {
  const session = newSession(engine, "recvonly");
  const arrivals = inOrderOfArrival(trace, audio);
  const sent = trace.packets.map((packet) => packet.sent);
  const received = new Uint8Array(trace.packets.length);
  const way = Math.min(...arrivals.map(({ sequence, arrival }) => arrival - (sent[sequence] ?? 0)));
  const packet = new Uint8Array(1_500);
  const frame = new Int16Array(FRAME);
  /** @type {Buffer[]} */
  const heard = [];
  /** @type {number[]} */
  const delays = [];
  let next = 0;
  let before = FIRST_TIMESTAMP;
  let first = 0;
  const last = (sent.at(-1) ?? 0) + way;
  for (let now = way + phase; now < last; now += INTERVAL) {
    for (let arrived = arrivals[next]; arrived !== undefined && arrived.arrival <= now; arrived = arrivals[++next]) {
      session.receive(arrived.arrival * 1_000, "192.0.2.1", 4_000, arrived.datagram);
      received[arrived.sequence] = 1;
    }
    session.tick(now * 1_000, 0, packet);
    heard.push(Buffer.from(frame.buffer.slice(0, 2 * session.read(frame))));
    // The packets that began in this frame: those whose first sample the playout has passed, and that were there in time.
    const position = session.statistics().playoutTimestamp;
    const from = position - before > 3 * FRAME ? position - FRAME : before;
    for (; FIRST_TIMESTAMP + first * FRAME < position && first < sent.length; first++) {
      const at = FIRST_TIMESTAMP + first * FRAME;
      if (received[first] === 1 && at >= from) delays.push(now + (INTERVAL * (at - from)) / (position - from) - (sent[first] ?? 0) - way);
    }
    before = position;
  }
  const { samplesPlayed, samplesConcealed, samplesStretched, packetsLate } = session.statistics();
  delays.sort((a, b) => a - b);
  return {
    samples: Buffer.concat(heard),
    concealed: (100 * samplesConcealed) / samplesPlayed,
    stretched: (100 * samplesStretched) / samplesPlayed,
    unplayed: (100 * packetsLate) / arrivals.length,
    meanDelay: delays.reduce((sum, delay) => sum + delay, 0) / delays.length,
    p95Delay: delays[Math.floor(0.95 * delays.length)] ?? 0,
  };
}

/**
 * Nanoseconds of the processor's time that playing a frame takes: the whole trace, less its packets without playing, less the way from
 * JavaScript to the engine and back. The least of five runs each.
 * @param {MediaEngine} engine @param {Trace} trace @param {Uint8Array} audio @param {number} phase
 */
export function timeTicks(engine, trace, audio, phase) {
  const arrivals = inOrderOfArrival(trace, audio);
  const last = arrivals.at(-1)?.arrival ?? 0;
  const packet = new Uint8Array(1_500);
  const run = (/** @type {"recvonly" | "inactive"} */ direction, /** @type {boolean} */ receives, /** @type {boolean} */ plays) => {
    const session = newSession(engine, direction);
    const coming = receives ? arrivals : [];
    let ticks = 0;
    let next = 0;
    const before = process.cpuUsage();
    for (let now = 30 + phase; now < last; now += INTERVAL) {
      for (let arrived = coming[next]; arrived !== undefined && arrived.arrival <= now; arrived = coming[++next]) {
        session.receive(arrived.arrival * 1_000, "192.0.2.1", 4_000, arrived.datagram);
      }
      if (plays) session.tick(now * 1_000, 0, packet);
      ticks += 1;
    }
    const { user, system } = process.cpuUsage(before);
    return (1_000 * (user + system)) / ticks;
  };
  const times = [1, 2, 3, 4, 5].map(() => [run("recvonly", true, true), run("recvonly", true, false), run("inactive", false, true)]);
  const least = (/** @type {number} */ which) => Math.min(...times.map((round) => round[which] ?? 0));
  return least(0) - least(1) - least(2);
}

/** @param {MediaEngine} engine @param {"recvonly" | "inactive"} direction */
function newSession(engine, direction) {
  const session = engine.core({ ssrc: 1, sequence: 0, timestamp: 0, readCapacity: 1_024, writeCapacity: 256 });
  session.configure({ ...plainStream("192.0.2.1", 4_000), direction });
  return session;
}

/** @param {Trace} trace @param {Uint8Array} audio */
function inOrderOfArrival(trace, audio) {
  return trace.packets
    .filter(({ lost }) => !lost)
    .map(({ sequence, arrival }) => {
      const datagram = Buffer.alloc(12 + FRAME);
      datagram[0] = 0x80;
      datagram.writeUInt16BE(sequence & 0xffff, 2);
      datagram.writeUInt32BE(FIRST_TIMESTAMP + sequence * FRAME, 4);
      datagram.writeUInt32BE(0x1234_5678, 8);
      const at = (sequence * FRAME) % (audio.length - FRAME);
      datagram.set(audio.subarray(at, at + FRAME), 12);
      return { sequence, arrival, datagram };
    })
    .toSorted((a, b) => a.arrival - b.arrival);
}
