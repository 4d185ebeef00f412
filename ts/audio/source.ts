import type { Readable } from "node:stream";
import { readWav } from "./wav.ts";

/**
 * Samples (16-bit, 8 kHz, mono) from whatever a caller may give to `play`: a WAV file's path, the samples themselves, or a stream of s16le bytes.
 * @throws WavError when the file cannot be read or is no WAV
 */
export async function samplesOf(source: string | Int16Array | Readable): Promise<Iterable<Int16Array> | AsyncIterable<Int16Array>> {
  if (typeof source === "string") return [await readWav(source)];
  if (source instanceof Int16Array) return [source];
  return samplesOfStream(source);
}

/** A stream's chunks may end between the two bytes of a sample: the odd byte waits for the next chunk. */
async function* samplesOfStream(stream: Readable): AsyncGenerator<Int16Array> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of stream as AsyncIterable<Uint8Array>) {
    const bytes: Buffer = Buffer.concat([rest, chunk]);
    const samples = new Int16Array(bytes.length >> 1);
    for (let i = 0; i < samples.length; i++) samples[i] = bytes.readInt16LE(2 * i);
    rest = bytes.subarray(2 * samples.length);
    yield samples;
  }
}
