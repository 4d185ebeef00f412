import type { SecureVersion } from "node:tls";

import type { TransportProtocol } from "../sip/transport/transport.ts";

/** What SIP travels on. */
export class TransportMode {
  static readonly UDP: TransportMode = new TransportMode("UDP", "dgram", null);
  static readonly TCP: TransportMode = new TransportMode("TCP", "stream", null);
  static readonly TLS: TransportMode = new TransportMode("TLS", "stream", "TLSv1.2");

  /** The name in Via (RFC 3261 §18). */
  readonly value: TransportProtocol;
  /** Which kind of socket carries it. */
  readonly socketType: "dgram" | "stream";
  /** The least version of TLS (RFC 9325 §3.1.1), null where there is none. */
  readonly tlsMode: SecureVersion | null;

  private constructor(value: TransportProtocol, socketType: "dgram" | "stream", tlsMode: SecureVersion | null) {
    this.value = value;
    this.socketType = socketType;
    this.tlsMode = tlsMode;
  }

  toString(): string {
    return this.value;
  }
}
