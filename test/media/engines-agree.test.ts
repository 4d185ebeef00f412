import process from "node:process";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { MediaEngine } from "../../ts/media/contract.ts";
import { loadEngine } from "../../ts/media/load.ts";
import { Session } from "../../ts/media/typescript/session.ts";
import { drain, perform, randomCall } from "./randomCall.ts";

const wanted = process.env["SIDETONE_ENGINE"];
// The comparison needs both engines, so one of the two runs is enough: where the addon is asked for, it must be there.
const native: MediaEngine | undefined = wanted === "native" ? loadEngine("native").engine : undefined;
const CALLS = Number(process.env["SIDETONE_CALLS"] ?? 150);
const FRAMES = Number(process.env["SIDETONE_FRAMES"] ?? 300);
/** Statistics, which take longer to read than a step takes to do, are compared after each so manyth step: counts that differ stay so. */
const LOOK = 8;
const SEED = Number(process.env["SIDETONE_SEED"] ?? Date.now() & 0x7fff_ffff);

describe("the native engine and its TypeScript twin", () => {
  it(
    `agree on every packet, sample, event and count of ${CALLS} random calls (SIDETONE_SEED=${SEED})`,
    { timeout: 20_000 + 200 * CALLS },
    ({ skip }) => {
      if (native === undefined) return skip("both are compared in the run for the native engine");
      const seeds = fc.integer({ min: 0, max: 0x7fff_ffff });
      const property = fc.property(seeds, (seed) => agree(native, seed));
      return fc.assert(property, { seed: SEED, numRuns: CALLS, endOnFailure: true });
    },
  );
});

function agree(engine: MediaEngine, seed: number): void {
  const { options, steps } = randomCall(seed, FRAMES);
  const one = engine.core(options);
  const other = new Session(options);
  steps.forEach((step, index) => {
    const where = `call ${seed}, step ${index}: ${step.call}`;
    const [outcome, twin] = [perform(one, step), perform(other, step)];
    if (!same(outcome, twin)) expect(outcome, where).toEqual(twin);
    const [events, twinEvents] = [drain(one), drain(other)];
    if (events.length + twinEvents.length > 0) expect(events, `${where}: events`).toEqual(twinEvents);
    if (index % LOOK === 0 || index === steps.length - 1) {
      const [statistics, twinStatistics] = [one.statistics(), other.statistics()];
      if (!same([statistics], [twinStatistics])) expect(statistics, `${where} or up to ${LOOK} before: statistics`).toEqual(twinStatistics);
    }
  });
}

/** Tells equality faster than expect does, which is asked only for what it says of a difference. */
function same(one: readonly unknown[], other: readonly unknown[]): boolean {
  return (
    one.length === other.length &&
    one.every((value, index) => value === other[index] || (typeof value === "object" && JSON.stringify(value) === JSON.stringify(other[index])))
  );
}
