export { SDPParseError, SDPWriteError } from "./errors.ts";
export { carriesSpeech, formatsOf, isTelephoneEvent, sameCodec } from "./formats.ts";
export type { LocalMedia } from "./LocalMedia.ts";
export { connectionOf, directionOf, isUnspecified, ptimeOf } from "./media.ts";
export { acceptAnswer, createAnswer, createOffer } from "./offerAnswer.ts";
export type { AgreedStream, AnswerOptions, Continuation, Rejected } from "./offerAnswer.ts";
export { parseSDP } from "./parse.ts";
export type { SDPLimits } from "./parse.ts";
export type {
  Attribute,
  Bandwidth,
  Connection,
  Direction,
  Format,
  Line,
  MediaDescription,
  Origin,
  SessionDescription,
} from "./types.ts";
export { writeSDP } from "./write.ts";
