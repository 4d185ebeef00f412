import type { SIPRequest } from "../message/SIPRequest.ts";
import type { SIPResponse } from "../message/SIPResponse.ts";
import { toBytes } from "../message/write.ts";
import { TransportError } from "../transport/errors.ts";
import type { Endpoint } from "../transport/transport.ts";
import { ackFor } from "./companions.ts";
import { InviteClient } from "./inviteClient.ts";
import type { ClientAction } from "./machine.ts";
import { NonInviteClient } from "./nonInviteClient.ts";
import type { OwnRequest } from "./OwnRequest.ts";
import { Shell, type Surroundings } from "./Shell.ts";
import type { ClientTransaction, ClientTransactionHandler } from "./transaction.ts";

type ClientMachine = InviteClient<SIPResponse> | NonInviteClient<SIPResponse>;

/** Hears nothing: stands for a user who has heard all that there is. */
const NOBODY: ClientTransactionHandler = { response() {}, timeout() {}, transportError() {} };

/** A client machine on the wire. */
export class ClientShell extends Shell<ClientAction<SIPResponse>, ClientMachine> implements ClientTransaction {
  readonly own: OwnRequest;
  readonly destination: Endpoint;
  /** For a connection to come about. */
  readonly #patience: number | undefined;
  readonly #ended: (key: string) => void;
  #handler: ClientTransactionHandler;
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
    own: OwnRequest,
    destination: Endpoint,
    handler: ClientTransactionHandler,
    surroundings: Surroundings,
    ended: (key: string) => void,
    patience?: number,
  ) {
    const { timers } = surroundings;
    const reliable = surroundings.isReliable(destination.protocol);
    super(own.method === "INVITE" ? new InviteClient(timers, reliable) : new NonInviteClient(timers, reliable), surroundings);
    this.own = own;
    this.destination = destination;
    this.#patience = patience;
    this.#handler = handler;
    this.#ended = ended;
    this.#source = destination;
  }

  get request(): SIPRequest {
    return this.own.message;
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
    const sending = this.surroundings.send(this.own.bytes, this.destination, this.#patience);
    // That the connection broke is told to all that use it, by disconnected().
    this.watch(sending, (error) => !(error instanceof TransportError) || error.code !== "TRANSPORT_LOST");
  }

  receive(response: SIPResponse, from: Endpoint): void {
    this.#source = from;
    this.run(this.machine.receive(response, this.surroundings.clock.now()));
    this.#source = this.destination;
    if (response.statusCode >= 200) this.#condense();
    else this.#cancelNow();
  }

  /** The final response has come. What nobody will ask for again does not wait for the last timer. */
  #condense(): void {
    this.own.condense();
    this.#sendCancel = undefined;
    // An INVITE may have more 2xx, and the ACK to a refusal may fail to leave.
    if (!(this.machine instanceof InviteClient) && this.#handler.terminated === undefined) this.#handler = NOBODY;
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
        this.#ack ??= this.#acknowledgement(action.response);
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
        this.#ended(this.own.key);
        surroundings.tell(() => handler.terminated?.(), "terminated");
        break;
    }
  }

  #acknowledgement(response: SIPResponse): Uint8Array {
    const { heading, headers, body } = ackFor(this.own.message, response);
    return toBytes(heading, headers, body, this.own.via);
  }
}
