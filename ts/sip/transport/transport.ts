import type { SIPParseError } from "../errors.ts";
import type { SIPRequest } from "../message/SIPRequest.ts";
import type { SIPResponse } from "../message/SIPResponse.ts";
import type { TransportError } from "./errors.ts";

/** The transports of RFC 3261 §18 by their Via names. */
export type TransportProtocol = "UDP" | "TCP" | "TLS";

/** One end of the wire: an IPv4 or IPv6 address (no brackets) and a port. */
export interface Endpoint {
  readonly address: string;
  readonly port: number;
  readonly protocol: TransportProtocol;
  /**
   * The name that led to the address. A TLS certificate must be for it (RFC 5922 §4), whatever DNS made of it; without one, for the
   * address itself.
   */
  readonly host?: string;
}

/** A message as a stream's parser has read it already; or why it could not. */
export type ReadMessage = SIPRequest | SIPResponse | SIPParseError;

/**
 * Carries SIP messages, knows nothing of them. A transport is a thin shell: it binds, sends and receives bytes; who
 * retransmits, who answers and what a message means is the transaction layer's business.
 */
export interface Transport {
  readonly protocol: TransportProtocol;
  /** A reliable transport spares the transactions their retransmissions (RFC 3261 §17.1.1.2). */
  readonly reliable: boolean;
  /** What is bound; final once {@link open} has settled. The address may be a wildcard. */
  readonly local: Endpoint;
  /**
   * Whether strangers can reach us at {@link local}. False for a stream transport that takes no connections: peers then reach us over
   * those that we opened. Absent: true.
   */
  readonly listening?: boolean;
  /** Binds. @throws TransportError when the address is taken or not ours */
  open(): Promise<void>;
  /**
   * Sends one whole message.
   * @param patience for a connection that must be opened first, milliseconds; the transport's own limit holds, too
   * @returns a promise that rejects with a TransportError when the message certainly did not leave (RFC 3261 §18.4)
   */
  send(message: Uint8Array, to: Endpoint, patience?: number): Promise<void>;
  /**
   * Called with each whole message's bytes (keep-alives left out). Must not throw.
   * @param read the message, where the transport had to read it to find its end
   */
  onMessage: ((message: Uint8Array, from: Endpoint, read?: ReadMessage) => void) | undefined;
  /** Called when the transport as a whole can go on no longer. */
  onError: ((error: Error) => void) | undefined;
  /**
   * Called when a connection is gone that had been up. The next message to that endpoint opens a new one.
   * @param remote as it stands in `from` of the messages it brought
   * @param clean the far end has closed it in good order, so that what it had received it has
   */
  onDisconnect?: ((remote: Endpoint, error: TransportError, clean: boolean) => void) | undefined;
  /** Whether a message to this endpoint would travel over a connection that is up, or being set up. Absent: there are no connections. */
  isConnected?(to: Endpoint): boolean;
  /** Keeps the way to an endpoint open (RFC 5626 §4.4.1): two line ends. Nothing happens where there is no connection. */
  ping?(to: Endpoint): void;
  /** A request got no answer at all: closes the connection to that endpoint when it has brought nothing since `since` (by the clock). */
  suspect?(to: Endpoint, since: number): void;
  /** Frees the port; settles when it is free. */
  close(): Promise<void>;
}
