/**
 * ITU-T G.711, exact to the reference of ITU-T G.191 for every input. In JavaScript a look-up is the fastest way: two tables of 64 KiB
 * encode, two of 512 bytes decode. They are made when the first sample needs them.
 *
 * A compressed code is a little floating-point number: sign, 3 bits of exponent, 4 of mantissa. The magnitude of a negative sample is
 * its one's complement, as in the reference: two's complement would put 127 of 65,536 inputs one code off.
 */

import type { Encoding } from "../contract.ts";

/** The µ-law code of sample 0. */
export const ULAW_SILENCE = 0xff;
/** The A-law code of sample 0; A-law has no zero, it decodes to 8. */
export const ALAW_SILENCE = 0xd5;

/** 33 quantisation steps of 4, in units of 16-bit samples: µ-law's segments become powers of two when this is added. */
const ULAW_BIAS = 132;
/** Beyond this magnitude µ-law clips. */
const ULAW_CLIP = 32_631;

/**
 * Recommendation G.711, Table 3: the A-law magnitude for each µ-law magnitude. Decoding and encoding again would differ from it in
 * 44 of 256 codes.
 */
const ULAW_TO_ALAW = Uint8Array.of(
  0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7,
  8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23,
  24, 26, 28, 30, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43,
  45, 47, 48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61,
  63, 64, 65, 66, 67, 68, 69, 70, 71, 72, 73, 74, 75, 76, 77, 78,
  79, 81, 82, 83, 84, 85, 86, 87, 88, 89, 90, 91, 92, 93, 94, 95,
  96, 97, 98, 99, 100, 101, 102, 103, 104, 105, 106, 107, 108, 109, 110, 111,
  112, 113, 114, 115, 116, 117, 118, 119, 120, 121, 122, 123, 124, 125, 126, 127,
);

/** Table 4: the µ-law magnitude for each A-law magnitude. Decoding and encoding again would differ from it in 32 of 256 codes. */
const ALAW_TO_ULAW = Uint8Array.of(
  1, 3, 5, 7, 9, 11, 13, 15, 16, 17, 18, 19, 20, 21, 22, 23,
  24, 25, 26, 27, 28, 29, 30, 31, 32, 32, 33, 33, 34, 34, 35, 35,
  36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47, 48, 48, 49, 49,
  50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 62, 63, 64, 64,
  65, 66, 67, 68, 69, 70, 71, 72, 73, 74, 75, 76, 77, 78, 79, 80,
  80, 81, 82, 83, 84, 85, 86, 87, 88, 89, 90, 91, 92, 93, 94, 95,
  96, 97, 98, 99, 100, 101, 102, 103, 104, 105, 106, 107, 108, 109, 110, 111,
  112, 113, 114, 115, 116, 117, 118, 119, 120, 121, 122, 123, 124, 125, 126, 127,
);

/** Exponent and upper four bits of mantissa of a number of at least 16, side by side. */
function toFloat(value: number): number {
  const exponent = 31 - Math.clz32(value);
  return (exponent << 4) | ((value >> (exponent - 4)) & 0x0f);
}

/** The middle of the numbers that {@link toFloat} makes into `bits`. */
function fromFloat(bits: number): number {
  const exponent = bits >> 4;
  return ((0x20 | ((bits & 0x0f) << 1) | 1) << exponent) >> 5;
}

function ulawFromLinear(sample: number): number {
  const sign = sample >> 31;
  // The lowest two bits are below µ-law's 14-bit resolution.
  const magnitude = Math.min((sample ^ sign) & ~3, ULAW_CLIP);
  // 7 is the exponent of 128, where the first segment starts.
  const code = toFloat(magnitude + ULAW_BIAS) - (7 << 4);
  return ~(code | (sign & 0x80)) & 0xff;
}

function alawFromLinear(sample: number): number {
  const sign = sample >> 31;
  const magnitude = sample ^ sign;
  // The first two segments share one step, so the first is no power of two: lifted by one segment, then put back.
  const first = magnitude < 256 ? 1 : 0;
  // 8 is the exponent of 256.
  const code = toFloat(magnitude + (first << 8)) - (8 << 4) + 16 - (first << 4);
  return ((code | (~sign & 0x80)) ^ 0x55) & 0xff;
}

function ulawToLinear(code: number): number {
  const plain = ~code & 0xff;
  const magnitude = fromFloat((7 << 4) + (plain & 0x7f)) - ULAW_BIAS;
  return plain & 0x80 ? -magnitude : magnitude;
}

function alawToLinear(code: number): number {
  const plain = code ^ 0x55;
  const first = plain & 0x70 ? 0 : 1;
  const magnitude = fromFloat((7 << 4) + (plain & 0x7f) + (first << 4)) - (first << 8);
  // In A-law a set sign bit means positive.
  return plain & 0x80 ? magnitude : -magnitude;
}

/** What one law needs; `encode` is indexed by the sample's 16 bits, unsigned. */
interface Tables {
  readonly encode: Uint8Array;
  readonly decode: Int16Array;
}

let ulawTables: Tables | undefined;
let alawTables: Tables | undefined;

