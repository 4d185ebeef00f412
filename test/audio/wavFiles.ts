import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";

/** A folder that goes away with the test. */
export async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), "sidetone-audio-"));
  onTestFinished(() => rm(path, { recursive: true, force: true }));
  return path;
}

export interface WavFormat {
  readonly tag: number;
  readonly bits: number;
  readonly sampleRate?: number;
  readonly channels?: number;
  /** The subformat, where `tag` is WAVE_FORMAT_EXTENSIBLE. */
  readonly subformat?: number;
  /** What the data chunk claims to hold, instead of what it holds. */
  readonly claimed?: number;
}

function chunk(name: string, content: Uint8Array, size: number = content.length): Buffer {
  const head = Buffer.alloc(8);
  head.write(name, "latin1");
  head.writeUInt32LE(size, 4);
  return Buffer.concat([head, content, Buffer.alloc(content.length % 2)]);
}

/** A WAV file byte by byte, so that reading is not tested against the library that reads. */
export function wavBytes({ tag, bits, sampleRate = 8000, channels = 1, subformat, claimed }: WavFormat, data: Uint8Array): Buffer {
  const fmt = Buffer.alloc(subformat === undefined ? 16 : 40);
  fmt.writeUInt16LE(tag, 0);
  fmt.writeUInt16LE(channels, 2);
  fmt.writeUInt32LE(sampleRate, 4);
  fmt.writeUInt32LE((sampleRate * channels * bits) / 8, 8);
  fmt.writeUInt16LE((channels * bits) / 8, 12);
  fmt.writeUInt16LE(bits, 14);
  if (subformat !== undefined) {
    fmt.writeUInt16LE(22, 16);
    fmt.writeUInt16LE(bits, 18);
    fmt.writeUInt16LE(subformat, 24);
    Buffer.from("000000001000800000aa00389b71", "hex").copy(fmt, 26);
  }
  const body = Buffer.concat([Buffer.from("WAVE"), chunk("LIST", Buffer.from("INFO")), chunk("fmt ", fmt), chunk("data", data, claimed)]);
  return chunk("RIFF", body, claimed ?? body.length);
}

export async function wavFile(format: WavFormat, data: Uint8Array): Promise<string> {
  const path = join(await folder(), "test.wav");
  await writeFile(path, wavBytes(format, data));
  return path;
}
