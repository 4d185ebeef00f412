/** Samples in one frame: 20 ms at 8,000 Hz. */
export const FRAME = 160;

/** RTP timestamp units, which are samples, in a millisecond. */
export const PER_MILLISECOND = 8;

/** Microseconds in a timestamp unit. */
export const UNIT: number = 1_000 / PER_MILLISECOND;
