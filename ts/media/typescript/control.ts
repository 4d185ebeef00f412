/** A session's side of RTCP (RFC 3550 §6): when to report and what, and what the far end's reports say of our stream. */

import { type Bandwidth, Schedule } from "./interval.ts";
import type { Source } from "./latch.ts";
import type { VoipMetrics } from "./metrics.ts";
import { type Compound, compose, middle, parseCompound, type ReportBlock, type SenderInfo } from "./rtcp.ts";

/** Seconds from NTP's 1900 to Unix's 1970. */
const NTP_EPOCH = 2_208_988_800;
/** Microseconds in a second. */
const SECOND = 1_000_000;
/** So many of our last sender reports are remembered: a round trip is believed only from a report that answers one of them. */
const REMEMBERED = 4;
/** An R factor that its sender does not know (RFC 3611 §4.7.5). */
const UNKNOWN_RATING = 127;

/** What the session knows when a report is due. */
export interface Facts {
  /** The RTP timestamp of this moment. */
  readonly timestamp: number;
  /** RTP packets sent, and their payload bytes. */
  readonly packets: number;
  readonly octets: number;
  /** About the far end's stream. */
  readonly report: ReportBlock | undefined;
  /** Likewise, where they are to be sent. */
  readonly metrics: VoipMetrics | undefined;
  /** We leave. */
  readonly bye: boolean;
}

/** The state of it. */
export class Control {
  /** Whether our packets go where the far end's come from; else, always where the SDP says. */
  symmetric = true;
  #ssrc: number;
  readonly #name: Uint8Array;
  /** Unix time in µs at 0 of the session's clock. */
  readonly #epoch: number;
  readonly #schedule: Schedule;
  readonly #negotiated: Source = { address: "", port: 0 };
  readonly #destination: Source = { address: "", port: 0 };
  /** RFC 5506 was negotiated. */
  reducedSize = false;
  /** Whose sender report came last, its time's middle 32 bits, and when it came, µs. */
  #reporter = 0;
  #lastReport = 0;
  #reportedAt = 0;
  /** The middle 32 bits of our last sender reports. */
  readonly #sent = new Uint32Array(REMEMBERED);
  #sentNext = 0;
  /** RTP packets that we had sent at the last report and at the one before. */
  #mark = 0;
  #markBefore = 0;
  /** The source that we were until it collided with another, not yet said goodbye for; and what had been sent then. */
  #former: number | undefined;
  #formerPackets = 0;
  #formerOctets = 0;
  /** Compound packets. */
  packetsSent = 0;
  packetsReceived = 0;
  /** Round trip, in 1/65,536 s. */
  roundTrip = 0;
  /** Our stream as the far end reports it: loss since the report before in 1/256, in all, and jitter in timestamp units. */
  remoteFraction = 0;
  remoteLost = 0;
  remoteJitter = 0;
  /** The R factor that it gives; 0: none. */
  remoteRating = 0;

  /** Nothing sent, nothing heard. */
  constructor(ssrc: number, name: string, epoch: number, seed: number) {
    this.#ssrc = ssrc;
    this.#name = new TextEncoder().encode(name);
    this.#epoch = epoch;
    this.#schedule = new Schedule(seed);
  }

  /** Takes over the SDP's address for RTCP. The same as before leaves everything as it is. */
  configure(address: string, port: number, reducedSize: boolean, bandwidth: Bandwidth): void {
    this.reducedSize = reducedSize;
    this.#schedule.bandwidth = bandwidth;
    if (this.#negotiated.address !== address || this.#negotiated.port !== port) {
      this.#negotiated.address = address;
      this.#negotiated.port = port;
      this.#destination.address = address;
      this.#destination.port = port;
    }
  }

  /** We are another source from now on (RFC 3550 §8.2), after so many packets and octets. */
  rename(ssrc: number, packets: number, octets: number): void {
    this.#former = this.#ssrc;
    this.#formerPackets = packets;
    this.#formerOctets = octets;
    this.#ssrc = ssrc;
    // Reports that answer ours are about a source that is no more.
    this.#sent.fill(0);
  }

