// @ts-check
// Parse and route: what every received message costs before anybody looks at it. The same is asked of everyone, in the form in which each
// gives it: branch and host of the topmost Via, both tags, Call-ID, number and method of CSeq, and a request's URI, which npm sip leaves a
// text and the others have taken apart. What ours gives has been checked besides, all that it does not take apart included: no accessor of
// the message throws later.
import process from "node:process";
import { parseMessage, SIPRequest } from "../../dist/sip/index.js";
import { messages } from "./messages.mjs";
import { fetchRivals } from "./rivals.mjs";

/** @typedef {{ message: string, parser: string, micros: number, times: number }} Row  `times`: how often as long as we take */

/** CPU time of one turn, ms: short enough for many turns, long enough for the clock. */
const TURN = 25;

/** @type {import("./rivals.mjs").Parser} */
export const ours = {
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

/**
 * The parsers take turns, so that a disturbance hits them alike; medians of CPU time over the turns.
 * @param {number} turns @returns {Promise<Row[]>}
 */
export async function measureParsers(turns) {
  const parsers = [ours, ...(await fetchRivals())];
  /** @type {Row[]} */
  const rows = [];
  for (const [name, copies] of Object.entries(messages)) {
    check(parsers, copies);
    const runs = parsers.map((parser) => ({ parser, count: calibrate(parser, copies), micros: /** @type {number[]} */ ([]) }));
    for (let turn = 0; turn < turns; turn++)
      for (const run of runs) run.micros.push(cpuMicros(() => repeat(run.parser, copies, run.count)) / run.count);
    const own = median(runs[0]?.micros ?? []);
    for (const { parser, micros } of runs) {
      const middle = median(micros);
      rows.push({ message: name, parser: `${parser.name} ${parser.version}`.trim(), micros: middle, times: middle / own });
    }
  }
  return rows;
}

/** Whoever is fast because it found nothing is no rival. @param {readonly import("./rivals.mjs").Parser[]} parsers @param {readonly Buffer[]} copies */
function check(parsers, copies) {
  const [bytes = Buffer.alloc(0)] = copies;
  const expected = ours.route(bytes);
  for (const { name, route } of parsers) {
    const { branch, host, fromTag, toTag, callId, sequence, method, target } = route(bytes);
    const found = [branch, host, fromTag, toTag ?? undefined, callId, sequence, method].map(String).join(" ");
    const wanted = [expected.branch, expected.host, expected.fromTag, expected.toTag, expected.callId, expected.sequence, expected.method].map(String).join(" ");
    if (found !== wanted || (target === undefined) !== (expected.target === undefined)) throw new Error(`${name} read ${found}, not ${wanted}`);
  }
}

/** How many messages fill a turn, after warming up. @param {import("./rivals.mjs").Parser} parser @param {readonly Buffer[]} copies */
function calibrate(parser, copies) {
  let count = copies.length;
  for (;;) {
    const took = cpuMicros(() => repeat(parser, copies, count));
    if (took > 200_000) return Math.max(copies.length, Math.round((count * TURN * 1000) / took));
    count *= 2;
  }
}

/** Takes the results, or they might be left out. */
let sink = 0;

/** @param {import("./rivals.mjs").Parser} parser @param {readonly Buffer[]} copies @param {number} count */
function repeat({ route }, copies, count) {
  for (let i = 0; i < count; i++) {
    const { branch, callId } = route(copies[i % copies.length]);
    sink += String(branch).length + String(callId).length;
  }
}

/** Not wall time: others may be using the machine. @param {() => void} work */
function cpuMicros(work) {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return user + system;
}

/** @param {readonly number[]} values */
function median(values) {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;
}

export const consumed = () => sink;
