/**
 * What a media engine must do. Two engines keep this contract: the Rust addon (`native.ts`) and its TypeScript twin
 * (`typescript/`). Given the same calls with the same times, their sessions give the same bytes, samples, events and
 * statistics; `test/` proves it with vectors and with random streams.
 *
 * Audio is 16-bit linear PCM, mono, at the codec's clock rate (8,000 Hz for G.711). Times are microseconds on a monotonic
 * clock, as a number. Sample arrays belong to the caller: engines copy in and out of them and allocate nothing per packet.
 */

/** The engines there are. */
export type EngineName = "native" | "typescript";

/** RTP/AVP encodings that the media core decodes and encodes (RFC 3551 §6). */
export type Encoding = "PCMU" | "PCMA";

/** Which way media flows, seen from this side (RFC 4566 §6). */
export type Direction = "sendrecv" | "sendonly" | "recvonly" | "inactive";

/** What one offer/answer exchange settled for a stream; see {@link SessionCore.configure}. */
export interface StreamParameters {
  /** Ours: `sendonly` means that we send and the far end only listens. */
  readonly direction: Direction;
  /** Where the far end wants its RTP, from its SDP: an IPv4 or IPv6 address. */
  readonly remoteAddress: string;
  readonly remotePort: number;
  /** What we send: the far end's payload type number for that encoding. */
  readonly sendPayloadType: number;
  readonly sendEncoding: Encoding;
  /** The far end's payload type for telephone-event (RFC 4733), or -1 when it takes none. */
  readonly sendEventPayloadType: number;
  /** What we accept: payload type number (ours) and encoding, pairwise. Packets of any other type are counted and dropped. */
  readonly receivePayloadTypes: readonly number[];
  readonly receiveEncodings: readonly Encoding[];
  /** Our payload type for telephone-event, or -1. */
  readonly receiveEventPayloadType: number;
  /** The far end's payload type for comfort noise (RFC 3389), where both sides agreed on it: silence is not sent then. Default -1: none. */
  readonly sendNoisePayloadType?: number;
  /** Our payload type for comfort noise besides 13, which is always taken. Default -1. */
  readonly receiveNoisePayloadType?: number;
  /** How much audio the far end wants in a packet, ms: 10 to 60 by tens, others are rounded down. Default 20. */
  readonly ptime?: number;
  /** Where the far end wants its RTCP. Default: RTP's address and the port above RTP's; RTP's own port with {@link rtcpMux}. */
  readonly remoteRtcpAddress?: string;
  readonly remoteRtcpPort?: number;
  /** Both sides wrote a=rtcp-mux: RTP and RTCP share their ports (RFC 5761). */
  readonly rtcpMux?: boolean;
  /** Both sides wrote a=rtcp-rsize: RTCP packets need not be compound (RFC 5506). */
  readonly rtcpReducedSize?: boolean;
  /** What RTCP may take, bit/s, of those who send RTP and of those who only listen: b=RS and b=RR (RFC 3556). Default 1,000 and 3,000. 0: none. */
  readonly rtcpSenderBandwidth?: number;
  readonly rtcpReceiverBandwidth?: number;
  /** Whether to send the VoIP metrics of RFC 3611: the far end's a=rtcp-xr asks for them. Default: as {@link SessionOptions.voipMetrics} says. */
  readonly voipMetrics?: boolean;
}

