/** Promises that wait until a number of samples is there, or gone; behind `whenReadable` and `whenQueued`. */
export class Waiters {
  #waiting: { readonly samples: number; readonly settle: (reached: boolean) => void }[] = [];

  /** A promise of true once {@link check} finds the number reached, of false when {@link close} comes before. */
  wait(samples: number): Promise<boolean> {
    return new Promise((settle) => {
      this.#waiting.push({ samples, settle });
    });
  }

  /** Asks `reached` about each number that is waited for. */
  check(reached: (samples: number) => boolean): void {
    if (this.#waiting.length === 0) return;
    this.#waiting = this.#waiting.filter(({ samples, settle }) => {
      const isReached = reached(samples);
      if (isReached) settle(true);
      return !isReached;
    });
  }

  close(): void {
    for (const { settle } of this.#waiting) settle(false);
    this.#waiting = [];
  }
}
