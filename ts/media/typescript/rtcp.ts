/**
 * RTCP (RFC 3550 §6, RFC 3611): compound packets, checked and read, and written. A call has two participants, so what is read of
 * a compound packet is what its sender says of itself and of us.
 */

import { readU16, readU32, writeU16, writeU32 } from "./bytes.ts";
import { readMetrics, type VoipMetrics, writeMetrics } from "./metrics.ts";

/** A report about one source (RFC 3550 §6.4.1). */
export interface ReportBlock {
  /** The source that it is about. */
  readonly ssrc: number;
  /** Share of its packets lost since the last report, in 1/256. */
  readonly fractionLost: number;
  /** Packets lost in all, −2^23 to 2^23 − 1: duplicates make it negative. */
  readonly lost: number;
  /** Highest sequence number that came, with the count of its cycles. */
  readonly highest: number;
  /** Interarrival jitter, in timestamp units. */
  readonly jitter: number;
  /** The middle 32 bits of the NTP time in the source's last sender report; 0: none came. */
  readonly lastReport: number;
  /** How long ago that came, in 1/65,536 s. */
  readonly delay: number;
}

/** What a sender says of its stream (§6.4.1). */
export interface SenderInfo {
  /** Wall clock: seconds since 1900, and their fraction in 1/2^32. */
  readonly ntpSeconds: number;
  readonly ntpFraction: number;
  /** The same moment in its RTP timestamps. */
  readonly timestamp: number;
  /** RTP packets sent, modulo 2^32, and their payload bytes. */
  readonly packets: number;
  readonly octets: number;
}

/** What comes back as a report block's `lastReport`. */
export function middle(info: SenderInfo): number {
  return ((info.ntpSeconds << 16) | (info.ntpFraction >>> 16)) >>> 0;
}

/** What a compound packet says. */
export interface Compound {
  /** Its sender: the SSRC of the first packet that has one. */
  sender: number;
  /** What it says of its own stream. */
  info: SenderInfo | undefined;
  /** What it says of ours. */
  report: ReportBlock | undefined;
  /** Its canonical name (§6.5.1): where its bytes begin and end in the datagram; 0, 0 when it gives none. */
  nameStart: number;
  nameEnd: number;
  /** Whether the source asked about leaves (§6.6). */
  bye: boolean;
  /** Its metrics of our stream. */
  metrics: VoipMetrics | undefined;
}

/** What {@link compose} writes. */
export interface OutgoingReport {
  /** Our SSRC. */
  readonly ssrc: number;
  /** Makes it a sender report. */
  readonly info: SenderInfo | undefined;
  /** About the far end's stream. */
  readonly report: ReportBlock | undefined;
  /** Likewise. */
  readonly metrics: VoipMetrics | undefined;
  /** We leave. */
  readonly bye: boolean;
}

/** Packet types (§12.1, RFC 3611 §2). */
const SENDER_REPORT = 200;
const RECEIVER_REPORT = 201;
const SOURCE_DESCRIPTION = 202;
const BYE = 203;
const EXTENDED_REPORT = 207;
/**
 * RFC 5761 §4: where RTP and RTCP share a port, RTP payload types 64–95 are not used, because with the marker bit their second byte is
 * that of an RTCP packet.
 */
const FIRST_TYPE = 192;
const LAST_TYPE = 223;
/** SDES item (§6.5.1). */
const CNAME = 1;
/** Longest CNAME that an item's length byte can tell. */
const LONGEST_NAME = 255;
/** Whatever {@link compose} writes fits: report 52, description 268, extended report 44, goodbye 8. */
export const LONGEST = 372;

/** Whether a datagram on a shared port is RTCP rather than RTP (RFC 5761 §4). */
export function isRTCP(datagram: Uint8Array): boolean {
  return datagram.length >= 4 && datagram[1]! >= FIRST_TYPE && datagram[1]! <= LAST_TYPE;
}

