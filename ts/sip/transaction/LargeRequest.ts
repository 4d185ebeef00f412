import type { SIPRequest } from "../message/SIPRequest.ts";
import type { SIPResponse } from "../message/SIPResponse.ts";
import { TransportError } from "../transport/errors.ts";
import type { Endpoint } from "../transport/transport.ts";
import type { ClientShell } from "./ClientShell.ts";
import type { ClientTransaction, ClientTransactionHandler } from "./transaction.ts";

/** Bytes of a request beyond which UDP may cut it into fragments, which many networks lose (RFC 3261 §18.1.1). */
export const LARGEST_UDP_REQUEST = 1300;

/** What {@link LargeRequest} needs of the layer. */
export interface LargeRequestWays {
  overTCP(handler: ClientTransactionHandler): ClientShell;
  overUDP(handler: ClientTransactionHandler): ClientShell;
  /** Nobody takes connections there. */
  refused(): void;
}

/**
 * A request that is too large for UDP: it goes over TCP, and when no connection comes about, over UDP after all, as a new transaction
 * (RFC 3261 §18.1.1). Its user sees one transaction.
 */
export class LargeRequest implements ClientTransaction {
  #current: ClientShell;
  #answered = false;
  #cancelled = false;

  constructor(ways: LargeRequestWays, handler: ClientTransactionHandler) {
    let switched = false;
    this.#current = ways.overTCP({
      response: (response: SIPResponse, from: Endpoint) => {
        this.#answered = true;
        handler.response(response, from);
      },
      timeout: () => handler.timeout(),
      transportError: (error) => {
        const unsent = error instanceof TransportError && (error.code === "TRANSPORT_CONNECT" || error.code === "TRANSPORT_SEND");
        if (!unsent || this.#answered || this.#cancelled) {
          handler.transportError(error);
          return;
        }
        switched = true;
        ways.refused();
        this.#current = ways.overUDP(handler);
      },
      terminated: () => {
        if (!switched) handler.terminated?.();
      },
    });
  }

  get request(): SIPRequest {
    return this.#current.request;
  }

  get destination(): Endpoint {
    return this.#current.destination;
  }

  get state(): ClientTransaction["state"] {
    return this.#current.state;
  }

  /** The transaction to cancel: from now on there is no other way to try. */
  cancelling(): ClientShell {
    this.#cancelled = true;
    return this.#current;
  }
}
