/** Numbers are exact up to 2^53. */
const LONGEST = 6;

/**
 * A byte as eight binary digits, the most significant first.
 * @param byte a number from 0 to 255, or an array whose first byte counts
 * @throws RangeError for what is no byte
 * @example byteToBits(0x80) // "10000000"
 */
export function byteToBits(byte: number | Uint8Array): string {
  const value = typeof byte === "number" ? byte : byte[0];
  if (value === undefined || !Number.isInteger(value) || value < 0 || value > 255) throw new RangeError(`${value} is no byte: use 0–255`);
  return value.toString(2).padStart(8, "0");
}

/**
 * Bytes as one unsigned number, the most significant first, as RTP has them (RFC 3550 §4). No bytes are 0.
 * @throws RangeError for more than six, which a number does not hold exactly
 * @example addBytes(Uint8Array.of(1, 0)) // 256
 */
export function addBytes(bytes: Uint8Array): number {
  if (bytes.length > LONGEST) throw new RangeError(`${bytes.length} bytes are more than a number holds exactly: give ${LONGEST} at most`);
  return bytes.reduce((sum, byte) => 256 * sum + byte, 0);
}
