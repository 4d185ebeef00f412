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

/** A port just closed is left alone for so long, ms, while there are others: packets of the call that it was for may still come. */
const REST = 1_000;

/** Ports of this process that were closed of late, and when, ms. */
const closed = new Map<string, number>();

/** Notes that a session's port was closed at `now`, ms. */
export function noteClosed(address: string, port: number, now: number): void {
  for (const [key, time] of closed) if (now >= time + REST) closed.delete(key);
  closed.set(`${address} ${port}`, now);
}

/** Two ports for RTP and RTCP, or one for RTP alone. */
export interface PortChoice {
  readonly port: number;
  readonly paired: boolean;
}

/**
 * What to try, in order: pairs of an even port and the one above; where no pair is free, single ports. Of those that serve, the ones
 * that were not closed just now come first. The same order as crates/engine/src/ports.rs.
 */
export function* portChoices(address: string, low: number, high: number, start: number, now: number): Generator<PortChoice> {
  const rests = (port: number): boolean => now < (closed.get(`${address} ${port}`) ?? Number.NEGATIVE_INFINITY) + REST;
  for (const paired of [true, false]) {
    for (const rested of [true, false]) {
      for (const port of portCandidates(low, high, start)) {
        if (paired && (port % 2 !== 0 || port >= high)) continue;
        if ((rests(port) || (paired && rests(port + 1))) !== rested) yield { port, paired };
      }
    }
  }
}
