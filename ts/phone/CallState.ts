/**
 * Where a call stands.
 *
 * ```
 *   phone.call()                                incoming INVITE
 *        |                                            |
 *        v                                            v
 *    DIALING --183--> PROGRESS <-earlyMedia()--- RINGING
 *     |    |           |    |                     |    |
 *     |    +---2xx-----+----|-------answer()------+    |
 *     |          |          |                          |
 *  cancel()      v       cancel()          deny(), caller cancels
 *     |       ANSWERED      |                          |
 *     v          |          |                          |
 *  CANCELING <---|----------+                          |
 *     |          | hangup(), BYE, no ACK               |
 *     |          v                                     |
 *     +------> ENDED <---------------------------------+
 * ```
 *
 * DIALING and PROGRESS also end by a refusal, a time-out or a failure of the network. An action that the state does not allow throws
 * {@link InvalidStateError} and changes nothing.
 */
export const CallState = {
  /** We called; nobody has answered yet. `cancel()` is possible. */
  DIALING: "DIALING",
  /** Somebody calls us. `answer()` and `deny()` are possible. */
  RINGING: "RINGING",
  /** 183 Session Progress came on a call that was dialling: `cancel()`; or we sent it while ringing: `answer()`, `deny()`. */
  PROGRESS: "PROGRESS",
  /** The call is up. `hangup()` is possible, and audio flows. */
  ANSWERED: "ANSWERED",
  /** `cancel()` was called; the far end has not confirmed yet. */
  CANCELING: "CANCELING",
  /** It is over. */
  ENDED: "ENDED",
} as const;
export type CallState = (typeof CallState)[keyof typeof CallState];