/**
 * RFC 3550 A.2: whether a datagram is a compound packet. With `reducedSize` (RFC 5506, only where negotiated) the first packet may
 * be any.
 */
export function check(datagram: Uint8Array, reducedSize: boolean): boolean {
  let at = 0;
  while (at + 4 <= datagram.length) {
    const [first, packetType] = [datagram[at]!, datagram[at + 1]!];
    const next = at + 4 + 4 * readU16(datagram, at + 2);
    if (first >> 6 !== 2 || packetType < FIRST_TYPE || packetType > LAST_TYPE || next > datagram.length) {
      return false;
    }
    if (at === 0 && !reducedSize && packetType !== SENDER_REPORT && packetType !== RECEIVER_REPORT) {
      return false;
    }
    // Only the last packet may be padded, by whole words that fit into it.
    if ((first & 0x20) !== 0) {
      const padding = datagram[next - 1]!;
      if (next !== datagram.length || padding === 0 || padding % 4 !== 0 || padding > next - at - 4 || (at === 0 && !reducedSize)) {
        return false;
      }
    }
    at = next;
  }
  return at > 0 && at === datagram.length;
}

/**
 * Reads what a compound packet says about our stream `ours` and about the source `theirs`. Undefined when it is no compound packet.
 * Reports that are cut short, and types that we do not know, are passed over.
 */
export function parseCompound(datagram: Uint8Array, reducedSize: boolean, ours: number, theirs: number): Compound | undefined {
  if (!check(datagram, reducedSize)) {
    return undefined;
  }
  const compound: Compound = { sender: 0, info: undefined, report: undefined, nameStart: 0, nameEnd: 0, bye: false, metrics: undefined };
  let identified = false;
  let at = 0;
  while (at < datagram.length) {
    const next = at + 4 + 4 * readU16(datagram, at + 2);
    const padding = (datagram[at]! & 0x20) !== 0 ? datagram[next - 1]! : 0;
    const packet: Packet = { start: at, end: next - padding, count: datagram[at]! & 0x1f };
    if (packet.start + 8 <= packet.end && !identified) {
      identified = true;
      compound.sender = readU32(datagram, packet.start + 4);
    }
    switch (datagram[at + 1]) {
      case SENDER_REPORT:
        if (packet.start + 28 <= packet.end) {
          compound.info = readInfo(datagram, packet.start + 8);
          readBlocks(datagram, packet, packet.start + 28, ours, compound);
        }
        break;
      case RECEIVER_REPORT:
        readBlocks(datagram, packet, packet.start + 8, ours, compound);
        break;
      case SOURCE_DESCRIPTION:
        readName(datagram, packet, compound);
        break;
      case BYE:
        for (let index = 0; index < packet.count; index++) {
          const source = packet.start + 4 + 4 * index;
          compound.bye ||= source + 4 <= packet.end && readU32(datagram, source) === theirs;
        }
        break;
      case EXTENDED_REPORT:
        compound.metrics = readMetrics(datagram, packet.start + 8, packet.end, ours) ?? compound.metrics;
        break;
    }
    at = next;
  }
  return compound;
}

/**
 * Writes a compound packet: a sender or receiver report, our CNAME, metrics and goodbye if there are any. `name` is cut after 255
 * bytes.
 * @returns its length, 0 when `packet` has less room than {@link LONGEST}
 */
