import { SidetoneError } from "../error.ts";
import type { SIPRequest } from "./message/SIPRequest.ts";

/** What a {@link SIPParseError} knows beyond its text. */
export interface SIPParseErrorOptions extends ErrorOptions {
  /** Where in the parsed text or bytes the fault was noticed. */
  readonly offset?: number | undefined;
  /** The request as far as it could be read. */
  readonly request?: SIPRequest | undefined;
}

/**
 * What arrived is not SIP as RFC 3261 §25 writes it.
 *
 * `status` is the answer that a server owes the sender: 400, 501 (unknown method), 505 (version), 513 (too large).
 */
export class SIPParseError extends SidetoneError {
  readonly status: number;
  readonly offset: number | undefined;
  /**
   * The request as far as it was read: there when the request line was readable and a Via is present, so that
   * `SIPResponse.to(error.request, error.status)` makes the answer. Its typed accessors may throw a SIPParseError,
   * since something in it is wrong; its method may be ACK, which is never answered.
   */
  readonly request: SIPRequest | undefined;

  constructor(message: string, status = 400, options: SIPParseErrorOptions = {}) {
    super("SIP_PARSE", message, options.cause === undefined ? undefined : { cause: options.cause });
    this.status = status;
    this.offset = options.offset;
    this.request = options.request;
  }
}

/**
 * A header, URI part, reason phrase or display name given by the caller cannot go on the wire: it holds a line break
 * (header injection), or characters that its grammar does not allow.
 */
export class SIPHeaderError extends SidetoneError {
  /** The header or the part of the message that was refused, for instance `"Subject"` or `"reason phrase"`. */
  readonly header: string;

  constructor(header: string, problem: string) {
    super("SIP_HEADER", `${header} ${problem}`);
    this.header = header;
  }
}

/** The registrar refuses this account, or gives an answer to REGISTER that cannot be used. */
export class InvalidAccountInfoError extends SidetoneError {
  readonly server: string;
  readonly user: string;
  /** The final status of the registrar; 408 when none came. */
  readonly status: number;
  readonly reason: string;

  constructor(server: string, user: string, status: number, reason: string, options?: ErrorOptions) {
    super(
      "INVALID_ACCOUNT_INFO",
      `${server} refuses to register ${user}: ${status} ${reason}; check the user, the credentials and the realm`,
      options,
    );
    this.server = server;
    this.user = user;
    this.status = status;
    this.reason = reason;
  }
}
