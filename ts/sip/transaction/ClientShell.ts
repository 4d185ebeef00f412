import type { SIPRequest } from "../message/SIPRequest.ts";
import type { SIPResponse } from "../message/SIPResponse.ts";
import { TransportError } from "../transport/errors.ts";
import type { Endpoint } from "../transport/transport.ts";
import { ackFor } from "./companions.ts";
import { InviteClient } from "./inviteClient.ts";
import type { ClientAction } from "./machine.ts";
import { NonInviteClient } from "./nonInviteClient.ts";
import { Shell, type Surroundings } from "./Shell.ts";
import type { ClientTransaction, ClientTransactionHandler } from "./transaction.ts";

type ClientMachine = InviteClient<SIPResponse> | NonInviteClient<SIPResponse>;

/** A client machine on the wire. */
export class ClientShell extends Shell<ClientAction<SIPResponse>, ClientMachine> implements ClientTransaction {
  readonly request: SIPRequest;
  readonly destination: Endpoint;
  readonly #bytes: Uint8Array;
  /** For a connection to come about. */
  readonly #patience: number | undefined;
  readonly #handler: ClientTransactionHandler;
  readonly #ended: () => void;
  /** Who sent the response that is being delivered. */
  #source: Endpoint;
  /** The ACK to the final response, written once: its repetitions are the same bytes. */
  #ack: Uint8Array | undefined;
  /** Sends the CANCEL; set while the user wants one and none has gone out. */
  #sendCancel: (() => void) | undefined;
  #cancelled = false;
  #started = 0;
  #resent = false;

  constructor(
    request: SIPRequest,
    destination: Endpoint,
    handler: ClientTransactionHandler,
    surroundings: Surroundings,
    ended: () => void,
    bytes: Uint8Array = request.toBytes(),
    patience?: number,
  ) {
    const { timers } = surroundings;
    const reliable = surroundings.isReliable(destination.protocol);
    super(request.method === "INVITE" ? new InviteClient(timers, reliable) : new NonInviteClient(timers, reliable), surroundings);
    this.request = request;
    this.destination = destination;
    this.#bytes = bytes;
    this.#patience = patience;
    this.#handler = handler;
    this.#ended = ended;
    this.#source = destination;
  }

  start(): void {
    this.#started = this.surroundings.clock.now();
    this.run(this.machine.start(this.#started));
  }

  /**
   * The connection is gone that the request went over. If there has been no sign that it arrived, it is sent once more, over a new connection:
   * the far end may have closed the old one just then, and knows the request by its branch if it has it. A provisional response shows that it
   * arrived; who then closes in good order, may answer over another connection (RFC 3261 §18.2.2), who breaks down will not.
   */
  disconnected(error: Error, clean: boolean): void {
    const { state } = this.machine;
    if ((state === "Calling" || state === "Trying") && !this.#resent) {
      this.#resent = true;
      this.#send();
    } else if (state === "Calling" || state === "Trying" || (state === "Proceeding" && !clean)) {
      // An INVITE that rings is not failed by a message that does not leave, but by this: its answer cannot come.
      this.run(this.machine instanceof InviteClient ? this.machine.disconnect(error) : this.machine.fail(error));
    }
  }

  #send(): void {
    const sending = this.surroundings.send(this.#bytes, this.destination, this.#patience);
    // That the connection broke is told to all that use it, by disconnected().
    this.watch(
      sending.catch((error: unknown) => {
        if (!(error instanceof TransportError) || error.code !== "TRANSPORT_LOST") throw error;
      }),
    );
  }

  receive(response: SIPResponse, from: Endpoint): void {
    this.#source = from;
    this.run(this.machine.receive(response, this.surroundings.clock.now()));
    this.#cancelNow();
  }

  /** Sends a CANCEL as soon as RFC 3261 §9.1 allows, if it ever does. Only the first call counts. */
  cancel(send: () => void): void {
    if (this.#cancelled) return;
    this.#cancelled = true;
    this.#sendCancel = send;
    this.#cancelNow();
  }

  #cancelNow(): void {
    const send = this.#sendCancel;
    if (!send || !(this.machine instanceof InviteClient) || !this.machine.cancellable) return;
    this.#sendCancel = undefined;
    this.machine.cancelled(this.surroundings.clock.now());
    this.setAlarm();
    send();
  }

  protected override perform(action: ClientAction<SIPResponse>): void {
    const { surroundings } = this;
    const handler = this.#handler;
    switch (action.kind) {
      case "send":
        this.#send();
        break;
      case "acknowledge":
        // To where the INVITE went (§17.1.1.3), wherever the response came from.
        this.#ack ??= ackFor(this.request, action.response).toBytes();
        this.watch(surroundings.send(this.#ack, this.destination));
        break;
      case "deliver":
        surroundings.tell(() => handler.response(action.response, this.#source), "response");
        break;
      case "timeout":
        // Its connection may be dead without knowing it.
        surroundings.suspect(this.destination, this.#started);
        surroundings.tell(() => handler.timeout(), "timeout");
        break;
      case "transportError":
        surroundings.tell(() => handler.transportError(action.error), "transportError");
        break;
      case "terminate":
        this.close();
        this.#ended();
        surroundings.tell(() => handler.terminated?.(), "terminated");
        break;
    }
  }
}
