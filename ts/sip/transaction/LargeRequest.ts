import type { SIPRequest } from "../message/SIPRequest.ts";
import type { SIPResponse } from "../message/SIPResponse.ts";
import type { Clock } from "../../time/clock.ts";
import { TransportError } from "../transport/errors.ts";
import type { Endpoint, TransportProtocol } from "../transport/transport.ts";
import type { ClientShell } from "./ClientShell.ts";
import type { ClientTransaction, ClientTransactionHandler } from "./transaction.ts";

/** Bytes of a request beyond which UDP may cut it into fragments, which many networks lose (RFC 3261 §18.1.1). */
const LARGEST_UDP_REQUEST = 1300;
/** Who refuses connections for what is too large for UDP is not asked again so soon, ms. */
const REFUSAL_COUNTS = 3_600_000;
const REFUSALS_KEPT = 1000;

/** Knows which requests are too large for UDP, and who takes no connections for them. */
export class LargeRequests {
  readonly #clock: Clock;
  readonly #isSpoken: (protocol: TransportProtocol) => boolean;
  /** Who took no connection, and until when not to try again. */
  readonly #refusing = new Map<string, number>();

  constructor(clock: Clock, isSpoken: (protocol: TransportProtocol) => boolean) {
    this.#clock = clock;
    this.#isSpoken = isSpoken;
  }

  /** Where a request goes that is too large for UDP (RFC 3261 §18.1.1); undefined when it may, or has to, go as it is. */
  insteadOfUDP(destination: Endpoint, length: number): Endpoint | undefined {
    if (destination.protocol !== "UDP" || length <= LARGEST_UDP_REQUEST || !this.#isSpoken("TCP")) return undefined;
    const tcp: Endpoint = { ...destination, protocol: "TCP" };
    const until = this.#refusing.get(keyOf(tcp));
    return until !== undefined && until > this.#clock.now() ? undefined : tcp;
  }

  /** It took no connection. */
  remember(refusing: Endpoint): void {
    if (this.#refusing.size >= REFUSALS_KEPT) this.#refusing.clear();
    this.#refusing.set(keyOf(refusing), this.#clock.now() + REFUSAL_COUNTS);
  }
}

function keyOf({ address, port }: Endpoint): string {
  return `${address} ${port}`;
}

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
