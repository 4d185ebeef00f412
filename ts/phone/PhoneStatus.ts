/**
 * Where a phone stands.
 *
 * ```
 *   INACTIVE --start()--> REGISTERING --200, or no server--> REGISTERED
 *      ^                   |   ^  |                           |    |
 *      |                   |   +--|-- registration lapsed ----+    |
 *      |             start() fails|                                |
 *      |                   |      +----------stop()----------------+
 *      |                   v                    v
 *      |                FAILED            DEREGISTERING
 *      |                   | stop()             |
 *      +-------------------+--------------------+
 * ```
 */
export const PhoneStatus = {
  /** `start()` has not been called, or `stop()` has finished. */
  INACTIVE: "INACTIVE",
  /** `start()` has not finished yet, or the phone registers anew. */
  REGISTERING: "REGISTERING",
  /** Ready for calls. A phone without a server is ready as soon as its socket is bound. */
  REGISTERED: "REGISTERED",
  /** `stop()` has not finished yet. */
  DEREGISTERING: "DEREGISTERING",
  /** `start()` failed: its error tells why. */
  FAILED: "FAILED",
} as const;
export type PhoneStatus = (typeof PhoneStatus)[keyof typeof PhoneStatus];
