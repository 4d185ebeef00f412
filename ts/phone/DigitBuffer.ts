import { type Clock, systemClock } from "../time/clock.ts";

/** When {@link DigitBuffer.collect} has enough. Whatever comes first ends it. */
export interface CollectOptions {
  /** So many digits. Default: no limit. */
  readonly count?: number;
  /** A digit that ends the input and is no part of it, for instance `#`. */
  readonly terminator?: string;
  /** Milliseconds until the first digit. Default 10,000. */
  readonly timeout?: number;
  /** Milliseconds between two digits. Default 5,000. */
  readonly interDigitTimeout?: number;
  readonly signal?: AbortSignal;
}

/** The digits that a call has received and nobody has taken. */
export class DigitBuffer {
  #digits = "";
  #closed = false;
  readonly #clock: Clock;
  /** Told of each digit, and of the end; they look at the buffer themselves. */
  readonly #watchers = new Set<() => void>();

  constructor(clock: Clock = systemClock) {
    this.#clock = clock;
  }

  push(digit: string): void {
    this.#digits += digit;
    for (const watch of this.#watchers) watch();
  }

  /** Takes up to `count` digits; all of them when negative or null. */
  take(count: number | null): string {
    const length = count === null || count < 0 ? this.#digits.length : count;
    const taken = this.#digits.slice(0, length);
    this.#digits = this.#digits.slice(length);
    return taken;
  }

  /** No more digits will come. */
  close(): void {
    this.#closed = true;
    for (const watch of this.#watchers) watch();
  }

  /**
   * Waits for an input: so many digits, or one that ends it, or a pause. Digits pressed before count. @returns the digits, none when nobody pressed any
   * @throws the signal's reason on abort; the digits stay in the buffer then
   */
  collect(options: CollectOptions = {}): Promise<string> {
    const { count = Number.POSITIVE_INFINITY, terminator = "", timeout = 10_000, interDigitTimeout = 5_000, signal } = options;
    return new Promise((resolve, reject) => {
      let seen = -1;
      let alarm = this.#clock.at(this.#clock.now(), () => {});
      const stop = (): void => {
        alarm.cancel();
        this.#watchers.delete(look);
        signal?.removeEventListener("abort", abort);
      };
      const finish = (length: number, dropped = 0): void => {
        stop();
        const digits = this.take(length);
        this.take(dropped);
        resolve(digits);
      };
      const abort = (): void => {
        stop();
        reject(signal?.reason instanceof Error ? signal.reason : new DOMException("aborted", "AbortError"));
      };
      const look = (): void => {
        const end = terminator === "" ? -1 : this.#digits.indexOf(terminator);
        const length = this.#digits.length;
        if (end >= 0 && end <= count) finish(end, 1);
        else if (length >= count) finish(count);
        else if (this.#closed) finish(length);
        else if (length !== seen) {
          seen = length;
          alarm.cancel();
          alarm = this.#clock.at(this.#clock.now() + (length === 0 ? timeout : interDigitTimeout), () => finish(length));
        }
      };
      if (signal?.aborted === true) {
        abort();
        return;
      }
      signal?.addEventListener("abort", abort);
      this.#watchers.add(look);
      look();
    });
  }
}