export function compose(packet: Uint8Array, outgoing: OutgoingReport, name: Uint8Array): number {
  if (packet.length < LONGEST) {
    return 0;
  }
  let at = 8;
  writeU32(packet, 4, outgoing.ssrc);
  if (outgoing.info !== undefined) {
    const { ntpSeconds, ntpFraction, timestamp, packets, octets } = outgoing.info;
    for (const word of [ntpSeconds, ntpFraction, timestamp, packets, octets]) {
      writeU32(packet, at, word);
      at += 4;
    }
  }
  if (outgoing.report !== undefined) {
    const { ssrc, fractionLost, lost, highest, jitter, lastReport, delay } = outgoing.report;
    for (const word of [ssrc, (fractionLost << 24) | (lost & 0xff_ffff), highest, jitter, lastReport, delay]) {
      writeU32(packet, at, word);
      at += 4;
    }
  }
  const packetType = outgoing.info === undefined ? RECEIVER_REPORT : SENDER_REPORT;
  writeHead(packet, 0, outgoing.report === undefined ? 0 : 1, packetType, at);
  at = writeName(packet, at, outgoing.ssrc, name);
  if (outgoing.metrics !== undefined) {
    writeU32(packet, at + 4, outgoing.ssrc);
    const end = writeMetrics(packet, at + 8, outgoing.metrics);
    writeHead(packet, at, 0, EXTENDED_REPORT, end);
    at = end;
  }
  if (outgoing.bye) {
    writeU32(packet, at + 4, outgoing.ssrc);
    writeHead(packet, at, 1, BYE, at + 8);
    at += 8;
  }
  return at;
}

/** One packet of a compound one, its padding left out. */
interface Packet {
  readonly start: number;
  readonly end: number;
  readonly count: number;
}

function readInfo(datagram: Uint8Array, at: number): SenderInfo {
  return {
    ntpSeconds: readU32(datagram, at),
    ntpFraction: readU32(datagram, at + 4),
    timestamp: readU32(datagram, at + 8),
    packets: readU32(datagram, at + 12),
    octets: readU32(datagram, at + 16),
  };
}

function readBlocks(datagram: Uint8Array, packet: Packet, first: number, ours: number, compound: Compound): void {
  for (let index = 0; index < packet.count; index++) {
    const at = first + 24 * index;
    if (at + 24 > packet.end) {
      return;
    }
    if (readU32(datagram, at) === ours) {
      const lost = readU32(datagram, at + 4);
      compound.report = {
        ssrc: ours,
        fractionLost: lost >>> 24,
        // The sign is the 24th bit.
        lost: (lost << 8) >> 8,
        highest: readU32(datagram, at + 8),
        jitter: readU32(datagram, at + 12),
        lastReport: readU32(datagram, at + 16),
        delay: readU32(datagram, at + 20),
      };
    }
  }
}

/** The first chunk's CNAME: a chunk is an SSRC, and items of type, length and text up to a type of 0. */
function readName(datagram: Uint8Array, packet: Packet, compound: Compound): void {
  let at = packet.start + 8;
  if (packet.count === 0) {
    return;
  }
  while (at + 2 <= packet.end && datagram[at] !== 0) {
    const end = at + 2 + datagram[at + 1]!;
    if (end > packet.end) {
      return;
    }
    if (datagram[at] === CNAME) {
      compound.nameStart = at + 2;
      compound.nameEnd = end;
      return;
    }
    at = end;
  }
}

/** One chunk with one item, ended by one to four zero bytes (§6.5). */
function writeName(packet: Uint8Array, at: number, ssrc: number, name: Uint8Array): number {
  const length = Math.min(name.length, LONGEST_NAME);
  const text = at + 10;
  const end = at + 4 + Math.floor((6 + length) / 4) * 4 + 4;
  writeU32(packet, at + 4, ssrc);
  packet[at + 8] = CNAME;
  packet[at + 9] = length;
  packet.set(name.subarray(0, length), text);
  packet.fill(0, text + length, end);
  writeHead(packet, at, 1, SOURCE_DESCRIPTION, end);
  return end;
}

/** Version 2, no padding, a count, the type, and the length in words less one. */
function writeHead(packet: Uint8Array, at: number, count: number, packetType: number, end: number): void {
  packet[at] = (2 << 6) | count;
  packet[at + 1] = packetType;
  writeU16(packet, at + 2, (end - at) / 4 - 1);
}