/** The values that RFC 3550 §5.1 wants random, and the bounds of the buffers. */
export interface SessionOptions {
  readonly ssrc: number;
  /** First sequence number, 0–65,535. */
  readonly sequence: number;
  /** First RTP timestamp, 0–2^32-1. */
  readonly timestamp: number;
  /** Samples that {@link SessionCore.write} may queue ahead; a power of two. Default 65,536 (8.2 s). */
  readonly writeCapacity?: number;
  /** Samples that wait for {@link SessionCore.read} before the oldest are dropped; a power of two. Default 65,536. */
  readonly readCapacity?: number;
  /** Least playout delay, ms. Default 20. Equal to the greatest, the delay is fixed. */
  readonly minimumDelay?: number;
  /** Greatest playout delay, ms. Default 200. */
  readonly maximumDelay?: number;
  /** Our canonical name in RTCP; random for each call unless given (RFC 7022 §4.2). */
  readonly cname?: string;
  /** 32 bits that the RTCP intervals are drawn from (RFC 3550 §6.3.1). */
  readonly seed?: number;
  /** Unix time in µs at 0 of the clock that `now` is on: sender reports tell the wall clock. Engines know it by themselves. */
  readonly epoch?: number;
  /** Send the VoIP metrics of RFC 3611 in RTCP. Default false. */
  readonly voipMetrics?: boolean;
  /** Hear digits that come as sound, too, until a telephone-event comes. Default false. */
  readonly toneDetection?: boolean;
  /** Send to where the far end's packets come from (RFC 4961); false: only to where its SDP says. Default true. */
  readonly symmetricRtp?: boolean;
  /** Silence on the network, ms, after which a `timeout` event comes: at first, and later. 0: never. Default 30,000. */
  readonly initialTimeout?: number;
  readonly timeout?: number;
}

/** A session's counters, which only grow, and from `jitter` on its present state. */
export interface MediaStatistics {
  /** RTP packets sent, events included, and their payload bytes. */
  readonly packetsSent: number;
  readonly bytesSent: number;
  /** Frames that went out as silence because nothing was queued. */
  readonly framesSilent: number;
  /** Frames that were never sent because the sender was stalled past their deadline. */
  readonly framesSkipped: number;
  /** Packets that were not sent because they held nothing but silence, and comfort noise was agreed on. */
  readonly packetsSuppressed: number;
  /** RTP packets accepted, events included, and their payload bytes. */
  readonly packetsReceived: number;
  readonly bytesReceived: number;
  /** Datagrams refused: not RTP, a payload type that was not negotiated, a source that is not the far end. */
  readonly packetsRejected: number;
  /** RFC 3550 A.3 cumulative loss: expected less received; duplicates make it negative. */
  readonly packetsLost: number;
  /** Arrived after their moment of playout. */
  readonly packetsLate: number;
  readonly packetsDuplicate: number;
  /** Came back with our own SSRC, which we had changed for that reason already (RFC 3550 §8.2): a loop, or an echo test. */
  readonly packetsLooped: number;
  /** Samples played, and of those how many were made up because a packet was missing. */
  readonly samplesPlayed: number;
  readonly samplesConcealed: number;
  /** Samples left out or inserted by time-stretching, to change the playout delay. */
  readonly samplesStretched: number;
  /** Samples that nobody read before the read buffer was full. */
  readonly samplesOverrun: number;
  /** RTCP packets, compound ones as one. */
  readonly rtcpPacketsSent: number;
  readonly rtcpPacketsReceived: number;
  /** RFC 3550 A.8 interarrival jitter, in timestamp units (1/8 ms at 8 kHz). */
  readonly jitter: number;
  /** Playout delay that the jitter buffer aims for now, ms. */
  readonly playoutDelay: number;
  /** RTP timestamp of the sample to be played next. */
  readonly playoutTimestamp: number;
  /** Samples waiting to be read, and to be sent. */
  readonly samplesReadable: number;
  readonly samplesQueued: number;
  /** Round trip by RTCP, ms; 0 until measured. */
  readonly rtt: number;
  /**
   * Our stream as the far end last reported it: share lost since its report before, 0–1, packets lost in all, jitter in timestamp units.
   */
  readonly remoteLoss: number;
  readonly remotePacketsLost: number;
  readonly remoteJitter: number;
  /**
   * What we hear, by the E-model (ITU-T G.107): R factor 0–100, and mean opinion score 1–4.5. Half of the round trip, the playout
   * delay, loss and its bursts go in.
   */
  readonly rFactor: number;
  readonly mos: number;
  /** The R factor of what the far end hears, as it reports it (RFC 3611); 0: it does not. */
  readonly remoteRFactor: number;
}

