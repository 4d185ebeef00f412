import type { PlaybackSession } from "../../ts/audio/play.ts";

/** The sending half of a media session whose frames go out when the test says so. */
export class FakePlayback implements PlaybackSession {
  readonly sent: number[] = [];
  queued: number[] = [];
  /** The most that was ever queued. */
  peak = 0;
  cleared = 0;
  readonly #capacity: number;
  #waiting: { samples: number; settle: (open: boolean) => void }[] = [];
  #closed = false;

  constructor(capacity = 65_536) {
    this.#capacity = capacity;
  }

  write(samples: Int16Array): number {
    const taken = Math.min(samples.length, this.#capacity - this.queued.length);
    this.queued.push(...samples.subarray(0, taken));
    this.peak = Math.max(this.peak, this.queued.length);
    return taken;
  }

  clear(): number {
    const dropped = this.queued.length;
    this.queued = [];
    this.cleared += 1;
    this.#settle();
    return dropped;
  }

  statistics(): { samplesQueued: number } {
    return { samplesQueued: this.queued.length };
  }

  whenQueued(samples: number): Promise<boolean> {
    if (this.#closed) return Promise.resolve(false);
    if (this.queued.length <= samples) return Promise.resolve(true);
    return new Promise((settle) => this.#waiting.push({ samples, settle }));
  }

  /** Sends one frame of 20 ms, then lets everything react. */
  async frame(): Promise<void> {
    this.sent.push(...this.queued.splice(0, 160));
    this.#settle();
    await reactions();
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const { settle } of this.#waiting.splice(0)) settle(false);
    await reactions();
  }

  #settle(): void {
    const ready = this.#waiting.filter(({ samples }) => this.queued.length <= samples);
    this.#waiting = this.#waiting.filter((wait) => !ready.includes(wait));
    for (const { settle } of ready) settle(true);
  }
}

/** Lets all promises that can settle do so. */
export function reactions(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
