import { readFileSync } from "node:fs";
import { TransportMode } from "../net/TransportMode.ts";
import { TCPTransport } from "../sip/transport/tcp.ts";
import { TLSTransport } from "../sip/transport/tls.ts";
import { TransportSet } from "../sip/transport/TransportSet.ts";
import { UDPTransport } from "../sip/transport/udp.ts";
import { InvalidOptionError } from "./errors.ts";
import type { PhoneOptions } from "./options.ts";

/**
 * The transports of a phone, not open yet. With UDP comes TCP on the same port, for what is too large for a datagram (RFC 3261 §18.1.1);
 * TCP and TLS stay by themselves, so that nothing meant for TLS ever leaves in the clear.
 * @throws InvalidOptionError when a certificate or key cannot be read
 */
export function newTransports(options: PhoneOptions): TransportSet {
  const { transportMode, bindIp: address, bindPort: port } = options;
  if (transportMode === TransportMode.TCP) return new TransportSet([new TCPTransport({ address, port })]);
  if (transportMode === TransportMode.TLS) return new TransportSet([newTLS(options)]);
  const udp = new UDPTransport({ address, port });
  const tcp = new TCPTransport({ address, port: () => udp.local.port, listen: "if possible" });
  return new TransportSet([udp, tcp]);
}

function newTLS({ bindIp: address, bindPort: port, certFile, keyFile, keyPassword, tlsCa, tlsVerify, tlsCheckHostname }: PhoneOptions): TLSTransport {
  return new TLSTransport({
    address,
    port,
    ...(tlsCa === undefined ? {} : { ca: typeof tlsCa === "string" || tlsCa instanceof Uint8Array ? authority(tlsCa) : tlsCa.map(authority) }),
    ...(certFile === undefined ? {} : { cert: contents("certFile", certFile) }),
    ...(keyFile === undefined ? {} : { key: contents("keyFile", keyFile) }),
    ...(keyPassword === undefined ? {} : { keyPassword }),
    ...(tlsVerify === undefined ? {} : { verify: tlsVerify }),
    ...(tlsCheckHostname === undefined ? {} : { checkHostname: tlsCheckHostname }),
  });
}

/** PEM text as it is, else the file of that name. */
function authority(given: string | Uint8Array): string | Uint8Array {
  return typeof given !== "string" || given.includes("-----BEGIN ") ? given : contents("tlsCa", given);
}

function contents(option: string, path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new InvalidOptionError(option, `${path} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
}
