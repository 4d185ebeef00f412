import type { SIPRequest } from "../message/SIPRequest.ts";
import type { SIPBody } from "./body.ts";
import { SIPRejection } from "./errors.ts";
import type { RespondOptions } from "./response.ts";
import type { UserAgent } from "./UserAgent.ts";

/** A final response as a handler words it: the bare status, or more. */
export type RequestAnswer =
  | number
  | {
      readonly status: number;
      readonly reason?: string;
      readonly headers?: readonly [string, string][];
      readonly body?: SIPBody;
    };

/** Answers a request. Returning nothing means 200; a thrown {@link SIPRejection} its status; any other error 500. */
export type RequestHandler = (request: SIPRequest) => RequestAnswer | void | Promise<RequestAnswer | void>;

/** @internal A handler's answer as status and what goes with it. */
export function wording(answer: RequestAnswer | void): [number, RespondOptions] {
  if (typeof answer === "number") return [answer, {}];
  if (answer === undefined) return [200, {}];
  const { status, ...rest } = answer;
  return [status, rest];
}

/**
 * @internal Runs a handler to its answer or its refusal, synchronously if it can: a later message must not overtake. What it throws beside
 * rejections, or what makes `answered` throw (a header that cannot be written), is reported and refused with 500.
 */
export function settleHandler<T>(
  ua: Pick<UserAgent, "report">,
  handler: () => T | Promise<T>,
  answered: (value: T) => void,
  refused: (rejection: SIPRejection) => void,
): void {
  const failed = (error: unknown): void => {
    if (!(error instanceof SIPRejection)) ua.report(error);
    refused(error instanceof SIPRejection ? error : new SIPRejection(500));
  };
  const settle = (value: T): void => {
    try {
      answered(value);
    } catch (error) {
      failed(error);
    }
  };
  let result: T | Promise<T>;
  try {
    result = handler();
  } catch (error) {
    failed(error);
    return;
  }
  if (result instanceof Promise) result.then(settle, failed);
  else settle(result);
}
