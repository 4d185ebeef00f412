import type { SIPRequest } from "../message/SIPRequest.ts";
import { SIPResponse } from "../message/SIPResponse.ts";
import type { Endpoint } from "../transport/transport.ts";
import { InviteServer } from "./inviteServer.ts";
import type { ServerAction } from "./machine.ts";
import { NonInviteServer } from "./nonInviteServer.ts";
import { Shell, type Surroundings } from "./Shell.ts";
import type { ServerTransaction } from "./transaction.ts";

type ServerMachine = InviteServer<SIPRequest, SIPResponse> | NonInviteServer<SIPRequest, SIPResponse>;

/** Where a server transaction reports to, besides its user. */
export interface ServerOwner {
  acknowledged(ack: SIPRequest): void;
  ended(): void;
}

/** A server machine on the wire. */
export class ServerShell extends Shell<ServerAction<SIPRequest, SIPResponse>, ServerMachine> implements ServerTransaction {
  readonly request: SIPRequest;
  readonly from: Endpoint;
  onTimeout: (() => void) | undefined;
  onTransportError: ((error: Error) => void) | undefined;
  onTerminated: (() => void) | undefined;
  readonly #owner: ServerOwner;
  /** The latest response and its bytes, so that repetitions are the same. */
  #written: { readonly response: SIPResponse; readonly bytes: Uint8Array } | undefined;

  constructor(request: SIPRequest, from: Endpoint, surroundings: Surroundings, owner: ServerOwner) {
    const { timers } = surroundings;
    const reliable = surroundings.isReliable(from.protocol);
    super(request.method === "INVITE" ? new InviteServer(timers, reliable) : new NonInviteServer(timers, reliable), surroundings);
    this.request = request;
    this.from = from;
    this.#owner = owner;
  }

  get lastResponse(): SIPResponse | undefined {
    return this.machine.lastResponse;
  }

  start(): void {
    this.machine.start(this.surroundings.clock.now());
    this.setAlarm();
  }

  /** The request again, or the ACK to its final response. */
  receive(request: SIPRequest): void {
    this.run(this.machine.receive(request, this.surroundings.clock.now()));
  }

  respond(response: SIPResponse): void {
    this.run(this.machine.respond(response, this.surroundings.clock.now()));
  }

  protected override perform(action: ServerAction<SIPRequest, SIPResponse>): void {
    const { surroundings } = this;
    switch (action.kind) {
      case "send":
        this.watch(surroundings.sendBack(this.#write(action.response), this.request.via, this.from));
        break;
      case "trying":
        this.respond(SIPResponse.to(this.request, 100));
        break;
      case "acknowledged":
        this.#owner.acknowledged(action.request);
        break;
      case "timeout":
        surroundings.tell(() => this.onTimeout?.(), "onTimeout");
        break;
      case "transportError":
        surroundings.tell(() => this.onTransportError?.(action.error), "onTransportError");
        break;
      case "terminate":
        this.close();
        this.#owner.ended();
        surroundings.tell(() => this.onTerminated?.(), "onTerminated");
        break;
    }
  }

  #write(response: SIPResponse): Uint8Array {
    if (this.#written?.response !== response) this.#written = { response, bytes: response.toBytes() };
    return this.#written.bytes;
  }
}
