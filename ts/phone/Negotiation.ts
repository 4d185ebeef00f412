import { randomBytes } from "node:crypto";
import type { Direction, Encoding, StreamParameters } from "../media/contract.ts";
import { PayloadType } from "../rtp/PayloadType.ts";
import { acceptAnswer, type AgreedStream, type AgreedStreams, createAnswer, createOffer, type Format, type LocalMedia } from "../sdp/offerAnswer.ts";
import { parseSDP } from "../sdp/parse.ts";
import type { SessionDescription } from "../sdp/types.ts";
import { writeSDP } from "../sdp/write.ts";
import type { SIPBody } from "../sip/dialog/InviteSession.ts";
import { InvalidOptionError, NegotiationError } from "./errors.ts";
import type { MediaOptions } from "./mediaOptions.ts";

const SDP = "application/sdp";
/** The dynamic payload type that nearly everybody uses for telephone-event; only the offerer's choice counts (RFC 3264 §5.1). */
const EVENT_PAYLOAD_TYPE = 101;
const NO_PAYLOAD_TYPE = -1;
/** RFC 3389 §5. */
const COMFORT_NOISE: Format = { payloadType: 13, encoding: "CN", clockRate: 8000 };

/** What we would like of a stream, if the far end does; see {@link MediaOptions}. */
export type MediaWishes = Pick<MediaOptions, "comfortNoise" | "rtcpMux" | "voipMetrics" | "ptime">;

/** What an offer/answer exchange settled for a call: its stream, and further ones that the far end brought in. */
export interface CallParameters extends StreamParameters {
  /** In the order of {@link Negotiation.furtherPorts}; undefined for one that is over. */
  readonly further: readonly (StreamParameters | undefined)[];
}

/** How many audio streams an offer has. */
export function audioStreams(offer: SIPBody): number {
  try {
    return parseSDP(textOf(offer)).media.filter(({ type, port }) => type === "audio" && port !== 0).length;
  } catch {
    return 0;
  }
}

/** One side of a call's offer/answer exchanges (RFC 3264): turns SDP bodies into what a media session needs to know, and back. */
export class Negotiation {
  readonly #formats: readonly Format[];
  readonly #wishes: MediaWishes;
  #address: string;
  #port: number;
  /** RFC 4566 §5.2: numeric, unique; 32 bits so that peers that read it into an int keep it. */
  readonly #sessionId = String(randomBytes(4).readUInt32BE());
  /** What we sent last: the next offer or answer goes on from it (RFC 3264 §8). */
  #sent: SessionDescription | undefined;
  /** Our offer that waits for its answer. */
  #offer: SessionDescription | undefined;
  /** The ports of further streams, should the far end offer them. */
  furtherPorts: readonly number[] = [];
  /** Our wish: what we would send and hear if the far end lets us. */
  direction: Direction = "sendrecv";

  constructor(address: string, port: number, payloadTypes: readonly PayloadType[], wishes: MediaWishes = {}) {
    this.#address = address;
    this.#port = port;
    this.#wishes = wishes;
    const formats = payloadTypes.map(toFormat);
    if (!formats.some((format) => isEncoding(format.encoding))) {
      throw new InvalidOptionError("payloadTypes", "none of them is audio that this phone can encode: add PayloadType.PCMU or PCMA");
    }
    this.#formats = wishes.comfortNoise === true ? [...formats, COMFORT_NOISE] : formats;
  }

  /** Our media is elsewhere from now on; the next offer or answer tells. */
  move(address: string, port: number): void {
    this.#address = address;
    this.#port = port;
  }

