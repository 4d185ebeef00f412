/** What the payload type numbers of a call stand for, and which datagrams could be the far end's by them. */

import type { Encoding, StreamParameters } from "../contract.ts";
import { PAYLOAD_LENGTH } from "./dtmf.ts";
import { MAX_PAYLOAD } from "./jitter.ts";
import { MAX_DATAGRAM } from "./latch.ts";
import { type Header, parse } from "./rtp.ts";

/** Comfort noise at 8,000 Hz (RFC 3389 §5). */
export const NOISE_PAYLOAD_TYPE = 13;

/** What a payload type number stands for: nothing that was agreed, a telephone-event (RFC 4733), comfort noise (RFC 3389), or audio. */
export type Payload = "unknown" | "event" | "noise" | Encoding;

/** The payload types that the far end may send. */
export class Payloads {
  readonly #kinds: Payload[] = Array.from({ length: 128 }, () => "unknown");

  /** Takes over what was agreed, in place of what was before. */
  configure(parameters: StreamParameters): void {
    this.#kinds.fill("unknown");
    // Static (RFC 3551): it comes from far ends that never offered it.
    this.#kinds[NOISE_PAYLOAD_TYPE] = "noise";
    if ((parameters.receiveNoisePayloadType ?? -1) >= 0) {
      this.#kinds[parameters.receiveNoisePayloadType! & 0x7f] = "noise";
    }
    parameters.receivePayloadTypes.forEach((payloadType, index) => {
      const encoding = parameters.receiveEncodings[index];
      if (encoding !== undefined) {
        this.#kinds[payloadType & 0x7f] = encoding;
      }
    });
    if (parameters.receiveEventPayloadType >= 0) {
      this.#kinds[parameters.receiveEventPayloadType & 0x7f] = "event";
    }
  }

  /** What a header's payload type stands for. */
  of(header: Header): Payload {
    return this.#kinds[header.payloadType]!;
  }

  /** Whether a datagram could be the far end's by what it says. What it says is in `header` then. */
  admit(datagram: Uint8Array, header: Header): boolean {
    if (datagram.length > MAX_DATAGRAM || !parse(datagram, header)) {
      return false;
    }
    const length = header.payloadEnd - header.payloadStart;
    switch (this.of(header)) {
      case "unknown":
        return false;
      case "event":
        return length >= PAYLOAD_LENGTH;
      case "noise":
        return length >= 1 && length <= MAX_PAYLOAD;
      case "PCMU":
      case "PCMA":
        break;
    }
    return length <= MAX_PAYLOAD;
  }
}
