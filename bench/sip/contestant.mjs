// @ts-check
// One parser in a process of its own, started by parse.mjs: nobody else's garbage is collected in its turn, and nobody else's messages shape
// its compiled code, as little as in the program that uses it.
import process from "node:process";
import { parseMessage, SIPRequest } from "../../dist/sip/index.js";
import { messages } from "./messages.mjs";
import { rivals } from "./rivals.mjs";

/** @typedef {{ message: string, count?: number }} Turn  without a count: get ready */
/** @typedef {{ micros: number, count: number, found: string }} Taken  CPU time of a message; what was found in the first copy */

/** CPU time of one turn, ms: short enough for many turns, long enough for the clock. */
const TURN = 25;

/** @type {import("./rivals.mjs").Parser} */
const ours = {
  name: "sidetone",
  version: "",
  route: (bytes) => {
    const message = parseMessage(bytes);
    const { via, cseq } = message;
    return {
      branch: via.branch,
      host: via.host,
      fromTag: message.from.tag,
      toTag: message.to.tag,
      callId: message.callId,
      sequence: cseq.sequence,
      method: cseq.method,
      target: message instanceof SIPRequest ? message.uri : undefined,
    };
  },
};

const [name = "", folder = ""] = process.argv.slice(2);
const parser = (await rivals[name]?.(folder)) ?? ours;
process.on("message", (/** @type {Turn} */ { message, count }) => {
  const copies = messages[message] ?? [];
  const turns = count ?? calibrate(copies);
  const micros = cpuMicros(() => repeat(copies, turns)) / turns;
  process.send?.({ micros, count: turns, found: found(copies[0]) });
});
process.send?.(`${parser.name} ${parser.version}`.trim());

/** @param {import("./rivals.mjs").Parser extends { route: (bytes: infer Bytes) => unknown } ? Bytes : never} [bytes] */
function found(bytes = Buffer.alloc(0)) {
  const { branch, host, fromTag, toTag, callId, sequence, method, target } = parser.route(bytes);
  const kind = target === undefined ? "a response" : "a request";
  return [branch, host, fromTag, toTag ?? undefined, callId, sequence, method, kind].map(String).join(" ");
}

/** How many messages fill a turn, after warming up. @param {readonly Buffer[]} copies */
function calibrate(copies) {
  let count = copies.length;
  for (;;) {
    const took = cpuMicros(() => repeat(copies, count));
    if (took > 200_000) return Math.max(copies.length, Math.round((count * TURN * 1000) / took));
    count *= 2;
  }
}

/** @param {readonly Buffer[]} copies @param {number} count */
function repeat(copies, count) {
  // Takes the results, or they might be left out.
  let sink = 0;
  for (let i = 0; i < count; i++) {
    const { branch, callId } = parser.route(copies[i % copies.length] ?? Buffer.alloc(0));
    sink += String(branch).length + String(callId).length;
  }
  if (sink === 0) throw new Error(`${parser.name} found nothing`);
}

/** Not wall time: others may be using the machine. @param {() => void} work */
function cpuMicros(work) {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return user + system;
}
