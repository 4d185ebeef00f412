import type { Clock } from "./clock.ts";

/** Settles with the promise, whatever becomes of it, or at the deadline. */
export function until(clock: Clock, deadline: number, promise: Promise<unknown>): Promise<void> {
  return new Promise((resolve) => {
    const alarm = clock.at(deadline, resolve);
    const done = (): void => {
      alarm.cancel();
      resolve();
    };
    promise.then(done, done);
  });
}
