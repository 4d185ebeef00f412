/** What comes from the far end: from a datagram to the samples that are read. */

import type { SessionOptions, StreamParameters } from "../contract.ts";
import { canonicalAddress } from "./address.ts";
import { EventReceiver } from "./dtmf.ts";
import type { EventQueue } from "./event.ts";
import { FRAME, PER_MILLISECOND, UNIT } from "./frame.ts";
import { type Continuity, Latch, MAX_DATAGRAM } from "./latch.ts";
import { Payloads } from "./payloads.ts";
import { Playout } from "./playout.ts";
import { Presence } from "./presence.ts";
import { Reception } from "./reception.ts";
import { Ring } from "./ring.ts";
import { type Header, newHeader } from "./rtp.ts";
import { ToneDetector } from "./tones.ts";

/** After a stall at most this many missed frames (1 s) are played at once; what is older would be beyond any playout delay. */
const MAX_CATCH_UP = 50;

/** The receiving half of a session. */
export class Inbound {
  readonly #payloads = new Payloads();
  /** Whose packets count. */
  readonly latch: Latch = new Latch();
  /** What RFC 3550 keeps of the stream. */
  readonly reception: Reception = new Reception();
  readonly #receiver = new EventReceiver();
  /** What is heard. */
  readonly playout: Playout;
  #tones: ToneDetector | undefined;
  /** What waits to be read. */
  readonly incoming: Ring;
  /** Whether the "source" event was given for the reception's SSRC. */
  #sourceKnown = false;
  /** Whether the far end is still there. */
  readonly presence: Presence;
  /** The playout delay's bound, and the greatest so far, ms. */
  readonly maximumDelay: number;
  /** See `maximumDelay`. */
  greatestDelay = 0;
  /** Accepted, and their payload bytes. */
  packetsReceived = 0;
  /** See `packetsReceived`. */
  bytesReceived = 0;
  /** Of no use by what they say; what the latch refuses is not among them. */
  packetsRejected = 0;
  /** Arrived again. */
  packetsDuplicate = 0;
  /** Samples that nobody read in time. */
  samplesOverrun = 0;
  /** Room for a header, a frame and a packet that was held back, so that none is allocated for a packet. */
  readonly header: Header = newHeader();
  readonly #frame = new Int16Array(FRAME);
  readonly #datagram = new Uint8Array(MAX_DATAGRAM);

  /** Nothing is accepted until it is configured. */
  constructor(options: SessionOptions) {
    this.maximumDelay = (options.maximumDelay ?? 200) >>> 0;
    this.playout = new Playout((options.minimumDelay ?? 20) >>> 0, this.maximumDelay);
    this.latch.symmetric = options.symmetricRtp !== false;
    this.#tones = options.toneDetection === true ? new ToneDetector() : undefined;
    this.incoming = new Ring((options.readCapacity ?? 65_536) >>> 0);
    this.presence = new Presence((options.initialTimeout ?? 30_000) >>> 0, (options.timeout ?? 30_000) >>> 0);
  }

  /** Takes over what an offer/answer exchange settled. `receives`: whether the direction lets us listen. */
  configure(parameters: StreamParameters, receives: boolean, events: EventQueue): void {
    this.#payloads.configure(parameters);
    this.latch.configure(canonicalAddress(parameters.remoteAddress), parameters.remotePort);
    if (receives) {
      return;
    }
    if (this.reception.started) {
      // What arrives from now on is nobody's business, neither lost nor played.
      this.reception.pause();
      this.#receiver.reset(events);
      this.playout.reset();
      this.#tones?.reset(events);
    }
    this.presence.pause();
  }

  /** Whether a datagram could be the far end's by what it says. Its header is in `header` then. Counts the others. */
  admit(datagram: Uint8Array): boolean {
    const admitted = this.#payloads.admit(datagram, this.header);
    this.packetsRejected += admitted ? 0 : 1;
    return admitted;
  }

  /** Takes a datagram that was admitted, its header in `header`, if its source is the far end. */
  receive(now: number, address: string, port: number, datagram: Uint8Array, events: EventQueue): void {
    const { header } = this;
    const continuity: Continuity = !this.reception.started ? "fresh" : this.#continues(header) ? "continues" : "breaks";
    switch (this.latch.judge(now, address, port, header.ssrc, header.sequence, continuity, datagram)) {
      case "accept":
        this.#accept(now, datagram, events);
        break;
      case "promote":
        if (this.latch.latched) {
          events.push({ type: "latched", address, port });
        }
        this.#acceptHeld(events);
        break;
      case "hold":
      case "refuse":
        break;
    }
  }

  /** One frame interval: plays a frame, and before it as many as were skipped. `receives`: whether the direction lets us listen. */
  tick(now: number, skipped: number, receives: boolean, events: EventQueue): void {
    this.#receiver.expire(now, events);
    if (!receives) {
      return;
    }
    this.presence.watch(now, events);
    if (this.playout.heard) {
      const units = Math.floor(now / UNIT);
      for (let missed = Math.min(skipped, MAX_CATCH_UP); missed >= 0; missed--) {
        this.playout.play(units - missed * FRAME, this.#frame);
        this.samplesOverrun += this.incoming.push(this.#frame);
        this.#tones?.listen(this.#frame, events);
      }
      this.greatestDelay = Math.max(this.greatestDelay, Math.floor(this.playout.delay / PER_MILLISECOND));
    }
  }

  #continues(header: Header): boolean {
    return this.reception.started && header.ssrc === this.reception.ssrc && this.reception.fits(header.sequence);
  }

  /** A source passed its probation: its packets were held back, none is lost. */
  #acceptHeld(events: EventQueue): void {
    let index = 0;
    for (;;) {
      const length = this.latch.takeHeld(index, this.#datagram);
      if (length < 0) {
        return;
      }
      const datagram = this.#datagram.subarray(0, length);
      // The payload types may have been configured anew since.
      if (this.admit(datagram)) {
        this.#accept(this.latch.arrival, datagram, events);
      }
      index += 1;
    }
  }

  /** Takes a packet of the far end, its header in `header`. */
  #accept(now: number, datagram: Uint8Array, events: EventQueue): void {
    const { header } = this;
    if (!this.#continues(header)) {
      if (!this.#sourceKnown || this.reception.ssrc !== header.ssrc) {
        this.#sourceKnown = true;
        events.push({ type: "source", ssrc: header.ssrc });
      }
      this.reception.start(header.ssrc, header.sequence);
      this.#receiver.reset(events);
      this.playout.reset();
    }
    this.presence.hearRTP(now, events);
    const length = header.payloadEnd - header.payloadStart;
    this.packetsReceived += 1;
    this.bytesReceived += length;
    if (this.reception.take(header.sequence) === "duplicate") {
      this.packetsDuplicate += 1;
      return;
    }
    const units = Math.floor(now / UNIT);
    const payload = this.#payloads.of(header);
    if (payload === "event") {
      this.#tones?.reset(events);
      this.#tones = undefined;
      this.#receiver.receive(now, header.timestamp, datagram, header.payloadStart, events);
      this.playout.receiveEvent(this.reception.extended);
    } else if (payload === "noise") {
      this.playout.receiveNoise(this.reception.extended, datagram, header.payloadStart, length);
    } else if (payload !== "unknown") {
      this.reception.measure(units, header.timestamp, header.marker);
      this.playout.receive(units, this.reception.extended, header.timestamp, payload, datagram, header.payloadStart, length);
    }
  }
}
