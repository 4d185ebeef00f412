import { isAscii, isUtf8 } from "node:buffer";
import { skipSpace, trimEnd } from "./characters.ts";
import type { CSeq } from "./CSeq.ts";
import type { PlainAddress, PlainVia } from "./plain.ts";

/**
 * A received message as it came, and where things lie in it. Headers are UTF-8; when they are not, they are read as ISO 8859-1, which is
 * what old PBXs send for a caller's name.
 */
export class Head {
  readonly bytes: Uint8Array;
  /** One character a byte, so that its indices are those of the bytes; the headers at least. */
  readonly text: string;
  readonly start: number;
  /** Behind the last header. */
  end = 0;
  bodyStart = 0;
  bodyEnd = 0;
  /** The first of its kind, when it is plain. */
  via: PlainVia | undefined;
  from: PlainAddress | undefined;
  to: PlainAddress | undefined;
  cseq: CSeq | undefined;
  callId: string | undefined;
  /** Whether {@link text} says something else than the bytes mean; undefined as long as nobody wants to know. */
  #isUTF8: boolean | undefined;

  constructor(bytes: Uint8Array, text: string, start: number) {
    this.bytes = bytes;
    this.text = text;
    this.start = start;
  }

  /** What stands in [from, to). */
  slice(from: number, to: number): string {
    const isUTF8 = (this.#isUTF8 ??= this.#findUTF8());
    return isUTF8 ? Buffer.from(this.bytes.buffer, this.bytes.byteOffset + from, to - from).toString("utf8") : this.text.slice(from, to);
  }

  get body(): Uint8Array {
    return this.bytes.subarray(this.bodyStart, this.bodyEnd);
  }

  /** A header's value. @param from the complement (`~from`) when the value is folded and its folds are to be undone */
  value(from: number, to: number): string {
    return from < 0 ? unfold(this.slice(~from, to)) : this.slice(from, to);
  }

  #findUTF8(): boolean {
    if (isAscii(this.bytes)) return false;
    const head = this.bytes.subarray(this.start, this.end);
    return !isAscii(head) && isUtf8(head);
  }
}

/** Each fold, with the white space around it, becomes one space. */
function unfold(value: string): string {
  return value
    .split("\r\n")
    .map((line) => line.slice(skipSpace(line, 0, line.length), trimEnd(line, 0, line.length)))
    .filter((line) => line !== "")
    .join(" ");
}
