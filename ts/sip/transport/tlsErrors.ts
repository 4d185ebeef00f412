import { connectError, formatEndpoint, reasonOf, systemCodeOf, TransportError } from "./errors.ts";
import type { Endpoint } from "./transport.ts";

const TRUST = "if you trust it, give its certificate or its authority's as tlsCa (--ca)";

/** What node:tls calls it, in words that tell what to do. */
const CERTIFICATE_PROBLEMS: Readonly<Record<string, string>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: `its certificate is self-signed, which proves nothing; ${TRUST}`,
  SELF_SIGNED_CERT_IN_CHAIN: `its certificate comes from an authority that is not trusted here; ${TRUST}`,
  UNABLE_TO_GET_ISSUER_CERT: `its certificate comes from an unknown authority; ${TRUST}`,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: `its certificate comes from an unknown authority; ${TRUST}`,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: `its certificate comes from an unknown authority, or the server keeps back the certificates in between; ${TRUST}`,
  CERT_UNTRUSTED: `its certificate comes from an authority that is not trusted here; ${TRUST}`,
  CERT_HAS_EXPIRED: "its certificate has expired; whoever runs the server must renew it. Check this machine's clock, too",
  CERT_NOT_YET_VALID: "its certificate is not valid yet; check this machine's clock",
  CERT_REVOKED: "its certificate was revoked; ask whoever runs the server",
  INVALID_PURPOSE: "its certificate is not meant for servers; ask whoever runs the server",
};

/** Why a TLS connection did not come about: the network's fault, or what the two ends could not agree on. */
export function tlsError(cause: Error, to: Endpoint): TransportError {
  const { address, port, host } = to;
  const code = systemCodeOf(cause) ?? "";
  const problem = problemOf(code, cause, host ?? address);
  if (problem === undefined) return connectError("TLS", address, port, cause);
  const name = host === undefined || host === address ? "" : `${host} at `;
  return new TransportError("TRANSPORT_TLS", `cannot connect to TLS ${name}${formatEndpoint(address, port)}: ${problem}`, address, port, cause);
}

/** Whether an error is about the far end's certificate: then another try in a few seconds will not help. */
export function isCertificateFault(error: unknown): boolean {
  if (!(error instanceof TransportError)) return false;
  return Object.hasOwn(CERTIFICATE_PROBLEMS, error.systemCode ?? "") || error.systemCode === "ERR_TLS_CERT_ALTNAME_INVALID";
}

function problemOf(code: string, cause: Error, name: string): string | undefined {
  const certificate = CERTIFICATE_PROBLEMS[code];
  if (certificate !== undefined) return certificate;
  if (code === "ERR_TLS_CERT_ALTNAME_INVALID") {
    return `its certificate is not for ${name} (${namesOf(cause)}); use a name that it is for, or tlsCheckHostname: false if any will do`;
  }
  if (/WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|HTTP_REQUEST|RECORD_LAYER|UNEXPECTED_MESSAGE/.test(code)) {
    return "what answers there speaks no TLS; check the port (5061 is usual), or use TransportMode.TCP";
  }
  if (/UNSUPPORTED_PROTOCOL|PROTOCOL_VERSION|VERSION_TOO_LOW/.test(code)) return "it speaks only versions of TLS that are no longer safe, before 1.2; have it updated";
  if (/CERTIFICATE_REQUIRED|ALERT_HANDSHAKE_FAILURE|HANDSHAKE_FAILURE|BAD_CERTIFICATE|UNKNOWN_CA|ALERT_CERTIFICATE/.test(code)) {
    return `it refuses us (${sslReason(cause)}); it may want a certificate of ours, or another one: set certFile and keyFile`;
  }
  if (code === "ECONNRESET" && /secure TLS connection/i.test(cause.message)) {
    return "it hung up during the handshake; check that this port speaks TLS (5061 is usual), and whether it wants a certificate of ours (certFile, keyFile)";
  }
  if (code.startsWith("ERR_SSL") || code.startsWith("ERR_TLS") || code === "EPROTO" || /CERT|SIGNATURE|CRL/.test(code)) return sslReason(cause);
  return undefined;
}

/** The names that the certificate is for, as node:tls lists them. */
function namesOf(cause: Error): string {
  const { reason } = cause as Error & { reason?: string };
  return reason ?? cause.message;
}

/** OpenSSL's own words, without its file names: `80EC…:error:0A000410:SSL routines:ssl3_read_bytes:sslv3 alert handshake failure:…`. */
function sslReason(cause: Error): string {
  return /:error:[^:]*:[^:]*:[^:]*:([^:]+):/.exec(cause.message)?.[1] ?? reasonOf(cause);
}
