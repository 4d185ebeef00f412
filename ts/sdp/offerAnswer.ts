import { isIP } from "node:net";

import { carriesSpeech, formatsOf, isComfortNoise, isTelephoneEvent, sameCodec } from "./formats.ts";
import { type ControlAttributes, describe, describeAudio, refuse, type LocalMedia } from "./LocalMedia.ts";
import { connectionOf, directionOf, extendedReportsOf, meet, ptimeOf, reachesMany, rtcpBandwidthOf, rtcpOf, says } from "./media.ts";
import { continueOrigin } from "./origin.ts";
import type { Direction, Format, MediaDescription, SessionDescription } from "./types.ts";

export type { LocalMedia } from "./LocalMedia.ts";
export type { Direction, Format } from "./types.ts";

/** What an offer and its answer settled for the audio stream. */
export interface AgreedStream {
  /** Ours: `sendonly` means that we send and the far end only listens. */
  readonly direction: Direction;
  /** Where the far end wants its RTP: an IP address, unspecified (0.0.0.0) while it holds us the old way. */
  readonly remoteAddress: string;
  readonly remotePort: number;
  /** What we send, with the far end's payload type number. */
  readonly send: Format;
  /** telephone-event as the far end takes it. */
  readonly sendEvent?: Format;
  /** What may come, with our payload type numbers; the first is what {@link send} is. */
  readonly receive: readonly Format[];
  readonly receiveEvent?: Format;
  /** Comfort noise as the far end takes it, where both sides do (RFC 3389 §5): silence need not be sent. */
  readonly sendNoise?: Format;
  readonly receiveNoise?: Format;
  /** The packet time that the far end would like, ms. */
  readonly ptime?: number;
  /** Where the far end takes RTCP, if it says so (RFC 3605); else on the port above RTP's. */
  readonly rtcp?: { readonly port: number; readonly address?: string };
  /** Both sides put RTCP on RTP's port (RFC 5761). */
  readonly rtcpMux?: boolean;
  /** Both sides take RTCP packets that are not compound (RFC 5506). */
  readonly rtcpReducedSize?: boolean;
  /** What RTCP may take towards the far end, bit/s (RFC 3556), so far as it says. */
  readonly rtcpBandwidth?: { readonly senders?: number; readonly receivers?: number };
  /** The far end would like VoIP metrics from us (RFC 3611). */
  readonly voipMetrics?: boolean;
}

/** What they settled for all streams. */
export interface AgreedStreams {
  readonly agreed: AgreedStream;
  /** Those after the first, in the order of {@link LocalMedia.furtherPorts}; undefined for one that is over. */
  readonly further: readonly (AgreedStream | undefined)[];
}

/** Why nothing could be agreed, for a person; the SIP side answers 488 or ends the call. */
export interface Rejected {
  readonly rejected: string;
}

/** What a later offer or answer must know. */
export interface Continuation {
  /** What we sent last in this session, offer or answer. */
  readonly previous?: SessionDescription;
}

export interface AnswerOptions extends Continuation {
  /** Whose order of codecs counts. RFC 3264 §6.1 leaves it open and recommends the offer's. Default `offer`. */
  readonly prefer?: "offer" | "local";
}

/**
 * Makes an offer for one audio stream, and such further ones as the far end has brought in: in an INVITE, or in the 2xx to an INVITE that had none. With `previous`, it goes on with
 * the session as RFC 3264 §8 demands: same o= identifier, next version, no media section lost, and a payload type number that
 * once stood for a codec never stands for another.
 */
export function createOffer(local: LocalMedia, options: Continuation = {}): SessionDescription {
  const { previous } = options;
  const times = previous?.times ?? [{ type: "t", value: "0 0" }];
  const before = previous?.media ?? [];
  const ours = before.findIndex((media) => media.type === "audio" && media.port !== 0);
  // An audio section that was refused may be offered anew in its place; only without any does a new one come at the end.
  const place = ours === -1 ? before.findIndex((media) => media.type === "audio" && isPlainRTP(media)) : ours;
  const old = before[place];
  const describeIn = (former: MediaDescription | undefined, port: number): MediaDescription =>
    describeAudio({ ...local, port }, former?.protocol ?? "RTP/AVP", keepNumbers(local.formats, former), local.direction, {
      // What is agreed stays agreed: the port for RTCP alone may be somebody else's by now.
      rtcpMux: local.rtcpMux === true || (former !== undefined && previous !== undefined && says(previous, former, "rtcp-mux")),
      rtcpReducedSize: false,
    });
  const section = describeIn(old, local.port);
  const ports = [...(local.furtherPorts ?? [])];
  const media = before.map((each, index) => {
    if (index === place) return section;
    const port = each.type === "audio" && each.port !== 0 ? ports.shift() : undefined;
    return port === undefined ? refuse(each) : describeIn(each, port);
  });
  const offer = describe(local, times, old === undefined ? [...media, section] : media);
  return previous === undefined ? offer : continueOrigin(previous, offer);
}

