import type { ParseLimits } from "../message/limits.ts";

/** What a stream transport puts up with, and for how long. Times in milliseconds. */
export interface ConnectionLimits {
  /** For a connection to come about, its TLS handshake included. 8000: shorter than the patience of any transaction (32 s), so that the next server gets its turn. */
  readonly connectTimeout: number;
  /** For a message that has begun to become whole, and for the first one of a connection that somebody opens to us. 32,000 */
  readonly messageTimeout: number;
  /** Without any message a connection is closed. 15 minutes: a registration's refreshes, at most 270 s apart by default, keep it. */
  readonly idleTimeout: number;
  /** Without anything sent for so long, or up to 20 % less, a connection that we opened is pinged. 120,000 (RFC 5626 §4.4.1) */
  readonly keepAlive: number;
  /** For a pong (RFC 5626 §4.4.1). 10,000 */
  readonly pongTimeout: number;
  /** For a far end that takes nothing of what waits for it. 30,000 */
  readonly stallTimeout: number;
  /** Bytes that may wait for a far end that does not read. 4 MiB: some 3000 messages, two seconds of a busy server's. */
  readonly maxQueued: number;
  /** Connections that others may have open to us; more are refused. 4096 */
  readonly maxConnections: number;
  /** Of a message; see {@link ParseLimits}. */
  readonly messages: Partial<ParseLimits>;
}

export const DEFAULT_CONNECTION_LIMITS: ConnectionLimits = {
  connectTimeout: 8000,
  messageTimeout: 32_000,
  idleTimeout: 900_000,
  keepAlive: 120_000,
  pongTimeout: 10_000,
  stallTimeout: 30_000,
  maxQueued: 4 << 20,
  maxConnections: 4096,
  messages: {},
};
