import type { Clock } from "../../time/clock.ts";
import type { SIPRequest } from "../message/SIPRequest.ts";
import type { Endpoint, Transport, TransportProtocol } from "../transport/transport.ts";
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
  /** One, or a `TransportSet`. The layer takes its `onMessage` and `onDisconnect`; opening and closing it stay its owner's. */
  readonly transport: Transport;
  readonly clock: Clock;
  readonly timers?: Partial<Timers> | undefined;
  /** What to put into Via towards a peer, asked for each request. */
  readonly sentBy: (remote: Endpoint) => SentBy;
  /** Where else a response may be sent whose own way is closed: the servers of the Via's host (RFC 3263 §5). Default: nowhere. */
  readonly locate?: ((host: string, port: number | undefined, protocol: TransportProtocol) => Promise<readonly Endpoint[]>) | undefined;
  /**
   * Living server transactions, those included that only wait for retransmissions, beyond which a request that begins something new is answered
   * 503 with Retry-After, without a transaction. 20,000
   */
  readonly maxServerTransactions?: number | undefined;
  /** Whether a request belongs to something that there is already, a dialog say, and is served beyond that limit, too. Default: none */
  readonly isExpected?: ((request: SIPRequest) => boolean) | undefined;
  /** Sees every message that comes or goes. */
  readonly trace?: ((entry: TraceEntry) => void) | undefined;
  /** The last look at a CANCEL, which the layer itself makes of its INVITE. */
  readonly onCancelMade?: ((cancel: SIPRequest, destination: Endpoint) => void) | undefined;
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
