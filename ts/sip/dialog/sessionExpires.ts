import type { SIPMessage } from "../message/SIPMessage.ts";
import { Params } from "../message/Params.ts";
import { parseDigits } from "../message/characters.ts";
import type { SIPRequest } from "../message/SIPRequest.ts";
import type { Extensions } from "./capabilities.ts";
import { hasTag } from "./reliable.ts";

/** Who refreshes, by the roles in the transaction that says so (RFC 4028 §4). */
export type Refresher = "uac" | "uas";

/** `Session-Expires: 1800;refresher=uac`, seconds. */
export interface SessionExpires {
  readonly interval: number;
  readonly refresher: Refresher | undefined;
}

/** RFC 4028 §5: without a Min-SE, and never less than, in seconds. */
export const LEAST_INTERVAL = 90;

/** Undefined when there is none, or none that can be read. */
export function sessionExpiresOf(message: SIPMessage): SessionExpires | undefined {
  const found = valueAndParams(message, "Session-Expires");
  if (found === undefined) return undefined;
  const refresher = found.params.text("refresher")?.toLowerCase();
  return { interval: found.value, refresher: refresher === "uac" || refresher === "uas" ? refresher : undefined };
}

/** The Min-SE of a request or a 422; {@link LEAST_INTERVAL} when it has none. */
export function minSEOf(message: SIPMessage): number {
  return Math.max(LEAST_INTERVAL, valueAndParams(message, "Min-SE")?.value ?? 0);
}

/**
 * The header of a 422, for somebody who wants the session refreshed more often than we do (RFC 4028 §9); undefined when all is well. Who does
 * not speak of timers could not answer a 422: then a proxy has put the interval in.
 */
export function intervalRefusal(request: SIPRequest, { sessionExpires, minSE }: Pick<Extensions, "sessionExpires" | "minSE">): [string, string] | undefined {
  const wanted = sessionExpiresOf(request);
  if (sessionExpires === 0 || wanted === undefined || wanted.interval >= minSE || !supportsTimer(request)) return undefined;
  return ["Min-SE", String(minSE)];
}

export function supportsTimer(request: SIPRequest): boolean {
  return hasTag(request, "Supported", "timer") || hasTag(request, "Require", "timer");
}

function valueAndParams(message: SIPMessage, header: string): { value: number; params: Params } | undefined {
  const text = message.headers.get(header);
  if (text === undefined) return undefined;
  const semicolon = text.indexOf(";");
  const value = parseDigits((semicolon < 0 ? text : text.slice(0, semicolon)).trim(), 0xffff_ffff);
  if (value === undefined) return undefined;
  try {
    return { value, params: semicolon < 0 ? new Params() : Params.parse(text.slice(semicolon)) };
  } catch {
    // A parameter that cannot be read says nothing; the interval stands.
    return { value, params: new Params() };
  }
}
