import type { TransportProtocol } from "../sip/transport/transport.ts";
import type { NAPTRRecord } from "./dns.ts";

/** RFC 3263 §4.1; those of SCTP and WebSocket are none of ours. */
const SERVICES: Readonly<Record<string, TransportProtocol>> = { "SIP+D2U": "UDP", "SIP+D2T": "TCP", "SIPS+D2T": "TLS" };

/** Where the SRV records for a protocol are. */
export interface Service {
  readonly protocol: TransportProtocol;
  readonly name: string;
}

/** The services that NAPTR records offer, of those that we speak, in the domain's order of preference (RFC 3263 §4.1). */
export function servicesOf(records: readonly NAPTRRecord[], spoken: readonly TransportProtocol[]): Service[] {
  return records
    .toSorted((a, b) => a.order - b.order || a.preference - b.preference)
    .filter(({ flags, regexp = "", replacement }) => flags.toLowerCase() === "s" && regexp === "" && replacement !== "" && replacement !== ".")
    .flatMap(({ service, replacement }) => {
      const protocol = SERVICES[service.toUpperCase()];
      return protocol === undefined || !spoken.includes(protocol) ? [] : [{ protocol, name: replacement }];
    });
}

/** Where the SRV records of a domain are that has no NAPTR ones. */
export function serviceOf(domain: string, protocol: TransportProtocol): Service {
  const label = { UDP: "_sip._udp", TCP: "_sip._tcp", TLS: "_sips._tcp" }[protocol];
  return { protocol, name: `${label}.${domain}` };
}
