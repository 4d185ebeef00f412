import type { SIPRequest } from "../message/SIPRequest.ts";
import type { SIPResponse } from "../message/SIPResponse.ts";
import type { Endpoint } from "../transport/transport.ts";
import type { InviteClientState } from "./inviteClient.ts";
import type { InviteServerState } from "./inviteServer.ts";
import type { NonInviteClientState } from "./nonInviteClient.ts";
import type { NonInviteServerState } from "./nonInviteServer.ts";

/** A request of ours and the responses to it. */
export interface ClientTransaction {
  /** As sent, with our Via on top: not the object that was handed in, but its copy. */
  readonly request: SIPRequest;
  readonly destination: Endpoint;
  readonly state: InviteClientState | NonInviteClientState;
}

/** What the user of a client transaction hears of it. */
export interface ClientTransactionHandler {
  /**
   * Each provisional response, and the final one. An INVITE's final responses other than 2xx have been acknowledged already;
   * each 2xx comes here, repetitions and the branches of a fork included (RFC 6026 §7.2), and the user must ACK it.
   */
  response(response: SIPResponse, from: Endpoint): void;
  /** No final response came in 64*T1, after the request or after its CANCEL. To be treated as a 408 (RFC 3261 §8.1.3.1). */
  timeout(): void;
  /**
   * The request did not leave. To be treated as a 503. It may also follow an INVITE's final response: its ACK did not leave.
   */
  transportError(error: Error): void;
  /** The transaction is over; nothing more will come. Not called when the layer is closed. */
  terminated?(): void;
}

/** A request of the far end and our responses to it. */
export interface ServerTransaction {
  /** As received, with `received` and `rport` filled in (RFC 3261 §18.2.1, RFC 3581 §4). */
  readonly request: SIPRequest;
  /** Who sent it, as the transport saw it. */
  readonly from: Endpoint;
  readonly state: InviteServerState | NonInviteServerState;
  /**
   * Sends a response, or does nothing when its time has passed: a second final response, a provisional one after it. A 2xx to an
   * INVITE may be sent again for 64*T1, and should be until its ACK comes (RFC 3261 §13.3.1.4).
   */
  respond(response: SIPResponse): void;
  /**
   * The far end has given up its INVITE before the final response: its CANCEL has been answered with 200, the user owes a 487 (RFC 3261 §9.2).
   * While nothing is set here, the layer's `onCancel` is called.
   */
  onCancel: ((cancel: SIPRequest) => void) | undefined;
  /** No ACK came for a final response other than 2xx, or no final response was given in 64*T1 to another method. */
  onTimeout: (() => void) | undefined;
  /** A response did not leave. */
  onTransportError: ((error: Error) => void) | undefined;
  /** The transaction is over. Not called when the layer is closed. */
  onTerminated: (() => void) | undefined;
}
