import type { SRVRecord } from "./dns.ts";

/**
 * The order in which to try servers (RFC 2782): by priority; within one, drawn so that each comes first as often as its weight says.
 * @param random uniform in [0, 1)
 */
export function orderSRV(records: readonly SRVRecord[], random: () => number): SRVRecord[] {
  const priorities = [...new Set(records.map(({ priority }) => priority))].toSorted((a, b) => a - b);
  return priorities.flatMap((priority) => draw(records.filter((record) => record.priority === priority), random));
}

function draw(records: readonly SRVRecord[], random: () => number): SRVRecord[] {
  // Those of weight 0 go first, where only a draw of exactly 0 finds them: a small chance, as the RFC wants.
  const left = shuffled(records, random).toSorted((a, b) => Number(a.weight !== 0) - Number(b.weight !== 0));
  const drawn: SRVRecord[] = [];
  while (left.length > 0) {
    const total = left.reduce((sum, { weight }) => sum + weight, 0);
    // A whole number from 0 to the sum, both included.
    const number = Math.floor(random() * (total + 1));
    let running = 0;
    const index = left.findIndex(({ weight }) => (running += weight) >= number);
    drawn.push(...left.splice(index, 1));
  }
  return drawn;
}

/** In any order, says the RFC: where all weights are 0, this is what spreads the load. */
function shuffled<T>(values: readonly T[], random: () => number): T[] {
  return values
    .map((value) => ({ value, key: random() }))
    .toSorted((a, b) => a.key - b.key)
    .map(({ value }) => value);
}
