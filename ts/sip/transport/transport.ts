/** The transports of RFC 3261 §18 by their Via names. */
export type TransportProtocol = "UDP" | "TCP" | "TLS";

/** One end of the wire: an IPv4 or IPv6 address (no brackets) and a port. */
export interface Endpoint {
  readonly address: string;
  readonly port: number;
  readonly protocol: TransportProtocol;
}

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
  /** Binds. @throws TransportError when the address is taken or not ours */
  open(): Promise<void>;
  /**
   * Sends one whole message.
   * @returns a promise that rejects with a TransportError when the message certainly did not leave (RFC 3261 §18.4)
   */
  send(message: Uint8Array, to: Endpoint): Promise<void>;
  /** Called with each whole message's bytes (keep-alives left out). Must not throw. */
  onMessage: ((message: Uint8Array, from: Endpoint) => void) | undefined;
  /** Called when the transport as a whole can go on no longer. */
  onError: ((error: Error) => void) | undefined;
  /** Frees the port; settles when it is free. */
  close(): Promise<void>;
}
