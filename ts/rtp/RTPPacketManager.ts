/** Silence of 8-bit unsigned linear audio. */
const SILENCE = 0x80;
/** A timestamp so far from the others belongs to another stream: 12.5 s at 8 kHz. */
const FAR = 100_000;
/** Audio that nobody reads is kept up to this, 60 s at 8 kHz; then the oldest goes. */
const MOST = 480_000;

interface Piece {
  readonly begin: number;
  readonly data: Uint8Array;
}

/**
 * Puts audio in the order of its timestamps, and gives it out from the first on: 8-bit unsigned linear, one byte for each unit of the timestamp.
 * What is missing is silence (0x80). A plain store without a clock: whoever reads decides when. Calls have a jitter buffer in its place, which
 * adapts its delay and makes up what is lost.
 *
 * - A byte can be read once. What arrives for a time that was read already is dropped.
 * - At the end of what there is, `read` fills up with silence that counts for nothing: what arrives next is read next.
 * - A timestamp 100,000 units or more away from what is expected next begins a new stream: what was left of the old one is gone.
 *
 * @example
 * const manager = new RTPPacketManager();
 * manager.write(packet.timestamp, linear);
 * manager.read(160);
 */
export class RTPPacketManager {
  /** In order, none empty, without overlaps; positions are timestamps less {@link #origin}, and do not wrap. */
  #pieces: Piece[] = [];
  /** The timestamp at position 0; undefined before the first write. */
  #origin: number | undefined;
  /** The position that is read next. */
  #next = 0;
  /** Whether something has been read of this stream: from then on nothing comes before it. */
  #begun = false;

  /** Bytes from where reading stands to the end of what there is, silence in between included. */
  get available(): number {
    return Math.max(0, this.#end - this.#next);
  }

  get #end(): number {
    const last = this.#pieces.at(-1);
    return last === undefined ? this.#next : last.begin + last.data.length;
  }

  /** The next `length` bytes; where there are none, silence. Never waits. */
  read(length = 160): Uint8Array {
    const bytes = new Uint8Array(length).fill(SILENCE);
    const until = this.#next + Math.min(length, this.available);
    for (const { begin, data } of this.#pieces) {
      if (begin >= until) break;
      const from = Math.max(begin, this.#next);
      bytes.set(data.subarray(from - begin, until - begin), from - this.#next);
    }
    if (until > this.#next) this.#begun = true;
    this.#readUpTo(until);
    return bytes;
  }

  /**
   * Takes audio in; the bytes are copied. Of two for the same time the later one is heard.
   * @param offset the RTP timestamp of the first byte, 32 bits
   */
  write(offset: number, data: Uint8Array): void {
    if (data.length === 0) return;
    const position = this.#positionOf(offset);
    if (Math.abs(position - this.#next) >= FAR && Math.abs(position - this.#end) >= FAR) {
      this.rebuild(true, offset, data);
      return;
    }
    if (!this.#begun) this.#next = this.#pieces.length === 0 ? position : Math.min(this.#next, position);
    const missed = Math.max(0, this.#next - position);
    if (missed >= data.length) return;
    this.#insert({ begin: position + missed, data: data.slice(missed) });
    if (this.available > MOST) this.#readUpTo(this.#end - MOST);
  }

  /**
   * Begins anew with `data` at `offset` alone (`reset`), or only puts in what else is given: what is here already is always in order.
   * @param offset the RTP timestamp of the first byte
   */
  rebuild(reset: boolean, offset = 0, data: Uint8Array = new Uint8Array(0)): void {
    if (reset) {
      this.#pieces = [];
      this.#origin = undefined;
      this.#next = 0;
      this.#begun = false;
    }
    this.write(offset, data);
  }

  /** Where a timestamp lies, on the side of the wrap that is nearer to where reading stands. */
  #positionOf(offset: number): number {
    this.#origin ??= offset;
    return this.#next + ((offset - (this.#origin + this.#next)) | 0);
  }

  #readUpTo(position: number): void {
    this.#next = position;
    const first = this.#pieces.findIndex(({ begin, data }) => begin + data.length > position);
    this.#pieces.splice(0, first === -1 ? this.#pieces.length : first);
  }

  /** Packets come nearly in order: the place is near the end. */
  #insert(piece: Piece): void {
    const { begin, data } = piece;
    const end = begin + data.length;
    let place = this.#pieces.length;
    while (place > 0 && (this.#pieces[place - 1]?.begin ?? 0) >= begin) place -= 1;
    const before = this.#pieces[place - 1];
    const rest: Piece[] = [];
    if (before !== undefined && before.begin + before.data.length > begin) {
      const kept: Piece = { begin: before.begin, data: before.data.subarray(0, begin - before.begin) };
      this.#pieces[place - 1] = kept;
      if (before.begin + before.data.length > end) rest.push({ begin: end, data: before.data.subarray(end - before.begin) });
    }
    let after = place;
    for (; after < this.#pieces.length; after += 1) {
      const each = this.#pieces[after];
      if (each === undefined || each.begin >= end) break;
      if (each.begin + each.data.length > end) rest.push({ begin: end, data: each.data.subarray(end - each.begin) });
    }
    this.#pieces.splice(place, after - place, piece, ...rest);
  }
}
