import { describe, expect, it } from "vitest";
import type { SRVRecord } from "../../ts/net/index.ts";
import { orderSRV } from "../../ts/net/srv.ts";
import { Random } from "../../ts/testkit/random.ts";

const record = (name: string, priority: number, weight: number): SRVRecord => ({ name, priority, weight, port: 5060 });

/** How often each comes first, of so many draws. */
function firsts(records: readonly SRVRecord[], draws: number): Record<string, number> {
  const random = new Random(7);
  const counts: Record<string, number> = {};
  for (let i = 0; i < draws; i++) {
    const [first] = orderSRV(records, () => random.fraction());
    counts[first!.name] = (counts[first!.name] ?? 0) + 1;
  }
  return counts;
}

describe("the order of SRV records (RFC 2782)", () => {
  it("is by priority before all", () => {
    const records = [record("c", 30, 900), record("a", 10, 0), record("b", 20, 5)];
    for (const random of [0, 0.3, 0.999]) expect(orderSRV(records, () => random).map(({ name }) => name)).toEqual(["a", "b", "c"]);
  });

  it("puts each first as often as its weight says", () => {
    const counts = firsts([record("a", 0, 60), record("b", 0, 30), record("c", 0, 10)], 10_000);
    expect(counts["a"]! / 10_000).toBeCloseTo(0.6, 1);
    expect(counts["b"]! / 10_000).toBeCloseTo(0.3, 1);
    expect(counts["c"]! / 10_000).toBeCloseTo(0.1, 1);
  });

  it("gives weight 0 a small chance beside others, and an equal one among its like", () => {
    const beside = firsts([record("zero", 0, 0), record("other", 0, 99)], 10_000);
    expect(beside["zero"]).toBeGreaterThan(0);
    expect(beside["zero"]).toBeLessThan(300);
    const alone = firsts([record("a", 0, 0), record("b", 0, 0)], 10_000);
    expect(alone["a"]! / 10_000).toBeCloseTo(0.5, 1);
  });

  it("names every server once", () => {
    const records = Array.from({ length: 20 }, (_, i) => record(String(i), i % 3, i % 5));
    const random = new Random(3);
    const order = orderSRV(records, () => random.fraction());
    expect(new Set(order).size).toBe(20);
    expect(order.map(({ priority }) => priority)).toEqual(order.map(({ priority }) => priority).toSorted((a, b) => a - b));
  });
});
