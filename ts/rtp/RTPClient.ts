import type { AudioFormat } from "../audio/audioFormat.ts";
import { fromSamples, toSamples } from "../audio/audioFormat.ts";
import { type Recording, SessionAudio } from "../audio/SessionAudio.ts";
import { samplesOf } from "../audio/source.ts";
import type { RecordedTracks } from "../audio/Tracks.ts";
import { SidetoneError } from "../error.ts";
import type { Encoding, EngineName, MediaEngine, MediaSession, MediaStatistics, SessionOptions } from "../media/contract.ts";
import { loadEngine } from "../media/load.ts";
import { PayloadType } from "./PayloadType.ts";
import { type PayloadTypes, RTPMessage } from "./RTPMessage.ts";
import { RTPParseError } from "./RTPParseError.ts";
import { symbolOf } from "./telephoneEvents.ts";
import { TransmitType } from "./TransmitType.ts";

/** How to set up an {@link RTPClient}. */
export interface RTPClientOptions {
  /** What the payload type numbers mean, in both directions. The first of PCMU and PCMA is what we send. */
  readonly assoc: PayloadTypes;
  /** Our address and port. */
  readonly inIp: string;
  readonly inPort: number;
  /** Where the far end listens. Its packets may come from elsewhere: then ours go there (a NAT is in between). */
  readonly outIp: string;
  readonly outPort: number;
  /** Seen from our side. Default `sendrecv`. */
  readonly sendrecv?: TransmitType;
  /** Told of each key that the far end presses: 0–9, `*`, `#`, A–D. */
  readonly dtmf?: (digit: string) => void;
  /** Of `read`, `write`, and the steps of the codecs. Default `"u8"`: 8-bit unsigned linear, silence is 0x80. */
  readonly audioFormat?: AudioFormat;
  /** Default: SIDETONE_ENGINE, else native where the addon loads, else typescript. */
  readonly engine?: EngineName;
  /** Delays, timeouts and the numbers of the stream, where the defaults do not do. */
  readonly session?: Partial<SessionOptions>;
}

/** A telephone-event packet, read (RFC 4733 §2.3). */
export interface TelephoneEvent {
  readonly event: number;
  /** The key; undefined for an event that is none (flash, tones). */
  readonly digit: string | undefined;
  /** The key has been released. */
  readonly end: boolean;
  /** −dBm0, 0–63. */
  readonly volume: number;
  /** So far, in timestamp units. */
  readonly duration: number;
}

/**
 * One RTP stream each way, without a call: for those who do their own signalling. It paces itself: a packet leaves every 20 ms, silence when
 * nothing was written.
 *
 * @example
 * const client = new RTPClient({
 *   assoc: new Map([[0, PayloadType.PCMU], [101, PayloadType.EVENT]]),
 *   inIp: "192.0.2.1", inPort: 10000, outIp: "192.0.2.2", outPort: 20000,
 *   dtmf: (digit) => console.log(digit),
 * });
 * await client.start();
 * client.write(audio);
 * const heard = await client.read(160);
 * await client.stop();
 */
export class RTPClient {
  readonly assoc: PayloadTypes;
  readonly inIp: string;
  readonly inPort: number;
  readonly outIp: string;
  readonly outPort: number;
  readonly sendrecv: TransmitType;
  /** What we send: the first of `assoc` that can be encoded. */
  readonly preference: PayloadType;
  dtmf: ((digit: string) => void) | undefined;
  readonly #options: RTPClientOptions;
  readonly #format: AudioFormat;
  #engine: MediaEngine | undefined;
  #session: MediaSession | undefined;
  #audio: SessionAudio | undefined;

  /** @throws SidetoneError `INVALID_OPTION` when `assoc` has no codec that can be encoded. Nothing is opened yet */
  constructor(options: RTPClientOptions) {
    this.#options = options;
    this.#format = options.audioFormat ?? "u8";
    this.assoc = options.assoc;
    this.inIp = options.inIp;
    this.inPort = options.inPort;
    this.outIp = options.outIp;
    this.outPort = options.outPort;
    this.sendrecv = options.sendrecv ?? TransmitType.SENDRECV;
    this.dtmf = options.dtmf;
    const speech = [...options.assoc.values()].find((type) => encodingOf(type) !== undefined);
    if (speech === undefined) throw new SidetoneError("INVALID_OPTION", "assoc: none of its types can be encoded here: add PCMU or PCMA");
    this.preference = speech;
  }

