import { EventEmitter } from "node:events";
import type { SIPMessage } from "../sip/message/SIPMessage.ts";
import type { CallEvents, DtmfSource } from "./callTypes.ts";

/** What a subclass of VoIPCall overrides to follow a call. A hook that throws, or whose promise rejects, ends its call and harms no other. */
export abstract class CallHooks extends EventEmitter<CallEvents> {
  /** Somebody calls: answer or deny. VoIPCall itself denies. */
  abstract ringing(invite: SIPMessage): void | Promise<void>;

  /** 183 Session Progress came. */
  progress(_response: SIPMessage): void | Promise<void> {}

  /** The call we placed was answered. */
  answered(_response: SIPMessage): void | Promise<void> {}

  /** The far end is busy (486, 600). */
  busy(_response: SIPMessage): void | Promise<void> {}

  /** The far end does not exist (404, 410, 604). */
  notFound(_response: SIPMessage): void | Promise<void> {}

  /** Nobody could be reached (408, 480, 5xx), or nothing answered at all; then there is no response. */
  unavailable(_response: SIPMessage | undefined): void | Promise<void> {}

  /** The far end hung up. */
  bye(): void | Promise<void> {}

  /** The far end pressed a key: 0–9, `*`, `#`, A–D. @param _source what brought it */
  dtmfCallback(_digit: string, _source: DtmfSource): void | Promise<void> {}
}
