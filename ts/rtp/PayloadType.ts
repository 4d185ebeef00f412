import { DynamicPayloadType } from "./DynamicPayloadType.ts";

/**
 * The payload types of RTP/AVP: those that RFC 3551 §6 numbers, and the dynamic ones that we know. Names that would collide carry
 * their clock rate or channels.
 *
 * @example PayloadType.PCMA.number // 8
 */
export class PayloadType {
  static readonly PCMU: PayloadType = new PayloadType(0, 8000, 1, "PCMU");
  static readonly GSM: PayloadType = new PayloadType(3, 8000, 1, "GSM");
  static readonly G723: PayloadType = new PayloadType(4, 8000, 1, "G723");
  static readonly DVI4_8000: PayloadType = new PayloadType(5, 8000, 1, "DVI4");
  static readonly DVI4_16000: PayloadType = new PayloadType(6, 16_000, 1, "DVI4");
  static readonly LPC: PayloadType = new PayloadType(7, 8000, 1, "LPC");
  static readonly PCMA: PayloadType = new PayloadType(8, 8000, 1, "PCMA");
  /** Sampled at 16 kHz; its RTP clock is 8 kHz all the same (RFC 3551 §4.5.2). */
  static readonly G722: PayloadType = new PayloadType(9, 8000, 1, "G722");
  static readonly L16_2: PayloadType = new PayloadType(10, 44_100, 2, "L16");
  static readonly L16: PayloadType = new PayloadType(11, 44_100, 1, "L16");
  static readonly QCELP: PayloadType = new PayloadType(12, 8000, 1, "QCELP");
  static readonly CN: PayloadType = new PayloadType(13, 8000, 1, "CN");
  /** Its channels are in each frame. */
  static readonly MPA: PayloadType = new PayloadType(14, 90_000, 0, "MPA");
  static readonly G728: PayloadType = new PayloadType(15, 8000, 1, "G728");
  static readonly DVI4_11025: PayloadType = new PayloadType(16, 11_025, 1, "DVI4");
  static readonly DVI4_22050: PayloadType = new PayloadType(17, 22_050, 1, "DVI4");
  static readonly G729: PayloadType = new PayloadType(18, 8000, 1, "G729");
  static readonly CELB: PayloadType = new PayloadType(25, 90_000, 0, "CelB");
  static readonly JPEG: PayloadType = new PayloadType(26, 90_000, 0, "JPEG");
  static readonly NV: PayloadType = new PayloadType(28, 90_000, 0, "nv");
  static readonly H261: PayloadType = new PayloadType(31, 90_000, 0, "H261");
  static readonly MPV: PayloadType = new PayloadType(32, 90_000, 0, "MPV");
  static readonly MP2T: PayloadType = new PayloadType(33, 90_000, 0, "MP2T");
  static readonly H263: PayloadType = new PayloadType(34, 90_000, 0, "H263");
  /** Keys pressed (RFC 4733). */
  static readonly EVENT: PayloadType = new PayloadType("telephone-event", 8000, 0, "telephone-event");
  /** Stands for whatever a peer sends that we know nothing of. */
  static readonly UNKNOWN: PayloadType = new PayloadType("unknown", 0, 0, "unknown codec");

  /** The payload type number of a static type, the encoding name of a dynamic one. See {@link number}. */
  readonly value: number | string;
  /** RTP clock, Hz. */
  readonly rate: number;
  /** Audio channels; 0 where the format fixes none. */
  readonly channel: number;
  /** The encoding name of a=rtpmap. */
  readonly description: string;

  private constructor(value: number | string, rate: number, channel: number, description: string) {
    this.value = value;
    this.rate = rate;
    this.channel = channel;
    this.description = description;
  }

  /** Whether the number is agreed call by call. */
  get dynamic(): boolean {
    return typeof this.value === "string";
  }

  /** The payload type number, 0–34. @throws DynamicPayloadType when it has none of its own */
  get number(): number {
    if (typeof this.value === "string") throw new DynamicPayloadType(this.value);
    return this.value;
  }

  /** The static type with a number, or UNKNOWN. */
  static of(number: number): PayloadType {
    return STATIC.get(number) ?? PayloadType.UNKNOWN;
  }

  toString(): string {
    return this.description;
  }
}

const STATIC: ReadonlyMap<number, PayloadType> = new Map(
  Object.values(PayloadType).flatMap((each): [number, PayloadType][] =>
    each instanceof PayloadType && !each.dynamic ? [[each.number, each]] : [],
  ),
);