/** Something that happened in a session's media. */
export type MediaEvent =
  /** A digit began, as a telephone-event (RFC 4733) or as sound: 0–9, 10 `*`, 11 `#`, 12–15 A–D, 16 flash. */
  | { readonly type: "dtmf-start"; readonly event: number; readonly source: "rtp" | "inband" }
  /** It ended; duration in timestamp units. */
  | { readonly type: "dtmf-end"; readonly event: number; readonly duration: number; readonly source: "rtp" | "inband" }
  /** Our own telephone-event queue has been sent out. */
  | { readonly type: "dtmf-sent" }
  /** RTP now goes to where the far end's packets come from, not to where its SDP said. */
  | { readonly type: "latched"; readonly address: string; readonly port: number }
  /** The far end's synchronization source is new. */
  | { readonly type: "source"; readonly ssrc: number }
  /** The far end's source has left (RTCP BYE); what comes from it later is heard all the same. */
  | { readonly type: "bye"; readonly ssrc: number }
  /**
   * We should hear the far end, but have not for as long as the session's options allow: `initial` when no RTP came since we began
   * to listen, later when neither RTP nor RTCP did. Never while the direction keeps us from listening.
   */
  | { readonly type: "timeout"; readonly initial: boolean }
  /** After a `timeout`: the far end is heard again. */
  | { readonly type: "resumed" }
  /** The session closed itself because of a defect in its core; other sessions go on. The last event; cores never give it. */
  | { readonly type: "failed"; readonly reason: string };

/**
 * One call's media as a sans-I/O machine: it opens no socket and asks no clock. Datagrams and times go in; datagrams,
 * samples and events come out. The engines drive one of these for each {@link MediaSession}; tests and simulators drive it directly.
 */
export interface SessionCore {
  /** Takes over what an offer/answer exchange settled. May be called again during the call; buffers and counters stay. */
  configure(parameters: StreamParameters): void;
  /** Takes one datagram that arrived at `now` from `address`:`port`. Anything at all may come in; nothing is thrown. */
  receive(now: number, address: string, port: number, datagram: Uint8Array): void;
  /** Takes one datagram that arrived at the port for RTCP; on a shared port {@link receive} tells them apart. */
  receiveRtcp(now: number, address: string, port: number, datagram: Uint8Array): void;
  /**
   * One frame interval (20 ms): plays one frame out of the jitter buffer into the read buffer, and writes the RTP packet
   * of this interval into `packet` (at least 1,500 bytes).
   * `skipped` is how many intervals the caller missed since the last call: the timestamp moves on by as many frames, the sequence number does not.
   * @returns the packet's length, 0 when nothing is to be sent (the direction forbids it, nothing is configured yet, or nobody speaks
   *   and comfort noise is agreed on)
   */
  tick(now: number, skipped: number, packet: Uint8Array): number;
  /**
   * After {@link tick}: the next packet of the same interval; packets of 10 ms go two at a time.
   * @returns its length, 0 when there is none
   */
  more(packet: Uint8Array): number;
  /**
   * Once an interval, after {@link tick}: writes an RTCP packet into `packet` (at least 1,500 bytes).
   * @returns its length, 0 when none is due
   */
  tickRtcp(now: number, packet: Uint8Array): number;
  /** The session ends: writes the RTCP packet that says so. @returns its length, 0 when none is to be sent */
  bye(now: number, packet: Uint8Array): number;
  /** Where the packet goes: `address:port`, IPv6 in brackets; empty before `configure`. */
  destination(): string;
  /** Where RTCP packets go, likewise. */
  rtcpDestination(): string;
  /** Queues samples for sending. @returns how many were taken; the rest found the buffer full */
  write(samples: Int16Array): number;
  /** Moves received samples to the caller. @returns how many were there, up to the array's length */
  read(samples: Int16Array): number;
  /** Drops what is queued for sending (barge-in). @returns how many samples were dropped */
  clear(): number;
  /**
   * Queues telephone-events (RFC 4733) after those already queued; they replace the audio while they last.
   * @param events event numbers 0–16
   * @param duration of each, ms (40–8,000) @param gap of silence after each, ms
   * @returns false when the far end takes no telephone-event
   */
  sendEvents(events: readonly number[], duration: number, gap: number): boolean;
  /** The next thing that happened, or undefined. */
  poll(): MediaEvent | undefined;
  statistics(): MediaStatistics;
}

