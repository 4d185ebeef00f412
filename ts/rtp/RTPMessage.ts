import { PayloadType } from "./PayloadType.ts";
import { RTPParseError } from "./RTPParseError.ts";

const VERSION = 2;
const FIXED_HEADER = 12;

/** The types that a call agreed on, by their numbers in its packets. */
export type PayloadTypes = ReadonlyMap<number, PayloadType>;

/**
 * An RTP packet, read (RFC 3550 §5.1).
 *
 * @example new RTPMessage(datagram, new Map([[101, PayloadType.EVENT]])).payloadType
 */
export class RTPMessage {
  readonly version: number;
  readonly padding: boolean;
  readonly extension: boolean;
  /** How many contributing sources there are. */
  readonly CC: number;
  readonly marker: boolean;
  /** As agreed; else the static type of that number, else UNKNOWN. */
  readonly payloadType: PayloadType;
  /** 0 to 65535. */
  readonly sequence: number;
  /** In units of the payload's clock, 32 bits. */
  readonly timestamp: number;
  readonly SSRC: number;
  readonly CSRC: readonly number[];
  /** Without padding and header extension. */
  readonly payload: Uint8Array;
  /** The packet, as it came. */
  readonly raw: Uint8Array;

  /** @throws RTPParseError */
  constructor(data: Uint8Array, assoc: PayloadTypes = new Map()) {
    if (data.length < FIXED_HEADER) throw new RTPParseError(`${data.length} bytes are fewer than its header has`);
    const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
    const first = view.getUint8(0);
    const second = view.getUint8(1);
    this.version = first >> 6;
    if (this.version !== VERSION) throw new RTPParseError(`its version is ${this.version}, not 2`);
    this.padding = (first & 0x20) !== 0;
    this.extension = (first & 0x10) !== 0;
    this.CC = first & 0x0f;
    this.marker = (second & 0x80) !== 0;
    const number = second & 0x7f;
    this.payloadType = assoc.get(number) ?? PayloadType.of(number);
    this.sequence = view.getUint16(2);
    this.timestamp = view.getUint32(4);
    this.SSRC = view.getUint32(8);
    let begin = FIXED_HEADER + 4 * this.CC;
    if (begin > data.length) throw new RTPParseError(`it ends within its ${this.CC} contributing sources`);
    this.CSRC = Array.from({ length: this.CC }, (_, i) => view.getUint32(FIXED_HEADER + 4 * i));
    if (this.extension) {
      if (begin + 4 > data.length) throw new RTPParseError("it ends within its header extension");
      begin += 4 + 4 * view.getUint16(begin + 2);
      if (begin > data.length) throw new RTPParseError("it ends within its header extension");
    }
    const padded = this.padding ? view.getUint8(data.length - 1) : 0;
    if (this.padding && (padded === 0 || begin + padded > data.length)) throw new RTPParseError(`it claims ${padded} bytes of padding`);
    this.payload = data.subarray(begin, data.length - padded);
    this.raw = data;
  }

  /** One line about the packet. */
  summary(): string {
    const { payloadType, sequence, timestamp, SSRC, marker, payload } = this;
    return `RTP ${payloadType.description} sequence ${sequence} timestamp ${timestamp} SSRC ${SSRC}${marker ? " marker" : ""}, ${payload.length} bytes`;
  }
}
