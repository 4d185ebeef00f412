import type { MediaSession } from "../media/contract.ts";
import { type AudioFormat, fromSamples, sampleSize, silence, toSamples } from "./audioFormat.ts";
import { AudioInterruptedError, type Interruption } from "./AudioInterruptedError.ts";
import { type PlaybackSession, playSamples } from "./play.ts";
import { Recorder } from "./record.ts";
import { SampleQueue } from "./SampleQueue.ts";
import { SentAudio } from "./SentAudio.ts";
import { type RecordedTracks, Tracks } from "./Tracks.ts";

/** A recording that runs until it is stopped or the call ends. */
export interface Recording {
  readonly path: string;
  /** Finishes the file; settles when it is complete on disk. */
  stop(): Promise<void>;
}

/** Samples that a reader may leave waiting before the oldest go: what the engines keep as well (8.2 s). */
const READ_BACKLOG = 65_536;
/** A wait for more than this may never end: the engine's own buffer is no larger. */
const LONGEST_WAIT = 8_000;
/** Refill the engine's send buffer when it falls to this: far from empty, and a wake-up every few seconds only. */
const REFILL_AT = 16_384;
/** While nothing records, only what is still queued is kept: asked for anew whenever so many samples have come on top of it. */
const FORGET_AT = 4_000;
/** Record what was sent when it comes to this: well before the oldest is forgotten. */
const RECORD_AT = 32_768;

/**
 * Audio between a user and a media session: converts formats, queues what the engine's buffers do not hold, taps recordings, and
 * keeps outbound sources from talking over each other: the later wins.
 */
export class SessionAudio {
  readonly #session: MediaSession;
  readonly #format: AudioFormat;
  readonly #received = new SampleQueue();
  readonly #outbound = new SampleQueue();
  readonly #sent = new SentAudio();
  readonly #recorders = new Set<Tracks>();
  #forgetAt = FORGET_AT;
  #pumping = false;
  #tapping = false;
  #closed = false;
  #playing: AbortController | undefined;

  constructor(session: MediaSession, format: AudioFormat) {
    this.#session = session;
    this.#format = format;
  }

  /** Queues audio in the caller's format. Everything is taken: what the engine has no room for waits here. */
  write(data: Uint8Array): void {
    this.#interrupt("superseded");
    this.#outbound.push(toSamples(data, this.#format));
    this.#pushOut();
    if (this.#outbound.length > 0) void this.#pump();
  }

  #pushOut(): void {
    while (this.#outbound.length > 0) {
      const taken = this.#hand(this.#outbound.peek());
      if (taken === 0) return;
      this.#outbound.skip(taken);
    }
  }

  #hand(samples: Int16Array): number {
    const taken = this.#session.write(samples);
    if (taken > 0) this.#sent.push(samples.subarray(0, taken));
    // A far end that is never heard wakes no tap.
    if (this.#recorders.size > 0) {
      if (this.#sent.length > RECORD_AT) this.#drain();
    } else if (this.#sent.length > this.#forgetAt) {
      const { samplesQueued } = this.#session.statistics();
      this.#sent.keep(samplesQueued);
      this.#forgetAt = 2 * samplesQueued + FORGET_AT;
    }
    return taken;
  }

  #drop(): number {
    const dropped = this.#session.clear();
    this.#sent.dropped(dropped);
    return dropped;
  }

  async #pump(): Promise<void> {
    if (this.#pumping) return;
    this.#pumping = true;
    while (this.#outbound.length > 0 && (await this.#session.whenQueued(REFILL_AT))) this.#pushOut();
    this.#pumping = false;
  }

  /**
   * Reads `length` bytes in the caller's format. Blocking, it waits for all of them and comes back with fewer only at the end of the call, at last
   * with none; not blocking, silence fills what is missing.
   */
  async read(length: number, blocking: boolean): Promise<Uint8Array> {
    const samples = new Int16Array(Math.ceil(length / sampleSize(this.#format)));
    let filled = 0;
    for (let more = blocking; ; more = await this.#session.whenReadable(Math.min(samples.length - filled, LONGEST_WAIT))) {
      this.#drain();
      filled += this.#received.shift(samples.subarray(filled));
      if (filled === samples.length || !more || this.#closed) break;
    }
    const data = fromSamples(samples.subarray(0, filled), this.#format).subarray(0, length);
    if (blocking || data.length === length) return data;
    const padded = silence(length, this.#format);
    padded.set(data);
    return padded;
  }

  /** Takes over all that the engine has received. */
  #drain(): void {
    if (this.#closed) return;
    const statistics = this.#session.statistics();
    const waiting = new Int16Array(statistics.samplesReadable);
    const received = waiting.subarray(0, waiting.length === 0 ? 0 : this.#session.read(waiting));
    if (this.#recorders.size > 0) {
      const sent = this.#sent.take(statistics);
      for (const recorder of this.#recorders) recorder.write(received, sent);
    }
    this.#received.push(received);
    if (this.#received.length > READ_BACKLOG) this.#received.skip(this.#received.length - READ_BACKLOG);
  }

  /**
   * Plays a source of samples. Settles when the last has been sent; rejects with the signal's reason on abort, and with an
   * AudioInterruptedError when another source took its place.
   */
  async play(source: AsyncIterable<Int16Array> | Iterable<Int16Array>, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    this.#interrupt("superseded");
    this.#outbound.clear();
    this.#drop();
    const playing = new AbortController();
    this.#playing = playing;
    const session: PlaybackSession = {
      write: (samples) => this.#hand(samples),
      clear: () => this.#drop(),
      whenQueued: (samples) => this.#session.whenQueued(samples),
      statistics: () => this.#session.statistics(),
    };
    try {
      await playSamples(session, source, signal === undefined ? playing.signal : AbortSignal.any([signal, playing.signal]));
    } finally {
      if (this.#playing === playing) this.#playing = undefined;
    }
  }

  #interrupt(interruption: Interruption): void {
    this.#playing?.abort(new AudioInterruptedError(interruption));
    this.#playing = undefined;
  }

  /** Drops what is queued for sending and stops what plays. */
  clear(): void {
    this.#interrupt("cleared");
    this.#outbound.clear();
    this.#drop();
  }

  /** Records into a WAV file, 16-bit. @throws WavError when the file cannot be written */
  async record(path: string, tracks: RecordedTracks = "received"): Promise<Recording> {
    const recorder = new Tracks(await Recorder.open(path, 8000, tracks === "stereo" ? 2 : 1), tracks);
    this.#drain();
    // What was sent before is none of this recording's.
    if (this.#recorders.size === 0) this.#sent.take(this.#session.statistics());
    this.#recorders.add(recorder);
    void this.#tap();
    return {
      path,
      stop: async () => {
        this.#drain();
        this.#recorders.delete(recorder);
        await recorder.close();
      },
    };
  }

  /** Keeps samples moving while anything records, whether or not somebody reads. */
  async #tap(): Promise<void> {
    if (this.#tapping) return;
    this.#tapping = true;
    while (this.#recorders.size > 0 && (await this.#session.whenReadable(800))) this.#drain();
    this.#tapping = false;
  }

  /** Ends it all: readers get what is left, then nothing; recordings are finished; the port is freed. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#drain();
    this.#closed = true;
    this.#interrupt("ended");
    this.#outbound.clear();
    const recorders = [...this.#recorders];
    this.#recorders.clear();
    await Promise.all([this.#session.close(), ...recorders.map((recorder) => recorder.close())]);
  }
}
