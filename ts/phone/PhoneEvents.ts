import type { SIPRequest } from "../sip/message/SIPRequest.ts";
import type { RegistrationInfo } from "../sip/SIPClient.ts";
import type { IncomingMessage } from "./IncomingMessage.ts";
import type { PhoneStatus } from "./PhoneStatus.ts";
import type { VoIPCall } from "./VoIPCall.ts";

/** What a phone tells its listeners. */
export interface PhoneEvents {
  /** Every change of {@link VoIPPhone.getStatus}. */
  status: [status: PhoneStatus];
  /** Somebody calls; `ringing` of the call's class runs right after. */
  incoming: [call: VoIPCall];
  /** A registration was refused or got no answer; the phone goes on trying once it has worked. */
  registrationFailed: [info: RegistrationInfo];
  /** A caller was turned away before any call came to be: no port left, `maxCalls` reached, or no codec in common. */
  callRefused: [request: SIPRequest, status: number, reason: string];
  /** Somebody sent a MESSAGE. It is answered 200 while there is a listener; without one MESSAGE is answered 405, and Allow does not name it. */
  message: [message: IncomingMessage];
  /** The far end of `former` transferred us, and `acceptTransfers` agreed: `call` is the new one, in DIALING. */
  transferred: [call: VoIPCall, former: VoIPCall];
  /** `call` takes the place of `former` (RFC 3891), because its far end was transferred: it is answered at once, and `former` ends. */
  replaced: [call: VoIPCall, former: VoIPCall];
  /** A hook of a call threw, or its media could not be negotiated. Without a listener it is a process warning. */
  callError: [call: VoIPCall, error: unknown];
}
