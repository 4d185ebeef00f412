/** The VoIP metrics block of RTCP's extended reports (RFC 3611 §4.7), read and written. */

import { readU16, readU32, writeU16, writeU32 } from "./bytes.ts";
import { GMIN } from "./loss.ts";

/** The VoIP metrics of RFC 3611 §4.7, in its units. */
export interface VoipMetrics {
  /** The source that they are about. */
  readonly ssrc: number;
  /** Packets lost on the way, and dropped for being late, in 1/256. */
  readonly lossRate: number;
  readonly discardRate: number;
  /** Share of loss within bursts and in between, in 1/256; mean lengths, ms. */
  readonly burstDensity: number;
  readonly gapDensity: number;
  readonly burstDuration: number;
  readonly gapDuration: number;
  /** ms. */
  readonly roundTripDelay: number;
  /** ms, from the network to the ear. */
  readonly endSystemDelay: number;
  /** R factor 0–100; 127: not known. */
  readonly rating: number;
  /** Mean opinion scores times ten, for listening and for conversation; 127: not known. */
  readonly listeningQuality: number;
  readonly conversationalQuality: number;
  /** Playout delay now, at its greatest and at most, ms. */
  readonly nominalDelay: number;
  readonly maximumDelay: number;
  readonly absoluteMaximumDelay: number;
}

/** The block's type and its length in words, less one. */
const VOIP_METRICS = 7;
const METRICS_WORDS = 8;
/** Bytes of it. */
const LENGTH = 36;
/** §4.7.5 and §4.7.7: no such measurement; enhanced concealment with an adaptive jitter buffer of unstated rate. */
const UNKNOWN = 127;
const CONFIGURATION = 0b1011_0000;

/** The last metrics about the stream `ours` among the blocks from `first` up to `until`. A block that is cut short ends it. */
export function readMetrics(report: Uint8Array, first: number, until: number, ours: number): VoipMetrics | undefined {
  let metrics: VoipMetrics | undefined;
  let at = first;
  while (at + 4 <= until) {
    const end = at + 4 + 4 * readU16(report, at + 2);
    if (end > until) {
      break;
    }
    if (report[at] === VOIP_METRICS && end - at === LENGTH && readU32(report, at + 4) === ours) {
      metrics = {
        ssrc: ours,
        lossRate: report[at + 8]!,
        discardRate: report[at + 9]!,
        burstDensity: report[at + 10]!,
        gapDensity: report[at + 11]!,
        burstDuration: readU16(report, at + 12),
        gapDuration: readU16(report, at + 14),
        roundTripDelay: readU16(report, at + 16),
        endSystemDelay: readU16(report, at + 18),
        rating: report[at + 24]!,
        listeningQuality: report[at + 26]!,
        conversationalQuality: report[at + 27]!,
        nominalDelay: readU16(report, at + 30),
        maximumDelay: readU16(report, at + 32),
        absoluteMaximumDelay: readU16(report, at + 34),
      };
    }
    at = end;
  }
  return metrics;
}

/** Writes the block from `at` on. @returns where it ends */
export function writeMetrics(packet: Uint8Array, at: number, metrics: VoipMetrics): number {
  packet[at] = VOIP_METRICS;
  packet[at + 1] = 0;
  writeU16(packet, at + 2, METRICS_WORDS);
  writeU32(packet, at + 4, metrics.ssrc);
  packet[at + 8] = metrics.lossRate;
  packet[at + 9] = metrics.discardRate;
  packet[at + 10] = metrics.burstDensity;
  packet[at + 11] = metrics.gapDensity;
  writeU16(packet, at + 12, metrics.burstDuration);
  writeU16(packet, at + 14, metrics.gapDuration);
  writeU16(packet, at + 16, metrics.roundTripDelay);
  writeU16(packet, at + 18, metrics.endSystemDelay);
  // Signal level, noise level, residual echo return loss.
  packet.fill(UNKNOWN, at + 20, at + 23);
  packet[at + 23] = GMIN;
  packet[at + 24] = metrics.rating;
  packet[at + 25] = UNKNOWN;
  packet[at + 26] = metrics.listeningQuality;
  packet[at + 27] = metrics.conversationalQuality;
  packet[at + 28] = CONFIGURATION;
  packet[at + 29] = 0;
  writeU16(packet, at + 30, metrics.nominalDelay);
  writeU16(packet, at + 32, metrics.maximumDelay);
  writeU16(packet, at + 34, metrics.absoluteMaximumDelay);
  return at + LENGTH;
}
