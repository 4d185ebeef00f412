import type { MediaStatistics } from "../media/contract.ts";
import { SampleQueue } from "./SampleQueue.ts";

/** What a media session holds at most, queued for sending: what was handed over before that has been sent. */
const MOST_QUEUED = 65_536;
/** One frame of 20 ms at 8 kHz. */
const FRAME = 160;

/**
 * Finds out, after the fact, what a session has sent: it knows what was handed over, and the session's counters tell how much of that is still
 * queued and how many frames went out as silence. So the path of the packets needs no second copy of the audio. Digits sent as events are
 * in no counter, and silence here.
 */
export class SentAudio {
  /** Handed over, and not yet given out by {@link take}. */
  readonly #handed = new SampleQueue();
  #silent = 0;

  /** Samples handed over and not given out yet. */
  get length(): number {
    return this.#handed.length;
  }

  /** The session took these samples; the array must not change any more. */
  push(samples: Int16Array): void {
    this.#handed.push(samples);
    this.keep(MOST_QUEUED);
  }

  /** The session dropped the last `samples` of what was queued. */
  dropped(samples: number): void {
    this.#handed.truncate(Math.max(0, this.#handed.length - samples));
  }

  /** Forgets all but the last `samples`, for what was sent before is of no interest. */
  keep(samples: number): void {
    this.#handed.skip(Math.max(0, this.#handed.length - samples));
  }

  /** What was sent since the last time. Silence comes where the queue was empty: before what was sent, unless the queue is empty now. */
  take({ samplesQueued, framesSilent }: Pick<MediaStatistics, "samplesQueued" | "framesSilent">): Int16Array {
    const sent = Math.max(0, this.#handed.length - samplesQueued);
    const silence = Math.max(0, framesSilent - this.#silent) * FRAME;
    this.#silent = framesSilent;
    const samples = new Int16Array(sent + silence);
    this.#handed.shift(samplesQueued > 0 ? samples.subarray(silence) : samples.subarray(0, sent));
    return samples;
  }
}
