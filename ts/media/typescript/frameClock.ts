/** A frame, ms: 160 samples at 8,000 Hz. */
export const FRAME = 20;

/**
 * Called once a frame.
 * @param now microseconds
 * @param skipped frames that were missed since the last call
 */
export type FrameListener = (now: number, skipped: number) => void;

/**
 * The one timer of the TypeScript engine: every session takes part in the same frames, on deadlines that never move: frame n is
 * due at start + n · 20 ms. So the mean rate is exactly 50 a second, where a `setInterval(20)` runs 1–2 % slow: it counts from when
 * it rang, and it rings late. After a stall the frames that were missed are skipped and counted, not made up for in a burst.
 *
 * The timer is unref'd: an open session does not hold the process open. Without sessions there is no timer.
 */
export class FrameClock {
  /** Each listener with the frame that it is due in next. */
  readonly #listeners = new Map<FrameListener, number>();
  readonly #start = performance.now();
  #timer: NodeJS.Timeout | undefined;

  /** Microseconds, on the same clock as the frames. */
  now(): number {
    return Math.floor(performance.now() * 1_000);
  }

  /** Calls `listener` from the next frame on. It must not throw. */
  add(listener: FrameListener): void {
    this.#listeners.set(listener, this.#frame() + 1);
    if (this.#timer === undefined) this.#schedule();
  }

  delete(listener: FrameListener): void {
    this.#listeners.delete(listener);
    if (this.#listeners.size > 0) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** The frame that it is now. */
  #frame(): number {
    return Math.floor((performance.now() - this.#start) / FRAME);
  }

  #schedule(): void {
    const deadline = this.#start + (this.#frame() + 1) * FRAME;
    // setTimeout drops fractions of a millisecond and would ring before the deadline; rounded up, it does not.
    this.#timer = setTimeout(() => this.#ring(), Math.ceil(deadline - performance.now()));
    this.#timer.unref();
  }

  #ring(): void {
    const frame = this.#frame();
    this.#timer = undefined;
    for (const [listener, due] of this.#listeners) {
      // Not yet due: the timer rang early after all, or the listener was added during this very frame.
      if (due > frame) continue;
      this.#listeners.set(listener, frame + 1);
      listener(this.now(), frame - due);
    }
    // The last listener may have left meanwhile, and a new one may have set the timer.
    if (this.#listeners.size > 0 && this.#timer === undefined) this.#schedule();
  }
}
