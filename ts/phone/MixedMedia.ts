import { SampleQueue } from "../audio/SampleQueue.ts";
import { mix } from "../audio/Tracks.ts";
import type { MediaEvent, MediaSession, MediaStatistics } from "../media/contract.ts";
import type { CallParameters } from "./Negotiation.ts";

/**
 * How far one stream may be ahead of another before the other counts as silent, in samples: their frames are up to 20 ms apart, and filling that
 * up each time would push them further apart.
 */
const LEAD = 480;
/** Nobody reads: what waits beyond this goes, oldest first. As much as the engines keep. */
const BACKLOG = 65_536;
/** One frame of 20 ms at 8 kHz. */
const FRAME = 160;

/**
 * The streams of a call that has several, as one: what is read is the sum of all, what is written goes to all, and so do digits. Counters and
 * addresses are those of the first.
 */
export class MixedMedia implements MediaSession {
  readonly #main: MediaSession;
  readonly #all: readonly MediaSession[];
  readonly #received: SampleQueue[];
  #closed = false;

  constructor(main: MediaSession, further: readonly MediaSession[]) {
    this.#main = main;
    this.#all = [main, ...further];
    this.#received = this.#all.map(() => new SampleQueue());
  }

  get localAddress(): string {
    return this.#main.localAddress;
  }

  get localPort(): number {
    return this.#main.localPort;
  }

  get onEvent(): ((event: MediaEvent) => void) | undefined {
    return this.#main.onEvent;
  }

  set onEvent(listener: ((event: MediaEvent) => void) | undefined) {
    this.#main.onEvent = listener;
    // Of the others only keys matter: the call is where its first stream is.
    for (const session of this.#all.slice(1)) {
      session.onEvent = (event) => {
        if (event.type === "dtmf-start" || event.type === "dtmf-end") listener?.(event);
      };
    }
  }

  configure({ further, ...main }: CallParameters): void {
    this.#main.configure(main);
    for (const [i, session] of this.#all.slice(1).entries()) {
      const parameters = further[i];
      // A stream that is over, or was never taken up, sends and hears nothing.
      if (parameters === undefined) session.configure({ ...main, direction: "inactive" });
      else session.configure(parameters);
    }
  }

  write(samples: Int16Array): number {
    const taken = this.#main.write(samples);
    for (const session of this.#all.slice(1)) session.write(samples.subarray(0, taken));
    return taken;
  }

  read(samples: Int16Array): number {
    const count = Math.min(samples.length, this.#ready());
    const target = samples.subarray(0, count).fill(0);
    for (const queue of this.#received) {
      const part = new Int16Array(count);
      queue.shift(part);
      target.set(mix(target, part));
    }
    return count;
  }

  clear(): number {
    const dropped = this.#main.clear();
    for (const session of this.#all.slice(1)) session.clear();
    return dropped;
  }

  sendEvents(events: readonly number[], duration: number, gap: number): boolean {
    const sent = this.#main.sendEvents(events, duration, gap);
    for (const session of this.#all.slice(1)) session.sendEvents(events, duration, gap);
    return sent;
  }

  statistics(): MediaStatistics {
    return { ...this.#main.statistics(), samplesReadable: this.#ready() };
  }

  async whenReadable(samples: number): Promise<boolean> {
    const open = new Set(this.#all);
    while (this.#ready() < samples) {
      if (this.#closed || open.size === 0) return false;
      const news = [...open].map(async (session) => {
        if (!(await session.whenReadable(FRAME))) open.delete(session);
      });
      // oxlint-disable-next-line no-await-in-loop -- frame by frame, from whichever stream has the next
      await Promise.race(news);
    }
    return true;
  }

  whenQueued(samples: number): Promise<boolean> {
    return this.#main.whenQueued(samples);
  }

  async close(): Promise<void> {
    this.#ready();
    this.#closed = true;
    await Promise.all(this.#all.map((session) => session.close()));
  }

  /** Takes over what all have received. @returns how much of the sum is there */
  #ready(): number {
    for (const [i, session] of this.#all.entries()) {
      const waiting = new Int16Array(session.statistics().samplesReadable);
      const queue = this.#received[i];
      queue?.push(waiting.subarray(0, waiting.length === 0 ? 0 : session.read(waiting)));
      queue?.skip(Math.max(0, queue.length - BACKLOG));
    }
    const lengths = this.#received.map(({ length }) => length);
    const most = Math.max(...lengths);
    return this.#closed ? most : Math.max(Math.min(...lengths), most - LEAD);
  }
}
