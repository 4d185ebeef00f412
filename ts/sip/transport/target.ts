import type { SIPURI } from "../message/SIPURI.ts";
import { formatEndpoint, TransportError } from "./errors.ts";
import type { TransportProtocol } from "./transport.ts";

/** Where a request is to go, as RFC 3263 §4 reads it from a URI, before any name is looked up. */
export interface Target {
  /** A name, or an address without brackets. */
  readonly host: string;
  readonly port?: number;
  /** What `transport=` asks for; undefined where the choice is ours. */
  readonly protocol?: TransportProtocol;
  /** `sips:`: TLS or nothing. */
  readonly secure?: boolean;
}

const TRANSPORTS: Readonly<Record<string, TransportProtocol>> = { udp: "UDP", tcp: "TCP", tls: "TLS" };

/**
 * The target of a URI (RFC 3263 §4: maddr before host).
 * @throws TransportError `TRANSPORT_UNAVAILABLE` for a transport that we do not know, or sips: over UDP
 */
export function targetOf(uri: SIPURI): Target {
  const host = uri.params.text("maddr") ?? uri.host;
  const named = uri.params.text("transport")?.toLowerCase();
  const secure = uri.scheme === "sips";
  const protocol = named === undefined ? undefined : TRANSPORTS[named];
  if (named !== undefined && (protocol === undefined || (secure && protocol === "UDP"))) {
    const port = uri.port ?? 0;
    const where = uri.port === undefined ? host : formatEndpoint(host, port);
    const problem = protocol === undefined ? "udp, tcp and tls are spoken here" : "sips: demands TLS";
    throw new TransportError("TRANSPORT_UNAVAILABLE", `cannot reach ${where} over transport=${named}: ${problem}`, host, port);
  }
  return {
    host,
    ...(uri.port === undefined ? {} : { port: uri.port }),
    // transport=tcp in a sips: URI means TLS over TCP (RFC 3261 §26.2.2).
    ...(protocol === undefined ? {} : { protocol: secure ? "TLS" : protocol }),
    ...(secure ? { secure } : {}),
  };
}