  /**
   * Binds the port; packets flow from now on. Settles when it is bound.
   * @throws NoPortsAvailableError when the port is taken, MediaSocketError when the address cannot be bound
   * @throws SidetoneError `INVALID_STATE` when it runs already
   */
  async start(): Promise<void> {
    if (this.#session !== undefined) throw new SidetoneError("INVALID_STATE", "start() is not possible: the client runs; make one for each stream");
    const { inIp: address, inPort: port, session } = this.#options;
    const opened = await this.#load().open({
      address,
      portLow: port,
      portHigh: port,
      ...(session === undefined ? {} : { session }),
    });
    this.#session = opened;
    this.#audio = new SessionAudio(opened, this.#format);
    opened.onEvent = (event) => {
      const digit = event.type === "dtmf-start" ? symbolOf(event.event) : undefined;
      if (digit !== undefined) this.dtmf?.(digit);
    };
    const numbers = [...this.assoc];
    const heard = numbers.flatMap(([number, type]) => {
      const encoding = encodingOf(type);
      return encoding === undefined ? [] : [{ number, encoding }];
    });
    const event = numbers.find(([, type]) => type === PayloadType.EVENT)?.[0] ?? -1;
    const [speech] = heard;
    if (speech === undefined) return;
    opened.configure({
      direction: this.sendrecv,
      remoteAddress: this.outIp,
      remotePort: this.outPort,
      sendPayloadType: speech.number,
      sendEncoding: speech.encoding,
      sendEventPayloadType: event,
      receivePayloadTypes: heard.map(({ number }) => number),
      receiveEncodings: heard.map(({ encoding }) => encoding),
      receiveEventPayloadType: event,
    });
  }

  /** Frees the port; settles when it is free. What was received can still be read. */
  async stop(): Promise<void> {
    await this.#audio?.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  /**
   * Received linear audio.
   * @param length bytes; 160 are one 20 ms packet of 8-bit audio
   * @param blocking wait until all are there; fewer come back only after `stop()`, at last none. Otherwise silence fills what is missing.
   */
  async read(length = 160, blocking = true): Promise<Uint8Array> {
    return this.#running("read").read(length, blocking);
  }

  /** Queues linear audio for sending. Any amount is taken; it goes out at its own pace. */
  write(data: Uint8Array): void {
    this.#running("write").write(data);
  }

  /** Plays a WAV file, or samples: 16-bit, 8 kHz, mono. @throws WavError, AudioInterruptedError, the signal's reason */
  async play(source: string | Int16Array, options: { signal?: AbortSignal } = {}): Promise<void> {
    const audio = this.#running("play");
    await audio.play(await samplesOf(source), options.signal);
  }

  /** Records into a WAV file. @throws WavError */
  async record(path: string, options: { tracks?: RecordedTracks } = {}): Promise<Recording> {
    return this.#running("record").record(path, options.tracks);
  }

  /** Counters of the stream, live; they keep their last values after `stop()`. */
  stats(): MediaStatistics {
    if (this.#session === undefined) throw notRunning("stats");
    return this.#session.statistics();
  }

  // ---- the steps by themselves: of any packet, with or without a running stream ----

  /** The linear audio in a packet, by its payload type; none in a telephone-event. @throws RTPParseError for a type that we do not know */
  parsePacket(packet: Uint8Array): Uint8Array {
    const message = new RTPMessage(packet, this.assoc);
    if (message.payloadType === PayloadType.PCMU) return this.parsePcmu(message);
    if (message.payloadType === PayloadType.PCMA) return this.parsePcma(message);
    if (message.payloadType === PayloadType.EVENT) return new Uint8Array(0);
    throw new RTPParseError(`its payload, ${message.payloadType.description}, cannot be decoded here`);
  }

  /** The payload of a packet of linear audio, in our {@link preference}. */
  encodePacket(audio: Uint8Array): Uint8Array {
    return this.preference === PayloadType.PCMA ? this.encodePcma(audio) : this.encodePcmu(audio);
  }

  /** Linear audio of a packet of PCMU (G.711 µ-law). */
  parsePcmu(packet: RTPMessage): Uint8Array {
    return this.#decode("PCMU", packet.payload);
  }

  encodePcmu(audio: Uint8Array): Uint8Array {
    return this.#encode("PCMU", audio);
  }

  /** Linear audio of a packet of PCMA (G.711 A-law). */
  parsePcma(packet: RTPMessage): Uint8Array {
    return this.#decode("PCMA", packet.payload);
  }

  encodePcma(audio: Uint8Array): Uint8Array {
    return this.#encode("PCMA", audio);
  }

  /** @throws RTPParseError when the payload is no telephone-event */
  parseTelephoneEvent(packet: RTPMessage): TelephoneEvent {
    const [event, second] = packet.payload;
    if (event === undefined || second === undefined || packet.payload.length < 4) {
      throw new RTPParseError(`${packet.payload.length} bytes are no telephone-event, which has four`);
    }
    const view = new DataView(packet.payload.buffer, packet.payload.byteOffset);
    return { event, digit: symbolOf(event), end: (second & 0x80) !== 0, volume: second & 0x3f, duration: view.getUint16(2) };
  }

  #decode(encoding: Encoding, payload: Uint8Array): Uint8Array {
    const samples = new Int16Array(payload.length);
    this.#load().decode(encoding, payload, samples);
    return fromSamples(samples, this.#format);
  }

  #encode(encoding: Encoding, audio: Uint8Array): Uint8Array {
    const samples = toSamples(audio, this.#format);
    const payload = new Uint8Array(samples.length);
    this.#load().encode(encoding, samples, payload);
    return payload;
  }

  #load(): MediaEngine {
    this.#engine ??= loadEngine(this.#options.engine).engine;
    return this.#engine;
  }

  #running(action: string): SessionAudio {
    if (this.#audio === undefined) throw notRunning(action);
    return this.#audio;
  }
}

function notRunning(action: string): SidetoneError {
  return new SidetoneError("INVALID_STATE", `${action}() is not possible: the client does not run; await start() first`);
}

function encodingOf(type: PayloadType): Encoding | undefined {
  if (type === PayloadType.PCMU) return "PCMU";
  return type === PayloadType.PCMA ? "PCMA" : undefined;
}
