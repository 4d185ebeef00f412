/** RTP's fixed header (RFC 3550 §5.1): read with every length checked, and written. */

import { readU16, readU32, writeU32 } from "./bytes.ts";

/** Bytes of a header without CSRC list or extension: the only kind we write. */
export const HEADER_LENGTH = 12;

/** What an RTP packet says of itself, and where in the datagram its payload lies. */
export interface Header {
  /** The profile's mark: in audio, the first packet of a talkspurt (RFC 3551 §4.1). */
  marker: boolean;
  /** 0–127. */
  payloadType: number;
  /** One more than the packet before, modulo 2^16. */
  sequence: number;
  /** When the first sample was taken, in samples, modulo 2^32. */
  timestamp: number;
  /** Synchronization source. */
  ssrc: number;
  /** Offset of the payload's first byte. */
  payloadStart: number;
  /** Offset behind its last byte: padding is left out. */
  payloadEnd: number;
}

/** A header to {@link parse} into. */
export function newHeader(): Header {
  return { marker: false, payloadType: 0, sequence: 0, timestamp: 0, ssrc: 0, payloadStart: 0, payloadEnd: 0 };
}

/**
 * Reads the header of a datagram that may be anything into `header`.
 * @returns false, and leaves `header` alone, when it is no RTP version 2 packet or contradicts itself: the CSRC list, the extension or
 * the padding would not fit
 */
export function parse(datagram: Uint8Array, header: Header): boolean {
  const length = datagram.length;
  if (length < HEADER_LENGTH || datagram[0]! >> 6 !== 2) {
    return false;
  }
  let start = HEADER_LENGTH + 4 * (datagram[0]! & 0x0f);
  if ((datagram[0]! & 0x10) !== 0) {
    // §5.3.1: 16 bits for the profile, then the length in 32-bit words without these four bytes.
    if (start + 4 > length) {
      return false;
    }
    start += 4 + 4 * readU16(datagram, start + 2);
  }
  let end = length;
  if ((datagram[0]! & 0x20) !== 0) {
    // The last byte counts the padding, itself included: 0 is a contradiction.
    const padding = datagram[length - 1]!;
    if (padding === 0 || padding > length) {
      return false;
    }
    end -= padding;
  }
  if (start > end) {
    return false;
  }
  header.marker = (datagram[1]! & 0x80) !== 0;
  header.payloadType = datagram[1]! & 0x7f;
  header.sequence = readU16(datagram, 2);
  header.timestamp = readU32(datagram, 4);
  header.ssrc = readU32(datagram, 8);
  header.payloadStart = start;
  header.payloadEnd = end;
  return true;
}

/** Writes the fixed header of a packet without padding, extension or CSRC list into the first 12 bytes of `packet`. */
export function writeHeader(
  packet: Uint8Array,
  marker: boolean,
  payloadType: number,
  sequence: number,
  timestamp: number,
  ssrc: number,
): void {
  packet[0] = 2 << 6;
  packet[1] = (marker ? 0x80 : 0) | (payloadType & 0x7f);
  packet[2] = sequence >>> 8;
  packet[3] = sequence;
  writeU32(packet, 4, timestamp);
  writeU32(packet, 8, ssrc);
}
