import type { Clock } from "../../time/clock.ts";
import type { DigestAuthenticator } from "../auth/DigestAuthenticator.ts";
import type { SIPMessage } from "../message/SIPMessage.ts";
import type { SIPURI } from "../message/SIPURI.ts";
import type { Timers } from "../transaction/timers.ts";
import type { TransactionLayer } from "../transaction/TransactionLayer.ts";
import type { Endpoint } from "../transport/transport.ts";
import type { Extensions } from "./capabilities.ts";
import type { Dialog } from "./Dialog.ts";
import type { DialogOwner } from "./DialogOwner.ts";
import type { InviteSession } from "./InviteSession.ts";
import type { OutgoingRequest } from "./OutgoingRequest.ts";

/** What sessions and requests need of the client they belong to. */
export interface UserAgent {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly layer: TransactionLayer;
  readonly authenticator: DigestAuthenticator;
  /** The requests that wait for their final response. */
  readonly requests: Set<OutgoingRequest>;
  /** The name by which credentials for that destination are looked up. */
  serverName(destination: Endpoint): string;
  /** Whether that is our own server: only it is sent credentials before it asks. */
  isServer(destination: Endpoint): boolean;
  /** The addresses behind a URI, best first (RFC 3263). A literal address is answered at once, so that nothing waits without need. */
  locate(uri: SIPURI): readonly Endpoint[] | Promise<readonly Endpoint[]>;
  /** That one did not answer or could not be reached: while there are others, they come first for a time. @param seconds its Retry-After */
  destinationFailed(destination: Endpoint, seconds?: number): void;
  /** Our Contact as that peer must see it. @param secure as a sips: URI */
  contactFor(destination: Endpoint, secure?: boolean): string;
  /** Where a request to that URI outside any dialog goes first. */
  destinationsFor(uri: SIPURI): readonly Endpoint[] | Promise<readonly Endpoint[]>;
  /** A target as a user writes it. @throws SIPTargetError */
  target(target: string | SIPURI): SIPURI;
  /** What is set about the extensions that the stack itself speaks. */
  readonly extensions: Extensions;
  /** What lives beside calls and has to be told when the client stops: the subscriptions of REFERs. */
  readonly usages: Set<{ abandon(): void }>;
  /** The methods that get more than a 405, within that session or outside any. */
  allow(session?: InviteSession): string;
  /** The value of Accept, within that session or outside any. */
  acceptedTypes(session?: InviteSession): string;
  /** The last look at a message before it leaves: adds what all of ours carry, and what a subclass wants. */
  prepare(message: SIPMessage, destination?: Endpoint): void;
  /** Uniform in [0, 1): pauses and jitter. */
  random(): number;
  addDialog(dialog: Dialog, owner: DialogOwner): void;
  removeDialog(dialog: Dialog): void;
  removeSession(session: InviteSession): void;
  /** Something of the application's threw where nobody awaits it. */
  report(error: unknown): void;
}
