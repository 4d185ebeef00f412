import type { SessionCore } from "../../ts/media/contract.ts";
import { decode, encode } from "../../ts/media/typescript/g711.ts";
import { type Address, REMOTE, rtpPacket } from "./farEnd.ts";

/** A far end that talks: a tone of 100 Hz whose loudness wanders, so that each stretch of it can be told from every other. */
export class Talker {
  from: Address = REMOTE;
  ssrc = 0x1234_5678;
  sequence = 65_533;
  timestamp = 0xffff_fe00;
  #spoken = 0;

  /** The next packet; the talker goes on as if it had been sent, whatever becomes of it. */
  speak(samples = 160, fields: { readonly marker?: boolean } = {}): Uint8Array {
    const payload = new Uint8Array(samples);
    encode("PCMU", tone(this.#spoken, samples), payload);
    const packet = rtpPacket({ ...fields, sequence: this.sequence, timestamp: this.timestamp, ssrc: this.ssrc, payload });
    this.#spoken += samples;
    this.sequence = (this.sequence + 1) & 0xffff;
    this.timestamp = (this.timestamp + samples) >>> 0;
    return packet;
  }

  /** Says nothing and sends nothing for so long. */
  pause(samples: number): void {
    this.timestamp = (this.timestamp + samples) >>> 0;
  }

  /** What a listener hears who misses nothing: the first `samples` spoken, as µ-law leaves them. */
  heard(samples: number, from = 0): Int16Array {
    const payload = new Uint8Array(samples);
    encode("PCMU", tone(from, samples), payload);
    const linear = new Int16Array(samples);
    decode("PCMU", payload, linear);
    return linear;
  }
}

/** Gives a packet to a session. */
export function deliver(session: SessionCore, now: number, packet: Uint8Array, from: Address = REMOTE): void {
  session.receive(now, from.address, from.port, packet);
}

function tone(from: number, count: number): Int16Array {
  return Int16Array.from({ length: count }, (_, index) => {
    const at = from + index;
    return Math.round(Math.sin((2 * Math.PI * at) / 80) * (6_000 + 2_000 * Math.sin(at / 1_111)));
  });
}

/** Where in `haystack` the sequence `needle` begins, or -1. */
export function find(haystack: Int16Array, needle: Int16Array): number {
  for (let at = 0; at + needle.length <= haystack.length; at++) {
    let index = 0;
    while (index < needle.length && haystack[at + index] === needle[index]) index++;
    if (index === needle.length) return at;
  }
  return -1;
}
