import type { MediaStatistics } from "../media/contract.ts";
import type { EndReason } from "../sip/dialog/EndReason.ts";
import type { SIPResponse } from "../sip/message/SIPResponse.ts";
import type { CallState } from "./CallState.ts";

/** What a call tells its listeners, beside the hooks that a subclass overrides. */
export interface CallEvents {
  /** Every change of a call's state. */
  state: [state: CallState];
  /** The far end's phone rings (180). */
  ringing: [response: SIPResponse];
  /** A 183: early media may play. */
  progress: [response: SIPResponse];
  answered: [];
  /** A digit came: 0–9, `*`, `#`, A–D. */
  dtmf: [digit: string];
  ended: [reason: EndReason];
}

/** How to send digits; milliseconds. */
export interface DtmfOptions {
  readonly duration?: number;
  readonly gap?: number;
}

/** How to turn a caller away. */
export interface DenyOptions {
  /** A final SIP status from 300 to 699; 486 Busy Here unless given. */
  readonly status?: number;
  readonly reason?: string;
}

/** Statistics of a call's media: {@link MediaStatistics} and what runs it. */
export interface CallStatistics extends MediaStatistics {
  readonly engine: "native" | "typescript";
}