  #local(): LocalMedia {
    const { ptime = 20, rtcpMux, voipMetrics } = this.#wishes;
    return {
      address: this.#address,
      port: this.#port,
      furtherPorts: this.furtherPorts,
      formats: this.#formats,
      direction: this.direction,
      ptime,
      ...(rtcpMux === undefined ? {} : { rtcpMux }),
      ...(voipMetrics === undefined ? {} : { voipMetrics }),
      sessionId: this.#sessionId,
      sessionVersion: 1,
    };
  }

  #previous(): { previous?: SessionDescription } {
    return this.#sent === undefined ? {} : { previous: this.#sent };
  }

  /** A new offer of ours. */
  offer(): SIPBody {
    this.#offer = createOffer(this.#local(), this.#previous());
    this.#sent = this.#offer;
    return { contentType: SDP, content: writeSDP(this.#offer) };
  }

  /** The far end's answer to our {@link offer}. @throws NegotiationError, SDPParseError */
  accept(answer: SIPBody): CallParameters {
    if (this.#offer === undefined) throw new NegotiationError("an answer came, but nothing was offered");
    const result = acceptAnswer(this.#offer, parseSDP(textOf(answer)));
    if ("rejected" in result) throw new NegotiationError(result.rejected);
    return this.#parameters(result);
  }

  /** Our answer to the far end's offer. @throws NegotiationError, SDPParseError */
  answer(offer: SIPBody): { body: SIPBody; parameters: CallParameters } {
    const result = createAnswer(parseSDP(textOf(offer)), this.#local(), this.#previous());
    if ("rejected" in result) throw new NegotiationError(result.rejected);
    this.#sent = result.answer;
    return { body: { contentType: SDP, content: writeSDP(result.answer) }, parameters: this.#parameters(result) };
  }

  #parameters({ agreed, further }: AgreedStreams): CallParameters {
    const of = (stream: AgreedStream): StreamParameters => ({
      ...toParameters(stream),
      voipMetrics: this.#wishes.voipMetrics === true && stream.voipMetrics === true,
    });
    return { ...of(agreed), further: further.map((stream) => (stream === undefined ? undefined : of(stream))) };
  }
}

/** Why an offer was refused, as a Warning header's value (RFC 3261 §20.43): 399 is the code for text without a code of its own. */
export function warning(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return `399 sidetone "${text.replaceAll(/[^\x20-\x7e]/g, " ").replaceAll(/["\\]/g, "'")}"`;
}

function textOf(body: SIPBody): string {
  return typeof body.content === "string" ? body.content : Buffer.from(body.content).toString("utf8");
}

/** Where RTCP goes, if not to the port above RTP's. With rtcp-mux that is RTP's own, whatever a=rtcp says for those who know no mux. */
function rtcpOf({ rtcp, rtcpMux, rtcpReducedSize, rtcpBandwidth }: AgreedStream): Partial<StreamParameters> {
  return {
    ...(rtcpBandwidth?.senders === undefined ? {} : { rtcpSenderBandwidth: rtcpBandwidth.senders }),
    ...(rtcpBandwidth?.receivers === undefined ? {} : { rtcpReceiverBandwidth: rtcpBandwidth.receivers }),
    ...(rtcpReducedSize === true ? { rtcpReducedSize } : {}),
    ...(rtcpMux === true ? { rtcpMux } : {}),
    ...(rtcpMux === true || rtcp === undefined ? {} : { remoteRtcpPort: rtcp.port }),
    ...(rtcpMux === true || rtcp?.address === undefined ? {} : { remoteRtcpAddress: rtcp.address }),
  };
}

function isEncoding(encoding: string): encoding is Encoding {
  return encoding === "PCMU" || encoding === "PCMA";
}

function toFormat(payloadType: PayloadType): Format {
  if (payloadType === PayloadType.EVENT) {
    return { payloadType: EVENT_PAYLOAD_TYPE, encoding: "telephone-event", clockRate: 8000, fmtp: "0-16" };
  }
  if (!isEncoding(payloadType.description)) {
    throw new InvalidOptionError("payloadTypes", `${payloadType.description} cannot be encoded here: use PCMU, PCMA and EVENT`);
  }
  return { payloadType: Number(payloadType.value), encoding: payloadType.description, clockRate: payloadType.rate };
}

function toParameters(agreed: AgreedStream): StreamParameters {
  const sendEncoding = agreed.send.encoding;
  if (!isEncoding(sendEncoding)) throw new NegotiationError(`the far end chose ${sendEncoding}, which was not offered`);
  const receive = agreed.receive.filter((format) => isEncoding(format.encoding));
  return {
    direction: agreed.direction,
    remoteAddress: agreed.remoteAddress,
    remotePort: agreed.remotePort,
    sendPayloadType: agreed.send.payloadType,
    sendEncoding,
    sendEventPayloadType: agreed.sendEvent?.payloadType ?? NO_PAYLOAD_TYPE,
    receivePayloadTypes: receive.map((format) => format.payloadType),
    receiveEncodings: receive.map((format) => format.encoding).filter(isEncoding),
    receiveEventPayloadType: agreed.receiveEvent?.payloadType ?? NO_PAYLOAD_TYPE,
    sendNoisePayloadType: agreed.sendNoise?.payloadType ?? NO_PAYLOAD_TYPE,
    receiveNoisePayloadType: agreed.receiveNoise?.payloadType ?? NO_PAYLOAD_TYPE,
    ...(agreed.ptime === undefined ? {} : { ptime: Math.floor(agreed.ptime) }),
    ...rtcpOf(agreed),
  };
}
