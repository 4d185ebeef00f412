import type { MediaEvent, MediaSession, MediaStatistics, StreamParameters } from "../media/contract.ts";
import { Unsent } from "./Unsent.ts";

/** The counters of a session, which go on counting when it moves. */
const COUNTERS = [
  "packetsSent",
  "bytesSent",
  "framesSilent",
  "framesSkipped",
  "packetsSuppressed",
  "packetsReceived",
  "bytesReceived",
  "packetsRejected",
  "packetsLost",
  "packetsLate",
  "packetsDuplicate",
  "packetsLooped",
  "samplesPlayed",
  "samplesConcealed",
  "samplesStretched",
  "samplesOverrun",
  "rtcpPacketsSent",
  "rtcpPacketsReceived",
] as const satisfies readonly (keyof MediaStatistics)[];

/**
 * A call's media that can move to another socket while the call goes on, because the address of the old one is gone. Whoever writes, reads,
 * waits and listens notices nothing.
 */
export class MovableMedia implements MediaSession {
  #session: MediaSession;
  #parameters: StreamParameters | undefined;
  /** Received before the last move, and not read yet. */
  #left = new Int16Array(0);
  readonly #unsent = new Unsent();
  /** What the sessions before this one have counted. */
  #counted: Partial<Record<(typeof COUNTERS)[number], number>> = {};
  #closed = false;

  constructor(session: MediaSession) {
    this.#session = session;
  }

  get localAddress(): string {
    return this.#session.localAddress;
  }

  get localPort(): number {
    return this.#session.localPort;
  }

  get onEvent(): ((event: MediaEvent) => void) | undefined {
    return this.#session.onEvent;
  }

  set onEvent(listener: ((event: MediaEvent) => void) | undefined) {
    this.#session.onEvent = listener;
  }

  /** Goes on with another session, which is ours from now on. Settles when the old one's port is free. */
  async move(next: MediaSession): Promise<void> {
    if (this.#closed) {
      await next.close();
      return;
    }
    const former = this.#session;
    const statistics = this.statistics();
    const unread = new Int16Array(statistics.samplesReadable);
    this.#left = unread.subarray(0, this.read(unread));
    this.#counted = Object.fromEntries(COUNTERS.map((name) => [name, statistics[name]]));
    next.onEvent = former.onEvent;
    former.onEvent = undefined;
    this.#session = next;
    if (this.#parameters !== undefined) next.configure(this.#parameters);
    // What was queued goes out from where we are now.
    this.write(this.#unsent.take(former.clear()));
    await former.close();
  }

  configure(parameters: StreamParameters): void {
    this.#session.configure(parameters);
    this.#parameters = parameters;
  }

  write(samples: Int16Array): number {
    const session = this.#session;
    const taken = session.write(samples);
    this.#unsent.append(samples.subarray(0, taken), () => session.statistics().samplesQueued);
    return taken;
  }

  read(samples: Int16Array): number {
    const count = Math.min(this.#left.length, samples.length);
    if (count === 0) return this.#session.read(samples);
    samples.set(this.#left.subarray(0, count));
    this.#left = this.#left.subarray(count);
    return count + this.#session.read(samples.subarray(count));
  }

  clear(): number {
    this.#unsent.clear();
    return this.#session.clear();
  }

  sendEvents(events: readonly number[], duration: number, gap: number): boolean {
    return this.#session.sendEvents(events, duration, gap);
  }

  statistics(): MediaStatistics {
    const statistics = this.#session.statistics();
    const sums = COUNTERS.map((name) => [name, statistics[name] + (this.#counted[name] ?? 0)]);
    return { ...statistics, ...Object.fromEntries(sums), samplesReadable: statistics.samplesReadable + this.#left.length };
  }

  whenReadable(samples: number): Promise<boolean> {
    return this.#whenever((session) => session.whenReadable(Math.max(0, samples - this.#left.length)));
  }

  whenQueued(samples: number): Promise<boolean> {
    return this.#whenever((session) => session.whenQueued(samples));
  }

  /** What a session says that was left is no end, neither that it closes nor that its queue is empty: the wait goes on with the next. */
  async #whenever(wait: (session: MediaSession) => Promise<boolean>): Promise<boolean> {
    for (;;) {
      const session = this.#session;
      // oxlint-disable-next-line no-await-in-loop -- one session after the other
      const reached = await wait(session);
      if (session === this.#session) return reached;
    }
  }

  close(): Promise<void> {
    this.#closed = true;
    return this.#session.close();
  }
}
