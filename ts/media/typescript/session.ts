/** One call's media: everything of this folder joined. */

import type { Encoding, MediaEvent, MediaStatistics, SessionCore, SessionOptions, StreamParameters } from "../contract.ts";
import { canonicalAddress } from "./address.ts";
import { Conflicts } from "./collision.ts";
import { Control, type Facts } from "./control.ts";
import { EventReceiver, EventSender, PAYLOAD_LENGTH } from "./dtmf.ts";
import { opinion, rating } from "./emodel.ts";
import { EventQueue } from "./event.ts";
import { FRAME, PER_MILLISECOND } from "./frame.ts";
import { encode, silence } from "./g711.ts";
import { MAX_PAYLOAD } from "./jitter.ts";
import { type Continuity, Latch, MAX_DATAGRAM } from "./latch.ts";
import { octet } from "./loss.ts";
import { Playout } from "./playout.ts";
import { Reception } from "./reception.ts";
import { Ring } from "./ring.ts";
import { isRTCP, type VoipMetrics } from "./rtcp.ts";
import { USUAL_BANDWIDTH } from "./interval.ts";
import { type Header, HEADER_LENGTH, newHeader, parse, writeHeader } from "./rtp.ts";
import { Suppression } from "./suppression.ts";
import { ToneDetector } from "./tones.ts";

/** After a stall at most this many missed frames (1 s) are played at once; what is older would be beyond any playout delay. */
const MAX_CATCH_UP = 50;
/** Microseconds in a timestamp unit. */
const UNIT = 1_000 / PER_MILLISECOND;
/** Packets hold 10 to 60 ms of audio. */
const PACKET_STEP = 10;
const LONGEST_PACKET = 480;
/** A far end that sent RTP within this time, µs, is a sender for RTCP: two of its intervals (RFC 3550 §6.3.5). */
const SENDS_OF_LATE = 10_000_000;

/** What a payload type number stands for. */
type Payload = "unknown" | "event" | "noise" | Encoding;

/** Comfort noise at 8,000 Hz (RFC 3389 §5). */
const NOISE_PAYLOAD_TYPE = 13;

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
 * - Where the far end wants packets of another length, the interval stays: a packet goes out in the first interval that completes it.
 * - After a stall (`skipped`) the timestamp has moved on as if the frames had been sent, the sequence number has not, and the
 *   marker bit tells the far end that its jitter buffer may start afresh. Queued audio waits: it is later, not lost.
 * - While events are sent, and in the gaps after them, queued audio waits too.
 * - Received audio is played from the first packet on, one frame an interval, silence when there is none.
 * - A far end is silent when no RTP came since we began to listen, later when neither RTP nor RTCP did: who suppresses silence
 *   still reports.
 * - A far end that has our SSRC makes us take another (RFC 3550 §8.2). What then still comes back with ours is a loop: counted, but heard,
 *   for an echo test is just that.
 * - With comfort noise agreed, nothing is sent while nobody speaks but a description of the noise once a second: NATs stay open.
 * - Tones are not looked for any more once a telephone-event came: who sends both would dial every digit twice.
 */
