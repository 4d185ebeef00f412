import { isIP } from "node:net";
import type { EngineName } from "../media/contract.ts";
import type { DNS } from "../net/dns.ts";
import { TransportMode } from "../net/TransportMode.ts";
import type { SIPClient, SIPClientOptions } from "../sip/SIPClient.ts";
import type { AudioFormat } from "../audio/audioFormat.ts";
import type { CredentialsManager } from "./CredentialsManager.ts";
import { InvalidOptionError, InvalidRangeError } from "./errors.ts";
import type { CallSetup } from "./CallSetup.ts";
import { checkMediaOptions, type MediaOptions } from "./mediaOptions.ts";
import type { TransferPolicy } from "./transfer.ts";
import type { VoIPCall } from "./VoIPCall.ts";
import type { VoIPPhone } from "./VoIPPhone.ts";

/** A class whose objects are calls. */
export type CallClass = new (phone: VoIPPhone, setup: CallSetup) => VoIPCall;

/** `SIPClient`, or a class of one's own that extends it. */
export type SIPClass = new (options: SIPClientOptions) => SIPClient;

/** How to set up a {@link VoIPPhone}. */
export interface VoIPPhoneParameter extends MediaOptions {
  /** Registrar and proxy: a host name or address. Without it the phone works peer to peer: no registration, calls go to full URIs. */
  readonly server?: string;
  /** The server's port. Default: what its SRV records say (RFC 3263); without any 5060, with TLS 5061. */
  readonly port?: number;
  /** User part of our address of record; may differ from the user name in the credentials. */
  readonly user: string;
  readonly credentialsManager?: CredentialsManager;
  /** Local address of SIP and RTP. Default `0.0.0.0`: every IPv4 interface; headers then name the address that routes to the peer. */
  readonly bindIp?: string;
  /** Local SIP port. Default 5060, with TLS 5061; 0 takes any free one. */
  readonly bindPort?: number;
  /** The network, in CIDR notation, inside which `hostname` reaches us. Default `0.0.0.0/0`: everywhere. */
  readonly bindNetwork?: string;
  /** The name or address by which hosts inside `bindNetwork` reach us. Default: the local address. */
  readonly hostname?: string;
  /** The name or address by which hosts outside `bindNetwork` reach us. Without it, sending there is a NATError. */
  readonly remoteHostname?: string;
  /**
   * What to speak with the server and all others. Default: UDP, and TCP for what is too large for it or where the server's NAPTR and SRV
   * records prefer it.
   */
  readonly transportMode?: TransportMode;
  /** TLS: our certificate in PEM form, with those that lead to its authority. Then others may also connect to us, and not only we to them. */
  readonly certFile?: string;
  /** TLS: the certificate's private key in PEM form. */
  readonly keyFile?: string;
  /** TLS: the private key's password, or a function that gives it, called by `start()`. */
  readonly keyPassword?: string | Uint8Array | (() => string | Uint8Array);
  /** RTP ports, inclusive. Default 10000–20000. */
  readonly rtpPortLow?: number;
  readonly rtpPortHigh?: number;
  /** The class of incoming and outgoing calls. Default {@link VoIPCall}, which denies every caller. */
  readonly callClass?: CallClass;
  /**
   * The class that speaks SIP. Default {@link SIPClient}; one that extends it can word each message in its own way.
   *
   * @example
   * class Branded extends SIPClient {
   *   protected override genInvite(invite: SIPRequest): void {
   *     invite.headers.set("Subject", "Project X");
   *   }
   * }
   * const phone = new VoIPPhone({ server: "pbx.example.com", user: "alice", sipClass: Branded });
   */
  readonly sipClass?: SIPClass;

  // ---- beyond the documented ones ----

  /** TLS: authorities to trust in place of those that Node comes with: a PEM file's name, or PEM itself. A self-signed server's own certificate will do. */
  readonly tlsCa?: string | Uint8Array | readonly (string | Uint8Array)[];
  /** TLS: whether the server's certificate must be trusted. Default true; false lets anybody in the path listen, so for tests only. */
  readonly tlsVerify?: boolean;
  /** TLS: whether the server's certificate must be for the name by which it was asked for. Default true. */
  readonly tlsCheckHostname?: boolean;
  /** The proxy for all requests outside dialogs, where it is not the server: `host`, `host:port`, or a URI (`sip:proxy.example.com;transport=tcp`). */
  readonly outboundProxy?: string;
  /** The longest pause between two keep-alives over UDP, seconds; see {@link SIPClientOptions.keepAlive}. Default 29; 0 sends none. */
  readonly keepAlive?: number;
  /** Asked for the server's NAPTR, SRV and address records. Default: the system's name servers and hosts file. */
  readonly dns?: DNS;

