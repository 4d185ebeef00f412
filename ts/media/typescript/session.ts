/** One call's media: everything of this folder joined. */

import type { Encoding, MediaEvent, MediaStatistics, SessionCore, SessionOptions, StreamParameters } from "../contract.ts";
import { canonicalAddress } from "./address.ts";
import { EventReceiver, EventSender, PAYLOAD_LENGTH } from "./dtmf.ts";
import { EventQueue } from "./event.ts";
import { FRAME, PER_MILLISECOND } from "./frame.ts";
import { encode, silence } from "./g711.ts";
import { MAX_PAYLOAD } from "./jitter.ts";
import { type Continuity, Latch, MAX_DATAGRAM } from "./latch.ts";
import { Playout } from "./playout.ts";
import { Reception } from "./reception.ts";
import { Ring } from "./ring.ts";
import { type Header, HEADER_LENGTH, newHeader, parse, writeHeader } from "./rtp.ts";

/** After a stall at most this many missed frames (1 s) are played at once; what is older would be beyond any playout delay. */
const MAX_CATCH_UP = 50;
/** Microseconds in a timestamp unit. */
const UNIT = 1_000 / PER_MILLISECOND;

/** What a payload type number stands for. */
type Payload = "unknown" | "event" | Encoding;

/** Whether a direction lets this side send, and listen. */
const DIRECTIONS = {
  sendrecv: { sends: true, receives: true },
  sendonly: { sends: true, receives: false },
  recvonly: { sends: false, receives: true },
  inactive: { sends: false, receives: false },
} as const;

/**
 * One call's media as a sans-I/O machine. Times are microseconds on any monotonic clock.
 *
 * Choices that the standards leave open:
 * - A frame is sent every interval while the direction allows it, silence when nothing is queued: NATs stay open, and the far
 *   end's jitter buffer keeps its measure. A frame that is queued in part goes out at once, filled up with silence.
 * - After a stall (`skipped`) the timestamp has moved on as if the frames had been sent, the sequence number has not, and the
 *   marker bit tells the far end that its jitter buffer may start afresh. Queued audio waits: it is later, not lost.
 * - While events are sent, and in the gaps after them, queued audio waits too.
 * - Received audio is played from the first packet on, one frame an interval, silence when there is none.
 */
export class Session implements SessionCore {
  readonly #ssrc: number;
  #sequence: number;
  #timestamp: number;
  #parameters: StreamParameters | undefined;
  readonly #payloads: Payload[] = Array.from({ length: 128 }, () => "unknown");
  /** The next packet sent begins a talkspurt. */
  #marker = true;
  readonly #latch = new Latch();
  readonly #reception = new Reception();
  readonly #receiver = new EventReceiver();
  readonly #sender = new EventSender();
  readonly #playout: Playout;
  readonly #outgoing: Ring;
  readonly #incoming: Ring;
  readonly #events = new EventQueue();
  /** Whether the "source" event was given for the reception's SSRC. */
  #sourceKnown = false;
  #packetsSent = 0;
  #bytesSent = 0;
  #framesSilent = 0;
  #framesSkipped = 0;
  #packetsReceived = 0;
  #bytesReceived = 0;
  #packetsRejected = 0;
  #packetsDuplicate = 0;
  #samplesOverrun = 0;
  /** Room for a header, a frame and a packet that was held back, so that none is allocated for a packet. */
  readonly #header: Header = newHeader();
  readonly #frame = new Int16Array(FRAME);
  readonly #datagram = new Uint8Array(MAX_DATAGRAM);

  /** A session that does nothing until it is configured. */
  constructor(options: SessionOptions) {
    this.#ssrc = options.ssrc >>> 0;
    this.#sequence = options.sequence & 0xffff;
    this.#timestamp = options.timestamp >>> 0;
    this.#playout = new Playout((options.minimumDelay ?? 20) >>> 0, (options.maximumDelay ?? 200) >>> 0);
    this.#outgoing = new Ring((options.writeCapacity ?? 65_536) >>> 0);
    this.#incoming = new Ring((options.readCapacity ?? 65_536) >>> 0);
  }

