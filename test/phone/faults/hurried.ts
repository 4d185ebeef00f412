import { SIPClient, type SIPClientOptions } from "../../../ts/index.ts";
import { type Clock, systemClock } from "../../../ts/time/clock.ts";

/** So many seconds of SIP pass in one of ours. */
const HURRY = 20;

const clock: Clock = {
  now: () => systemClock.now() * HURRY,
  at: (time, callback) => systemClock.at(time / HURRY, callback),
};

/**
 * A phone's SIP whose timers run twenty times as fast as they should, on real sockets: a minute passes in three seconds. The media beside it keep
 * their own time.
 */
export class Hurried extends SIPClient {
  constructor(options: SIPClientOptions) {
    super({ ...options, clock });
  }
}

/** Settles when so much of that time has passed. */
export function secondsOfSIP(seconds: number): Promise<void> {
  return new Promise((resolve) => clock.at(clock.now() + 1_000 * seconds, resolve));
}
