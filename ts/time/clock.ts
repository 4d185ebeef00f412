/**
 * The clock under every state machine's shell. Machines themselves never ask for the time: they are told it. Shells ask a
 * `Clock`, so that a test can hand them the testkit's `VirtualClock` and 32 s of SIP timers pass in a millisecond.
 */
export interface Clock {
  /** Milliseconds on a monotonic clock whose zero means nothing. Fractions count. */
  now(): number;
  /**
   * Calls back once, at `time` or as soon after it as the system allows, never synchronously.
   * An alarm holds the process open until it rings or is cancelled.
   */
  at(time: number, callback: () => void): Alarm;
}

/** An appointment with a {@link Clock}. Cancelling one that has rung does nothing. */
export interface Alarm {
  cancel(): void;
}

/** The process's own monotonic clock. */
export const systemClock: Clock = {
  now: () => performance.now(),
  at(time, callback) {
    // setTimeout truncates fractions of a millisecond and may then ring early; rounding up never does. Its longest delay is
    // 2^31 - 1 ms, beyond which Node would ring at once.
    const delay = Math.min(Math.max(0, Math.ceil(time - performance.now())), 2 ** 31 - 1);
    const timer = setTimeout(callback, delay);
    return { cancel: () => clearTimeout(timer) };
  },
};
