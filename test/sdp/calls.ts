import { acceptAnswer, createAnswer, parseSDP } from "../../ts/sdp/index.ts";
import type { AgreedStream, AnswerOptions, Format, LocalMedia, SessionDescription } from "../../ts/sdp/index.ts";

export const PCMU: Format = { payloadType: 0, encoding: "PCMU", clockRate: 8000 };
export const PCMA: Format = { payloadType: 8, encoding: "PCMA", clockRate: 8000 };
export const EVENT: Format = { payloadType: 101, encoding: "telephone-event", clockRate: 8000, fmtp: "0-16" };

/** What our phone wants unless a test says otherwise. */
export const LOCAL: LocalMedia = {
  address: "198.51.100.9",
  port: 10_000,
  formats: [PCMU, PCMA, EVENT],
  direction: "sendrecv",
  ptime: 20,
  sessionId: 7,
  sessionVersion: 1,
};

/** A far end's description at 192.0.2.1. */
export function far(...lines: string[]): SessionDescription {
  return parseSDP(["v=0", "o=far 1 1 IN IP4 192.0.2.1", "s=-", "c=IN IP4 192.0.2.1", "t=0 0", ...lines].join("\n"));
}

export function answerTo(
  offer: SessionDescription,
  local: Partial<LocalMedia> = {},
  options: AnswerOptions = {},
): { answer: SessionDescription; agreed: AgreedStream } {
  const result = createAnswer(offer, { ...LOCAL, ...local }, options);
  if ("rejected" in result) throw new Error(`rejected: ${result.rejected}`);
  return result;
}

export function agreedFrom(offer: SessionDescription, answer: SessionDescription): AgreedStream {
  const result = acceptAnswer(offer, answer);
  if ("rejected" in result) throw new Error(`rejected: ${result.rejected}`);
  return result.agreed;
}

/** The attributes of a section, as `name` or `name:value`. */
export function attributesOf(description: SessionDescription, index = 0): string[] {
  return description.media[index]!.attributes.map(({ name, value }) => (value === undefined ? name : `${name}:${value}`));
}
