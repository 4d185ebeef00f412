import { SidetoneError } from "../error.ts";

/** The number of a payload type was asked for that has none of its own: it gets one in each offer/answer exchange. */
export class DynamicPayloadType extends SidetoneError {
  /** The encoding name, for instance `telephone-event`. */
  readonly encoding: string;

  constructor(encoding: string) {
    super(
      "DYNAMIC_PAYLOAD_TYPE",
      `${encoding} has no payload type number of its own (RFC 3551 §3); take its number from the session description`,
    );
    this.encoding = encoding;
  }
}