  /** Writes the goodbye of the source that we no longer are. @returns its length; 0 when there is none to say */
  writeGoodbye(packet: Uint8Array): number {
    const former = this.#former;
    this.#former = undefined;
    if (former === undefined || this.mute || (this.#formerPackets === 0 && this.packetsSent === 0)) {
      return 0;
    }
    const length = compose(packet, { ssrc: former, info: undefined, report: undefined, metrics: undefined, bye: true }, this.#name);
    this.packetsSent += length > 0 ? 1 : 0;
    return length;
  }

  /** Neither who sends nor who listens may send RTCP. */
  get mute(): boolean {
    return this.#schedule.bandwidth.senders === 0 && this.#schedule.bandwidth.receivers === 0;
  }

  /** Where our reports go. */
  get destination(): Readonly<Source> | undefined {
    return this.#destination.address === "" ? undefined : this.#destination;
  }

  /** What the SDP said. */
  get negotiated(): Readonly<Source> {
    return this.#negotiated;
  }

  /**
   * Takes a datagram from a source that may be the far end's. `theirs` is its stream's SSRC, if one was heard. Undefined when it is no
   * RTCP.
   */
  receive(now: number, address: string, port: number, datagram: Uint8Array, theirs: number | undefined): Compound | undefined {
    const compound = parseCompound(datagram, this.reducedSize, this.#ssrc, theirs ?? 0);
    if (compound === undefined) {
      return undefined;
    }
    compound.bye &&= theirs !== undefined;
    this.packetsReceived += 1;
    this.#schedule.received(datagram.length);
    if (compound.sender === this.#ssrc) {
      // Our own, come back, or a source that must take another name: it tells us nothing.
      compound.bye = false;
      return compound;
    }
    if (this.symmetric && theirs === compound.sender) {
      // Its packets show where it is, as those of RTP do (RFC 4961).
      this.#destination.address = address;
      this.#destination.port = port;
    }
    if (compound.info !== undefined) {
      this.#reporter = compound.sender;
      this.#lastReport = middle(compound.info);
      this.#reportedAt = now;
    }
    const { report, metrics } = compound;
    if (report !== undefined) {
      this.remoteFraction = report.fractionLost;
      this.remoteLost = report.lost;
      this.remoteJitter = report.jitter;
      if (report.lastReport !== 0 && this.#sent.includes(report.lastReport)) {
        const arrival = (this.#ntpSeconds(now) << 16) | (this.#ntpFraction(now) >>> 16);
        const trip = (arrival - report.lastReport - report.delay) | 0;
        // A far end whose clock runs fast may claim to have held the report longer than we waited for it.
        this.roundTrip = Math.max(trip, 0);
      }
    }
    if (metrics !== undefined && metrics.rating < UNKNOWN_RATING) {
      this.remoteRating = metrics.rating;
    }
    return compound;
  }

  /** Whether a report is due. `packets`: RTP packets sent so far; `heard`: the far end has a stream, `sends`: of late. */
  due(now: number, packets: number, heard: boolean, sends: boolean): boolean {
    const weSent = this.#weSent(packets);
    return this.#schedule.due(now, 1 + (heard ? 1 : 0), (sends ? 1 : 0) + (weSent ? 1 : 0), weSent);
  }

  /** Whether anything was ever sent: who never did leaves without a word (§6.3.7). */
  known(packets: number): boolean {
    return packets > 0 || this.packetsSent > 0;
  }

  /** Writes a report into `packet`. @returns its length; 0 when there is no room for it */
  write(now: number, facts: Facts, packet: Uint8Array): number {
    const weSent = this.#weSent(facts.packets);
    const info: SenderInfo = {
      ntpSeconds: this.#ntpSeconds(now),
      ntpFraction: this.#ntpFraction(now),
      timestamp: facts.timestamp,
      packets: facts.packets - this.#formerPackets,
      octets: facts.octets - this.#formerOctets,
    };
    const { metrics, bye } = facts;
    let { report } = facts;
    if (report !== undefined && report.ssrc === this.#reporter && this.#lastReport !== 0) {
      report = { ...report, lastReport: this.#lastReport, delay: delay(Math.max(now - this.#reportedAt, 0)) };
    }
    const length = compose(packet, { ssrc: this.#ssrc, info: weSent ? info : undefined, report, metrics, bye }, this.#name);
    if (length === 0) {
      return 0;
    }
    if (weSent) {
      this.#sent[this.#sentNext] = middle(info);
      this.#sentNext = (this.#sentNext + 1) % REMEMBERED;
    }
    this.packetsSent += 1;
    this.#markBefore = this.#mark;
    this.#mark = facts.packets;
    this.#schedule.sent(now, length, (weSent ? 1 : 0) + (report === undefined ? 0 : 1), weSent);
    return length;
  }

  /** §6.4: who sent RTP since the report before the last one sends sender reports. */
  #weSent(packets: number): boolean {
    return packets > this.#markBefore;
  }

  /** The wall clock at `now`, as NTP counts it. */
  #ntpSeconds(now: number): number {
    return (Math.floor((this.#epoch + now) / SECOND) + NTP_EPOCH) >>> 0;
  }

  #ntpFraction(now: number): number {
    return Math.floor((((this.#epoch + now) % SECOND) * 0x1_0000_0000) / SECOND);
  }
}

/** Microseconds as a report block counts its delay: 1/65,536 s, at most 18 h. */
function delay(microseconds: number): number {
  return microseconds >= 0x1_0000 * SECOND ? 0xffff_ffff : Math.floor((microseconds * 0x1_0000) / SECOND);
}
