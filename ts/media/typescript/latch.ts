/**
 * Whose packets count, and where ours go (symmetric RTP, RFC 4961, with a lock).
 *
 * The SDP of a phone behind a NAT names an address that reaches nobody; its packets show the one that does. But whoever can guess
 * a port can send packets: so another source must show a run of packets in sequence before it is believed, and the source that
 * did so first stays until it falls silent, its SSRC changes, or a new offer/answer moves the far end.
 */

/** Packets in sequence that another source must send to be believed. */
const RUN = 4;
/** RFC 3550 A.1's MIN_SEQUENTIAL: packets in sequence with which the known source begins a new SSRC or sequence. */
const MIN_SEQUENTIAL = 2;
/** A source silent for this long, µs, may be replaced. */
const SILENCE = 2_000_000;
/** No longer datagram is RTP for us: it would not fit an Ethernet frame. */
export const MAX_DATAGRAM = 1_500;

/** How a packet relates to the stream so far: there is none; same SSRC and a sequence number that may follow; or neither. */
export type Continuity = "fresh" | "continues" | "breaks";

/**
 * What becomes of a packet: it is the far end's; its source is on probation and it is held back; its source has passed, and it and
 * those held back are the far end's now (see {@link Latch.takeHeld}); or it is nobody's.
 */
export type Verdict = "accept" | "hold" | "promote" | "refuse";

/** A transport address; an empty `address` is none. */
export interface Source {
  address: string;
  port: number;
}

/**
 * The far end's source, and the candidate for its place.
 *
 * ```text
 *            from the SDP's address               4 in sequence
 *   nobody ─────────────────────────► known ───────────────────────► locked
 *     │                                 ▲ │                            │ ▲
 *     │ another: 4 in sequence          │ │ another: 4 in sequence     │ │ the SDP's address, or, after 2 s
 *     └────────────► locked             │ └──────────► locked          │ │ of silence, another: 4 in sequence
 *                                       └── new SSRC, or new sequence ─┘ └─┘
 * ```
 * A new remote address from an offer/answer leads back to `nobody`. No packet of a candidate that passes is lost.
 */
export class Latch {
  /** Whether our packets go where the far end's come from; else, always where the SDP says. */
  symmetric = true;
  readonly #remote: Source = { address: "", port: 0 };
  readonly #destination: Source = { address: "", port: 0 };
  readonly #source: Source = { address: "", port: 0 };
  #locked = false;
  /** Packets in sequence from the source, the sequence number that goes on with them, and when the last came, µs. */
  #run = 0;
  #next = 0;
  #heardAt = 0;
  readonly #candidate: Source = { address: "", port: 0 };
  #candidateSsrc = 0;
  #candidateNext = 0;
  #held = 0;
  readonly #arrivals = new Float64Array(RUN);
  readonly #lengths = new Int32Array(RUN);
  /** Those held back, one after the other, and where the last ends. Takes no memory until there is one. */
  #datagrams = new Uint8Array(0);
  #end = 0;
  /** Packets refused, those of candidates that did not pass included. */
  refused = 0;
  /** Whether our packets go elsewhere since the last "promote", and when the packet that {@link takeHeld} gave arrived. */
  latched = false;
  arrival = 0;

  /** Takes over the SDP's address. The same as before leaves everything as it is. */
  configure(address: string, port: number): void {
    if (is(this.#remote, address, port)) {
      return;
    }
    become(this.#remote, address, port);
    become(this.#destination, address, port);
    if (!is(this.#source, address, port)) {
      become(this.#source, "", 0);
    }
    this.#locked = false;
    this.#run = 0;
    this.#dismiss();
  }

  /** Where our packets go; undefined before {@link configure}. */
  get destination(): Readonly<Source> | undefined {
    return this.#destination.address === "" ? undefined : this.#destination;
  }

  /** Judges a packet. `datagram` is at most {@link MAX_DATAGRAM} long. */
  judge(
    now: number,
    address: string,
    port: number,
    ssrc: number,
    sequence: number,
    continuity: Continuity,
    datagram: Uint8Array,
  ): Verdict {
    const known = is(this.#source, address, port);
    const negotiated = is(this.#remote, address, port);
    if ((known && continuity !== "breaks") || (this.#source.address === "" && negotiated)) {
      become(this.#source, address, port);
      this.#run = this.#run > 0 && sequence === this.#next ? this.#run + 1 : 1;
      this.#next = (sequence + 1) & 0xffff;
      this.#heardAt = now;
      this.#locked ||= this.#run >= RUN;
      this.#dismiss();
      return "accept";
    }
    if (!known && this.#locked && now - this.#heardAt < SILENCE && !negotiated) {
      this.refused += 1;
      return "refuse";
    }
    const same = is(this.#candidate, address, port) && this.#candidateSsrc === ssrc && this.#held > 0;
    if (same && sequence === ((this.#candidateNext - 1) & 0xffff)) {
      this.refused += 1;
      return "refuse";
    }
    if (!same || sequence !== this.#candidateNext) {
      this.#dismiss();
      become(this.#candidate, address, port);
      this.#candidateSsrc = ssrc;
    }
    this.#keep(datagram);
    this.#arrivals[this.#held] = now;
    this.#lengths[this.#held] = datagram.length;
    this.#held += 1;
    this.#candidateNext = (sequence + 1) & 0xffff;
    if (this.#held < (known ? MIN_SEQUENTIAL : RUN)) {
      return "hold";
    }
    this.latched = this.symmetric && !is(this.#destination, address, port);
    become(this.#source, address, port);
    if (this.latched) {
      become(this.#destination, address, port);
    }
    this.#locked = !known;
    this.#run = this.#held;
    this.#next = this.#candidateNext;
    this.#heardAt = now;
    return "promote";
  }

  /**
   * After "promote": the packet held back longest, copied into `datagram`; {@link arrival} is its time.
   * @returns its length, or -1 when there is none left
   */
  takeHeld(index: number, datagram: Uint8Array): number {
    if (index >= this.#held) {
      this.#held = 0;
      this.#end = 0;
      return -1;
    }
    const length = this.#lengths[index]!;
    let start = 0;
    for (let before = 0; before < index; before++) {
      start += this.#lengths[before]!;
    }
    datagram.set(this.#datagrams.subarray(start, start + length));
    this.arrival = this.#arrivals[index]!;
    return length;
  }

  /** The candidate has not passed. */
  #dismiss(): void {
    this.refused += this.#held;
    this.#held = 0;
    this.#end = 0;
  }

  #keep(datagram: Uint8Array): void {
    const end = this.#end + datagram.length;
    if (end > this.#datagrams.length) {
      const datagrams = new Uint8Array(Math.max(end, 2 * this.#datagrams.length));
      datagrams.set(this.#datagrams.subarray(0, this.#end));
      this.#datagrams = datagrams;
    }
    this.#datagrams.set(datagram, this.#end);
    this.#end = end;
  }
}

function is(source: Source, address: string, port: number): boolean {
  return source.port === port && source.address === address;
}

function become(source: Source, address: string, port: number): void {
  source.address = address;
  source.port = port;
}