  configure(parameters: StreamParameters): void {
    this.#payloads.fill("unknown");
    parameters.receivePayloadTypes.forEach((payloadType, index) => {
      const encoding = parameters.receiveEncodings[index];
      if (encoding !== undefined) {
        this.#payloads[payloadType & 0x7f] = encoding;
      }
    });
    if (parameters.receiveEventPayloadType >= 0) {
      this.#payloads[parameters.receiveEventPayloadType & 0x7f] = "event";
    }
    this.#latch.configure(canonicalAddress(parameters.remoteAddress), parameters.remotePort);
    if (!DIRECTIONS[parameters.direction].receives && this.#reception.started) {
      // What arrives from now on is nobody's business, neither lost nor played.
      this.#reception.pause();
      this.#receiver.reset(this.#events);
      this.#playout.reset();
    }
    if (parameters.sendEventPayloadType < 0) {
      this.#sender.cancel(this.#events);
    }
    this.#parameters = parameters;
  }

  receive(time: number, address: string, port: number, datagram: Uint8Array): void {
    const now = Math.floor(time);
    if (this.#parameters === undefined || !DIRECTIONS[this.#parameters.direction].receives) {
      return;
    }
    const header = this.#header;
    if (!this.#admit(datagram)) {
      this.#packetsRejected += 1;
      return;
    }
    const continuity: Continuity = !this.#reception.started ? "fresh" : this.#continues(header) ? "continues" : "breaks";
    switch (this.#latch.judge(now, address, port, header.ssrc, header.sequence, continuity, datagram)) {
      case "accept":
        this.#accept(now, datagram);
        break;
      case "promote":
        if (this.#latch.latched) {
          this.#events.push({ type: "latched", address, port });
        }
        this.#acceptHeld();
        break;
      case "hold":
      case "refuse":
        break;
    }
  }

  tick(time: number, missedIntervals: number, packet: Uint8Array): number {
    const now = Math.floor(time);
    const skipped = missedIntervals >>> 0;
    if (this.#parameters === undefined) {
      return 0;
    }
    const direction = DIRECTIONS[this.#parameters.direction];
    this.#receiver.expire(now, this.#events);
    if (direction.receives && this.#playout.heard) {
      const units = Math.floor(now / UNIT);
      for (let missed = Math.min(skipped, MAX_CATCH_UP); missed >= 0; missed--) {
        this.#playout.play(units - missed * FRAME, this.#frame);
        this.#samplesOverrun += this.#incoming.push(this.#frame);
      }
    }
    this.#timestamp = (this.#timestamp + Math.imul(skipped, FRAME)) >>> 0;
    let length = 0;
    if (direction.sends && packet.length >= HEADER_LENGTH + FRAME) {
      this.#framesSkipped += skipped;
      this.#marker ||= skipped > 0;
      length = this.#send(this.#parameters, packet);
    } else {
      this.#sender.interrupt(this.#events);
      this.#marker = true;
    }
    this.#timestamp = (this.#timestamp + FRAME) >>> 0;
    return length;
  }

  destination(): string {
    const endpoint = this.#latch.destination;
    if (endpoint === undefined) {
      return "";
    }
    const { address, port } = endpoint;
    return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
  }

  /** What {@link destination} says, in parts. The object is the session's own: it changes when the destination does. */
  destinationEndpoint(): { readonly address: string; readonly port: number } | undefined {
    return this.#latch.destination;
  }

  write(samples: Int16Array): number {
    return this.#outgoing.write(samples);
  }

  read(samples: Int16Array): number {
    return this.#incoming.read(samples);
  }

  clear(): number {
    return this.#outgoing.clear();
  }

  sendEvents(events: readonly number[], duration: number, gap: number): boolean {
    const taken = this.#parameters !== undefined && this.#parameters.sendEventPayloadType >= 0;
    return taken && this.#sender.queue(events, duration >>> 0, gap >>> 0);
  }

  poll(): MediaEvent | undefined {
    return this.#events.poll();
  }

  /** Samples that wait to be read. */
  readable(): number {
    return this.#incoming.length;
  }

  /** Samples that wait to be sent. */
  queued(): number {
    return this.#outgoing.length;
  }

  statistics(): MediaStatistics {
    return {
      packetsSent: this.#packetsSent,
      bytesSent: this.#bytesSent,
      framesSilent: this.#framesSilent,
      framesSkipped: this.#framesSkipped,
      packetsReceived: this.#packetsReceived,
      bytesReceived: this.#bytesReceived,
      packetsRejected: this.#packetsRejected + this.#latch.refused,
      packetsLost: this.#reception.lost,
      packetsLate: this.#playout.late,
      packetsDuplicate: this.#packetsDuplicate,
      samplesPlayed: this.#playout.played,
      samplesConcealed: this.#playout.concealed,
      samplesStretched: this.#playout.stretched,
      samplesOverrun: this.#samplesOverrun,
      jitter: this.#reception.jitter,
      playoutDelay: Math.floor(this.#playout.delay / PER_MILLISECOND),
      playoutTimestamp: this.#playout.position,
      samplesReadable: this.#incoming.length,
      samplesQueued: this.#outgoing.length,
    };
  }

  /** Whether a datagram could be the far end's by what it says. Its header is in `#header` then. */
  #admit(datagram: Uint8Array): boolean {
    const header = this.#header;
    if (datagram.length > MAX_DATAGRAM || !parse(datagram, header)) {
      return false;
    }
    const length = header.payloadEnd - header.payloadStart;
    const payload = this.#payloads[header.payloadType]!;
    return payload !== "unknown" && (payload === "event" ? length >= PAYLOAD_LENGTH : length <= MAX_PAYLOAD);
  }

  #continues(header: Header): boolean {
    return this.#reception.started && header.ssrc === this.#reception.ssrc && this.#reception.fits(header.sequence);
  }

