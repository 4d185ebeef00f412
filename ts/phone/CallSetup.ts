import type { AudioFormat } from "../audio/audioFormat.ts";
import type { MediaSession } from "../media/contract.ts";
import type { ClientInviteSession } from "../sip/dialog/ClientInviteSession.ts";
import type { SIPBody } from "../sip/dialog/InviteSession.ts";
import type { ServerInviteSession } from "../sip/dialog/ServerInviteSession.ts";
import type { SIPURI } from "../sip/message/SIPURI.ts";
import type { MovableMedia } from "./MovableMedia.ts";
import type { CallParameters, Negotiation } from "./Negotiation.ts";
import type { Transfer, TransferOptions } from "./transfer.ts";

/** What the phone hands to a new call: its two halves, signalling and media, and what joins them. */
export interface CallSetup {
  readonly direction: "inbound" | "outbound";
  readonly sip: ClientInviteSession | ServerInviteSession;
  readonly media: MovableMedia;
  /** For the streams beside the first, where the caller offers several. */
  readonly further?: readonly MediaSession[];
  readonly negotiation: Negotiation;
  /** Our answer to the caller's offer; none when we place the call, or when the INVITE brought no offer. */
  readonly answer?: { readonly body: SIPBody; readonly parameters: CallParameters };
  readonly audioFormat: AudioFormat;
  readonly engine: "native" | "typescript";
  /** How the phone refers. */
  readonly referral: Pick<Transfer, "direct" | "refer"> & { readonly target: (options: TransferOptions) => SIPURI | undefined };
}
