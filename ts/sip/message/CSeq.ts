import { SIPHeaderError, SIPParseError } from "../errors.ts";
import { isToken, parseDigits, skip, skipSpace, TOKEN, DIGIT } from "./characters.ts";
import { shown } from "./Params.ts";

/** RFC 3261 §8.1.1.5 asks senders for less than 2^31; §20.16 lets the field hold 32 bits, and some peers use them. */
const MAXIMUM = 0xffff_ffff;

/** Orders and names the request (RFC 3261 §20.16). Immutable. */
export class CSeq {
  readonly sequence: number;
  readonly method: string;

  /** @throws SIPHeaderError */
  constructor(sequence: number, method: string);
  /** @internal */
  constructor(sequence: number, method: string, isChecked: boolean);
  constructor(sequence: number, method: string, isChecked = false) {
    this.sequence = sequence;
    this.method = method;
    if (isChecked) return;
    if (!Number.isInteger(sequence) || sequence < 0 || sequence > MAXIMUM)
      throw new SIPHeaderError("CSeq", `must be a whole number below 2^32, not ${sequence}`);
    if (!isToken(method)) throw new SIPHeaderError("CSeq", `needs a method, not ${JSON.stringify(method)}`);
  }

  /** What the parser has recognised. @internal */
  static received(sequence: number, method: string): CSeq {
    return new CSeq(sequence, method, true);
  }

  /** @throws SIPParseError (400) */
  static parse(text: string): CSeq {
    const end = text.length;
    const digits = skip(text, 0, end, DIGIT);
    const sequence = parseDigits(text.slice(0, digits), MAXIMUM);
    const methodStart = skipSpace(text, digits, end);
    const methodEnd = skip(text, methodStart, end, TOKEN);
    if (sequence === undefined || methodStart === digits || methodEnd === methodStart || methodEnd !== end)
      throw new SIPParseError(`a malformed CSeq ${shown(text)}`);
    return new CSeq(sequence, text.slice(methodStart));
  }

  toString(): string {
    return `${this.sequence} ${this.method}`;
  }
}