  /** A source passed its probation: its packets were held back, none is lost. */
  #acceptHeld(): void {
    let index = 0;
    for (;;) {
      const length = this.#latch.takeHeld(index, this.#datagram);
      if (length < 0) {
        return;
      }
      const datagram = this.#datagram.subarray(0, length);
      // The payload types may have been configured anew since.
      if (this.#admit(datagram)) {
        this.#accept(this.#latch.arrival, datagram);
      } else {
        this.#packetsRejected += 1;
      }
      index += 1;
    }
  }

  /** Takes a packet of the far end, its header in `#header`. */
  #accept(now: number, datagram: Uint8Array): void {
    const header = this.#header;
    if (!this.#continues(header)) {
      if (!this.#sourceKnown || this.#reception.ssrc !== header.ssrc) {
        this.#sourceKnown = true;
        this.#events.push({ type: "source", ssrc: header.ssrc });
      }
      this.#reception.start(header.ssrc, header.sequence);
      this.#receiver.reset(this.#events);
      this.#playout.reset();
    }
    const length = header.payloadEnd - header.payloadStart;
    this.#packetsReceived += 1;
    this.#bytesReceived += length;
    if (this.#reception.take(header.sequence) === "duplicate") {
      this.#packetsDuplicate += 1;
      return;
    }
    const units = Math.floor(now / UNIT);
    const payload = this.#payloads[header.payloadType]!;
    if (payload === "event") {
      this.#receiver.receive(now, header.timestamp, datagram, header.payloadStart, this.#events);
      this.#playout.receiveEvent(this.#reception.extended);
    } else if (payload !== "unknown") {
      this.#reception.measure(units, header.timestamp, header.marker);
      this.#playout.receive(units, this.#reception.extended, header.timestamp, payload, datagram, header.payloadStart, length);
    }
  }

  /** Writes this interval's packet. */
  #send(parameters: StreamParameters, packet: Uint8Array): number {
    let length = FRAME;
    const outgoing = this.#sender.next(this.#timestamp, packet, HEADER_LENGTH, this.#events);
    if (outgoing === "event") {
      const { marker, timestamp } = this.#sender;
      writeHeader(packet, marker, parameters.sendEventPayloadType, this.#sequence, timestamp, this.#ssrc);
      length = PAYLOAD_LENGTH;
    } else {
      const count = outgoing === "audio" ? this.#outgoing.read(this.#frame) : 0;
      encode(parameters.sendEncoding, this.#frame, packet, HEADER_LENGTH, count);
      packet.fill(silence(parameters.sendEncoding), HEADER_LENGTH + count, HEADER_LENGTH + FRAME);
      this.#framesSilent += count === 0 && outgoing === "audio" ? 1 : 0;
      writeHeader(packet, this.#marker, parameters.sendPayloadType, this.#sequence, this.#timestamp, this.#ssrc);
      this.#marker = false;
    }
    this.#sequence = (this.#sequence + 1) & 0xffff;
    this.#packetsSent += 1;
    this.#bytesSent += length;
    return HEADER_LENGTH + length;
  }
}
