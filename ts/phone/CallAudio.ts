import { playSamples } from "../audio/play.ts";
import { Recorder } from "../audio/record.ts";
import { SampleQueue } from "../audio/SampleQueue.ts";
import type { MediaSession } from "../media/contract.ts";
import { type AudioFormat, fromSamples, sampleSize, silence, toSamples } from "./audioFormat.ts";

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

/**
 * One call's audio between its user and the media session: converts formats, queues what the engine's buffers do not hold, taps recordings, and
 * keeps outbound sources from talking over each other: the later wins.
 */
export class CallAudio {
  readonly #session: MediaSession;
  readonly #format: AudioFormat;
  readonly #received = new SampleQueue();
  readonly #outbound = new SampleQueue();
  readonly #recorders = new Set<Recorder>();
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
    this.#supersede();
    this.#outbound.push(toSamples(data, this.#format));
    this.#pushOut();
    if (this.#outbound.length > 0) void this.#pump();
  }

  #pushOut(): void {
    while (this.#outbound.length > 0) {
      const taken = this.#session.write(this.#outbound.peek());
      if (taken === 0) return;
      this.#outbound.skip(taken);
    }
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
    for (let waiting = this.#session.statistics().samplesReadable; waiting > 0; ) {
      const samples = new Int16Array(waiting);
      const count = this.#session.read(samples);
      if (count === 0) return;
      waiting -= count;
      const chunk = samples.subarray(0, count);
      for (const recorder of this.#recorders) recorder.write(chunk);
      this.#received.push(chunk);
    }
    if (this.#received.length > READ_BACKLOG) this.#received.skip(this.#received.length - READ_BACKLOG);
  }

  /**
   * Plays a source of samples. Settles when the last has been sent; rejects with the signal's reason on abort, and with an AbortError when
   * another source took its place.
   */
  async play(source: AsyncIterable<Int16Array> | Iterable<Int16Array>, signal?: AbortSignal): Promise<void> {
    this.#supersede();
    this.#outbound.clear();
    this.#session.clear();
    const playing = new AbortController();
    this.#playing = playing;
    try {
      await playSamples(this.#session, source, signal === undefined ? playing.signal : AbortSignal.any([signal, playing.signal]));
    } finally {
      if (this.#playing === playing) this.#playing = undefined;
    }
  }

  #supersede(): void {
    this.#playing?.abort(new DOMException("another source took this one's place, or the call's audio was cleared", "AbortError"));
    this.#playing = undefined;
  }

  /** Drops what is queued for sending and stops what plays. */
  clear(): void {
    this.#supersede();
    this.#outbound.clear();
    this.#session.clear();
  }

  /** Records what the far end says into a WAV file, 16-bit mono. @throws WavError when the file cannot be written */
  async record(path: string): Promise<Recording> {
    const recorder = await Recorder.open(path);
    this.#drain();
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

  /** Keeps received samples moving while anything records, whether or not somebody reads. */
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
    this.#supersede();
    this.#outbound.clear();
    const recorders = [...this.#recorders];
    this.#recorders.clear();
    await Promise.all([this.#session.close(), ...recorders.map((recorder) => recorder.close())]);
  }
}
