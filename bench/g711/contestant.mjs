// @ts-check
// One G.711 codec in a process of its own, started by g711.mjs: nobody else's garbage is collected in its turn, and nobody else's arrays
// shape its compiled code.
import { createRequire } from "node:module";
import { join } from "node:path";
import process from "node:process";
import { decode, encode } from "../../dist/media/typescript/g711.js";

/** @typedef {"µ-law encode" | "A-law encode" | "µ-law decode" | "A-law decode"} Direction */

/** Frames in a turn, after as many to warm up before the first: at the least 10 ms, long enough for the clock. */
const FRAMES = 150_000;

const [name = "", folder = ""] = process.argv.slice(2);
const samples = Int16Array.from({ length: 160 }, (_, index) => ((index * 7_919) % 65_536) - 32_768);
const codes = Uint8Array.from({ length: 160 }, (_, index) => index * 37);
// Where ours writes; the other makes a new array for each frame: so its interface wants it.
const written = new Uint8Array(160);
const heard = new Int16Array(160);

/** @type {Record<Direction, () => unknown>} */
const sidetone = {
  "µ-law encode": () => encode("PCMU", samples, written),
  "A-law encode": () => encode("PCMA", samples, written),
  "µ-law decode": () => decode("PCMU", codes, heard),
  "A-law decode": () => decode("PCMA", codes, heard),
};
const frames = name === "alawmulaw" ? theirs() : sidetone;

/** @type {Direction | undefined} */
let warm;
process.on("message", (/** @type {Direction} */ direction) => {
  if (warm !== direction) cpuNanoseconds(frames[direction]);
  warm = direction;
  process.send?.(cpuNanoseconds(frames[direction]));
});

/** @returns {Record<Direction, () => unknown>} */
function theirs() {
  const { mulaw, alaw } = createRequire(join(folder, "/"))("alawmulaw");
  return {
    "µ-law encode": () => mulaw.encode(samples),
    "A-law encode": () => alaw.encode(samples),
    "µ-law decode": () => mulaw.decode(codes),
    "A-law decode": () => alaw.decode(codes),
  };
}

/** Of one frame. Not wall time: others may be using the machine. @param {() => unknown} work */
function cpuNanoseconds(work) {
  const before = process.cpuUsage();
  for (let index = 0; index < FRAMES; index++) work();
  const { user, system } = process.cpuUsage(before);
  return ((user + system) * 1_000) / FRAMES;
}
