import { Params } from "../message/Params.ts";
import type { SIPRequest } from "../message/SIPRequest.ts";

/** `Event: refer;id=93809823` (RFC 6665 §8.2.1). */
export interface EventHeader {
  readonly type: string;
  readonly id: string | undefined;
}

/** `Subscription-State: active;expires=60` (RFC 6665 §8.2.3). */
export interface SubscriptionState {
  readonly state: string;
  readonly expires: number | undefined;
  readonly reason: string | undefined;
}

export function eventOf(request: SIPRequest): EventHeader | undefined {
  const parsed = tokenAndParams(request.headers.get("Event"));
  return parsed === undefined ? undefined : { type: parsed.token, id: parsed.params.text("id") };
}

export function subscriptionStateOf(notify: SIPRequest): SubscriptionState | undefined {
  const parsed = tokenAndParams(notify.headers.get("Subscription-State"));
  if (parsed === undefined) return undefined;
  const expires = Number.parseInt(parsed.params.text("expires") ?? "", 10);
  return { state: parsed.token, expires: expires >= 0 ? expires : undefined, reason: parsed.params.text("reason")?.toLowerCase() };
}

function tokenAndParams(text: string | undefined): { token: string; params: Params } | undefined {
  if (text === undefined) return undefined;
  const semicolon = text.indexOf(";");
  const token = (semicolon < 0 ? text : text.slice(0, semicolon)).trim().toLowerCase();
  if (token === "") return undefined;
  try {
    return { token, params: semicolon < 0 ? new Params() : Params.parse(text.slice(semicolon)) };
  } catch {
    return { token, params: new Params() };
  }
}
