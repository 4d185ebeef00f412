import type { Clock } from "../../time/clock.ts";
import type { Endpoint, Transport } from "../transport/transport.ts";
import type { Timers } from "./timers.ts";
import type { SentBy } from "./via.ts";

/** A message as it passed the wire. */
export interface TraceEntry {
  readonly direction: "in" | "out";
  readonly bytes: Uint8Array;
  readonly local: Endpoint;
  readonly remote: Endpoint;
  /** By the layer's clock, in milliseconds. */
  readonly time: number;
}

export interface TransactionLayerOptions {
  /** The layer takes its `onMessage`; opening and closing it stay its owner's. */
  readonly transport: Transport;
  readonly clock: Clock;
  readonly timers?: Partial<Timers> | undefined;
  /** What to put into Via, asked for each request. */
  readonly sentBy: () => SentBy;
  /** Sees every message that comes or goes. */
  readonly trace?: ((entry: TraceEntry) => void) | undefined;
  /** Hears what a callback threw (`during` names it), and what should never happen. Nothing of it goes further. */
  readonly onInternalError?: ((error: unknown, during: string) => void) | undefined;
}

/** What arrived and led to nothing. */
export interface Dropped {
  /** No SIP at all, or no way to answer it. */
  unparsable: number;
  /** Responses whose Via is not the one that we had sent (RFC 3261 §18.1.2, §8.1.3.3). */
  wrongVia: number;
}
