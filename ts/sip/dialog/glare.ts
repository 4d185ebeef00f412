import type { SIPResponse } from "../message/SIPResponse.ts";

/** The longest pause that RFC 3261 §14.2 lets a peer ask for, in seconds. One that asks for more is not waited for. */
const LONGEST_RETRY_AFTER = 10;

/** Glare that outlasts so many pauses is no accident. */
export const GLARE_ATTEMPTS = 7;

/**
 * What to say to a request that collides with an earlier one of the far end's (RFC 3261 §14.2, RFC 3311 §5.2).
 * @param random uniform in [0, 1)
 */
export function retryAfterHeader(random: number): [string, string] {
  return ["Retry-After", String(Math.floor(random * (LONGEST_RETRY_AFTER + 1)))];
}

/**
 * Seconds to wait before a re-INVITE or UPDATE may be tried again; undefined when its response is the last word.
 * @param caller whether we own the Call-ID
 * @param random uniform in [0, 1)
 */
export function pauseAfter(response: SIPResponse, caller: boolean, random: number): number | undefined {
  if (response.statusCode === 491) {
    // RFC 3261 §14.1, in units of 10 ms: the owner of the Call-ID waits longer, so that the two do not collide again.
    return (caller ? 210 + Math.floor(random * 191) : Math.floor(random * 201)) / 100;
  }
  if (response.statusCode !== 500) return undefined;
  const seconds = Number.parseInt(response.headers.get("Retry-After") ?? "", 10);
  return seconds >= 0 && seconds <= LONGEST_RETRY_AFTER ? seconds : undefined;
}
