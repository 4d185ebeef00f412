import { isIP } from "node:net";
import type { EngineName } from "../media/contract.ts";
import { TransportMode } from "../net/TransportMode.ts";
import type { SIPClientOptions } from "../sip/SIPClient.ts";
import type { AudioFormat } from "./audioFormat.ts";
import type { CredentialsManager } from "./CredentialsManager.ts";
import { InvalidOptionError, InvalidRangeError } from "./errors.ts";
import type { CallSetup } from "./CallSetup.ts";
import type { VoIPCall } from "./VoIPCall.ts";
import type { VoIPPhone } from "./VoIPPhone.ts";

/** A class whose objects are calls. */
export type CallClass = new (phone: VoIPPhone, setup: CallSetup) => VoIPCall;

/** How to set up a {@link VoIPPhone}. */
export interface VoIPPhoneParameter {
  /** Registrar and proxy: a host name or address. Without it the phone works peer to peer: no registration, calls go to full URIs. */
  readonly server?: string;
  /** The server's port. Default 5060. */
  readonly port?: number;
  /** User part of our address of record; may differ from the user name in the credentials. */
  readonly user: string;
  readonly credentialsManager?: CredentialsManager;
  /** Local address of SIP and RTP. Default `0.0.0.0`: every IPv4 interface; headers then name the address that routes to the peer. */
  readonly bindIp?: string;
  /** Local SIP port. Default 5060; 0 takes any free one. */
  readonly bindPort?: number;
  /** The network, in CIDR notation, inside which `hostname` reaches us. Default `0.0.0.0/0`: everywhere. */
  readonly bindNetwork?: string;
  /** The name or address by which hosts inside `bindNetwork` reach us. Default: the local address. */
  readonly hostname?: string;
  /** The name or address by which hosts outside `bindNetwork` reach us. Without it, sending there is a NATError. */
  readonly remoteHostname?: string;
  /** Default UDP. */
  readonly transportMode?: TransportMode;
  /** RTP ports, inclusive. Default 10000–20000. */
  readonly rtpPortLow?: number;
  readonly rtpPortHigh?: number;
  /** The class of incoming and outgoing calls. Default {@link VoIPCall}, which denies every caller. */
  readonly callClass?: CallClass;

  // ---- beyond the documented ones ----

  /** Default: SIDETONE_ENGINE, else native where the addon loads, else typescript. */
  readonly engine?: EngineName;
  /** Default `"u8"`. */
  readonly audioFormat?: AudioFormat;
  /** Calls at once, both directions; further callers hear 486. Default: no limit but the RTP ports. */
  readonly maxCalls?: number;
  /** Least and greatest playout delay of the jitter buffer, ms. */
  readonly minimumDelay?: number;
  readonly maximumDelay?: number;
  /** Seconds for which we register, unless the server grants otherwise. Default 300. */
  readonly expires?: number;
  /** Attempts before `start()` gives up. Default 3. */
  readonly registerFailureThreshold?: number;
  /** Whose calls to accept; see {@link SIPClientOptions.acceptCalls}. */
  readonly acceptCalls?: SIPClientOptions["acceptCalls"];
  readonly userAgent?: string;
  /** Told of every SIP message; see {@link SIPClientOptions.trace}. */
  readonly trace?: SIPClientOptions["trace"];
  /** SIP timers (RFC 3261 Table 4), for tests and odd networks. */
  readonly timers?: SIPClientOptions["timers"];
}

/** The parameters with every default filled in. */
export type PhoneOptions = VoIPPhoneParameter &
  Required<Pick<VoIPPhoneParameter, "port" | "bindIp" | "bindPort" | "bindNetwork" | "rtpPortLow" | "rtpPortHigh" | "audioFormat" | "maxCalls">>;

/**
 * Checks the parameters and fills in the defaults. Nothing is opened yet.
 * @throws InvalidRangeError, InvalidOptionError
 */
export function checkOptions(parameter: VoIPPhoneParameter): PhoneOptions {
  const options: PhoneOptions = {
    ...parameter,
    port: parameter.port ?? 5060,
    bindIp: parameter.bindIp ?? "0.0.0.0",
    bindPort: parameter.bindPort ?? 5060,
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
  if (!isPort(options.port)) throw new InvalidOptionError("port", `${options.port} is no port: 1–65535`);
  if (options.bindPort !== 0 && !isPort(options.bindPort)) throw new InvalidOptionError("bindPort", `${options.bindPort} is no port: 0–65535`);
  if (isIP(options.bindIp) === 0) {
    throw new InvalidOptionError("bindIp", `${JSON.stringify(options.bindIp)} is no IPv4 or IPv6 address of this machine`);
  }
  if (options.transportMode !== undefined && options.transportMode !== TransportMode.UDP) {
    throw new InvalidOptionError("transportMode", "this version speaks SIP over UDP only: use TransportMode.UDP");
  }
  if (!(options.maxCalls >= 1)) throw new InvalidOptionError("maxCalls", `${options.maxCalls} allows no call: use 1 or more`);
  if (options.audioFormat !== "u8" && options.audioFormat !== "s16le") {
    throw new InvalidOptionError("audioFormat", `${JSON.stringify(options.audioFormat)} is unknown: use "u8" or "s16le"`);
  }
  return options;
}

function isPort(port: number): boolean {
  return Number.isInteger(port) && port >= 1 && port <= 65_535;
}
