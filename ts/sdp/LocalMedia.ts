import { isIPv6 } from "node:net";

import { SDPWriteError } from "./errors.ts";
import { isTelephoneEvent } from "./formats.ts";
import { isUnspecified } from "./media.ts";
import type { Attribute, Direction, Format, MediaDescription, Origin, SessionDescription } from "./types.ts";

/** What we want of a call's audio. */
export interface LocalMedia {
  /** Where we receive RTP, as the far end reaches it: an IP address. Not 0.0.0.0: a phone that writes it there hears nothing. */
  readonly address: string;
  readonly port: number;
  /** Ports for further audio streams, which the far end may offer beside the first (RFC 3264 §5.1); each takes one. Default: it gets one stream. */
  readonly furtherPorts?: readonly number[];
  /** What we encode and decode, preferred first, telephone-event, and CN when silence need not be sent (RFC 3389). */
  readonly formats: readonly Format[];
  /** Ours: `sendonly` puts the far end on hold. */
  readonly direction: Direction;
  /** How much audio we like in a packet, ms. */
  readonly ptime?: number;
  /** RTCP on RTP's port (RFC 5761): offered when true, refused when false; unless given, not offered but accepted. */
  readonly rtcpMux?: boolean;
  /** We would like the far end to send VoIP metrics (RFC 3611). */
  readonly voipMetrics?: boolean;
  /** o= identifier and version: decimal numbers. With `previous` given to the offer or answer, that one's count goes on. */
  readonly sessionId: string | number;
  readonly sessionVersion: string | number;
  /** Default `-`. */
  readonly username?: string;
}

/** Events that we know unless the format says otherwise: 0–9, *, #, A–D and flash (RFC 4733 §3.2). */
const EVENTS = "0-16";

/**
 * A description around the given media sections: one c= for all, because all that is ours has one address.
 * @throws SDPWriteError when the far end could not reach that address, or o= would not be numbers
 */
export function describe(local: LocalMedia, times: SessionDescription["times"], media: readonly MediaDescription[]): SessionDescription {
  return {
    origin: originOf(local),
    sessionName: "-",
    connection: { netType: "IN", addressType: addressType(local.address), address: local.address },
    bandwidths: [],
    times,
    attributes: [],
    others: [],
    media,
  };
}

/** How RTCP is to go with a stream. */
export interface ControlAttributes {
  /** a=rtcp-mux: on RTP's port (RFC 5761). */
  readonly rtcpMux: boolean;
  /** a=rtcp-rsize: packets need not be compound (RFC 5506). */
  readonly rtcpReducedSize: boolean;
}

/** Our audio section. An a=rtpmap goes with static types too: RFC 3264 §5.1 recommends it, and some peers need it. */
export function describeAudio(
  local: LocalMedia,
  protocol: string,
  formats: readonly Format[],
  direction: Direction,
  control: ControlAttributes,
): MediaDescription {
  return {
    type: "audio",
    port: local.port,
    protocol,
    formats: formats.map((format) => String(format.payloadType)),
    bandwidths: [],
    attributes: [
      ...formats.flatMap(describeFormat),
      ...(local.ptime === undefined ? [] : [{ name: "ptime", value: String(local.ptime) }]),
      { name: direction },
      ...(control.rtcpMux ? [{ name: "rtcp-mux" }] : []),
      ...(control.rtcpReducedSize ? [{ name: "rtcp-rsize" }] : []),
      // RFC 3611 §5.2: it does not depend on what the other side wrote.
      ...(local.voipMetrics === true ? [{ name: "rtcp-xr", value: "voip-metrics" }] : []),
    ],
    others: [],
  };
}

/** A refused section: the type, protocol and formats of the one that is refused, and port 0 (RFC 3264 §6, RFC 6337 §5.3). */
export function refuse(media: MediaDescription): MediaDescription {
  return {
    type: media.type,
    port: 0,
    protocol: media.protocol,
    // RFC 8866 §9 wants at least one.
    formats: media.formats.length === 0 ? ["0"] : media.formats,
    bandwidths: [],
    attributes: [],
    others: [],
  };
}

function describeFormat(format: Format): Attribute[] {
  const channels = format.channels === undefined || format.channels === 1 ? "" : `/${format.channels}`;
  const fmtp = format.fmtp ?? (isTelephoneEvent(format) ? EVENTS : undefined);
  return [
    { name: "rtpmap", value: `${format.payloadType} ${format.encoding}/${format.clockRate}${channels}` },
    ...(fmtp === undefined ? [] : [{ name: "fmtp", value: `${format.payloadType} ${fmtp}` }]),
  ];
}

function originOf(local: LocalMedia): Origin {
  if (isUnspecified(local.address)) {
    throw new SDPWriteError(`nobody can send to ${local.address}; give the address by which the far end reaches us`);
  }
  const numbers = `${local.sessionId} ${local.sessionVersion}`;
  if (!/^\d+ \d+$/.test(numbers)) throw new SDPWriteError(`o= identifier and version are decimal numbers, not ${JSON.stringify(numbers)}`);
  return {
    username: local.username ?? "-",
    sessionId: String(local.sessionId),
    sessionVersion: String(local.sessionVersion),
    netType: "IN",
    addressType: addressType(local.address),
    address: local.address,
  };
}

function addressType(address: string): string {
  return isIPv6(address) ? "IP6" : "IP4";
}
