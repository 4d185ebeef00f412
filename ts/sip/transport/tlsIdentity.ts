import { isIP } from "node:net";
import { checkServerIdentity, type PeerCertificate } from "node:tls";

/**
 * Why a certificate is not for a host; undefined when it is.
 *
 * RFC 5922 §7.1 wants the SIP domain as a URI (`sip:example.com`) or a DNS name in subjectAltName. Beyond that, what every TLS client
 * takes is taken: wildcards, addresses, the common name where there is no subjectAltName. PBXs have the certificates that web servers have.
 * @param host a name, or an address without brackets
 */
export function identityFault(host: string, certificate: PeerCertificate): Error | undefined {
  if (isIP(host) === 0 && sipDomains(certificate.subjectaltname ?? "").includes(host.toLowerCase().replace(/\.$/, ""))) return undefined;
  return checkServerIdentity(host, certificate);
}

/** The domains of the `sip:` URIs in a subjectAltName; one with a user part is a person's, not a server's (RFC 5922 §7.1). */
function sipDomains(subjectAltName: string): string[] {
  // Node quotes a name that holds a comma, which no domain does.
  return subjectAltName
    .split(", ")
    .map((name) => /^URI:sips?:([^@:;?]+)$/i.exec(name)?.[1]?.toLowerCase())
    .filter((domain) => domain !== undefined);
}
