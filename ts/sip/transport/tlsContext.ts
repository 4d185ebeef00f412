import { createSecureContext, type SecureContextOptions } from "node:tls";
import { formatEndpoint, reasonOf, systemCodeOf, TransportError } from "./errors.ts";
import type { Endpoint } from "./transport.ts";

/** Text or bytes of one or more PEM blocks. */
export type PEM = string | Uint8Array;

/** Who we are, and whom we trust. */
export interface TLSIdentity {
  /** Authorities to trust in place of those that Node comes with. A self-signed server's own certificate is one, too. */
  readonly ca?: PEM | readonly PEM[];
  /** Our certificate, with those that lead to its authority behind it: shown to whoever asks, and needed to take connections. */
  readonly cert?: PEM;
  /** Its private key. */
  readonly key?: PEM;
  /** The key's password, or a function that gives it, which is called when the transport opens. */
  readonly keyPassword?: string | Uint8Array | (() => string | Uint8Array);
}

/** Reads certificates and keys, for node:tls. @throws TransportError `TRANSPORT_TLS` that tells which of them is wrong */
export function secureContextOptions({ ca, cert, key, keyPassword }: TLSIdentity, local: Endpoint): SecureContextOptions {
  const fail = (problem: string, cause?: unknown): TransportError => {
    const where = `TLS ${formatEndpoint(local.address, local.port)}`;
    return new TransportError("TRANSPORT_TLS", `cannot set up ${where}: ${problem}`, local.address, local.port, cause);
  };
  if (cert !== undefined && key === undefined) throw fail("there is a certificate but no private key; set keyFile, too");
  if (key !== undefined && cert === undefined) throw fail("there is a private key but no certificate; set certFile, too");
  for (const authority of ca === undefined ? [] : isList(ca) ? ca : [ca]) {
    if (!bytesOf(authority).includes("-----BEGIN ")) throw fail("the authorities to trust are no certificates in PEM form; check tlsCa");
  }
  const passphrase = passwordOf(keyPassword);
  const options: SecureContextOptions = {
    minVersion: "TLSv1.2",
    ...(ca === undefined ? {} : { ca: isList(ca) ? ca.map(bytesOf) : bytesOf(ca) }),
    ...(cert === undefined ? {} : { cert: bytesOf(cert) }),
    ...(key === undefined ? {} : { key: bytesOf(key) }),
    ...(passphrase === undefined ? {} : { passphrase }),
  };
  try {
    createSecureContext(options);
    return options;
  } catch (error) {
    throw fail(explain(error, passphrase !== undefined), error);
  }
}

/** OpenSSL's names for it are no help to anybody. */
function explain(error: unknown, hasPassword: boolean): string {
  const reason = reasonOf(error);
  const code = systemCodeOf(error) ?? "";
  const isPassword = /INTERRUPTED_OR_CANCELLED|MISSING_PASSPHRASE|BAD_DECRYPT|BAD_PASSWORD|empty password/i.test(`${code} ${reason}`);
  if (isPassword && !hasPassword) return "the private key is locked with a password; set keyPassword";
  // A wrong password may open the lock to something that is no key.
  if (isPassword || (hasPassword && /UNSUPPORTED|PKCS12|DECODER/i.test(`${code} ${reason}`))) {
    return "the password does not open the private key; check keyPassword";
  }
  if (/VALUES_MISMATCH/i.test(code)) return "the private key is not the one of the certificate; check keyFile and certFile";
  if (/NO_START_LINE|DECODER|PEM_|ASN1|UNSUPPORTED/i.test(`${code} ${reason}`)) {
    return `the certificate, the private key or the authorities are not in PEM form (${reason}); check certFile, keyFile and tlsCa`;
  }
  return `${reason}; check certFile, keyFile, keyPassword and tlsCa`;
}

function passwordOf(password: TLSIdentity["keyPassword"]): string | undefined {
  const given = typeof password === "function" ? password() : password;
  return given === undefined || typeof given === "string" ? given : Buffer.from(given).toString("utf8");
}

function bytesOf(pem: PEM): Buffer {
  return typeof pem === "string" ? Buffer.from(pem) : Buffer.from(pem.buffer, pem.byteOffset, pem.byteLength);
}

function isList(pem: PEM | readonly PEM[]): pem is readonly PEM[] {
  return Array.isArray(pem);
}
