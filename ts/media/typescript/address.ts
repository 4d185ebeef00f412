/**
 * One IP address, one text: SDP may write an IPv6 address in many ways, a socket reports its packets' source in one (RFC 5952).
 * The Rust core has no such file: there an address is a number.
 */

/** An IPv4 address, or anything that is no address, comes back as it is. */
export function canonicalAddress(address: string): string {
  if (!address.includes(":")) {
    return address;
  }
  let canonical: string;
  try {
    // The URL parser's host serialiser is RFC 5952's, but for IPv4-mapped addresses.
    canonical = new URL(`http://[${address}]/`).hostname.slice(1, -1);
  } catch {
    return address;
  }
  const mapped = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(canonical);
  if (mapped === null) {
    return canonical;
  }
  const [high, low] = [Number.parseInt(mapped[1]!, 16), Number.parseInt(mapped[2]!, 16)];
  return `::ffff:${high >> 8}.${high & 0xff}.${low >> 8}.${low & 0xff}`;
}
