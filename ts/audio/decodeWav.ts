import wavefile from "wavefile";
import { WavError } from "./errors.ts";

/** The format tags that we play (RFC 2361). */
const PCM = 1;
const FLOAT = 3;
const A_LAW = 6;
const MU_LAW = 7;
const EXTENSIBLE = 0xfffe;

/** The sizes of sample that we take for each. */
const BITS: ReadonlyMap<number, readonly number[]> = new Map([
  [PCM, [8, 16, 24, 32]],
  [FLOAT, [32, 64]],
  [A_LAW, [8]],
  [MU_LAW, [8]],
]);

/** What a file's chunks say. */
interface Contents {
  readonly tag: number;
  readonly channels: number;
  readonly sampleRate: number;
  readonly bits: number;
  /** The data chunk: whole frames only. */
  readonly data: Uint8Array;
}

/**
 * Decodes a whole WAV file into mono 16-bit samples at `sampleRate`.
 * Takes PCM of 8, 16, 24 or 32 bits, floats, A-law and µ-law, any rate, any number of channels (mixed in equal parts).
 * @param name what to call the data in an error
 * @throws WavError (`WAV_FORMAT`) when it is something else
 */
export function decodeWav(bytes: Uint8Array, sampleRate: number, name: string): Int16Array {
  const contents = readContents(bytes, name);
  if (contents.data.length === 0) return new Int16Array(0);
  const wav = new wavefile.WaveFile(canonical(contents));
  if (contents.tag === A_LAW) wav.fromALaw();
  if (contents.tag === MU_LAW) wav.fromMuLaw();
  const samples = mono(wav, contents);
  return round(contents.sampleRate === sampleRate ? samples : resample(samples, contents.sampleRate, sampleRate));
}

/**
 * The same samples behind the plainest header. wavefile loops on some damaged chunks, takes every WAVE_FORMAT_EXTENSIBLE for
 * integers, and trusts a length that was written before the file was whole.
 */
function canonical({ tag, channels, sampleRate, bits, data }: Contents): Uint8Array {
  const file = Buffer.alloc(44 + data.length);
  file.write("RIFF", 0, "latin1");
  file.writeUInt32LE(36 + data.length, 4);
  file.write("WAVEfmt ", 8, "latin1");
  file.writeUInt32LE(16, 16);
  file.writeUInt16LE(tag, 20);
  file.writeUInt16LE(channels, 22);
  file.writeUInt32LE(sampleRate, 24);
  file.writeUInt32LE((sampleRate * channels * bits) / 8, 28);
  file.writeUInt16LE((channels * bits) / 8, 32);
  file.writeUInt16LE(bits, 34);
  file.write("data", 36, "latin1");
  file.writeUInt32LE(data.length, 40);
  file.set(data, 44);
  return file;
}

/** The mean of all channels, as floating-point numbers in the scale of 16-bit samples. */
function mono(wav: wavefile.WaveFile, { tag, bits: stored, channels, data }: Contents): Float64Array {
  const interleaved = wav.getSamples(true, Float64Array);
  const bits = tag === A_LAW || tag === MU_LAW ? 16 : stored;
  const scale = (tag === FLOAT ? 32_768 : 2 ** (16 - bits)) / channels;
  // 8-bit PCM is unsigned with its zero at 128; wider PCM is signed.
  const zero = tag === PCM && bits === 8 ? 128 : 0;
  // Counted in the data: wavefile decodes the byte that pads an odd chunk to an even length as well.
  return new Float64Array((data.length * 8) / stored / channels).map((_, frame) => {
    let sum = 0;
    for (let i = frame * channels; i < (frame + 1) * channels; i += 1) sum += (interleaved[i] ?? 0) - zero;
    return sum * scale;
  });
}

function resample(samples: Float64Array, from: number, to: number): Float64Array {
  if (samples.length < 2) return samples;
  const wav = new wavefile.WaveFile();
  wav.fromScratch(1, from, "64", samples);
  wav.toSampleRate(to, { method: "sinc" });
  return wav.getSamples(false, Float64Array);
}

function round(samples: Float64Array): Int16Array {
  return Int16Array.from(samples, (sample) => Math.max(-32768, Math.min(32767, Math.round(sample))));
}

function readContents(bytes: Uint8Array, name: string): Contents {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const nameAt = (offset: number): string => String.fromCharCode(...bytes.subarray(offset, offset + 4));
  if (bytes.length < 12 || !["RIFF", "RF64"].includes(nameAt(0)) || nameAt(8) !== "WAVE") {
    throw notWav(name, bytes.length === 0 ? "it is empty" : "it does not begin with RIFF…WAVE");
  }
  let format: Omit<Contents, "data"> | undefined;
  for (let offset = 12; offset + 8 <= bytes.length;) {
    const size = view.getUint32(offset + 4, true);
    const chunk = bytes.subarray(offset + 8, offset + 8 + size);
    if (nameAt(offset) === "fmt " && chunk.length >= 16)
      format = readFormat(new DataView(chunk.buffer, chunk.byteOffset, chunk.length), name);
    if (nameAt(offset) === "data") {
      if (format === undefined) break;
      return { ...format, data: chunk.subarray(0, chunk.length - (chunk.length % ((format.channels * format.bits) / 8))) };
    }
    offset += 8 + size + (size % 2);
  }
  throw notWav(name, format === undefined ? "it has no format chunk" : "it has no data chunk");
}

function readFormat(fmt: DataView, name: string): Omit<Contents, "data"> {
  const declared = fmt.getUint16(0, true);
  const tag = declared === EXTENSIBLE && fmt.byteLength >= 26 ? fmt.getUint16(24, true) : declared;
  const channels = fmt.getUint16(2, true);
  const sampleRate = fmt.getUint32(4, true);
  const bits = fmt.getUint16(14, true);
  if (!BITS.get(tag)?.includes(bits)) throw notWav(name, `its samples are of format ${tag} with ${bits} bits`);
  if (channels < 1 || channels > 64 || sampleRate < 1000 || sampleRate > 768_000) {
    throw notWav(name, `it claims ${channels} channels at ${sampleRate} Hz`);
  }
  return { tag, channels, sampleRate, bits };
}

function notWav(name: string, reason: string): WavError {
  return new WavError(
    "WAV_FORMAT",
    name,
    `cannot play ${name}: ${reason}; give a WAV file of PCM, float, A-law or µ-law samples, ` +
      `for instance from: sox ${name} -r 8000 -c 1 -b 16 out.wav`,
  );
}
