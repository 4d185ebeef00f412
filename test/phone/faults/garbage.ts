import { Random } from "../../../ts/testkit/random.ts";

/** The seed of this run's garbage, which failures print; `SIDETONE_SEED` repeats one. */
export const seed: number = Number(process.env["SIDETONE_SEED"] ?? Math.floor(Math.random() * 2 ** 31));

export const random: Random = new Random(seed);

/** Bytes that mean nothing, 1 to `longest` of them. */
export function noise(longest: number): Uint8Array {
  return Uint8Array.from({ length: 1 + random.below(longest) }, () => random.below(256));
}

/** A message with a few of its bytes changed, left out or repeated, or without its end. */
export function damaged(message: string): Uint8Array {
  const bytes = [...Buffer.from(message, "latin1")];
  for (let blow = random.below(6); blow >= 0; blow--) {
    const at = random.below(bytes.length);
    const way = random.below(4);
    if (way === 0) bytes[at] = random.below(256);
    else if (way === 1) bytes.splice(at, 1 + random.below(8));
    else if (way === 2) bytes.splice(at, 0, ...bytes.slice(at, at + random.below(64)));
    else if (bytes.length > 40) bytes.length = Math.max(20, at);
  }
  return Uint8Array.from(bytes);
}
