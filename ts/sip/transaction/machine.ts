/**
 * What the four transaction machines share. A machine is told an event and the time, changes its state, and answers what its
 * shell must now do, in order. It does no I/O, asks for no time and builds no messages, so all it needs of a message is
 * its method or status code.
 */

export interface RequestLike {
  readonly method: string;
}

export interface ResponseLike {
  readonly statusCode: number;
}

/** What a client machine asks of its shell. */
export type ClientAction<Response extends ResponseLike> =
  /** Send the request, for the first time or again. */
  | { readonly kind: "send" }
  /** Send the ACK for this final response (RFC 3261 §17.1.1.3). */
  | { readonly kind: "acknowledge"; readonly response: Response }
  /** Tell the transaction user of this response. */
  | { readonly kind: "deliver"; readonly response: Response }
  /** Tell the user that no final response came in time. */
  | { readonly kind: "timeout" }
  /** Tell the user that the request or its ACK could not be sent. */
  | { readonly kind: "transportError"; readonly error: Error }
  /** Forget the transaction. */
  | { readonly kind: "terminate" };

/** What a server machine asks of its shell. */
export type ServerAction<Request extends RequestLike, Response extends ResponseLike> =
  /** Send this response, for the first time or again. */
  | { readonly kind: "send"; readonly response: Response }
  /** Build a 100 Trying and hand it to the machine's `respond`. */
  | { readonly kind: "trying" }
  /** Tell the user of this ACK: it acknowledges a 2xx. */
  | { readonly kind: "acknowledged"; readonly request: Request }
  /** Tell the user that the ACK never came, or that its own answer did not. */
  | { readonly kind: "timeout" }
  /** Tell the user that a response could not be sent. */
  | { readonly kind: "transportError"; readonly error: Error }
  /** Forget the transaction. */
  | { readonly kind: "terminate" };

/** The face that all four machines show to the shell's clock and transport. */
export interface Machine<Action> {
  readonly state: string;
  /** When `elapse` is next due; undefined when the machine waits for no timer. */
  readonly nextTimeout: number | undefined;
  /** Time has come to `now`: fires each timer that is due. */
  elapse(now: number): Action[];
  /** The transport could not send what the machine had asked it to. */
  fail(error: Error, now: number): Action[];
}

/** The earlier of two times, either of which may be unset. */
export function earlier(left: number | undefined, right: number | undefined): number | undefined {
  if (left === undefined) return right;
  if (right === undefined) return left;
  return Math.min(left, right);
}

export function isDue(timer: number | undefined, now: number): boolean {
  return timer !== undefined && timer <= now;
}
