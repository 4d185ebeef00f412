import type { MediaSession, MediaStatistics } from "../media/contract.ts";

/** What of a media session playing needs. */
export interface PlaybackSession extends Pick<MediaSession, "write" | "whenQueued" | "clear"> {
  statistics(): Pick<MediaStatistics, "samplesQueued">;
}

/** A frame of 20 ms at 8 kHz; a session sends one at a time. */
const PIECE = 160;
/** Samples kept queued ahead, 200 ms at 8 kHz: enough to bridge a pause of the process, little enough that an abort is heard at once. */
const AHEAD = 1600;

/**
 * Plays samples at the session's own pace.
 *
 * Settles when the last sample has been sent, or when the session closed before that. At most 200 ms are queued ahead.
 * On abort what is queued is dropped at once, so that the far end hears silence from the next frame on, and whatever is written after that.
 * @param source chunks of any length, of the session's sample rate; its iterator is closed when playing ends early
 * @returns true when all was sent, false when the session closed before
 * @throws the signal's reason on abort; whatever the source throws
 * @example
 * await playSamples(session, [await readWav("announcement.wav")], AbortSignal.timeout(10_000));
 */
export async function playSamples(
  session: PlaybackSession,
  source: AsyncIterable<Int16Array> | Iterable<Int16Array>,
  signal?: AbortSignal,
): Promise<boolean> {
  signal?.throwIfAborted();
  const aborted = abortion(signal, () => session.clear());
  const iterator = iterate(source);
  let finished = false;
  try {
    for (;;) {
      // oxlint-disable-next-line no-await-in-loop -- one chunk after the other is what playing is
      const next = await aborted.race(iterator.next());
      if (next.done === true) {
        finished = true;
        break;
      }
      // oxlint-disable-next-line no-await-in-loop
      if (!(await enqueue(session, next.value, aborted))) return false;
    }
    return await aborted.race(session.whenQueued(0));
  } finally {
    aborted.forget();
    // Not awaited: a source that is stuck in next() would hold us here as well.
    if (!finished) void Promise.resolve(iterator.return?.()).catch(() => {});
  }
}

/** Hands a chunk over in pieces, each as soon as there is room for it. @returns false when the session is closed */
async function enqueue(session: PlaybackSession, chunk: Int16Array, aborted: Abortion): Promise<boolean> {
  let ahead = AHEAD;
  let offset = 0;
  while (offset < chunk.length) {
    const piece = chunk.subarray(offset, offset + PIECE);
    // oxlint-disable-next-line no-await-in-loop
    if (!(await aborted.race(session.whenQueued(Math.max(0, ahead - piece.length))))) return false;
    aborted.check();
    const taken = session.write(piece);
    offset += taken;
    // The session was opened with a smaller queue: aim at what it holds, or the next wait would not wait at all.
    if (taken < piece.length) ahead = session.statistics().samplesQueued;
  }
  return true;
}

function iterate(source: AsyncIterable<Int16Array> | Iterable<Int16Array>): AsyncIterator<Int16Array> | Iterator<Int16Array> {
  return Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]();
}

/** Makes waits give up when a signal aborts, with one listener for all of them. */
interface Abortion {
  /** @throws the signal's reason when it has aborted since the last wait */
  check(): void;
  race<T>(wait: T | Promise<T>): Promise<T>;
  forget(): void;
}

function abortion(signal: AbortSignal | undefined, drop: () => void): Abortion {
  if (signal === undefined) return { check: () => {}, race: async (wait) => wait, forget: () => {} };
  let giveUp: ((reason: unknown) => void) | undefined;
  const listener = (): void => {
    // Not once the wait has been given up: by then another source may have written.
    drop();
    giveUp?.(signal.reason);
  };
  signal.addEventListener("abort", listener);
  return {
    check: () => signal.throwIfAborted(),
    // A Promise.race against one long-lived promise would keep every loser's reaction for as long as playing lasts.
    race: (wait) =>
      new Promise((resolve, reject) => {
        giveUp = reject;
        if (signal.aborted) giveUp(signal.reason);
        else Promise.resolve(wait).then(resolve, reject);
      }),
    forget: () => signal.removeEventListener("abort", listener),
  };
}
