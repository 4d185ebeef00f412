import { level } from "../../audio/level.ts";
import type { VoIPCall } from "../../index.ts";

/** A tenth of a second of what one side heard. */
export interface Heard {
  /** ms, when it had been heard. */
  readonly time: number;
  /** dBov. */
  readonly level: number;
  /** RFC 3550 interarrival jitter at that moment, ms. */
  readonly jitter: number;
  /** Playout delay at that moment, ms. */
  readonly playoutDelay: number;
}

/** A tenth of a second of s16le at 8 kHz. */
const CHUNK_BYTES = 1600;

/** Listens to a call until it ends, and keeps what it hears. The arriving audio is its clock: it has no timer. */
export class Listener {
  readonly heard: Heard[] = [];
  /** Told of each tenth of a second. */
  onHeard: ((heard: Heard) => void) | undefined;
  /** Settles when the call is over. */
  readonly done: Promise<void>;
  readonly #call: VoIPCall;
  readonly #chunks: Int16Array[] = [];
  #waiting: { count: number; settle: () => void }[] = [];

  /** The call's phone has to speak s16le. */
  constructor(call: VoIPCall) {
    this.#call = call;
    this.done = this.#listen();
  }

  /** Everything heard so far. */
  samples(): Int16Array {
    const all = new Int16Array(this.#chunks.reduce((sum, chunk) => sum + chunk.length, 0));
    let offset = 0;
    for (const chunk of this.#chunks) {
      all.set(chunk, offset);
      offset += chunk.length;
    }
    return all;
  }

  /** Settles when `seconds` more have been heard, or the call is over. */
  hear(seconds: number): Promise<void> {
    return new Promise((settle) => this.#waiting.push({ count: this.heard.length + Math.ceil(seconds * 10), settle }));
  }

  async #listen(): Promise<void> {
    for (;;) {
      // oxlint-disable-next-line no-await-in-loop -- one chunk after the other
      const bytes = await this.#call.readAudio(CHUNK_BYTES);
      if (bytes.length < CHUNK_BYTES) break;
      const samples = new Int16Array(bytes.length / 2);
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      for (let i = 0; i < samples.length; i += 1) samples[i] = view.getInt16(2 * i, true);
      this.#chunks.push(samples);
      this.#note(samples);
    }
    for (const { settle } of this.#waiting.splice(0)) settle();
  }

  #note(samples: Int16Array): void {
    const { jitter, playoutDelay } = this.#call.stats();
    const heard: Heard = { time: performance.now(), level: level(samples), jitter: jitter / 8, playoutDelay };
    this.heard.push(heard);
    this.onHeard?.(heard);
    const ready = this.#waiting.filter(({ count }) => this.heard.length >= count);
    this.#waiting = this.#waiting.filter((wait) => !ready.includes(wait));
    for (const { settle } of ready) settle();
  }
}
