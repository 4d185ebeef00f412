// @ts-check
// The loop of the fuzzer: choose, mutate, feed, watch the clock and the heap.
import { loadCorpus } from "./corpus.mjs";
import { mutate } from "./mutate.mjs";
import { Random } from "./random.mjs";
import { Receiver } from "./receiver.mjs";
import { digestTarget, parserTarget, sdpTarget, streamTarget } from "./targets.mjs";

/**
 * @typedef {{ target: string, seed: number, input: Buffer, error: string }} Finding
 * @typedef {{ target: string, bytes: number, perKB: number }} Slowest
 * @typedef {{ inputs: Record<string, number>, findings: Finding[], slowest: Slowest, heap: number[] }} Report
 * @typedef {(done: number, report: Report) => void} OnProgress
 * @typedef {{ inputs: number, seed: number, onProgress?: OnProgress, onFinding?: (finding: Finding) => void }} Options
 */

/** Milliseconds a KB may take; what is smaller counts as one KB. */
const ALLOWED = 1;
/** Of the inputs that user agents get, how many one of them lives for. */
const LIFE = 500;
const FINDINGS_KEPT = 20;

/**
 * Feeds that many inputs. Same modules, inputs and seed: same run.
 * @param {import("./targets.mjs").Modules} modules
 * @param {Options} options
 * @returns {Promise<Report>}
 */
export async function fuzz(modules, { inputs, seed, onProgress, onFinding }) {
  const random = new Random(seed);
  // Most inputs are refused, and most of the time would go into the traces of errors that nobody reads.
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 3;
  const corpus = loadCorpus();
  /** @type {Report} */
  const report = {
    inputs: { parser: 0, stream: 0, sdp: 0, digest: 0, receiver: 0 },
    findings: [],
    slowest: { target: "", bytes: 0, perKB: 0 },
    heap: [],
  };
  const simple = {
    parser: parserTarget(modules, random),
    stream: streamTarget(modules, random),
    sdp: sdpTarget(modules),
    digest: digestTarget(modules),
  };

  /** @type {Set<string>} */
  const places = new Set();
  /** @param {string} target @param {Buffer} input @param {unknown} error */
  const found = (target, input, error) => {
    // Of those that fail in the same place, one is enough.
    const place = error instanceof Error ? `${error.name}${error.stack?.split("\n")[1]}` : String(error);
    if (places.has(place) && !(error instanceof Error && error.message.startsWith("took"))) return;
    places.add(place);
    if (report.findings.length >= FINDINGS_KEPT) return;
    const finding = { target, seed, input, error: error instanceof Error ? (error.stack ?? error.message) : String(error) };
    report.findings.push(finding);
    onFinding?.(finding);
  };
  /** @param {unknown} error */
  const rejected = (error) => found("receiver", Buffer.alloc(0), error);
  process.on("unhandledRejection", rejected);

  /**
   * Runs one input, and again when it took too long, or longer than any other: only the least of many times tells of the input.
   * @param {string} target @param {Buffer} input @param {(bytes: Buffer) => void} work
   */
  const feed = (target, input, work) => {
    report.inputs[target] = (report.inputs[target] ?? 0) + 1;
    const size = Math.max(1, input.length / 1024);
    const allowed = ALLOWED * size;
    let took;
    try {
      const start = performance.now();
      work(input);
      took = performance.now() - start;
      // Whoever was not running then, was interrupted or collected garbage, gets another chance: CPU time, the least of many.
      for (let tries = 0; (tries < 50 && took > allowed) || (tries < 5 && took > report.slowest.perKB * size); tries++) {
        const before = process.cpuUsage();
        work(input);
        const { user, system } = process.cpuUsage(before);
        took = Math.min(took, (user + system) / 1000);
      }
    } catch (error) {
      found(target, input, error);
      return;
    }
    const perKB = took / size;
    if (perKB > report.slowest.perKB) report.slowest = { target, bytes: input.length, perKB };
    if (took > allowed) found(target, input, new Error(`took ${took.toFixed(2)} ms for ${input.length} bytes`));
  };

  // Code that runs for the first time is slow, and says nothing of the input.
  for (let round = 0; round < 20; round++)
    for (const [target, work] of Object.entries(simple)) {
      const seeds = target === "sdp" ? corpus.sdp : target === "digest" ? corpus.digest : corpus.message;
      for (const bytes of seeds) work(bytes);
    }

  let lived = 0;
  let receiver = new Receiver(modules, random);
  await receiver.start();
  for (let done = 0; done < inputs; done++) {
    // What is tried again because the machine was busy must not change all that follows.
    random.startAt(done);
    const choice = random.next();
    if (choice < 0.36) feed("parser", mutate(random.of(corpus.message), random, corpus.message), simple.parser);
    else if (choice < 0.46) {
      const several = Array.from({ length: 1 + random.below(3) }, () => random.of(corpus.message));
      const stream = Buffer.concat(several.flatMap((bytes) => (random.chance(0.3) ? [Buffer.from("\r\n\r\n"), bytes] : [bytes])));
      feed("stream", mutate(stream, random, corpus.message), simple.stream);
    } else if (choice < 0.6) feed("sdp", mutate(random.of(corpus.sdp), random, corpus.sdp), simple.sdp);
    else if (choice < 0.88) feed("digest", mutate(random.of(corpus.digest), random, corpus.digest), simple.digest);
    else {
      const about = random.chance(0.5) ? receiver.reaction() : undefined;
      const input = about === undefined || random.chance(0.6) ? mutate(about ?? random.of(corpus.message), random, corpus.message) : about;
      feed("receiver", input, (bytes) => receiver.receive(bytes));
    }
    const turn = report.inputs.receiver ?? 0;
    try {
      if (turn !== lived) {
        if (turn % 50 === 0) receiver.call();
        if (turn % 40 === 0) await receiver.pass(random.of([0, 0, 100, 600, 5000, 40_000]));
        if (turn % LIFE === 0) {
          await receiver.end();
          receiver = new Receiver(modules, random);
          await receiver.start();
        }
        lived = turn;
      }
    } catch (error) {
      found("receiver", Buffer.alloc(0), error);
      receiver = new Receiver(modules, random);
      await receiver.start();
    }
    if ((done + 1) % Math.max(1, Math.floor(inputs / 10)) === 0) {
      globalThis.gc?.();
      report.heap.push(process.memoryUsage().heapUsed);
      onProgress?.(done + 1, report);
    }
  }
  await receiver.end().catch((error) => found("receiver", Buffer.alloc(0), error));
  process.off("unhandledRejection", rejected);
  Error.stackTraceLimit = stackTraceLimit;
  return report;
}
