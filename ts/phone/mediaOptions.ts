import type { SessionOptions } from "../media/contract.ts";
import { InvalidOptionError } from "./errors.ts";

/** How a phone's calls sound, and what they tell of it; each is agreed with the far end of each call where it needs to be. */
export interface MediaOptions {
  /**
   * Least and greatest playout delay of the jitter buffer, ms, 0–1,000. Default 20 and 200. Where both are equal, the delay is fixed:
   * speech is then never stretched, and what comes later than that is lost.
   */
  readonly minimumDelay?: number;
  readonly maximumDelay?: number;
  /** Milliseconds without RTP or RTCP after which a call's event `mediaTimeout` comes. Default 30,000; 0: never. */
  readonly mediaTimeout?: number;
  /** How much audio we would like to get in a packet, ms: 10, 20, 30, 40, 50 or 60 (a=ptime). Default 20. What we send is as the far end likes it. */
  readonly ptime?: number;
  /**
   * Silence is not sent while nobody speaks, but a description of the noise around us about once a second, where the far end takes
   * comfort noise as well (RFC 3389, payload type 13). Nothing of a word is cut off and nothing is delayed; what is saved is the network.
   * Default false, for some far ends and middleboxes take silence for a broken call. `call.stats().packetsSuppressed` counts.
   */
  readonly comfortNoise?: boolean;
  /**
   * Hear digits that come as sound in the audio, too, until one comes as a telephone-event (RFC 4733): for gateways to the old network
   * that send neither events nor INFO. Default false: speech and music may sound like one.
   */
  readonly toneDetection?: boolean;
  /**
   * Send to where the far end's RTP comes from (RFC 4961), once four packets in a row have: what gets through NAT. Default true. False sends to
   * where its SDP says, whatever comes from elsewhere: for far ends that listen at another port than they send from, as pyVoIP 2.0 does.
   */
  readonly symmetricRtp?: boolean;
  /**
   * RTCP on RTP's port (RFC 5761): true offers it, false refuses it. Default: not offered, but accepted where the far end offers it.
   */
  readonly rtcpMux?: boolean;
  /**
   * Tell the far end by RTCP what we hear of it (VoIP metrics, RFC 3611), if its a=rtcp-xr asks for that, and ask it for its own, which is then
   * in `call.stats().remoteRFactor`. Default false.
   */
  readonly voipMetrics?: boolean;
}

/** The greatest delay that there is, ms. */
const LONGEST_DELAY = 1_000;
const LONGEST_PACKET = 60;

/** @throws InvalidOptionError */
export function checkMediaOptions({ minimumDelay, maximumDelay, mediaTimeout, ptime, ...switches }: MediaOptions): void {
  for (const [name, value] of Object.entries({ minimumDelay, maximumDelay })) {
    if (value !== undefined && !(Number.isInteger(value) && value >= 0 && value <= LONGEST_DELAY)) {
      throw new InvalidOptionError(name, `${value} is no delay in ms: use a whole number from 0 to ${LONGEST_DELAY}`);
    }
  }
  if (minimumDelay !== undefined && maximumDelay !== undefined && minimumDelay > maximumDelay) {
    throw new InvalidOptionError("minimumDelay", `${minimumDelay} is more than maximumDelay, ${maximumDelay}: make them equal for a fixed delay`);
  }
  if (mediaTimeout !== undefined && !(mediaTimeout >= 0 && Number.isFinite(mediaTimeout))) {
    throw new InvalidOptionError("mediaTimeout", `${mediaTimeout} is no time in milliseconds: use 0 (never) or more`);
  }
  if (ptime !== undefined && !(ptime % 10 === 0 && ptime >= 10 && ptime <= LONGEST_PACKET)) {
    throw new InvalidOptionError("ptime", `${ptime} is no length of a packet in ms: use 10, 20, 30, 40, 50 or 60`);
  }
  for (const name of ["comfortNoise", "toneDetection", "symmetricRtp", "rtcpMux", "voipMetrics"] as const) {
    const value: unknown = switches[name];
    if (value !== undefined && typeof value !== "boolean") throw new InvalidOptionError(name, `${JSON.stringify(value)} is neither true nor false`);
  }
}

/** What of it a media session has to know from its beginning. */
export function sessionOptions({ minimumDelay, maximumDelay, mediaTimeout, toneDetection, symmetricRtp }: MediaOptions): Partial<SessionOptions> {
  return {
    ...(minimumDelay === undefined ? {} : { minimumDelay }),
    ...(maximumDelay === undefined ? {} : { maximumDelay }),
    // Where only one is set, the other's default gives way rather than contradict it.
    ...(minimumDelay !== undefined && maximumDelay === undefined && minimumDelay > 200 ? { maximumDelay: minimumDelay } : {}),
    ...(maximumDelay !== undefined && minimumDelay === undefined && maximumDelay < 20 ? { minimumDelay: maximumDelay } : {}),
    ...(mediaTimeout === undefined ? {} : { initialTimeout: mediaTimeout, timeout: mediaTimeout }),
    ...(toneDetection === undefined ? {} : { toneDetection }),
    ...(symmetricRtp === undefined ? {} : { symmetricRtp }),
  };
}
