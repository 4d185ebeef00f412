// @ts-check
// Arrivals of 60 s of 20 ms packets over eleven kinds of network, from a seed: what a jitter buffer has to live with.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/**
 * One packet: its number, when it was sent and when it arrived, ms.
 * @typedef {{ sequence: number, sent: number, arrival: number, lost: boolean }} Packet
 * @typedef {{ name: string, packets: Packet[] }} Trace
 */

const SECONDS = 60;
const INTERVAL = 20;
/** The way itself, ms. */
const WAY = 30;

/** The kinds by their number in a trace's name. */
export const KINDS = [
  "clean",
  "exponential jitter 5 ms",
  "Wi-Fi stalls 40–120 ms",
  "LTE, handovers 200–400 ms",
  "sawtooth queue to 150 ms",
  "steps of 80 ms",
  "sender's clock +500 ppm",
  "sender's clock −500 ppm",
  "bursty loss 5 %, jitter 8 ms",
  "5 % reordered by 25–45 ms",
  "sender's timer stalls 40–160 ms",
];

/** Reads a folder of files `tK_sS.txt`: a line a packet, `sequence send_ms arrival_ms lost`. @param {string} folder @returns {Trace[]} */
export function readTraces(folder) {
  const files = readdirSync(folder).filter((file) => /^t\d+_s\d+\.txt$/.test(file));
  return files
    .toSorted((a, b) => (key(a) < key(b) ? -1 : 1))
    .map((file) => {
      const lines = readFileSync(join(folder, file), "utf8").trim().split("\n");
      const packets = lines.map((line) => {
        const [sequence = 0, sent = 0, arrival = 0, lost = 0] = line.trim().split(/\s+/).map(Number);
        return { sequence, sent, arrival, lost: lost === 1 };
      });
      return { name: file.slice(0, -".txt".length), packets };
    });
}

/** @param {string} file */
function key(file) {
  return file.replaceAll(/\d+/g, (digits) => digits.padStart(4, "0"));
}

/** Makes five traces of each kind. @param {number} seed @returns {Trace[]} */
export function makeTraces(seed) {
  return KINDS.flatMap((_, kind) =>
    [0, 1, 2, 3, 4].map((copy) => ({ name: `t${kind}_s${copy}`, packets: makeTrace(kind, seed * 1_000 + kind * 10 + copy) })),
  );
}

/** @param {number} kind @param {number} seed @returns {Packet[]} */
export function makeTrace(kind, seed) {
  const random = new Random(seed);
  const spacing = kind === 6 ? INTERVAL / 1.0005 : kind === 7 ? INTERVAL / 0.9995 : INTERVAL;
  /** @type {Packet[]} */
  const packets = [];
  const network = networks[kind];
  if (network === undefined) throw new Error(`there is no kind ${kind}`);
  const next = network(random);
  let last = 0;
  for (let sequence = 0; sequence * spacing <= SECONDS * 1_000; sequence++) {
    const sent = sequence * spacing;
    const { delay, lost = false, free = false } = next(sent);
    // A queue does not let packets overtake each other; only the kind that is about that does.
    const arrival = free ? sent + WAY + delay : Math.max(sent + WAY + delay, last + 0.05);
    if (!free) last = arrival;
    packets.push({ sequence, sent, arrival, lost });
  }
  return packets;
}

/**
 * What each network does to a packet sent at a time: how long beyond the way it takes, and whether it comes at all.
 * @type {((random: Random) => (sent: number) => { delay: number, lost?: boolean, free?: boolean })[]}
 */
const networks = [
  (random) => () => ({ delay: random.unit() }),
  (random) => () => ({ delay: random.exponential(5) }),
  (random) => {
    const stall = stalls(random, 2_200, 40, 120);
    return (sent) => ({ delay: Math.max(random.exponential(6), stall(sent)) });
  },
  (random) => {
    // The radio's grid of 10 ms, a scheduling delay that wanders, and handovers.
    const stall = stalls(random, 14_000, 200, 400);
    let level = 2;
    return (sent) => {
      level = Math.min(Math.max(level + random.below(3) - 1, 0), 4);
      return { delay: Math.max(10 * (level + random.below(2)), stall(sent)) };
    };
  },
  (random) => {
    const length = 4_000 + random.below(3_000);
    const start = random.below(length);
    return (sent) => {
      const at = ((sent + start) % length) / length;
      return { delay: random.exponential(4) + 150 * (at < 0.85 ? at / 0.85 : (1 - at) / 0.15) };
    };
  },
  (random) => {
    let high = false;
    let until = 5_000 + random.below(15_000);
    return (sent) => {
      if (sent >= until) {
        high = !high;
        until = sent + 5_000 + random.below(15_000);
      }
      return { delay: (high ? 80 : 0) + random.exponential(4) };
    };
  },
  (random) => () => ({ delay: random.exponential(3) }),
  (random) => () => ({ delay: random.exponential(3) }),
  (random) => {
    // Gilbert–Elliott: bursts of three on average.
    let bad = false;
    return () => {
      bad = bad ? !random.chance(1 / 3) : random.chance(0.0175);
      return { delay: random.exponential(8), lost: bad };
    };
  },
  (random) => () => ({ delay: random.exponential(2) + (random.chance(0.05) ? 25 + 20 * random.unit() : 0), free: true }),
  (random) => {
    // A timer that a busy process holds up: what it should have sent meanwhile goes out at once.
    const stall = stalls(random, 6_000, 40, 160);
    return (sent) => ({ delay: Math.max(2 + 5 * random.unit() + random.exponential(1), stall(sent)) });
  },
];

/**
 * Nothing passes for a while, once in a while (mean interval `every`).
 * @param {Random} random @param {number} every @param {number} least @param {number} most
 */
function stalls(random, every, least, most) {
  let begin = random.exponential(every);
  let end = begin + least + (most - least) * random.unit();
  return (/** @type {number} */ sent) => {
    while (sent >= end) {
      begin = end + random.exponential(every);
      end = begin + least + (most - least) * random.unit();
    }
    return sent >= begin ? end - sent : 0;
  };
}

/** A repeatable source of numbers (xorshift32). */
export class Random {
  /** @param {number} seed */
  constructor(seed) {
    this.state = (Math.imul(seed | 0, 0x9e37_79b9) ^ 0x5bd1_e995) || 1;
    for (let warm = 0; warm < 16; warm++) this.unit();
  }

  /** 0 up to, not including, 1. */
  unit() {
    this.state ^= this.state << 13;
    this.state ^= this.state >>> 17;
    this.state ^= this.state << 5;
    return (this.state >>> 0) / 2 ** 32;
  }

  /** @param {number} bound */
  below(bound) {
    return Math.floor(this.unit() * bound);
  }

  /** @param {number} mean */
  exponential(mean) {
    return -Math.log(1 - this.unit()) * mean;
  }

  /** @param {number} probability */
  chance(probability) {
    return this.unit() < probability;
  }
}
