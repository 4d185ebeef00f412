import type { Clock } from "../time/clock.ts";
import type { CredentialsSource } from "./auth/credentials.ts";
import type { AcceptCalls } from "./dialog/Identity.ts";
import type { Rel100 } from "./dialog/reliable.ts";
import type { Resolve } from "./dialog/Locator.ts";
import type { Timers } from "./transaction/timers.ts";
import type { TraceEntry } from "./transaction/TransactionLayer.ts";
import type { Transport, TransportProtocol } from "./transport/transport.ts";

/** How to set up a `SIPClient`. */
export interface SIPClientOptions {
  /** Registrar and outbound proxy: host name or address. Without it, the client works peer to peer. */
  readonly server?: string;
  /** The server's port; default 5060 (TLS 5061), or what the resolver finds. */
  readonly port?: number;
  /** What to speak with the server. Default: what its NAPTR and SRV records prefer, of what the transport speaks; without any, its first. */
  readonly protocol?: TransportProtocol;
  /**
   * The proxy through which all requests outside dialogs go: `host`, `host:port`, or a URI (`sip:proxy.example.com;transport=tcp`). It stands
   * in their Route (RFC 3261 §8.1.2). Default: the server, without a Route.
   */
  readonly outboundProxy?: string;
  /** User part of our address of record. */
  readonly user: string;
  /** Its domain. Default: the server; without one, our own address. */
  readonly domain?: string;
  readonly displayName?: string;
  readonly credentials: CredentialsSource;
  /** One, or a `TransportSet`. Opened by `start()`, closed by `stop()`. */
  readonly transport: Transport;
  readonly clock?: Clock;
  readonly timers?: Partial<Timers>;
  /** The host to write in Via, Contact and From towards a peer. Default: the transport's address, or for a wildcard the interface nearest to the peer. */
  readonly hostFor?: (remoteHost: string) => string;
  /** Finds addresses. Default: literal ones as they are, names by the system's resolver. */
  readonly resolve?: Resolve;
  /** Default: when there is a server. */
  readonly register?: boolean;
  /** Seconds to register for. Default 300. */
  readonly expires?: number;
  /** Attempts before `start()` gives up. Default 3. */
  readonly registerFailureThreshold?: number;
  /**
   * Which calls and messages from outside are for us; the others get 404. `registered`: those to our Contact, which only the registrar knows.
   * `user`: also those to our user name at any host. `any`: all. Default: `registered` for a client that registers, else `user`.
   */
  readonly acceptCalls?: AcceptCalls;
  /** User-Agent and Server of our messages. Default: none, which tells scanners least. */
  readonly userAgent?: string;
  /** Extensions that may stand in a Require header (RFC 3261 §20.32), beyond what the client itself does. */
  readonly supported?: readonly string[];
  /**
   * Whether ringing and early media are acknowledged (RFC 3262). `supported`: whoever we talk with may ask for it, and our early media goes out
   * so. `required`: we insist, and turn callers away who cannot (421). `off`: for peers that get it wrong. Default `supported`.
   */
  readonly rel100?: Rel100;
  /**
   * After how many seconds without a sign a call counts as dead (RFC 4028), if the far end agrees; it is refreshed at half that time. Default
   * 1800; 0 switches session timers off.
   */
  readonly sessionExpires?: number;
  /** The shortest session interval that we take from others, in seconds. Default 90, which is the least (RFC 4028 §5). */
  readonly minSE?: number;
  /** How many other addresses a call may be sent to by 300, 301 and 302 responses. Default 5; 0 follows none. */
  readonly followRedirects?: number;
  /** Whether MD5 is answered where the server offers nothing stronger. Default true: many still do not. */
  readonly allowMD5Auth?: boolean;
  /** Whether Basic is answered, which shows the password to whoever listens (RFC 3261 §22 forbids it). Default false. */
  readonly allowBasicAuth?: boolean;
  /**
   * While registered over UDP, the longest pause in seconds between two pings to the server that keep its way to us open: behind a NAT, and
   * through the firewall on the way to a public server. Default 29, since both may forget after 30; 0 sends none. (Connections keep
   * themselves alive.)
   */
  readonly keepAlive?: number;
  /**
   * How many requests of others may be at work at a time, those included that have been answered but may be repeated (32 s over UDP). Beyond
   * that whatever begins something new, a call above all, is answered 503 with Retry-After at the least expense, while calls that we have and
   * requests of our own go on. Default 20,000: 300 calls a second.
   */
  readonly maxTransactions?: number;
  /** How long a call may ring without a sign from the far end before it is cancelled, in seconds. Default 180, as proxies wait (RFC 3261 §16.6). */
  readonly answerTimeout?: number;
  /** How long `stop()` waits for the answers to BYE, CANCEL and REGISTER, in milliseconds. Default 4000. */
  readonly stopTimeout?: number;
  /** Hears of every message that passes. */
  readonly trace?: (entry: TraceEntry) => void;
  /** Hears what callbacks of the application threw. Default: a process warning. */
  readonly onError?: (error: unknown) => void;
  /** Uniform in [0, 1): pauses and jitter. Default Math.random. */
  readonly random?: () => number;
}
