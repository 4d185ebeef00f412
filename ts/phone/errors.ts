import { SidetoneError } from "../error.ts";

/** The call or the phone is in a state that does not allow this action; nothing was changed, here or on the wire. */
export class InvalidStateError extends SidetoneError {
  /** The state it was in. */
  readonly state: string;

  constructor(message: string, state: string, code = "INVALID_STATE", options?: ErrorOptions) {
    super(code, message, options);
    this.state = state;
  }
}

/** `rtpPortLow` is greater than `rtpPortHigh`, or one of them is no port. */
export class InvalidRangeError extends InvalidStateError {
  readonly low: number;
  readonly high: number;

  constructor(low: number, high: number) {
    super(
      `rtpPortLow ${low} – rtpPortHigh ${high} is no range of ports: both must be whole numbers from 1 to 65535, the low one first`,
      "INACTIVE",
      "INVALID_RANGE",
    );
    this.low = low;
    this.high = high;
  }
}

/** An option or argument that cannot be used, found before anything was sent. */
export class InvalidOptionError extends SidetoneError {
  readonly option: string;

  constructor(option: string, problem: string) {
    super("INVALID_OPTION", `${option}: ${problem}`);
    this.option = option;
  }
}

/** The far end sent an answer, or we got an offer, with which no media can flow. */
export class NegotiationError extends SidetoneError {
  constructor(reason: string) {
    super("NEGOTIATION_FAILED", `the offer/answer exchange failed: ${reason}`);
  }
}
