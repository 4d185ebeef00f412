// G.711 µ-law for the peers' side of a test, written apart from the library's: a shared mistake would hide itself.

/** One code's 16-bit sample (G.711 table 2a, scaled from 14 to 16 bits). */
function expand(code: number): number {
  const bits = ~code & 0xff;
  const magnitude = ((((bits & 0x0f) << 1) + 33) << ((bits >> 4) & 7)) - 33;
  return (bits & 0x80 ? -magnitude : magnitude) * 4;
}

const samples = Int16Array.from({ length: 256 }, (_, code) => expand(code));

export function decodeMulaw(payload: Uint8Array): Int16Array {
  return Int16Array.from(payload, (code) => samples[code]!);
}

/** The code whose sample lies nearest: slow, and right by definition. */
export function encodeMulaw(linear: Int16Array): Uint8Array {
  const known = new Map<number, number>();
  return Uint8Array.from(linear, (sample) => {
    let nearest = known.get(sample);
    if (nearest === undefined) {
      nearest = samples.reduce(
        (best, candidate, code) => (Math.abs(candidate - sample) < Math.abs(samples[best]! - sample) ? code : best),
        0,
      );
      known.set(sample, nearest);
    }
    return nearest;
  });
}
