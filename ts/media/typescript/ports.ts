/**
 * Every port of an inclusive range once: even ports from `start` on and around, then odd ones likewise (RFC 3550 §11 wants RTP on
 * an even port; the odd one above is RTCP's). The same order as crates/engine/src/ports.rs.
 */
export function* portCandidates(low: number, high: number, start: number): Generator<number> {
  for (const parity of [0, 1]) {
    const first = low + (low % 2 === parity ? 0 : 1);
    const count = Math.max(0, Math.floor((high + 2 - first) / 2));
    for (let index = 0; index < count; index += 1) yield first + ((index + (start % count)) % count) * 2;
  }
}
