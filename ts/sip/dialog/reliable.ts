import type { SIPRequest } from "../message/SIPRequest.ts";
import type { SIPResponse } from "../message/SIPResponse.ts";

/** Whether provisional responses are acknowledged (RFC 3262). */
export type Rel100 = "off" | "supported" | "required";

/** What a PRACK acknowledges (RFC 3262 §7.2): `RAck: 776656 1 INVITE`. */
export interface RAck {
  readonly number: number;
  readonly sequence: number;
  readonly method: string;
}

/** Undefined for a header that is missing or malformed. */
export function rackOf(prack: SIPRequest): RAck | undefined {
  const match = /^(\d{1,10})\s+(\d{1,10})\s+([^\s]+)$/.exec(prack.headers.get("RAck")?.trim() ?? "");
  if (match === null) return undefined;
  return { number: Number(match[1]), sequence: Number(match[2]), method: match[3] ?? "" };
}

/** The RSeq of a response that wants to be acknowledged (RFC 3262 §3: 101 to 199, Require: 100rel); undefined for all others. */
export function reliableNumberOf(response: SIPResponse): number | undefined {
  if (response.statusCode <= 100 || response.statusCode >= 200 || !hasTag(response, "Require", "100rel")) return undefined;
  const text = response.headers.get("RSeq")?.trim() ?? "";
  return /^\d{1,10}$/.test(text) ? Number(text) : undefined;
}

/** Whether an option tag stands in Require or Supported. */
export function hasTag(message: SIPRequest | SIPResponse, header: "Require" | "Supported", tag: string): boolean {
  return message.headers.has(header) && message.headers.getAll(header).some((value) => value.trim().toLowerCase() === tag);
}