/**
 * Answers an offer (RFC 3264 §6): takes the first audio section that we can serve, and as many more as there are further ports; refuses every
 * other one with port 0, in the offer's order. The answer lists all codecs that both sides know; we send the first of them.
 * @returns what was agreed for the first, and in `further` for those after it
 */
export function createAnswer(
  offer: SessionDescription,
  local: LocalMedia,
  options: AnswerOptions = {},
): ({ readonly answer: SessionDescription } & AgreedStreams) | Rejected {
  const refusals: string[] = [];
  const ports = [local.port, ...(local.furtherPorts ?? [])];
  const streams: AgreedStream[] = [];
  const sections = offer.media.map((media) => {
    const port = ports[streams.length];
    if (port === undefined) return refuse(media);
    const agreed = agree(offer, media, local, options.prefer ?? "offer");
    if ("rejected" in agreed) {
      refusals.push(`m=${media.type} ${media.port}: ${agreed.rejected}`);
      return refuse(media);
    }
    streams.push(agreed);
    const companions = [agreed.receiveNoise, agreed.receiveEvent].filter((format) => format !== undefined);
    return describeAudio({ ...local, port }, media.protocol, [...agreed.receive, ...companions], agreed.direction, {
      rtcpMux: agreed.rtcpMux === true,
      rtcpReducedSize: agreed.rtcpReducedSize === true,
    });
  });
  const [agreed, ...further] = streams;
  if (agreed === undefined) return { rejected: refusals.length === 0 ? "the offer has no media section" : refusals.join("; ") };
  // The times of an answer are the offer's (RFC 3264 §6).
  const answer = describe(local, offer.times, sections);
  return { answer: options.previous === undefined ? answer : continueOrigin(options.previous, answer), agreed, further };
}

/**
 * Reads the answer to our offer (RFC 3264 §7): what we send is its first codec, what may come is all that both list.
 * @returns what was agreed for the first audio section, and in `further` for those after it; undefined for one that the far end ended
 */
export function acceptAnswer(offer: SessionDescription, answer: SessionDescription): AgreedStreams | Rejected {
  const live = offer.media.flatMap((media, index) => (media.type === "audio" && media.port !== 0 ? [index] : []));
  const [first, ...others] = live;
  if (first === undefined) return { rejected: "we offered no audio" };
  const agreed = acceptSection(offer, answer, first);
  if ("rejected" in agreed) return agreed;
  const further = others.map((index) => acceptSection(offer, answer, index));
  return { agreed, further: further.map((each) => ("rejected" in each ? undefined : each)) };
}

function acceptSection(offer: SessionDescription, answer: SessionDescription, index: number): AgreedStream | Rejected {
  const offered = offer.media[index];
  if (offered === undefined) return { rejected: "it was not offered" };
  const media = answer.media[index];
  if (media === undefined) return { rejected: `the answer has ${answer.media.length} media sections, the offer ${offer.media.length}` };
  const obstacle = obstacleTo(answer, media);
  if (obstacle !== undefined) return { rejected: obstacle };

  const ours = formatsOf(offered);
  const theirs = formatsOf(media, ours);
  const pairs = pair(theirs, ours);
  const control = {
    rtcpMux: says(offer, offered, "rtcp-mux") && says(answer, media, "rtcp-mux"),
    rtcpReducedSize: says(offer, offered, "rtcp-rsize") && says(answer, media, "rtcp-rsize"),
  };
  return settle(answer, media, pairs, meet(directionOf(answer, media), directionOf(offer, offered)), control);
}

/** A codec that both sides know, under each side's number. */
interface Pair {
  readonly theirs: Format;
  readonly ours: Format;
}

/** The codecs of `theirs`, in that order, that `ours` has too; each of ours once, and spelt as we spell it. */
function pair(theirs: readonly Format[], ours: readonly Format[]): Pair[] {
  const pairs: Pair[] = [];
  for (const format of theirs) {
    const match = ours.find((each) => sameCodec(each, format));
    if (match !== undefined && !pairs.some((each) => each.ours === match)) {
      pairs.push({ theirs: { ...format, encoding: match.encoding }, ours: match });
    }
  }
  return pairs;
}

function agree(offer: SessionDescription, media: MediaDescription, local: LocalMedia, prefer: "offer" | "local"): AgreedStream | Rejected {
  const obstacle = obstacleTo(offer, media);
  if (obstacle !== undefined) return { rejected: obstacle };
  const pairs = pair(formatsOf(media), local.formats);
  if (prefer === "local") pairs.sort((a, b) => local.formats.indexOf(a.ours) - local.formats.indexOf(b.ours));
  // What we answer takes the offer's numbers (RFC 3264 §6.1) and our parameters.
  const renumbered = pairs.map(({ theirs, ours }) => ({ theirs, ours: { ...ours, payloadType: theirs.payloadType } }));
  return settle(offer, media, renumbered, meet(directionOf(offer, media), local.direction), {
    rtcpMux: says(offer, media, "rtcp-mux") && local.rtcpMux !== false,
    rtcpReducedSize: says(offer, media, "rtcp-rsize"),
  });
}

