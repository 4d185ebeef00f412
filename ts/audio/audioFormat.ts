/**
 * How `readAudio` and `writeAudio` present samples:
 * - `"u8"`, the documented default: 8-bit unsigned linear at 8 kHz, one byte a sample, silence is 0x80;
 * - `"s16le"`: 16-bit signed linear at 8 kHz, two bytes a sample, little endian; nothing of G.711's range is lost.
 */
export type AudioFormat = "u8" | "s16le";

/** Bytes of one sample. */
export function sampleSize(format: AudioFormat): 1 | 2 {
  return format === "u8" ? 1 : 2;
}

/** Bytes in the caller's format as samples. A last odd byte of s16le is ignored. */
export function toSamples(data: Uint8Array, format: AudioFormat): Int16Array {
  const samples = new Int16Array(Math.floor(data.length / sampleSize(format)));
  if (format === "u8") {
    for (let i = 0; i < samples.length; i++) samples[i] = ((data[i] ?? 0x80) - 0x80) << 8;
  } else {
    const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
    for (let i = 0; i < samples.length; i++) samples[i] = view.getInt16(2 * i, true);
  }
  return samples;
}

/** Samples as bytes in the caller's format. */
export function fromSamples(samples: Int16Array, format: AudioFormat): Uint8Array {
  const data = new Uint8Array(samples.length * sampleSize(format));
  if (format === "u8") {
    for (let i = 0; i < samples.length; i++) data[i] = ((samples[i] ?? 0) >> 8) + 0x80;
  } else {
    const view = new DataView(data.buffer);
    for (let i = 0; i < samples.length; i++) view.setInt16(2 * i, samples[i] ?? 0, true);
  }
  return data;
}

/** `bytes` bytes of silence. */
export function silence(bytes: number, format: AudioFormat): Uint8Array {
  return new Uint8Array(bytes).fill(format === "u8" ? 0x80 : 0);
}