/** Where {@link MediaEngine.open} binds. */
export interface OpenOptions {
  /** Local IPv4 or IPv6 address for RTP. */
  readonly address: string;
  /** Inclusive range; RTP takes an even port of it (RFC 3550 §11) where it has one, the odd port above stays for RTCP. */
  readonly portLow: number;
  readonly portHigh: number;
  readonly session?: Partial<SessionOptions>;
}

/** One call's media on a socket of its own, running by itself: a frame every 20 ms until it is closed. */
export interface MediaSession {
  readonly localAddress: string;
  readonly localPort: number;
  /** See {@link SessionCore.configure}. The first call starts the frame clock. */
  configure(parameters: StreamParameters): void;
  write(samples: Int16Array): number;
  read(samples: Int16Array): number;
  clear(): number;
  sendEvents(events: readonly number[], duration: number, gap: number): boolean;
  statistics(): MediaStatistics;
  /** Settles once at least `samples` wait to be read; false when the session closed before. */
  whenReadable(samples: number): Promise<boolean>;
  /** Settles once at most `samples` are queued for sending (0: all is sent); false when the session closed before. */
  whenQueued(samples: number): Promise<boolean>;
  /** Told of each event, in order, never from inside a call to this session. One listener; it must not throw. */
  onEvent: ((event: MediaEvent) => void) | undefined;
  /** Frees the port; settles when it is free. Again: does nothing. */
  close(): Promise<void>;
}

/**
 * Several sessions whose audio is moved in one call: with hundreds of calls in a process, a call into the engine for each of them would
 * cost more than their audio. Sample arrays have one row for each session, in order, all rows as long as the array's length divided by
 * the number of sessions; `counts` has one number for each. Samples and counts must not share memory.
 *
 * @example
 * const group = engine.group(sessions);
 * const heard = new Int16Array(sessions.length * 800);
 * const counts = new Uint32Array(sessions.length);
 * setInterval(() => group.read(heard, counts), 100);
 */
export interface MediaGroup {
  /** Moves received samples of each session into its row; `counts` tells for each how many there were. */
  read(samples: Int16Array, counts: Uint32Array): void;
  /** Queues as many samples of each row for sending as `counts` says; then `counts` tells how many were taken. */
  write(samples: Int16Array, counts: Uint32Array): void;
}

/** How an engine runs; see `loadEngine`. */
export interface EngineOptions {
  /** Native media threads, 1–64. Default 1, which carries thousands of calls. */
  readonly threads?: number;
  /** Whether native media threads go before ordinary work, where the system permits it. Default true. */
  readonly realTime?: boolean;
}

/** A way to run media. */
export interface MediaEngine {
  readonly name: EngineName;
  /** Encodes `samples` into `payload`, one byte a sample. @returns bytes written: the shorter of both lengths */
  encode(encoding: Encoding, samples: Int16Array, payload: Uint8Array): number;
  /** Decodes `payload` into `samples`. @returns samples written: the shorter of both lengths */
  decode(encoding: Encoding, payload: Uint8Array, samples: Int16Array): number;
  /** A session without a socket. */
  core(options: SessionOptions): SessionCore;
  /**
   * Opens a session on a free port.
   * @throws NoPortsAvailableError when every port of the range is taken
   * @throws MediaSocketError when the address cannot be bound at all
   */
  open(options: OpenOptions): Promise<MediaSession>;
  /** Sessions of this engine in a fixed order. @throws TypeError when one is another engine's */
  group(sessions: readonly MediaSession[]): MediaGroup;
}
