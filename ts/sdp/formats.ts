import type { Attribute, Format, MediaDescription } from "./types.ts";
import { staticFormats } from "./staticFormats.ts";

/** The encoding name of RFC 4733 events. */
export const TELEPHONE_EVENT = "telephone-event";

/** RTP/AVP encodings that accompany speech and cannot carry a call: events, comfort noise (RFC 3389), redundancy (RFC 2198). */
const COMPANIONS = new Set([TELEPHONE_EVENT, "tone", "cn", "red"]);

/** Whether a call can be held in this format. */
export function carriesSpeech(format: Format): boolean {
  return !COMPANIONS.has(format.encoding.toLowerCase());
}

export function isTelephoneEvent(format: Format): boolean {
  return format.encoding.toLowerCase() === TELEPHONE_EVENT;
}

/** Comfort noise (RFC 3389). */
export function isComfortNoise(format: Format): boolean {
  return format.encoding.toLowerCase() === "cn";
}

/** Whether both are the same codec, whatever their numbers (RFC 3264 §6.1: compared by encoding name, clock and channels). */
export function sameCodec(a: Format, b: Format): boolean {
  return a.encoding.toLowerCase() === b.encoding.toLowerCase() && a.clockRate === b.clockRate && (a.channels ?? 1) === (b.channels ?? 1);
}

/**
 * The RTP formats of a media section, in its order. Numbers that nothing explains are left out.
 *
 * @param known what numbers without a=rtpmap stand for besides RFC 3551's: the offer's formats when an answer is read,
 *   because some answers repeat a dynamic number and think that is enough
 */
export function formatsOf(media: MediaDescription, known: readonly Format[] = []): Format[] {
  const rtpmaps = numbered(media.attributes, "rtpmap");
  const fmtps = numbered(media.attributes, "fmtp");
  const formats: Format[] = [];
  for (const word of new Set(media.formats)) {
    if (!/^\d{1,3}$/.test(word) || Number(word) > 127) continue;
    const payloadType = Number(word);
    const mapped = readMapping(payloadType, rtpmaps.get(payloadType)) ?? known.find((format) => format.payloadType === payloadType);
    if (mapped === undefined) continue;
    const fmtp = fmtps.get(payloadType);
    const channels = mapped.channels ?? 1;
    formats.push({
      payloadType,
      encoding: mapped.encoding,
      clockRate: mapped.clockRate,
      ...(channels > 1 ? { channels } : {}),
      ...(fmtp === undefined ? {} : { fmtp }),
    });
  }
  return formats;
}

/** `a=<name>:<payload type> <rest>` by payload type; of several, the first. */
function numbered(attributes: readonly Attribute[], name: string): Map<number, string> {
  const found = new Map<number, string>();
  for (const attribute of attributes) {
    if (attribute.name.trim().toLowerCase() !== name) continue;
    const match = /^\s*(\d{1,3})\s+(.*)$/.exec(attribute.value ?? "");
    if (match !== null && !found.has(Number(match[1]))) found.set(Number(match[1]), match[2]!.trim());
  }
  return found;
}

function readMapping(payloadType: number, rtpmap: string | undefined): Omit<Format, "payloadType"> | undefined {
  const fixed = staticFormats.get(payloadType);
  const [encoding = "", rate = "", channels = "1"] = (rtpmap ?? "").split("/").map((word) => word.trim());
  if (encoding === "") return fixed;
  const clockRate = /^\d{1,7}$/.test(rate) ? Number(rate) : 0;
  const usual = usualClockRate(encoding);
  // RFC 4475 §3.1.1.8 and others write a=rtpmap:31 LPC. Some write G722/16000, the rate of its samples, and mean 8000 (RFC 3551 §4.5.2).
  const meant = clockRate === 0 || encoding.toUpperCase() === "G722" ? usual : clockRate;
  if (meant === undefined) return undefined;
  return { encoding, clockRate: meant, channels: /^\d{1,2}$/.test(channels) ? Number(channels) : 1 };
}

/** The clock of an encoding that has only one. */
function usualClockRate(encoding: string): number | undefined {
  if (encoding.toLowerCase() === TELEPHONE_EVENT) return 8000;
  const rates = new Set<number>();
  for (const format of staticFormats.values()) {
    if (format.encoding.toLowerCase() === encoding.toLowerCase()) rates.add(format.clockRate);
  }
  return rates.size === 1 ? [...rates][0] : undefined;
}