export class Session implements SessionCore {
  #ssrc: number;
  readonly #conflicts: Conflicts;
  #sequence: number;
  #timestamp: number;
  #parameters: StreamParameters | undefined;
  readonly #payloads: Payload[] = Array.from({ length: 128 }, () => "unknown");
  /** The next packet sent begins a talkspurt. */
  #marker = true;
  /** Samples in a packet that we send, and how many wait for one to be complete. */
  #packetLength = FRAME;
  #waiting = 0;
  /** When the last frame began, µs. */
  #tickedAt = 0;
  readonly #latch = new Latch();
  readonly #reception = new Reception();
  readonly #receiver = new EventReceiver();
  readonly #sender = new EventSender();
  /** While comfort noise is agreed. */
  #suppression: Suppression | undefined;
  readonly #playout: Playout;
  #tones: ToneDetector | undefined;
  readonly #control: Control;
  readonly #outgoing: Ring;
  readonly #incoming: Ring;
  readonly #events = new EventQueue();
  /** Whether the "source" event was given for the reception's SSRC. */
  #sourceKnown = false;
  /** Timeouts, µs, and what they depend on: since when we listen, when we last heard, whether RTP, and whether it was told. */
  readonly #initialTimeout: number;
  readonly #timeout: number;
  #listening = false;
  #heardAt = 0;
  #rtpAt = 0;
  #heardRTP = false;
  #timedOut = false;
  #voipMetrics: boolean;
  readonly #voipMetricsUsual: boolean;
  readonly #maximumDelay: number;
  #greatestDelay = 0;
  #packetsSent = 0;
  #bytesSent = 0;
  #framesSilent = 0;
  #framesSkipped = 0;
  #packetsSuppressed = 0;
  #packetsReceived = 0;
  #bytesReceived = 0;
  #packetsRejected = 0;
  #packetsDuplicate = 0;
  #samplesOverrun = 0;
  /** Room for a header, a frame and a packet that was held back, so that none is allocated for a packet. */
  readonly #header: Header = newHeader();
  readonly #frame = new Int16Array(FRAME);
  readonly #audio = new Int16Array(LONGEST_PACKET);
  readonly #datagram = new Uint8Array(MAX_DATAGRAM);

  /** A session that does nothing until it is configured. */
  constructor(options: SessionOptions) {
    this.#ssrc = options.ssrc >>> 0;
    this.#conflicts = new Conflicts(((options.seed ?? 0) ^ options.ssrc) >>> 0);
    this.#sequence = options.sequence & 0xffff;
    this.#timestamp = options.timestamp >>> 0;
    this.#playout = new Playout((options.minimumDelay ?? 20) >>> 0, (options.maximumDelay ?? 200) >>> 0);
    this.#tones = options.toneDetection === true ? new ToneDetector() : undefined;
    this.#control = new Control(this.#ssrc, options.cname ?? "", Math.max(Math.floor(options.epoch ?? 0), 0), (options.seed ?? 0) >>> 0);
    this.#initialTimeout = ((options.initialTimeout ?? 30_000) >>> 0) * 1_000;
    this.#timeout = ((options.timeout ?? 30_000) >>> 0) * 1_000;
    this.#voipMetricsUsual = options.voipMetrics === true;
    this.#voipMetrics = this.#voipMetricsUsual;
    this.#maximumDelay = (options.maximumDelay ?? 200) >>> 0;
    this.#outgoing = new Ring((options.writeCapacity ?? 65_536) >>> 0);
    this.#incoming = new Ring((options.readCapacity ?? 65_536) >>> 0);
  }

