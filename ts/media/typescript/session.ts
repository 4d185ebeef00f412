/** One call's media: everything of this folder joined. */

import type { MediaEvent, MediaStatistics, SessionCore, SessionOptions, StreamParameters } from "../contract.ts";
import { canonicalAddress } from "./address.ts";
import { Conflicts } from "./collision.ts";
import { Control, type Facts } from "./control.ts";
import { EventQueue } from "./event.ts";
import { PER_MILLISECOND } from "./frame.ts";
import { Inbound } from "./inbound.ts";
import { USUAL_BANDWIDTH } from "./interval.ts";
import { Outbound } from "./outbound.ts";
import { metrics } from "./quality.ts";
import { isRTCP } from "./rtcp.ts";
import { statisticsOf } from "./statistics.ts";

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
  #parameters: StreamParameters | undefined;
  readonly #conflicts: Conflicts;
  readonly #inbound: Inbound;
  readonly #outbound: Outbound;
  readonly #control: Control;
  readonly #events = new EventQueue();
  /** Whether reports say how the call sounds: as agreed, and where nothing was. */
  #voipMetrics: boolean;
  readonly #voipMetricsUsual: boolean;

  /** A session that does nothing until it is configured. */
  constructor(options: SessionOptions) {
    const seed = (options.seed ?? 0) >>> 0;
    this.#conflicts = new Conflicts((seed ^ options.ssrc) >>> 0);
    this.#inbound = new Inbound(options);
    this.#outbound = new Outbound(options);
    this.#control = new Control(this.#outbound.ssrc, options.cname ?? "", Math.max(Math.floor(options.epoch ?? 0), 0), seed);
    this.#control.symmetric = options.symmetricRtp !== false;
    this.#voipMetricsUsual = options.voipMetrics === true;
    this.#voipMetrics = this.#voipMetricsUsual;
  }

  configure(parameters: StreamParameters): void {
    this.#control.configure(
      canonicalAddress(parameters.remoteRtcpAddress ?? parameters.remoteAddress),
      parameters.remoteRtcpPort ?? (parameters.remotePort + (parameters.rtcpMux === true ? 0 : 1)) & 0xffff,
      parameters.rtcpReducedSize === true,
      {
        senders: (parameters.rtcpSenderBandwidth ?? USUAL_BANDWIDTH.senders) >>> 0,
        receivers: (parameters.rtcpReceiverBandwidth ?? USUAL_BANDWIDTH.receivers) >>> 0,
      },
    );
    this.#voipMetrics = parameters.voipMetrics ?? this.#voipMetricsUsual;
    this.#inbound.configure(parameters, DIRECTIONS[parameters.direction].receives, this.#events);
    this.#outbound.configure(parameters, this.#events);
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
    const inbound = this.#inbound;
    if (!inbound.admit(datagram)) {
      return;
    }
    if (inbound.header.ssrc === this.#outbound.ssrc && this.#knows(address)) {
      this.#collide(address, port);
    }
    inbound.receive(now, address, port, datagram, this.#events);
  }

  receiveRtcp(time: number, address: string, port: number, datagram: Uint8Array): void {
    const now = Math.floor(time);
    if (this.#parameters === undefined) {
      return;
    }
    const { reception, presence } = this.#inbound;
    const theirs = reception.started ? reception.ssrc : undefined;
    // A port of its own, which NATs change: so the address decides.
    const compound = this.#knows(address) ? this.#control.receive(now, address, port, datagram, theirs) : undefined;
    if (compound === undefined) {
      this.#inbound.packetsRejected += 1;
      return;
    }
    if (compound.sender === this.#outbound.ssrc) {
      this.#collide(address, port);
      return;
    }
    if (presence.heardRTP) {
      presence.hear(now, this.#events);
    }
    if (compound.bye) {
      this.#events.push({ type: "bye", ssrc: reception.ssrc });
    }
  }

  tick(time: number, missedIntervals: number, packet: Uint8Array): number {
    const now = Math.floor(time);
    const skipped = missedIntervals >>> 0;
    if (this.#parameters === undefined) {
      return 0;
    }
    const direction = DIRECTIONS[this.#parameters.direction];
    this.#inbound.tick(now, skipped, direction.receives, this.#events);
    this.#outbound.tick(now, skipped, direction.sends, packet, this.#events);
    return this.#outbound.more(this.#parameters, packet, this.#events);
  }

  more(packet: Uint8Array): number {
    return this.#parameters === undefined ? 0 : this.#outbound.more(this.#parameters, packet, this.#events);
  }

  tickRtcp(time: number, packet: Uint8Array): number {
    const now = Math.floor(time);
    const { started } = this.#inbound.reception;
    const sends = started && this.#inbound.presence.sends(now);
    if (!reaches(this.#control.destination)) {
      return 0;
    }
    const goodbye = this.#control.writeGoodbye(packet);
    if (goodbye > 0) {
      return goodbye;
    }
    if (!this.#control.due(now, this.#outbound.packetsSent, started, sends)) {
      return 0;
    }
    return this.#report(now, false, packet);
  }

  bye(time: number, packet: Uint8Array): number {
    const sendable = reaches(this.#control.destination) && !this.#control.mute && this.#control.known(this.#outbound.packetsSent);
    return sendable ? this.#report(Math.floor(time), true, packet) : 0;
  }

  rtcpDestination(): string {
    return format(this.rtcpDestinationEndpoint());
  }

  /** What {@link rtcpDestination} says, in parts, as {@link destinationEndpoint} does. */
  rtcpDestinationEndpoint(): { readonly address: string; readonly port: number } | undefined {
    return this.#parameters?.rtcpMux === true ? this.#inbound.latch.destination : this.#control.destination;
  }

  destination(): string {
    return format(this.#inbound.latch.destination);
  }

  /** What {@link destination} says, in parts. The object is the session's own: it changes when the destination does. */
  destinationEndpoint(): { readonly address: string; readonly port: number } | undefined {
    return this.#inbound.latch.destination;
  }

  write(samples: Int16Array): number {
    return this.#outbound.outgoing.write(samples);
  }

  read(samples: Int16Array): number {
    return this.#inbound.incoming.read(samples);
  }

  clear(): number {
    return this.#outbound.outgoing.clear();
  }

  sendEvents(events: readonly number[], duration: number, gap: number): boolean {
    const taken = this.#parameters !== undefined && this.#parameters.sendEventPayloadType >= 0;
    return taken && this.#outbound.sendEvents(events, duration >>> 0, gap >>> 0);
  }

  poll(): MediaEvent | undefined {
    return this.#events.poll();
  }

  /** Samples that wait to be read. */
  readable(): number {
    return this.#inbound.incoming.length;
  }

  /** Samples that wait to be sent. */
  queued(): number {
    return this.#outbound.outgoing.length;
  }

  statistics(): MediaStatistics {
    return statisticsOf(this.#inbound, this.#outbound, this.#control, this.#conflicts);
  }

  #report(now: number, bye: boolean, packet: Uint8Array): number {
    const report = this.#inbound.reception.report();
    // How long the far end's packets are is not in question here: theirs are mostly as ours.
    const packetTime = this.#outbound.packetLength / PER_MILLISECOND;
    const facts: Facts = {
      timestamp: this.#outbound.timestampAt(now),
      packets: this.#outbound.packetsSent,
      octets: this.#outbound.bytesSent,
      report,
      metrics: this.#voipMetrics && report !== undefined ? metrics(this.#inbound, this.#control, packetTime) : undefined,
      bye,
    };
    return this.#control.write(now, facts, packet);
  }

  /** Whether it is an address of the far end's. */
  #knows(address: string): boolean {
    const known = [this.#inbound.latch.destination, this.#control.negotiated, this.#control.destination];
    return known.some((endpoint) => endpoint?.address === address);
  }

  /** A packet of the far end's bears our SSRC. */
  #collide(address: string, port: number): void {
    const ssrc = this.#conflicts.meet(address, port, this.#outbound.ssrc);
    if (ssrc === undefined) {
      return;
    }
    this.#control.rename(ssrc, this.#outbound.packetsSent, this.#outbound.bytesSent);
    this.#outbound.rename(ssrc);
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
