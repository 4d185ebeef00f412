/** When RTCP is sent (RFC 3550 §6.3, A.7): intervals that nobody's packets fall into step with. */

/** §6.2: the least mean interval, s; the first one is half as long. */
const MINIMUM = 5;
/** §6.3.1: reconsideration makes intervals longer than drawn; this, e − 3/2, makes up for it. */
const COMPENSATION = 1.218_28;
/** What RTCP may take, bits a second (RFC 3556): those who send RTP, and those who only listen. Who has none sends no RTCP. */
export interface Bandwidth {
  /** b=RS and b=RR. */
  readonly senders: number;
  readonly receivers: number;
}

/**
 * §6.2: RTCP may take 5 % of the session's bandwidth, here G.711's 64 kbit/s with its headers at 20 ms; senders have a quarter of it.
 * Bits a second, as b=RS and b=RR count (RFC 3556).
 */
export const USUAL_BANDWIDTH: Bandwidth = { senders: 1_000, receivers: 3_000 };
/** Bits in an octet. */
const OCTET = 8;
/** §6.3.2: what the average size begins with is the probable size of the first packet: IP, UDP, report, description. */
const FIRST_SIZE = 128;
/** IPv4's and UDP's headers count as well (§6.2). */
const LOWER_HEADERS = 28;
/** Microseconds in a second. */
const SECOND = 1_000_000;

/** Whether one may send RTCP at all. */
function allows(bandwidth: Bandwidth, weSent: boolean): boolean {
  return (weSent ? bandwidth.senders : bandwidth.receivers) > 0;
}

/**
 * A.7: seconds until the next packet of one who has some bandwidth. `random` is 0 up to, not including, 1; `average` the mean size of
 * RTCP packets, octets.
 */
export function rtcpInterval(
  members: number,
  senders: number,
  bandwidth: Bandwidth,
  weSent: boolean,
  average: number,
  initial: boolean,
  random: number,
): number {
  const minimum = initial ? MINIMUM / 2 : MINIMUM;
  const whole = bandwidth.senders + bandwidth.receivers;
  let participants = members;
  let share = whole;
  // RFC 3556 §2: while the senders are no larger a part of the participants than of the bandwidth, each group shares its own.
  if (senders * whole <= participants * bandwidth.senders) {
    if (weSent) {
      share = bandwidth.senders;
      participants = senders;
    } else {
      share = bandwidth.receivers;
      participants -= senders;
    }
  }
  share /= OCTET;
  return (Math.max((average * participants) / share, minimum) * (random + 0.5)) / COMPENSATION;
}

/**
 * The transmission timer of §6.3, with reconsideration.
 *
 * ```text
 *             first due()                    at `next`, drawn anew: still in the past
 *   stopped ──────────────► waiting ◄──┐ ───────────────────────────────────────────► send, sent()
 *                              │       │ drawn anew: in the future (reconsideration)       │
 *                              └───────┘◄──────────────────────────────────────────────────┘
 * ```
 */
export class Schedule {
  #running = false;
  #initial = true;
  /** When the last packet was sent, and when the next may be, µs. */
  #last = 0;
  #next = 0;
  #members = 1;
  /** Mean size of the RTCP packets sent and received, octets. */
  #average = FIRST_SIZE;
  #random: number;
  /** Agreed on for this stream. */
  bandwidth: Bandwidth = USUAL_BANDWIDTH;

  /** Not running yet. `seed` makes the intervals differ from everybody else's. */
  constructor(seed: number) {
    this.#random = seed === 0 ? 1 : seed;
  }

  /** Whether a packet is to be sent now. The first call starts the timer. */
  due(now: number, members: number, senders: number, weSent: boolean): boolean {
    if (!allows(this.bandwidth, weSent)) {
      return false;
    }
    if (!this.#running) {
      this.#running = true;
      this.#last = now;
      this.#next = now + this.#draw(members, senders, weSent);
      this.#members = members;
      return false;
    }
    if (members < this.#members) {
      this.#reverse(now, members);
    }
    this.#members = members;
    if (now < this.#next) {
      return false;
    }
    const next = this.#last + this.#draw(members, senders, weSent);
    if (next > now) {
      this.#next = next;
      return false;
    }
    return true;
  }

  /** A packet of `length` octets was sent at `now`. */
  sent(now: number, length: number, senders: number, weSent: boolean): void {
    this.received(length);
    this.#last = now;
    this.#initial = false;
    if (allows(this.bandwidth, weSent)) {
      this.#next = now + this.#draw(this.#members, senders, weSent);
    }
  }

  /** A packet of `length` octets came (§6.3.3). */
  received(length: number): void {
    this.#average = (length + LOWER_HEADERS) / 16 + (this.#average * 15) / 16;
  }

  /** §6.3.4: somebody left, so that the others' packets may come sooner. */
  #reverse(now: number, members: number): void {
    const ratio = members / this.#members;
    this.#next = now + Math.floor(ratio * Math.max(this.#next - now, 0));
    this.#last = Math.max(now - Math.floor(ratio * Math.max(now - this.#last, 0)), 0);
  }

  /** Microseconds. */
  #draw(members: number, senders: number, weSent: boolean): number {
    this.#random ^= this.#random << 13;
    this.#random ^= this.#random >>> 17;
    this.#random ^= this.#random << 5;
    const random = (this.#random >>> 0) / 4_294_967_296;
    return Math.floor(rtcpInterval(members, senders, this.bandwidth, weSent, this.#average, this.#initial, random) * SECOND);
  }
}
