import { readFileSync } from "node:fs";

/** Mono 16-bit audio. */
export interface Sound {
  readonly samples: Int16Array;
  readonly sampleRate: number;
}

/** Reads a WAV file's first channel. A recorder that was killed leaves sizes of 0 or too many bytes: then the rest of the file is audio. */
export function readWav(path: string): Sound {
  const bytes = readFileSync(path);
  if (bytes.toString("latin1", 0, 4) !== "RIFF" || bytes.toString("latin1", 8, 12) !== "WAVE") throw new Error(`${path} is no WAV file`);
  let channels = 1;
  let sampleRate = 8000;
  for (let offset = 12; offset + 8 <= bytes.length; ) {
    const id = bytes.toString("latin1", offset, offset + 4);
    const size = bytes.readUInt32LE(offset + 4);
    const start = offset + 8;
    if (id === "fmt ") {
      if (bytes.readUInt16LE(start + 14) !== 16) throw new Error(`${path} is not 16-bit audio`);
      channels = bytes.readUInt16LE(start + 2);
      sampleRate = bytes.readUInt32LE(start + 4);
    } else if (id === "data") {
      const end = size === 0 ? bytes.length : Math.min(start + size, bytes.length);
      const frames = Math.floor((end - start) / (2 * channels));
      return { samples: Int16Array.from({ length: frames }, (_, frame) => bytes.readInt16LE(start + frame * 2 * channels)), sampleRate };
    }
    offset = start + size + (size % 2);
  }
  throw new Error(`${path} has no audio`);
}

/** A mono 16-bit WAV file's bytes. */
export function wavBytes(sound: Sound): Buffer {
  const data = Buffer.from(sound.samples.buffer, sound.samples.byteOffset, sound.samples.byteLength);
  const header = Buffer.alloc(44);
  header.write("RIFF", 0, "latin1");
  header.writeUInt32LE(36 + data.length, 4);
  header.write("WAVEfmt ", 8, "latin1");
  header.writeUInt32LE(16, 16);
  header.writeUInt16LE(1, 20);
  header.writeUInt16LE(1, 22);
  header.writeUInt32LE(sound.sampleRate, 24);
  header.writeUInt32LE(sound.sampleRate * 2, 28);
  header.writeUInt16LE(2, 32);
  header.writeUInt16LE(16, 34);
  header.write("data", 36, "latin1");
  header.writeUInt32LE(data.length, 40);
  return Buffer.concat([header, data]);
}

/** One after the other, at the rate of the first. */
export function concat(...sounds: readonly Sound[]): Sound {
  return { samples: Int16Array.from(sounds.flatMap(({ samples }) => Array.from(samples))), sampleRate: sounds[0]!.sampleRate };
}

/** A part, in seconds. */
export function cut({ samples, sampleRate }: Sound, start: number, end: number): Sound {
  return { samples: samples.slice(start * sampleRate, end * sampleRate), sampleRate };
}
