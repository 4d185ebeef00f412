/** Two sources with one SSRC (RFC 3550 §8.2): whose packets bore ours, and which SSRC to take instead. */

/** So many addresses that sent packets with our SSRC are remembered. */
const REMEMBERED = 4;

/** Addresses from which packets with our SSRC came. */
export class Conflicts {
  readonly #addresses: string[] = Array.from({ length: REMEMBERED }, () => "");
  #at = 0;
  #random: number;
  /** Packets that came with our SSRC from there again: our own, sent back. */
  looped = 0;

  /** None yet. `random`: 32 bits that SSRCs are drawn from. */
  constructor(random: number) {
    this.#random = random;
  }

  /**
   * A packet from `address`:`port` bears our SSRC.
   * @returns the one that is ours from now on; undefined: the packet is one of ours that came back
   */
  meet(address: string, port: number, ours: number): number | undefined {
    const source = `${port} ${address}`;
    if (this.#addresses.includes(source)) {
      this.looped += 1;
      return undefined;
    }
    this.#addresses[this.#at] = source;
    this.#at = (this.#at + 1) % REMEMBERED;
    for (;;) {
      this.#random = this.#random === 0 ? 1 : this.#random;
      this.#random ^= this.#random << 13;
      this.#random ^= this.#random >>> 17;
      this.#random ^= this.#random << 5;
      if (this.#random >>> 0 !== ours) {
        return this.#random >>> 0;
      }
    }
  }
}