  /** Default: SIDETONE_ENGINE, else native where the addon loads, else typescript. */
  readonly engine?: EngineName;
  /** Default `"u8"`. */
  readonly audioFormat?: AudioFormat;
  /** Calls at once, both directions; further callers hear 486. Default: no limit but the RTP ports. */
  readonly maxCalls?: number;
  /** Seconds for which we register, unless the server grants otherwise. Default 300. */
  readonly expires?: number;
  /** Attempts before `start()` gives up. Default 3. */
  readonly registerFailureThreshold?: number;
  /**
   * Whether the far end of a call may transfer us: the phone then calls whom it names. Default false (REFER is answered 405), for such a call may
   * cost money, or ring anybody. A function decides for each; see {@link TransferPolicy}.
   */
  readonly acceptTransfers?: TransferPolicy;
  /** Whose calls to accept; see {@link SIPClientOptions.acceptCalls}. */
  readonly acceptCalls?: SIPClientOptions["acceptCalls"];
  readonly userAgent?: string;
  /** Told of every SIP message: `printTrace`, a `PcapTrace`'s, or your own. Default: SIDETONE_TRACE=sip prints them. */
  readonly trace?: SIPClientOptions["trace"];
  /** Reliable provisional responses (RFC 3262), session timers (RFC 4028), redirections, weak authentication; see {@link SIPClientOptions}. */
  readonly rel100?: SIPClientOptions["rel100"];
  readonly sessionExpires?: number;
  readonly minSE?: number;
  readonly followRedirects?: number;
  /** How many requests of others may be at work before new calls are answered 503; see {@link SIPClientOptions.maxTransactions}. */
  readonly maxTransactions?: number;
  readonly allowMD5Auth?: boolean;
  readonly allowBasicAuth?: boolean;
  /** SIP timers (RFC 3261 Table 4), for tests and odd networks. */
  readonly timers?: SIPClientOptions["timers"];
}

/** The parameters with every default filled in. */
export type PhoneOptions = VoIPPhoneParameter &
  Required<Pick<VoIPPhoneParameter, "bindIp" | "bindPort" | "bindNetwork" | "rtpPortLow" | "rtpPortHigh" | "audioFormat" | "maxCalls">>;

/**
 * Checks the parameters and fills in the defaults. Nothing is opened yet.
 * @throws InvalidRangeError, InvalidOptionError
 */
export function checkOptions(parameter: VoIPPhoneParameter): PhoneOptions {
  const options: PhoneOptions = {
    ...parameter,
    bindIp: parameter.bindIp ?? "0.0.0.0",
    bindPort: parameter.bindPort ?? defaultPort(parameter.transportMode),
    bindNetwork: parameter.bindNetwork ?? "0.0.0.0/0",
    rtpPortLow: parameter.rtpPortLow ?? 10_000,
    rtpPortHigh: parameter.rtpPortHigh ?? 20_000,
    audioFormat: parameter.audioFormat ?? "u8",
    maxCalls: parameter.maxCalls ?? Number.POSITIVE_INFINITY,
  };
  if (typeof options.user !== "string" || options.user === "") {
    throw new InvalidOptionError("user", "is missing: give the user part of your SIP address, for instance \"alice\"");
  }
  const { rtpPortLow: low, rtpPortHigh: high } = options;
  if (!isPort(low) || !isPort(high) || low > high) throw new InvalidRangeError(low, high);
  if (options.port !== undefined && !isPort(options.port)) throw new InvalidOptionError("port", `${options.port} is no port: 1–65535`);
  if (options.bindPort !== 0 && !isPort(options.bindPort)) throw new InvalidOptionError("bindPort", `${options.bindPort} is no port: 0–65535`);
  if (isIP(options.bindIp) === 0) {
    throw new InvalidOptionError("bindIp", `${JSON.stringify(options.bindIp)} is no IPv4 or IPv6 address of this machine`);
  }
  checkTransport(options);
  checkMediaOptions(options);
  if (!(options.maxCalls >= 1)) throw new InvalidOptionError("maxCalls", `${options.maxCalls} allows no call: use 1 or more`);
  if (options.audioFormat !== "u8" && options.audioFormat !== "s16le") {
    throw new InvalidOptionError("audioFormat", `${JSON.stringify(options.audioFormat)} is unknown: use "u8" or "s16le"`);
  }
  return options;
}

function checkTransport({ transportMode, certFile, keyFile, tlsCa, keepAlive }: PhoneOptions): void {
  if (transportMode !== undefined && !(transportMode instanceof TransportMode)) {
    throw new InvalidOptionError("transportMode", "is unknown: use TransportMode.UDP, TransportMode.TCP or TransportMode.TLS");
  }
  const needsTLS = Object.entries({ certFile, keyFile, tlsCa }).find(([, value]) => value !== undefined);
  if (needsTLS !== undefined && transportMode !== TransportMode.TLS) {
    // Whoever sets it expects encryption, and would get none.
    throw new InvalidOptionError(needsTLS[0], "means nothing without TLS: set transportMode: TransportMode.TLS");
  }
  if (certFile !== undefined && keyFile === undefined) throw new InvalidOptionError("keyFile", "is missing: certFile needs its private key");
  if (keyFile !== undefined && certFile === undefined) throw new InvalidOptionError("certFile", "is missing: keyFile belongs to a certificate");
  if (keepAlive !== undefined && !(keepAlive >= 0)) throw new InvalidOptionError("keepAlive", `${keepAlive} is no pause in seconds: use 0 or more`);
}

/** RFC 3261 §19.1.2. */
export function defaultPort(mode: TransportMode | undefined): number {
  return mode === TransportMode.TLS ? 5061 : 5060;
}

function isPort(port: number): boolean {
  return Number.isInteger(port) && port >= 1 && port <= 65_535;
}
