import type { SIPResponse } from "../sip/message/SIPResponse.ts";

/** Which of a call's hooks tells of a refusal: by the final response, or its absence. Undefined: none of them is about it. */
export function refusalHook(response: SIPResponse | undefined): "busy" | "notFound" | "unavailable" | undefined {
  const status = response?.statusCode ?? 0;
  if (response === undefined || status === 408 || status === 480 || (status >= 500 && status < 600)) return "unavailable";
  if (status === 486 || status === 600) return "busy";
  if (status === 404 || status === 410 || status === 604) return "notFound";
  return undefined;
}
