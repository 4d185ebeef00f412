import { SidetoneError } from "../error.ts";

/** A session description that cannot be read; the SIP side answers 400 (an offer) or ends the call (an answer). */
export class SDPParseError extends SidetoneError {
  /** 1-based line of the description, 0 when the whole of it is at fault. */
  readonly line: number;

  constructor(line: number, reason: string) {
    super("SDP_PARSE", line === 0 ? `session description: ${reason}` : `session description, line ${line}: ${reason}`);
    this.line = line;
  }
}

/** A session description that must not be written: a line break would smuggle lines in, an unspecified address reaches nobody. */
export class SDPWriteError extends SidetoneError {
  constructor(reason: string) {
    super("SDP_WRITE", `session description: ${reason}`);
  }
}
