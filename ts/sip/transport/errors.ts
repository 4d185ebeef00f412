import { SidetoneError } from "../../error.ts";

/** What a {@link TransportError} was about. */
export type TransportErrorCode =
  /** Our address or port cannot be bound. */
  | "TRANSPORT_BIND"
  /** A connection did not come about. */
  | "TRANSPORT_CONNECT"
  /** TLS: a certificate, a key, or what the two ends could not agree on. */
  | "TRANSPORT_TLS"
  | "TRANSPORT_SEND"
  /** A connection that had been up is gone, and the message perhaps with it. */
  | "TRANSPORT_LOST"
  /** The transport is not open. */
  | "TRANSPORT_CLOSED"
  /** This client does not speak the protocol that the destination asks for. */
  | "TRANSPORT_UNAVAILABLE";

/** A SIP transport could not be bound, or a message certainly did not leave (RFC 3261 §18.4). */
export class TransportError extends SidetoneError {
  declare readonly code: TransportErrorCode;
  /** The address in question: ours when binding, the far end's when sending. */
  readonly address: string;
  readonly port: number;
  /** The system's name for the cause, for instance `"EADDRINUSE"`. */
  readonly systemCode: string | undefined;

  constructor(code: TransportErrorCode, message: string, address: string, port: number, cause?: unknown) {
    super(code, message, cause === undefined ? undefined : { cause });
    this.address = address;
    this.port = port;
    this.systemCode = systemCodeOf(cause);
  }
}

/** What the system said, in words that tell what to do. */
export function bindError(protocol: string, address: string, port: number, cause: unknown): TransportError {
  const where = formatEndpoint(address, port);
  const text = (problem: string): string => `cannot bind ${protocol} ${where}: ${problem}`;
  const messages: Record<string, string> = {
    EADDRINUSE: text("another program has this port; stop it, or choose another bindPort (0 takes any free one)"),
    EADDRNOTAVAIL: text("this machine has no such address; set bindIp to one of its own, or to 0.0.0.0 or :: for all"),
    EACCES: text("no permission; ports below 1024 need a privilege (CAP_NET_BIND_SERVICE on Linux), so choose a higher bindPort"),
    EAFNOSUPPORT: text("this machine does not speak this family of addresses; choose a bindIp of the other one"),
    EINVAL: text("the system refuses this address; a link-local IPv6 address needs its interface, as in fe80::1%eth0"),
  };
  const message = messages[systemCodeOf(cause) ?? ""] ?? text(`${reasonOf(cause)}; check bindIp and bindPort`);
  return new TransportError("TRANSPORT_BIND", message, address, port, cause);
}

/** What the system said when it refused to send. */
export function sendError(protocol: string, address: string, port: number, cause: unknown): TransportError {
  const where = formatEndpoint(address, port);
  const text = (problem: string): string => `cannot send to ${protocol} ${where}: ${problem}`;
  const messages: Record<string, string> = {
    ECONNREFUSED: text("nobody listens there; check the server's address and port"),
    ENETUNREACH: text("there is no route; check the network, and that the server's address family is one this machine has"),
    EHOSTUNREACH: text("there is no route to this host; check the network and the server's address"),
    EMSGSIZE: text("the message is too large for UDP; send it over TCP"),
    EAFNOSUPPORT: text("the socket is bound to the other family of addresses; choose a bindIp of the server's family"),
    EACCES: text("the system forbids it; check the firewall, and that the address is no broadcast address"),
    EPERM: text("the system forbids it; check the firewall"),
  };
  const message = messages[systemCodeOf(cause) ?? ""] ?? text(`${reasonOf(cause)}; check the server's address and port`);
  return new TransportError("TRANSPORT_SEND", message, address, port, cause);
}

/** What the system said when no connection came about. */
export function connectError(protocol: string, address: string, port: number, cause: unknown): TransportError {
  const where = formatEndpoint(address, port);
  const text = (problem: string): string => `cannot connect to ${protocol} ${where}: ${problem}`;
  const messages: Record<string, string> = {
    ECONNREFUSED: text("nobody listens there; check the server's address and port, and that it speaks this transport"),
    ECONNRESET: text("it hung up at once; check that this port speaks this transport"),
    ETIMEDOUT: text("no answer; check the server's address, the network and the firewalls on the way"),
    ENETUNREACH: text("there is no route; check the network, and that the server's address family is one this machine has"),
    EHOSTUNREACH: text("there is no route to this host; check the network and the server's address"),
    EADDRNOTAVAIL: text("it cannot be reached from the bound address, or no local port is left; check bindIp"),
    EINVAL: text("it cannot be reached from the bound address; check bindIp"),
    EMFILE: text("this process has too many files and sockets open; raise its limit (ulimit -n)"),
  };
  const message = messages[systemCodeOf(cause) ?? ""] ?? text(`${reasonOf(cause)}; check the server's address and port`);
  return new TransportError("TRANSPORT_CONNECT", message, address, port, cause);
}

/** A connection that had been up is gone. */
export function disconnectError(protocol: string, address: string, port: number, cause: unknown): TransportError {
  const problem = `the ${protocol} connection with ${formatEndpoint(address, port)} is closed: ${reasonOf(cause)}`;
  return new TransportError("TRANSPORT_LOST", problem, address, port, cause);
}

/** `192.0.2.1:5060`, `[2001:db8::1]:5060`. */
export function formatEndpoint(address: string, port: number): string {
  return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
}

export function systemCodeOf(cause: unknown): string | undefined {
  const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
  return typeof code === "string" ? code : undefined;
}

export function reasonOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