function tabulate(fromLinear: (sample: number) => number, toLinear: (code: number) => number): Tables {
  const codes = new Uint8Array(65_536);
  for (let sample = -32_768; sample < 32_768; sample++) {
    codes[sample & 0xffff] = fromLinear(sample);
  }
  const samples = new Int16Array(256);
  for (let code = 0; code < 256; code++) {
    samples[code] = toLinear(code);
  }
  return { encode: codes, decode: samples };
}

function tables(encoding: Encoding): Tables {
  if (encoding === "PCMU") {
    return (ulawTables ??= tabulate(ulawFromLinear, ulawToLinear));
  }
  return (alawTables ??= tabulate(alawFromLinear, alawToLinear));
}

/** Encodes into `codes`, one byte a sample. @returns how many: the shorter of both lengths */
export function encodeUlaw(samples: Int16Array, codes: Uint8Array): number {
  return encode("PCMU", samples, codes);
}

/** Encodes into `codes`, one byte a sample. @returns how many: the shorter of both lengths */
export function encodeAlaw(samples: Int16Array, codes: Uint8Array): number {
  return encode("PCMA", samples, codes);
}

/** Decodes into `samples`, one a byte. @returns how many: the shorter of both lengths */
export function decodeUlaw(codes: Uint8Array, samples: Int16Array): number {
  return decode("PCMU", codes, samples);
}

/** Decodes into `samples`, one a byte. @returns how many: the shorter of both lengths */
export function decodeAlaw(codes: Uint8Array, samples: Int16Array): number {
  return decode("PCMA", codes, samples);
}

/**
 * Encodes in either law: `samples` from the first on into `codes` from `at` on.
 * @param count samples, by default as many as both arrays have
 * @returns `count`
 */
export function encode(
  encoding: Encoding,
  samples: Int16Array,
  codes: Uint8Array,
  at = 0,
  count: number = Math.min(samples.length, codes.length - at),
): number {
  const table = tables(encoding).encode;
  let index = 0;
  // Eight at a time: V8 does not unroll loops, and counting would take as long as looking up.
  for (; index + 7 < count; index += 8) {
    const to = at + index;
    codes[to] = table[samples[index]! & 0xffff]!;
    codes[to + 1] = table[samples[index + 1]! & 0xffff]!;
    codes[to + 2] = table[samples[index + 2]! & 0xffff]!;
    codes[to + 3] = table[samples[index + 3]! & 0xffff]!;
    codes[to + 4] = table[samples[index + 4]! & 0xffff]!;
    codes[to + 5] = table[samples[index + 5]! & 0xffff]!;
    codes[to + 6] = table[samples[index + 6]! & 0xffff]!;
    codes[to + 7] = table[samples[index + 7]! & 0xffff]!;
  }
  for (; index < count; index++) {
    codes[at + index] = table[samples[index]! & 0xffff]!;
  }
  return count;
}

/**
 * Decodes from either law: `codes` from `from` on into `samples` from `at` on.
 * @param count samples, by default as many as both arrays have
 * @returns `count`
 */
export function decode(
  encoding: Encoding,
  codes: Uint8Array,
  samples: Int16Array,
  from = 0,
  at = 0,
  count: number = Math.min(codes.length - from, samples.length - at),
): number {
  const table = tables(encoding).decode;
  let index = 0;
  // As in `encode`.
  for (; index + 7 < count; index += 8) {
    const to = at + index;
    const first = from + index;
    samples[to] = table[codes[first]!]!;
    samples[to + 1] = table[codes[first + 1]!]!;
    samples[to + 2] = table[codes[first + 2]!]!;
    samples[to + 3] = table[codes[first + 3]!]!;
    samples[to + 4] = table[codes[first + 4]!]!;
    samples[to + 5] = table[codes[first + 5]!]!;
    samples[to + 6] = table[codes[first + 6]!]!;
    samples[to + 7] = table[codes[first + 7]!]!;
  }
  for (; index < count; index++) {
    samples[at + index] = table[codes[from + index]!]!;
  }
  return count;
}

/** Converts µ-law codes to A-law directly. @returns how many: the shorter of both lengths */
export function ulawToAlaw(ulaw: Uint8Array, alaw: Uint8Array): number {
  const count = Math.min(ulaw.length, alaw.length);
  for (let index = 0; index < count; index++) {
    const from = ulaw[index]!;
    alaw[index] = ULAW_TO_ALAW[~from & 0x7f]! ^ (from & 0x80) ^ 0x55;
  }
  return count;
}

/** Converts A-law codes to µ-law directly. @returns how many: the shorter of both lengths */
export function alawToUlaw(alaw: Uint8Array, ulaw: Uint8Array): number {
  const count = Math.min(alaw.length, ulaw.length);
  for (let index = 0; index < count; index++) {
    const from = alaw[index]!;
    ulaw[index] = (ALAW_TO_ULAW[(from ^ 0x55) & 0x7f]! ^ 0x7f) | (from & 0x80);
  }
  return count;
}

/** The code of sample 0. */
export function silence(encoding: Encoding): number {
  return encoding === "PCMU" ? ULAW_SILENCE : ALAW_SILENCE;
}
