/**
 * The values from which every transaction timer derives, in milliseconds (RFC 3261 Table 4, with L and M from RFC 6026).
 *
 * | timer | value                      | use |
 * |-------|----------------------------|-----|
 * | A     | T1, doubling without limit | INVITE client resends, UDP only |
 * | B     | 64 * T1                    | INVITE client gives up |
 * | D     | 32 s, reliable: 0          | INVITE client waits for resent final responses |
 * | E     | T1, doubling up to T2      | non-INVITE client resends, UDP only |
 * | F     | 64 * T1                    | non-INVITE client gives up |
 * | G     | T1, doubling up to T2      | INVITE server resends its final response, UDP only |
 * | H     | 64 * T1                    | INVITE server stops waiting for the ACK |
 * | I     | T4, reliable: 0            | INVITE server waits for resent ACKs |
 * | J     | 64 * T1, reliable: 0       | non-INVITE server waits for resent requests |
 * | K     | T4, reliable: 0            | non-INVITE client waits for resent responses |
 * | L     | 64 * T1                    | INVITE server waits for resent INVITEs after a 2xx |
 * | M     | 64 * T1                    | INVITE client waits for more 2xx after a 2xx |
 *
 * (C is a proxy's.)
 */
export interface Timers {
  /** An estimate of the round-trip time. 500 */
  readonly t1: number;
  /** The longest interval between two retransmissions of a non-INVITE request or an INVITE response. 4000 */
  readonly t2: number;
  /** How long a message may stay in the network. 5000 */
  readonly t4: number;
  /** Timer D on unreliable transports: the far end's timer H, whose T1 is not known here. 32,000 */
  readonly d: number;
  /** How long an INVITE's user may keep silent before the transaction sends 100 Trying (RFC 3261 §17.2.1). 200 */
  readonly trying: number;
}

export const defaultTimers: Timers = { t1: 500, t2: 4000, t4: 5000, d: 32_000, trying: 200 };
