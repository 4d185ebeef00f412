import type { RecordedTracks } from "../audio/Tracks.ts";
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
  /** A digit began: 0–9, `*`, `#`, A–D. */
  dtmf: [digit: string, source: DtmfSource];
  /** It ended; its duration is known now. */
  dtmfEnd: [event: DtmfEvent];
  /**
   * We should hear the far end, but nothing has come for the phone's `mediaTimeout`: neither RTP nor RTCP; `initial`: no RTP since the call
   * began. It may have vanished without a BYE: hang up, or go on waiting.
   */
  mediaTimeout: [initial: boolean];
  /** After a `mediaTimeout`: the far end is heard again. */
  mediaResumed: [];
  ended: [reason: EndReason];
}

/** What brought a digit: an RTP event (RFC 4733), an INFO request, or its sound (with the phone's `toneDetection`). */
export type DtmfSource = "rtp" | "info" | "inband";

/** A digit that was pressed. */
export interface DtmfEvent {
  readonly digit: string;
  readonly source: DtmfSource;
  /** Milliseconds; undefined when an INFO does not tell. */
  readonly duration: number | undefined;
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

/** How to record. */
export interface RecordOptions {
  /**
   * `received`, the default: what the far end says. `mixed`: both sides as one channel. `stereo`: the far end left, and what we send right
   * (digits are silence there).
   */
  readonly tracks?: RecordedTracks;
}

/** Statistics of a call's media: {@link MediaStatistics} and what runs it. */
export interface CallStatistics extends MediaStatistics {
  readonly engine: "native" | "typescript";
}
