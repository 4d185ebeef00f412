/** How much of a message a parser puts up with. Each limit is answered with 513 when it is passed. */
export interface ParseLimits {
  /** Bytes of the whole message. */
  readonly maxSize: number;
  /** Header lines. */
  readonly maxHeaders: number;
  /** Bytes of start line and headers; never more than 65,535. */
  readonly maxHeadSize: number;
}

/** A datagram holds no more than 65,535 bytes; 256 header lines are six times RFC 4475's longest message. */
export const DEFAULT_LIMITS: ParseLimits = { maxSize: 65_535, maxHeaders: 256, maxHeadSize: 65_535 };
