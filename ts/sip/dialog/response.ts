import type { SIPRequest } from "../message/SIPRequest.ts";
import { SIPResponse } from "../message/SIPResponse.ts";
import type { ServerTransaction } from "../transaction/transaction.ts";
import type { SIPBody } from "./body.ts";
import type { UserAgent } from "./UserAgent.ts";

/** How a response is worded. */
export interface RespondOptions {
  readonly reason?: string | undefined;
  readonly headers?: readonly (readonly [string, string])[] | undefined;
  readonly body?: SIPBody | undefined;
}

/** @internal What makes it one of ours. */
export interface ResponseParts extends RespondOptions {
  /** Absent: a new one, unless the request has one. */
  readonly toTag?: string | undefined;
  /** Adds what it cannot do without. `prepare`, and a subclass's generator, then see the response whole. */
  readonly finish?: ((response: SIPResponse) => void) | undefined;
}

/** @internal A response that is ready to go out. */
export function createResponse(ua: UserAgent, request: SIPRequest, status: number, parts: ResponseParts = {}): SIPResponse {
  const { reason, toTag, headers = [], body, finish } = parts;
  const response = SIPResponse.to(request, status, { reason, toTag, headers, body: body?.content });
  if (body !== undefined) response.headers.set("Content-Type", body.contentType);
  finish?.(response);
  ua.prepare(response);
  return response;
}

/** @internal */
export function respond(ua: UserAgent, tx: ServerTransaction, status: number, parts?: ResponseParts): void {
  tx.respond(createResponse(ua, tx.request, status, parts));
}
