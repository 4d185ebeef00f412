// @ts-check
// Parse and route: what every received message costs before anybody looks at it. The same is asked of everyone, in the form in which each
// gives it: branch and host of the topmost Via, both tags, Call-ID, number and method of CSeq, and a request's URI, which npm sip leaves a
// text and the others have taken apart. What ours gives has been checked besides, all that it does not take apart included: no accessor of
// the message throws later.
import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { messages } from "./messages.mjs";
import { rivals, withRivals } from "./rivals.mjs";

/** @typedef {{ message: string, parser: string, micros: number, times: number }} Row  `times`: how often as long as we take */

/**
 * The parsers take turns, so that a disturbance hits them alike, each in its process; medians of CPU time over the turns.
 * @param {number} turns @returns {Promise<Row[]>}
 */
export function measureParsers(turns) {
  return withRivals(async (folder) => {
    const contestants = [];
    for (const name of ["sidetone", ...Object.keys(rivals)]) contestants.push(await start(name, folder));
    try {
      return await compare(contestants, turns);
    } finally {
      for (const { child } of contestants) child.disconnect();
    }
  });
}

/** @typedef {Awaited<ReturnType<typeof start>>} Contestant */

/** @param {string} name @param {string} folder */
async function start(name, folder) {
  const child = fork(fileURLToPath(new URL("contestant.mjs", import.meta.url)), [name, folder]);
  const ended = once(child, "exit").then(([code]) => {
    throw new Error(`${name} ended with status ${code}`);
  });
  // The exit of one that was let go is nobody's failure.
  ended.catch(() => {});
  const answer = async () => (await Promise.race([once(child, "message"), ended]))[0];
  return {
    child,
    parser: String(await answer()),
    /** @param {import("./contestant.mjs").Turn} turn @returns {Promise<import("./contestant.mjs").Taken>} */
    take: (turn) => {
      child.send(turn);
      return answer();
    },
  };
}

/**
 * Everybody gets ready for every message before anybody is measured: a phone has seen them all.
 * @param {readonly Contestant[]} contestants @param {number} turns @returns {Promise<Row[]>}
 */
async function compare(contestants, turns) {
  const runs = [];
  for (const message of Object.keys(messages)) {
    let wanted;
    for (const { parser, take } of contestants) {
      const { count, found } = await take({ message });
      // Whoever is fast because it found nothing is no rival.
      wanted ??= found;
      if (found !== wanted) throw new Error(`${parser} read ${found}, not ${wanted}`);
      runs.push({ message, parser, take, count, micros: /** @type {number[]} */ ([]) });
    }
  }
  for (let turn = 0; turn < turns; turn++)
    for (const { take, message, count, micros } of runs) micros.push((await take({ message, count })).micros);
  let own = 0;
  return runs.map(({ message, parser, micros }, i) => {
    const middle = median(micros);
    if (i % contestants.length === 0) own = middle;
    return { message, parser, micros: middle, times: middle / own };
  });
}

/** @param {readonly number[]} values */
function median(values) {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;
}