/** Why a far end's section cannot be our audio stream, whatever its codecs. */
function obstacleTo(session: SessionDescription, media: MediaDescription): string | undefined {
  if (media.type.toLowerCase() !== "audio") return "only audio is served";
  if (media.port === 0) return "the far end refused or ended the stream";
  if (!isPlainRTP(media)) return `${media.protocol} is not served, only RTP/AVP`;
  const connection = connectionOf(session, media);
  if (connection === undefined) return "there is no c= line";
  if (connection.netType !== "IN") return `network type ${connection.netType} is not the Internet`;
  // RFC 8866 §5.7 allows names here, which a media session cannot look up in the middle of an answer; nobody was seen to send one.
  if (isIP(connection.address) === 0) return `${connection.address} is no IP address`;
  if (reachesMany(connection.address)) return `${connection.address} is no unicast address`;
  return undefined;
}

/** RTP/AVPF differs from RTP/AVP in when RTCP may be sent (RFC 4585); a peer that offers it does with less. */
function isPlainRTP(media: MediaDescription): boolean {
  return ["RTP/AVP", "RTP/AVPF"].includes(media.protocol.toUpperCase());
}

function settle(
  session: SessionDescription,
  media: MediaDescription,
  pairs: readonly Pair[],
  direction: Direction,
  control: ControlAttributes,
): AgreedStream | Rejected {
  const speech = pairs.find(({ theirs }) => carriesSpeech(theirs));
  if (speech === undefined) {
    return { rejected: `no codec in common; the far end has ${describeFormats(media)}` };
  }
  // RFC 4733 §2.1: events share the timestamps of the speech, so they go by its clock.
  const event = pairs.find(({ theirs }) => isTelephoneEvent(theirs) && theirs.clockRate === speech.theirs.clockRate);
  // RFC 3389 §4: so does comfort noise.
  const noise = pairs.find(({ theirs }) => isComfortNoise(theirs) && theirs.clockRate === speech.theirs.clockRate);
  const others = pairs.filter((each) => each !== speech && !isTelephoneEvent(each.theirs) && !isComfortNoise(each.theirs));
  const bandwidth = rtcpBandwidthOf(session, media);
  const ptime = ptimeOf(session, media);
  const rtcp = rtcpOf(media);
  return {
    direction,
    remoteAddress: connectionOf(session, media)!.address,
    remotePort: media.port,
    send: speech.theirs,
    receive: [speech.ours, ...others.map(({ ours }) => ours)],
    ...(event === undefined ? {} : { sendEvent: event.theirs, receiveEvent: event.ours }),
    ...(noise === undefined ? {} : { sendNoise: noise.theirs, receiveNoise: noise.ours }),
    ...(ptime === undefined ? {} : { ptime }),
    ...(rtcp === undefined ? {} : { rtcp }),
    ...(control.rtcpMux ? { rtcpMux: true } : {}),
    ...(control.rtcpReducedSize ? { rtcpReducedSize: true } : {}),
    ...(Object.keys(bandwidth).length === 0 ? {} : { rtcpBandwidth: bandwidth }),
    ...(extendedReportsOf(session, media).includes("voip-metrics") ? { voipMetrics: true } : {}),
  };
}

function describeFormats(media: MediaDescription): string {
  const formats = formatsOf(media).map((format) => `${format.encoding}/${format.clockRate}`);
  return formats.length === 0 ? "none that we know" : formats.slice(0, 20).join(", ");
}

/** Our formats under the numbers that the session already uses for them; no number changes its meaning (RFC 3264 §8.3.2). */
function keepNumbers(formats: readonly Format[], previous: MediaDescription | undefined): Format[] {
  if (previous === undefined) return [...formats];
  const before = formatsOf(previous);
  const kept = formats.map((format) => {
    const same = before.find((each) => sameCodec(each, format));
    return same === undefined ? format : { ...format, payloadType: same.payloadType };
  });
  const taken = new Set(before.map((format) => format.payloadType));
  return kept.map((format) => {
    if (before.some((each) => each.payloadType === format.payloadType && sameCodec(each, format))) return format;
    if (format.payloadType >= 96 && taken.has(format.payloadType)) return { ...format, payloadType: freeNumber(taken) };
    taken.add(format.payloadType);
    return format;
  });
}

/** The lowest dynamic payload type (RFC 3551 §6) not yet taken, which it then is. */
function freeNumber(taken: Set<number>): number {
  let number = 96;
  while (taken.has(number)) number += 1;
  taken.add(number);
  return number;
}
