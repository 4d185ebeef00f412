export * from "./auth/credentials.ts";
export { type SIPBody } from "./dialog/body.ts";
export { ClientInviteSession } from "./dialog/ClientInviteSession.ts";
export { Dialog, type DialogState } from "./dialog/Dialog.ts";
export type { EndCause, EndedBy, EndReason } from "./dialog/EndReason.ts";
export {
  RequestAbandonedError,
  RequestTimeoutError,
  RequestTransportError,
  SessionEndedError,
  SessionStateError,
  SIPRejection,
  SIPTargetError,
} from "./dialog/errors.ts";
export { InviteSession, type RequestAnswer, type RequestHandler, type SessionRequestOptions, type SessionState } from "./dialog/InviteSession.ts";
export type { ReinviteOptions } from "./dialog/Invitations.ts";
export type { Rel100 } from "./dialog/reliable.ts";
export { ServerInviteSession } from "./dialog/ServerInviteSession.ts";
export { InvalidAccountInfoError, SIPHeaderError, SIPParseError } from "./errors.ts";
export * from "./message/index.ts";
export { IncomingRefer } from "./refer/IncomingRefer.ts";
export { Referral, type ReferOutcome } from "./refer/Referral.ts";
export type { ReferOptions } from "./refer/referHeaders.ts";
export type { ReferHandler } from "./refer/receiveRefer.ts";
export type { Replaces } from "./refer/replaces.ts";
export type { ReferProgress } from "./refer/sipfrag.ts";
export { RegistrationError } from "./registration/RegistrationError.ts";
export {
  type AcceptCalls,
  type OutsideRequestOptions,
  type RegistrationInfo,
  type RegistrationState,
  type Resolve,
  SIPClient,
  type RecoverOptions,
  type SIPClientOptions,
} from "./SIPClient.ts";
export { Subscription, type SubscriptionEnd, type SubscriptionPhase } from "./subscribe/Subscription.ts";
export { PcapTrace } from "./trace/PcapTrace.ts";
export { printTrace } from "./trace/printTrace.ts";
export type { Timers } from "./transaction/timers.ts";
export type { TraceEntry } from "./transaction/TransactionLayer.ts";
export { type ConnectionLimits } from "./transport/connectionLimits.ts";
export { TransportError, type TransportErrorCode } from "./transport/errors.ts";
export type { StreamTransportOptions } from "./transport/StreamTransport.ts";
export { type Target, targetOf } from "./transport/target.ts";
export { TCPTransport } from "./transport/tcp.ts";
export { TLSTransport, type TLSTransportOptions } from "./transport/tls.ts";
export type { PEM, TLSIdentity } from "./transport/tlsContext.ts";
export type { Endpoint, ReadMessage, Transport, TransportProtocol } from "./transport/transport.ts";
export { TransportSet } from "./transport/TransportSet.ts";
export { UDPTransport } from "./transport/udp.ts";
