import { wavHeader } from "../../audio/wavHeader.ts";

/** Samples as a WAV that lies in the page itself. @param samples 16-bit, 8 kHz, mono */
export function wavDataURI(samples: Int16Array): string {
  const data = Buffer.alloc(samples.length * 2);
  samples.forEach((sample, i) => data.writeInt16LE(sample, 2 * i));
  return `data:audio/wav;base64,${Buffer.concat([wavHeader(8000, data.length), data]).toString("base64")}`;
}