  configure(parameters: StreamParameters): void {
    this.#payloads.fill("unknown");
    // Static (RFC 3551): it comes from far ends that never offered it.
    this.#payloads[NOISE_PAYLOAD_TYPE] = "noise";
    if ((parameters.receiveNoisePayloadType ?? -1) >= 0) {
      this.#payloads[parameters.receiveNoisePayloadType! & 0x7f] = "noise";
    }
    parameters.receivePayloadTypes.forEach((payloadType, index) => {
      const encoding = parameters.receiveEncodings[index];
      if (encoding !== undefined) {
        this.#payloads[payloadType & 0x7f] = encoding;
      }
    });
    if (parameters.receiveEventPayloadType >= 0) {
      this.#payloads[parameters.receiveEventPayloadType & 0x7f] = "event";
    }
    const address = canonicalAddress(parameters.remoteAddress);
    this.#latch.configure(address, parameters.remotePort);
    this.#control.configure(
      parameters.remoteRtcpAddress === undefined ? address : canonicalAddress(parameters.remoteRtcpAddress),
      parameters.remoteRtcpPort ?? (parameters.remotePort + (parameters.rtcpMux === true ? 0 : 1)) & 0xffff,
      parameters.rtcpReducedSize === true,
      {
        senders: (parameters.rtcpSenderBandwidth ?? USUAL_BANDWIDTH.senders) >>> 0,
        receivers: (parameters.rtcpReceiverBandwidth ?? USUAL_BANDWIDTH.receivers) >>> 0,
      },
    );
    this.#voipMetrics = parameters.voipMetrics ?? this.#voipMetricsUsual;
    const ptime = (parameters.ptime ?? 20) >>> 0;
    this.#packetLength = Math.min(Math.max(Math.floor(ptime / PACKET_STEP), 1), 6) * PACKET_STEP * PER_MILLISECOND;
    if (!DIRECTIONS[parameters.direction].receives && this.#reception.started) {
      // What arrives from now on is nobody's business, neither lost nor played.
      this.#reception.pause();
      this.#receiver.reset(this.#events);
      this.#playout.reset();
      this.#tones?.reset(this.#events);
    }
    if (!DIRECTIONS[parameters.direction].receives) {
      this.#listening = false;
    }
    if (parameters.sendEventPayloadType < 0) {
      this.#sender.cancel(this.#events);
    }
    if ((parameters.sendNoisePayloadType ?? -1) < 0) {
      this.#suppression = undefined;
    } else {
      this.#suppression ??= new Suppression();
      this.#suppression.restart();
    }
    this.#parameters = parameters;
  }

  receive(time: number, address: string, port: number, datagram: Uint8Array): void {
    const now = Math.floor(time);
    if (this.#parameters?.rtcpMux === true && isRTCP(datagram)) {
      this.receiveRtcp(now, address, port, datagram);
      return;
    }
    if (this.#parameters === undefined || !DIRECTIONS[this.#parameters.direction].receives) {
      return;
    }
    const header = this.#header;
    if (!this.#admit(datagram)) {
      this.#packetsRejected += 1;
      return;
    }
    if (header.ssrc === this.#ssrc && this.#knows(address)) {
      this.#collide(address, port);
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

  receiveRtcp(time: number, address: string, port: number, datagram: Uint8Array): void {
    const now = Math.floor(time);
    if (this.#parameters === undefined) {
      return;
    }
    const theirs = this.#reception.started ? this.#reception.ssrc : undefined;
    // A port of its own, which NATs change: so the address decides.
    const compound = this.#knows(address) ? this.#control.receive(now, address, port, datagram, theirs) : undefined;
    if (compound === undefined) {
      this.#packetsRejected += 1;
      return;
    }
    if (compound.sender === this.#ssrc) {
      this.#collide(address, port);
      return;
    }
    if (this.#heardRTP) {
      this.#hear(now);
    }
    if (compound.bye) {
      this.#events.push({ type: "bye", ssrc: this.#reception.ssrc });
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
    this.#watch(now, direction.receives);
    if (direction.receives && this.#playout.heard) {
      const units = Math.floor(now / UNIT);
      for (let missed = Math.min(skipped, MAX_CATCH_UP); missed >= 0; missed--) {
        this.#playout.play(units - missed * FRAME, this.#frame);
        this.#samplesOverrun += this.#incoming.push(this.#frame);
        this.#tones?.listen(this.#frame, this.#events);
      }
      this.#greatestDelay = Math.max(this.#greatestDelay, Math.floor(this.#playout.delay / PER_MILLISECOND));
    }
    this.#tickedAt = now;
    this.#timestamp = (this.#timestamp + Math.imul(skipped, FRAME)) >>> 0;
    if (direction.sends && packet.length >= HEADER_LENGTH + LONGEST_PACKET) {
      this.#framesSkipped += skipped;
      this.#marker ||= skipped > 0;
      this.#waiting += FRAME;
    } else {
      this.#sender.interrupt(this.#events);
      this.#suppression?.interrupt();
      this.#marker = true;
      this.#timestamp = (this.#timestamp + this.#waiting + FRAME) >>> 0;
      this.#waiting = 0;
    }
    return this.more(packet);
  }

  more(packet: Uint8Array): number {
    if (this.#parameters === undefined || packet.length < HEADER_LENGTH + LONGEST_PACKET) {
      return 0;
    }
    while (this.#waiting >= this.#packetLength) {
      const length = this.#send(this.#parameters, packet);
      this.#waiting -= this.#packetLength;
      this.#timestamp = (this.#timestamp + this.#packetLength) >>> 0;
      if (length > 0) {
        return length;
      }
    }
    return 0;
  }

  tickRtcp(time: number, packet: Uint8Array): number {
    const now = Math.floor(time);
    const { started } = this.#reception;
    const sends = started && Math.max(now - this.#rtpAt, 0) < SENDS_OF_LATE;
    if (!reaches(this.#control.destination)) {
      return 0;
    }
    const goodbye = this.#control.writeGoodbye(packet);
    if (goodbye > 0) {
      return goodbye;
    }
    if (!this.#control.due(now, this.#packetsSent, started, sends)) {
      return 0;
    }
    return this.#report(now, false, packet);
  }

  bye(time: number, packet: Uint8Array): number {
    const sendable = reaches(this.#control.destination) && !this.#control.mute && this.#control.known(this.#packetsSent);
    return sendable ? this.#report(Math.floor(time), true, packet) : 0;
  }

  rtcpDestination(): string {
    return format(this.rtcpDestinationEndpoint());
  }

  /** What {@link rtcpDestination} says, in parts, as {@link destinationEndpoint} does. */
  rtcpDestinationEndpoint(): { readonly address: string; readonly port: number } | undefined {
    return this.#parameters?.rtcpMux === true ? this.#latch.destination : this.#control.destination;
  }

  destination(): string {
    return format(this.#latch.destination);
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
    const { rated } = this.#ratings();
    return {
      packetsSent: this.#packetsSent,
      bytesSent: this.#bytesSent,
      framesSilent: this.#framesSilent,
      framesSkipped: this.#framesSkipped,
      packetsSuppressed: this.#packetsSuppressed,
      packetsReceived: this.#packetsReceived,
      bytesReceived: this.#bytesReceived,
      packetsRejected: this.#packetsRejected + this.#latch.refused,
      packetsLost: this.#reception.lost,
      packetsLate: this.#playout.late,
      packetsDuplicate: this.#packetsDuplicate,
      packetsLooped: this.#conflicts.looped,
      samplesPlayed: this.#playout.played,
      samplesConcealed: this.#playout.concealed,
      samplesStretched: this.#playout.stretched,
      samplesOverrun: this.#samplesOverrun,
      rtcpPacketsSent: this.#control.packetsSent,
      rtcpPacketsReceived: this.#control.packetsReceived,
      jitter: this.#reception.jitter,
      playoutDelay: Math.floor(this.#playout.delay / PER_MILLISECOND),
      playoutTimestamp: this.#playout.position,
      samplesReadable: this.#incoming.length,
      samplesQueued: this.#outgoing.length,
      rtt: this.#roundTrip(),
      remoteLoss: this.#control.remoteFraction / 256,
      remotePacketsLost: this.#control.remoteLost,
      remoteJitter: this.#control.remoteJitter,
      rFactor: rated,
      mos: opinion(rated),
      remoteRFactor: this.#control.remoteRating,
    };
  }

  /** Milliseconds. */
  #roundTrip(): number {
    return (this.#control.roundTrip * 1_000) / 65_536;
  }

  /** The E-model's rating of what we hear, and the same without regard to delay. */
  #ratings(): { readonly rated: number; readonly listening: number } {
    const delay = this.#roundTrip() / 2 + Math.floor(this.#playout.delay / PER_MILLISECOND);
    const { lost, late } = this.#shares();
    const bursts = this.#reception.pattern.burstRatio(lost);
    const loss = Math.min(lost + late, 1) * 100;
    return { rated: rating(delay, loss, bursts), listening: rating(0, loss, bursts) };
  }

  /** Of the packets expected, the share that was lost and the share that came too late, 0–1. */
  #shares(): { readonly lost: number; readonly late: number } {
    const { expected, lost } = this.#reception;
    if (expected <= 0) {
      return { lost: 0, late: 0 };
    }
    const share = (count: number): number => Math.min(Math.max(count / expected, 0), 1);
    return { lost: share(lost), late: share(this.#playout.late) };
  }

  /** RFC 3611 §4.7: what we hear, for the far end to know. */
  #metrics(): VoipMetrics {
    const { lost, late } = this.#shares();
    const { rated, listening } = this.#ratings();
    // How long the far end's packets are is not in question here: theirs are mostly as ours.
    const bursts = this.#reception.pattern.bursts(this.#packetLength / PER_MILLISECOND);
    const delay = Math.floor(this.#playout.delay / PER_MILLISECOND);
    return {
      ssrc: this.#reception.ssrc,
      lossRate: octet(lost * 256),
      discardRate: octet(late * 256),
      ...bursts,
      roundTripDelay: Math.floor(Math.min(this.#roundTrip(), 65_535)),
      endSystemDelay: Math.min(delay, 65_535),
      rating: Math.floor(rated),
      listeningQuality: Math.floor(opinion(listening) * 10),
      conversationalQuality: Math.floor(opinion(rated) * 10),
      nominalDelay: Math.min(delay, 65_535),
      maximumDelay: Math.min(this.#greatestDelay, 65_535),
      absoluteMaximumDelay: Math.min(this.#maximumDelay, 65_535),
    };
  }

  #report(now: number, bye: boolean, packet: Uint8Array): number {
    const elapsed = Math.floor(Math.max(now - this.#tickedAt, 0) / UNIT);
    const report = this.#reception.report();
    const facts: Facts = {
      // The last frame's first sample was due at the last tick.
      timestamp: (this.#timestamp + this.#waiting - FRAME + elapsed) >>> 0,
      packets: this.#packetsSent,
      octets: this.#bytesSent,
      report,
      metrics: this.#voipMetrics && report !== undefined ? this.#metrics() : undefined,
      bye,
    };
    return this.#control.write(now, facts, packet);
  }

  /** Looks whether the far end has been silent for too long. */
  #watch(now: number, receives: boolean): void {
    if (!receives) {
      return;
    }
    if (!this.#listening) {
      this.#listening = true;
      this.#heardAt = now;
      this.#heardRTP = false;
      this.#timedOut = false;
    }
    const limit = this.#heardRTP ? this.#timeout : this.#initialTimeout;
    if (!this.#timedOut && limit > 0 && now - this.#heardAt >= limit) {
      this.#timedOut = true;
      this.#events.push({ type: "timeout", initial: !this.#heardRTP });
    }
  }

  /** The far end is there. */
  #hear(now: number): void {
    this.#heardAt = now;
    if (this.#timedOut) {
      this.#timedOut = false;
      this.#events.push({ type: "resumed" });
    }
  }

  /** Whether a datagram could be the far end's by what it says. Its header is in `#header` then. */
  #admit(datagram: Uint8Array): boolean {
    const header = this.#header;
    if (datagram.length > MAX_DATAGRAM || !parse(datagram, header)) {
      return false;
    }
    const length = header.payloadEnd - header.payloadStart;
    const payload = this.#payloads[header.payloadType]!;
    switch (payload) {
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

  /** Whether it is an address of the far end's. */
  #knows(address: string): boolean {
    const known = [this.#latch.destination, this.#control.negotiated, this.#control.destination];
    return known.some((endpoint) => endpoint?.address === address);
  }

  /** A packet of the far end's bears our SSRC. */
  #collide(address: string, port: number): void {
    const ssrc = this.#conflicts.meet(address, port, this.#ssrc);
    if (ssrc === undefined) {
      return;
    }
    this.#ssrc = ssrc;
    this.#control.rename(this.#ssrc, this.#packetsSent, this.#bytesSent);
    this.#marker = true;
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
    this.#rtpAt = now;
    this.#heardRTP = true;
    this.#hear(now);
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
      this.#tones?.reset(this.#events);
      this.#tones = undefined;
      this.#receiver.receive(now, header.timestamp, datagram, header.payloadStart, this.#events);
      this.#playout.receiveEvent(this.#reception.extended);
    } else if (payload === "noise") {
      this.#playout.receiveNoise(this.#reception.extended, datagram, header.payloadStart, length);
    } else if (payload !== "unknown") {
      this.#reception.measure(units, header.timestamp, header.marker);
      this.#playout.receive(units, this.#reception.extended, header.timestamp, payload, datagram, header.payloadStart, length);
    }
  }

  /** Writes a packet. @returns its length, 0 when it would hold nothing but silence */
  #send(parameters: StreamParameters, packet: Uint8Array): number {
    const outgoing = this.#sender.next(this.#timestamp, this.#packetLength, packet, HEADER_LENGTH, this.#events);
    let length: number;
    if (outgoing === "event") {
      const { marker, timestamp } = this.#sender;
      this.#suppression?.interrupt();
      writeHeader(packet, marker, parameters.sendEventPayloadType, this.#sequence, timestamp, this.#ssrc);
      length = PAYLOAD_LENGTH;
    } else if (outgoing === "audio") {
      length = this.#sendAudio(parameters, packet);
    } else {
      this.#suppression?.interrupt();
      length = this.#writeAudio(parameters, packet, 0);
    }
    if (length === 0) {
      this.#packetsSuppressed += 1;
      return 0;
    }
    this.#sequence = (this.#sequence + 1) & 0xffff;
    this.#packetsSent += 1;
    this.#bytesSent += length;
    return HEADER_LENGTH + length;
  }

  /** Writes what is queued, or what is to be said of its silence. @returns the payload's length, 0 when nothing is to be sent */
  #sendAudio(parameters: StreamParameters, packet: Uint8Array): number {
    const length = this.#packetLength;
    const count = this.#outgoing.read(this.#audio.subarray(0, length));
    const suppression = this.#suppression;
    if (suppression !== undefined) {
      const { silent } = suppression;
      this.#audio.fill(0, count, length);
      switch (suppression.decide(this.#audio, length, packet, HEADER_LENGTH)) {
        case "speech":
          this.#marker ||= silent;
          break;
        case "description":
          writeHeader(packet, false, parameters.sendNoisePayloadType ?? NOISE_PAYLOAD_TYPE, this.#sequence, this.#timestamp, this.#ssrc);
          return suppression.length;
        case "nothing":
          return 0;
      }
    }
    this.#framesSilent += count === 0 ? 1 : 0;
    return this.#writeAudio(parameters, packet, count);
  }

  /** Writes a packet of the first `count` samples of `#audio`, filled up with silence. @returns its payload's length */
  #writeAudio(parameters: StreamParameters, packet: Uint8Array, count: number): number {
    const length = this.#packetLength;
    encode(parameters.sendEncoding, this.#audio, packet, HEADER_LENGTH, count);
    packet.fill(silence(parameters.sendEncoding), HEADER_LENGTH + count, HEADER_LENGTH + length);
    writeHeader(packet, this.#marker, parameters.sendPayloadType, this.#sequence, this.#timestamp, this.#ssrc);
    this.#marker = false;
    return length;
  }
}

/** Whether packets can go there: an unspecified address is RFC 2543's hold. */
function reaches(endpoint: { readonly address: string } | undefined): boolean {
  return endpoint !== undefined && endpoint.address !== "0.0.0.0" && endpoint.address !== "::";
}

function format(endpoint: { readonly address: string; readonly port: number } | undefined): string {
  if (endpoint === undefined) {
    return "";
  }
  const { address, port } = endpoint;
  return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
}
