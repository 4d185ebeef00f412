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
  for (let index = 0; index < count; index++) {
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
  for (let index = 0; index < count; index++) {
    samples[at + index] = table[codes[from + index]!]!;
  }
  return count;
}

/** The code of sample 0. */
export function silence(encoding: Encoding): number {
  return encoding === "PCMU" ? ULAW_SILENCE : ALAW_SILENCE;
}
