import type { SIPRequest } from "../message/SIPRequest.ts";
import { SIPResponse } from "../message/SIPResponse.ts";
import type { Endpoint } from "../transport/transport.ts";
import { InviteServer } from "./inviteServer.ts";
import type { ResponseLike, ServerAction } from "./machine.ts";
import { NonInviteServer } from "./nonInviteServer.ts";
import { Shell, type Surroundings } from "./Shell.ts";
import type { ServerTransaction } from "./transaction.ts";
import { Served } from "./Served.ts";
import { type ReturnPath, returnPath } from "./via.ts";

type ServerMachine = InviteServer<SIPRequest, Written> | NonInviteServer<SIPRequest, Written>;

/** A response as the machine knows it: repetitions are the same bytes. */
interface Written extends ResponseLike {
  readonly bytes: Uint8Array;
}

/** Where a server transaction reports to, besides its user. */
export interface ServerOwner {
  acknowledged(ack: SIPRequest, from: Endpoint): void;
  ended(shell: ServerShell): void;
}

/** A server machine on the wire. */
export class ServerShell extends Shell<ServerAction<SIPRequest, Written>, ServerMachine> {
  /** By which requests find their transaction, and by which another copy of this one would be a merged request. */
  readonly key: string;
  readonly merging: string | undefined;
  readonly #owner: ServerOwner;
  readonly #way: ReturnPath;
  onTimeout: ServerTransaction["onTimeout"];
  onTransportError: ServerTransaction["onTransportError"];
  onTerminated: ServerTransaction["onTerminated"];
  /** What the user holds, until the final response: a transaction outlives its call by half a minute, its request need not. */
  #user: Served | undefined;
  /** The response that was sent last, until the final one; then its To tag, if an ACK or CANCEL may ask for it. */
  #response: SIPResponse | undefined;
  #toTag: string | undefined;

  constructor(request: SIPRequest, from: Endpoint, surroundings: Surroundings, owner: ServerOwner, key: string, merging: string | undefined) {
    const { timers } = surroundings;
    const reliable = surroundings.isReliable(from.protocol);
    super(request.method === "INVITE" ? new InviteServer(timers, reliable) : new NonInviteServer(timers, reliable), surroundings);
    this.key = key;
    this.merging = merging;
    this.#owner = owner;
    this.#way = returnPath(request.via, from, reliable);
    this.#user = new Served(request, from, this);
  }

  /** As its user holds it; undefined once the final response has been sent. */
  get user(): ServerTransaction | undefined {
    return this.#user;
  }

  /** The To tag of the latest response. */
  get toTag(): string | undefined {
    return this.#toTag ?? this.#response?.to.tag;
  }

  /** Begins to wait, once whoever gets the request has had it: most answer at once, and no alarm is set for nothing. */
  start(serve: () => void): void {
    this.machine.start(this.surroundings.clock.now());
    serve();
    this.setAlarm();
  }

  /** The request again, or the ACK to its final response. */
  receive(request: SIPRequest): void {
    this.run(this.machine.receive(request, this.surroundings.clock.now()));
  }

  respond(response: SIPResponse): void {
    const { statusCode } = response;
    const actions = this.machine.respond({ statusCode, bytes: response.toBytes() }, this.surroundings.clock.now());
    // It comes too late.
    if (actions.length === 0) return;
    if (statusCode < 200) {
      this.#response = response;
    } else {
      if (this.machine instanceof InviteServer) this.#toTag = response.to.tag;
      this.#response = undefined;
      this.#user = undefined;
    }
    this.run(actions);
  }

  protected override perform(action: ServerAction<SIPRequest, Written>): void {
    const { surroundings } = this;
    switch (action.kind) {
      case "send":
        this.watch(surroundings.sendBack(action.response.bytes, this.#way));
        break;
      case "trying":
        if (this.#user !== undefined) this.respond(SIPResponse.to(this.#user.request, 100));
        break;
      case "acknowledged":
        this.#owner.acknowledged(action.request, this.#way.from);
        break;
      case "timeout":
        surroundings.tell(() => this.onTimeout?.(), "onTimeout");
        break;
      case "transportError":
        surroundings.tell(() => this.onTransportError?.(action.error), "onTransportError");
        break;
      case "terminate":
        this.close();
        this.#owner.ended(this);
        surroundings.tell(() => this.onTerminated?.(), "onTerminated");
        break;
    }
  }
}
