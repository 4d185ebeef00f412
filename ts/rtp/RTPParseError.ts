import { SidetoneError } from "../error.ts";

/** Bytes that are no RTP packet. */
export class RTPParseError extends SidetoneError {
  constructor(problem: string) {
    super("RTP_PARSE", `this is no RTP packet: ${problem} (RFC 3550 §5.1)`);
  }
}
