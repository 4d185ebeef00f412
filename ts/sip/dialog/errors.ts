import { SidetoneError } from "../../error.ts";
import type { Endpoint } from "../transport/transport.ts";

/**
 * Thrown by a handler to refuse a request with a status of its choice.
 *
 * @example
 * session.onReinvite = () => { throw new SIPRejection(488); };
 */
export class SIPRejection extends SidetoneError {
  readonly status: number;
  readonly reason: string | undefined;
  readonly headers: readonly [string, string][];

  constructor(status: number, reason?: string, headers: readonly [string, string][] = []) {
    super("SIP_REJECTION", `the request is refused with ${status}${reason === undefined ? "" : ` ${reason}`}`);
    this.status = status;
    this.reason = reason;
    this.headers = headers;
  }
}

/** The session's state does not allow the action; nothing was sent. */
export class SessionStateError extends SidetoneError {
  readonly state: string;

  constructor(action: string, state: string) {
    super("SESSION_STATE", `${action} is not possible while the session is ${state}`);
    this.state = state;
  }
}

/** The session ended before the action could finish. */
export class SessionEndedError extends SidetoneError {
  constructor(action: string) {
    super("SESSION_ENDED", `${action} did not finish: the session has ended`);
  }
}

/** The far end never sent what it had to: a final response to a request (then `status` is 408), or the ACK to our 2xx. */
export class RequestTimeoutError extends SidetoneError {
  readonly status = 408;
  readonly method: string;

  constructor(method: string, message: string) {
    super("SIP_TIMEOUT", message);
    this.method = method;
  }
}

/** A request could not be sent to any address of its destination. The reason is in `cause`. */
export class RequestTransportError extends SidetoneError {
  readonly status = 503;
  readonly method: string;

  constructor(method: string, destination: Endpoint | string, cause: unknown) {
    const where = typeof destination === "string" ? destination : `${destination.protocol} ${destination.address} port ${destination.port}`;
    super("SIP_TRANSPORT", `${method} could not be sent to ${where}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
    this.method = method;
  }
}

/** The request was given up before it was sent or answered. */
export class RequestAbandonedError extends SidetoneError {
  constructor(method: string) {
    super("SIP_ABANDONED", `${method} was given up before it was answered`);
  }
}

/** What was to be called is no SIP address, or one that this client cannot reach. */
export class SIPTargetError extends SidetoneError {
  constructor(target: string, problem: string, options?: ErrorOptions) {
    super("SIP_TARGET", `cannot call ${JSON.stringify(target)}: ${problem}`, options);
  }
}
