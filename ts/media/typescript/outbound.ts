/** What goes to the far end: from the samples that are written, or the events asked for, to a packet. */

import type { SessionOptions, StreamParameters } from "../contract.ts";
import { EventSender, PAYLOAD_LENGTH } from "./dtmf.ts";
import type { EventQueue } from "./event.ts";
import { FRAME, PER_MILLISECOND, UNIT } from "./frame.ts";
import { encode, silence } from "./g711.ts";
import { NOISE_PAYLOAD_TYPE } from "./payloads.ts";
import { Ring } from "./ring.ts";
import { HEADER_LENGTH, writeHeader } from "./rtp.ts";
import { Suppression } from "./suppression.ts";

/** Packets hold 10 to 60 ms of audio. */
const PACKET_STEP = 10;
const LONGEST_PACKET = 480;

/** The sending half of a session. */
export class Outbound {
  /** Ours. */
  ssrc: number;
  #sequence: number;
  #timestamp: number;
  /** The next packet sent begins a talkspurt. */
  #marker = true;
  /** Samples in a packet that we send, and how many wait for one to be complete. */
  packetLength: number = FRAME;
  #waiting = 0;
  /** When the last frame began, µs. */
  #tickedAt = 0;
  readonly #sender = new EventSender();
  /** While comfort noise is agreed. */
  #suppression: Suppression | undefined;
  /** What waits to be sent. */
  readonly outgoing: Ring;
  /** Sent, and their payload bytes. */
  packetsSent = 0;
  /** See `packetsSent`. */
  bytesSent = 0;
  /** Nothing was queued. */
  framesSilent = 0;
  /** The sender was stalled. */
  framesSkipped = 0;
  /** Held nothing but silence. */
  packetsSuppressed = 0;
  /** Room for a packet's samples, so that none is allocated for a packet. */
  readonly #audio = new Int16Array(LONGEST_PACKET);

  /** Nothing is sent until it is configured. */
  constructor(options: SessionOptions) {
    this.ssrc = options.ssrc >>> 0;
    this.#sequence = options.sequence & 0xffff;
    this.#timestamp = options.timestamp >>> 0;
    this.outgoing = new Ring((options.writeCapacity ?? 65_536) >>> 0);
  }

  /** Takes over what an offer/answer exchange settled. */
  configure(parameters: StreamParameters, events: EventQueue): void {
    const ptime = (parameters.ptime ?? 20) >>> 0;
    this.packetLength = Math.min(Math.max(Math.floor(ptime / PACKET_STEP), 1), 6) * PACKET_STEP * PER_MILLISECOND;
    if (parameters.sendEventPayloadType < 0) {
      this.#sender.cancel(events);
    }
    if ((parameters.sendNoisePayloadType ?? -1) < 0) {
      this.#suppression = undefined;
    } else {
      this.#suppression ??= new Suppression();
      this.#suppression.restart();
    }
  }

  /** Another SSRC from now on. */
  rename(ssrc: number): void {
    this.ssrc = ssrc;
    this.#marker = true;
  }

  /** Queues telephone-events. @returns false when one of them is none */
  sendEvents(events: readonly number[], duration: number, gap: number): boolean {
    return this.#sender.queue(events, duration, gap);
  }

  /** One frame interval begins, after `skipped` that were missed. `sends`: whether the direction lets us send. */
  tick(now: number, skipped: number, sends: boolean, packet: Uint8Array, events: EventQueue): void {
    this.#tickedAt = now;
    this.#timestamp = (this.#timestamp + Math.imul(skipped, FRAME)) >>> 0;
    if (sends && packet.length >= HEADER_LENGTH + LONGEST_PACKET) {
      this.framesSkipped += skipped;
      this.#marker ||= skipped > 0;
      this.#waiting += FRAME;
    } else {
      this.#sender.interrupt(events);
      this.#suppression?.interrupt();
      this.#marker = true;
      this.#timestamp = (this.#timestamp + this.#waiting + FRAME) >>> 0;
      this.#waiting = 0;
    }
  }

  /** The next packet of the interval. @returns its length, 0 when there is none */
  more(parameters: StreamParameters, packet: Uint8Array, events: EventQueue): number {
    if (packet.length < HEADER_LENGTH + LONGEST_PACKET) {
      return 0;
    }
    while (this.#waiting >= this.packetLength) {
      const length = this.#send(parameters, packet, events);
      this.#waiting -= this.packetLength;
      this.#timestamp = (this.#timestamp + this.packetLength) >>> 0;
      if (length > 0) {
        return length;
      }
    }
    return 0;
  }

  /** The RTP timestamp of what is due at `now`, for a sender report. */
  timestampAt(now: number): number {
    const elapsed = Math.floor(Math.max(now - this.#tickedAt, 0) / UNIT);
    // The last frame's first sample was due at the last tick.
    return (this.#timestamp + this.#waiting - FRAME + elapsed) >>> 0;
  }

  /** Writes a packet. @returns its length, 0 when it would hold nothing but silence */
  #send(parameters: StreamParameters, packet: Uint8Array, events: EventQueue): number {
    const outgoing = this.#sender.next(this.#timestamp, this.packetLength, packet, HEADER_LENGTH, events);
    let length: number;
    if (outgoing === "event") {
      const { marker, timestamp } = this.#sender;
      this.#suppression?.interrupt();
      writeHeader(packet, marker, parameters.sendEventPayloadType, this.#sequence, timestamp, this.ssrc);
      length = PAYLOAD_LENGTH;
    } else if (outgoing === "audio") {
      length = this.#sendAudio(parameters, packet);
    } else {
      this.#suppression?.interrupt();
      length = this.#writeAudio(parameters, packet, 0);
    }
    if (length === 0) {
      this.packetsSuppressed += 1;
      return 0;
    }
    this.#sequence = (this.#sequence + 1) & 0xffff;
    this.packetsSent += 1;
    this.bytesSent += length;
    return HEADER_LENGTH + length;
  }

  /** Writes what is queued, or what is to be said of its silence. @returns the payload's length, 0 when nothing is to be sent */
  #sendAudio(parameters: StreamParameters, packet: Uint8Array): number {
    const length = this.packetLength;
    const count = this.outgoing.read(this.#audio.subarray(0, length));
    const suppression = this.#suppression;
    if (suppression !== undefined) {
      const { silent } = suppression;
      this.#audio.fill(0, count, length);
      switch (suppression.decide(this.#audio, length, packet, HEADER_LENGTH)) {
        case "speech":
          this.#marker ||= silent;
          break;
        case "description":
          writeHeader(packet, false, parameters.sendNoisePayloadType ?? NOISE_PAYLOAD_TYPE, this.#sequence, this.#timestamp, this.ssrc);
          return suppression.length;
        case "nothing":
          return 0;
      }
    }
    this.framesSilent += count === 0 ? 1 : 0;
    return this.#writeAudio(parameters, packet, count);
  }

  /** Writes a packet of the first `count` samples of `#audio`, filled up with silence. @returns its payload's length */
  #writeAudio(parameters: StreamParameters, packet: Uint8Array, count: number): number {
    const length = this.packetLength;
    encode(parameters.sendEncoding, this.#audio, packet, HEADER_LENGTH, count);
    if (count < length) {
      packet.fill(silence(parameters.sendEncoding), HEADER_LENGTH + count, HEADER_LENGTH + length);
    }
    writeHeader(packet, this.#marker, parameters.sendPayloadType, this.#sequence, this.#timestamp, this.ssrc);
    this.#marker = false;
    return length;
  }
}
