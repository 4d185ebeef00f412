import { eventOf, symbolOf } from "../rtp/telephoneEvents.ts";
import type { SIPBody } from "../sip/dialog/InviteSession.ts";
import type { SIPMessage } from "../sip/message/SIPMessage.ts";

/** A digit in the body that most PBXs read from INFO. No RFC defines it; vendors agree on these two lines. */
export function infoBody(event: number, duration: number): SIPBody {
  return { contentType: "application/dtmf-relay", content: `Signal=${symbolOf(event) ?? event}\r\nDuration=${duration}\r\n` };
}

/** The digits in an INFO: `application/dtmf-relay` names a signal, `application/dtmf` is the digit itself. */
export function digitsOfInfo(request: SIPMessage): string[] {
  const type = (request.contentType ?? "").toLowerCase();
  const text = request.bodyText;
  const signal = type.startsWith("application/dtmf-relay")
    ? /^\s*signal\s*=\s*(\S+)/im.exec(text)?.[1]
    : type.startsWith("application/dtmf")
      ? text.trim()
      : undefined;
  if (signal === undefined) return [];
  // Some gateways write the event's number (10, 11) where others write the symbol.
  const symbol = /^1[0-5]$/.test(signal) ? symbolOf(Number(signal)) : signal.toUpperCase();
  return symbol !== undefined && eventOf(symbol) !== undefined ? [symbol] : [];
}

/** How long the digit of an INFO was pressed, ms; undefined when it does not say. */
export function durationOfInfo(request: SIPMessage): number | undefined {
  const duration = /^\s*duration\s*=\s*(\d{1,6})\s*$/im.exec(request.bodyText)?.[1];
  return duration === undefined ? undefined : Number(duration);
}
