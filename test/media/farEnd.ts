/**
 * A far end and a network for tests of the media core: it makes RTP packets, well-formed or not, and knows what comes next in its
 * sequence. No test here sleeps: time is a number that the test moves.
 */
import type { StreamParameters } from "../../ts/media/contract.ts";

/** Where a far end's packets come from. */
export interface Address {
  readonly address: string;
  readonly port: number;
}

export const REMOTE: Address = { address: "192.0.2.1", port: 4_000 };
export const STRANGER: Address = { address: "198.51.100.7", port: 5_004 };

/** PCMU and PCMA both ways, telephone-event 101. */
export function parameters(changes: Partial<StreamParameters> = {}): StreamParameters {
  return {
    direction: "sendrecv",
    remoteAddress: REMOTE.address,
    remotePort: REMOTE.port,
    sendPayloadType: 0,
    sendEncoding: "PCMU",
    sendEventPayloadType: 101,
    receivePayloadTypes: [0, 8],
    receiveEncodings: ["PCMU", "PCMA"],
    receiveEventPayloadType: 101,
    ...changes,
  };
}

/** What {@link rtpPacket} takes. */
export interface PacketFields {
  readonly marker?: boolean;
  readonly payloadType?: number;
  readonly sequence: number;
  readonly timestamp: number;
  readonly ssrc?: number;
  readonly payload: Uint8Array;
}

/** An RTP packet without padding, extension or CSRC list. */
export function rtpPacket(fields: PacketFields): Uint8Array {
  const packet = new Uint8Array(12 + fields.payload.length);
  const view = new DataView(packet.buffer);
  view.setUint8(0, 0x80);
  view.setUint8(1, (fields.marker === true ? 0x80 : 0) | (fields.payloadType ?? 0));
  view.setUint16(2, fields.sequence & 0xffff);
  view.setUint32(4, fields.timestamp >>> 0);
  view.setUint32(8, fields.ssrc ?? 0x1234_5678);
  packet.set(fields.payload, 12);
  return packet;
}

/** A telephone-event's payload (RFC 4733 §2.3). */
export function eventPayload(event: number, ended: boolean, duration: number): Uint8Array {
  return Uint8Array.of(event, (ended ? 0x80 : 0) | 10, duration >> 8, duration & 0xff);
}

/** Reads a packet that the core wrote. */
export function dissect(packet: Uint8Array): Required<PacketFields> {
  const view = new DataView(packet.buffer, packet.byteOffset, packet.byteLength);
  return {
    marker: view.getUint8(1) >= 0x80,
    payloadType: view.getUint8(1) & 0x7f,
    sequence: view.getUint16(2),
    timestamp: view.getUint32(4),
    ssrc: view.getUint32(8),
    payload: packet.subarray(12),
  };
}

/** A repeatable source of numbers (xorshift32). */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = (Math.imul(seed | 0, 0x9e37_79b9) ^ 0x5bd1_e995) || 1;
    // The first numbers of neighbouring seeds are alike.
    for (let warm = 0; warm < 16; warm++) this.next();
  }

  /** 0 to 2^32-1. */
  next(): number {
    this.#state ^= this.#state << 13;
    this.#state ^= this.#state >>> 17;
    this.#state ^= this.#state << 5;
    return this.#state >>> 0;
  }

  /** 0 up to, not including, `bound`. */
  below(bound: number): number {
    return Math.floor((this.next() / 2 ** 32) * bound);
  }

  /** True in `percent` of 100 cases. */
  chance(percent: number): boolean {
    return this.below(10_000) < percent * 100;
  }

  pick<T>(choices: readonly T[]): T {
    return choices[this.below(choices.length)]!;
  }
}

/** CRC-32 as zlib has it, in hexadecimal. */
export function crc32(bytes: Uint8Array): string {
  let crc = 0xffff_ffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) {
      crc = crc & 1 ? (crc >>> 1) ^ 0xedb8_8320 : crc >>> 1;
    }
  }
  return (~crc >>> 0).toString(16).padStart(8, "0");
}
