import { SidetoneError } from "../../error.ts";
import type { SIPRequest } from "../message/SIPRequest.ts";
import type { SIPResponse } from "../message/SIPResponse.ts";
import type { ClientTransaction, ClientTransactionHandler } from "../transaction/transaction.ts";
import type { Endpoint } from "../transport/transport.ts";
import { RequestAbandonedError, RequestTimeoutError, RequestTransportError } from "./errors.ts";
import type { UserAgent } from "./UserAgent.ts";

/** Rounds of 401 and 407 that one request may go through: several proxies may each ask, and each nonce may prove stale once. */
const CHALLENGES_ANSWERED = 6;

/** A server may not shut itself out for longer than so many seconds, whatever its Retry-After says. */
const LONGEST_AVOIDED = 3600;

/** How a request is sent and who hears of its fate. */
export interface OutgoingRequestOptions {
  readonly method: string;
  /** Where to: looked up once, tried in order (RFC 3263 §4.3). */
  readonly destinations: () => readonly Endpoint[] | Promise<readonly Endpoint[]>;
  /** Builds it for a destination. Called for each attempt, which needs a new CSeq number (RFC 3261 §22.2). */
  readonly build: (destination: Endpoint) => SIPRequest;
  /** Each provisional response and each final one (for INVITE each 2xx), save the challenges that were answered. */
  readonly onResponse: (response: SIPResponse, request: SIPRequest, from: Endpoint) => void;
  /**
   * Instead of a final response: there will be none. A {@link RequestTimeoutError}, {@link RequestTransportError} or
   * {@link RequestAbandonedError}; or what `destinations` and `build` threw, when that has nothing to do with the network.
   */
  readonly onFailure: (error: Error) => void;
  /** Sees the challenges, too. */
  readonly onAnyResponse?: (response: SIPResponse, request: SIPRequest) => void;
}

/** Takes the responses that come when the sender has gone. */
interface Heir {
  /** @param request makes the request anew from its bytes */
  hear(response: SIPResponse, request: () => SIPRequest): void;
}

const NOBODY: Heir = { hear() {} };

const INHERITED: Omit<OutgoingRequestOptions, "method"> = {
  destinations: () => [],
  build: () => {
    throw new TypeError("nobody is there who could build it again");
  },
  onResponse: () => {},
  onFailure: () => {},
};

/** One transaction of an outgoing request. */
class Attempt implements ClientTransactionHandler {
  readonly #outgoing: OutgoingRequest;
  readonly #destination: Endpoint;

  constructor(outgoing: OutgoingRequest, destination: Endpoint) {
    this.#outgoing = outgoing;
    this.#destination = destination;
  }

  response(response: SIPResponse, from: Endpoint): void {
    this.#outgoing.receive(response, this.#destination, from);
  }

  timeout(): void {
    this.#outgoing.failed(this, this.#destination);
  }

  transportError(error: Error): void {
    this.#outgoing.failed(this, this.#destination, error);
  }
}

/**
 * One request as its sender means it: over as many transactions as name resolution, dead servers and digest challenges take.
 * Each attempt is a new transaction with a new branch and CSeq number, under the same Call-ID and From tag (RFC 3261 §8.1.3.5).
 */
export class OutgoingRequest {
  readonly #ua: UserAgent;
  readonly method: string;
  #options: OutgoingRequestOptions;
  #destinations: Endpoint[] = [];
  /** The attempt under way, and as it went out. */
  #request: SIPRequest | undefined;
  #transaction: ClientTransaction | undefined;
  #current: Attempt | undefined;
  #heir: Heir | undefined;
  #challenges = 0;
  #answered = false;
  #canceled = false;
  #abandoned = false;
  #done = false;

  constructor(ua: UserAgent, options: OutgoingRequestOptions) {
    this.#ua = ua;
    this.method = options.method;
    this.#options = options;
  }

  /** Sends it. Failures arrive through `onFailure`, those found at once included. */
  send(): void {
    this.#ua.requests.add(this);
    let found: readonly Endpoint[] | Promise<readonly Endpoint[]>;
    try {
      found = this.#options.destinations();
    } catch (error) {
      this.#fail(this.#lookupError(error));
      return;
    }
    if (found instanceof Promise) {
      found.then(
        (endpoints) => this.#start(endpoints),
        (error: unknown) => this.#fail(this.#lookupError(error)),
      );
    } else {
      this.#start(found);
    }
  }

  /**
   * Gives it up: an INVITE by CANCEL (RFC 3261 §9.1), which the transaction layer holds back until a provisional response has
   * come. What was not sent yet never will be. Anything else runs on and its responses are still reported.
   */
  cancel(headers?: readonly [string, string][]): void {
    if (this.#canceled) return;
    this.#canceled = true;
    if (this.#done) return;
    if (this.#transaction === undefined) {
      this.#fail(new RequestAbandonedError(this.method));
    } else if (this.method === "INVITE") {
      this.#ua.layer.cancel(this.#transaction, headers);
    }
  }

  /** Waits no longer: the client is being stopped, or has lost the network that the request went to. */
  abandon(): void {
    this.#abandoned = true;
    this.#fail(new RequestAbandonedError(this.method));
  }

  /**
   * Whoever sent it has gone. What still comes is told to an heir, and nothing is held any more that the sender has lent: the transaction, and we
   * with it, live on for half a minute.
   */
  handOver(heir: Heir): void {
    this.#heir = heir;
    this.#request = undefined;
    this.#options = { ...INHERITED, method: this.method };
  }

  #start(endpoints: readonly Endpoint[]): void {
    if (this.#done) return;
    this.#destinations = [...endpoints];
    this.#next();
  }

  /** Tries the next destination, if there is one left. One that has answered at all is alive, and may be at work on it. */
  #next(failure?: Error): void {
    if (this.#abandoned) return;
    const destination = this.#destinations.shift();
    if (destination === undefined || this.#canceled || this.#answered) {
      this.#fail(
        failure instanceof RequestTimeoutError
          ? failure
          : new RequestTransportError(this.method, this.#transaction?.destination ?? "its destination", failure ?? new Error("the name has no address")),
      );
      return;
    }
    this.#attempt(destination);
  }

  #attempt(destination: Endpoint, challenge?: { request: SIPRequest; response: SIPResponse }): void {
    const server = this.#ua.serverName(destination);
    try {
      const request = this.#options.build(destination);
      if (challenge === undefined) {
        if (this.#ua.isServer(destination)) this.#ua.authenticator.authorize(request, server);
      } else if (!this.#answer(request, challenge, server)) {
        this.#finish(challenge.response, challenge.request, destination);
        return;
      }
      this.#request = request;
      this.#current = new Attempt(this, destination);
      this.#transaction = this.#ua.layer.request(request, destination, this.#current);
    } catch (error) {
      this.#fail(error instanceof Error ? error : new Error(String(error)));
    }
  }

  #answer(request: SIPRequest, challenge: { request: SIPRequest; response: SIPResponse }, server: string): boolean {
    // What has been offered already tells the authenticator what was refused; other realms' answers are needed again.
    for (const name of ["Authorization", "Proxy-Authorization"]) request.headers.setAll(name, challenge.request.headers.getAll(name));
    return this.#ua.authenticator.answer(request, challenge.response, server);
  }

  // ---- what the attempt under way reports ----

  /** @internal */
  failed(attempt: Attempt, destination: Endpoint, error?: Error): void {
    const { address, port } = destination;
    this.#ua.destinationFailed(destination);
    // The ACK to an earlier one's refusal has not left: that changes nothing for the one under way.
    if (attempt !== this.#current) return;
    this.#next(error ?? new RequestTimeoutError(this.method, `${this.method} got no final response from ${address} port ${port}`));
  }

  /** @internal */
  receive(response: SIPResponse, destination: Endpoint, from: Endpoint): void {
    if (this.#abandoned) return;
    if (this.#heir !== undefined) {
      if (response.statusCode >= 200) this.#close();
      this.#heir.hear(response, () => this.#sentRequest);
      return;
    }
    const request = this.#sentRequest;
    this.#answered = true;
    this.#options.onAnyResponse?.(response, request);
    const status = response.statusCode;
    if ((status === 401 || status === 407) && !this.#canceled && this.#challenges < CHALLENGES_ANSWERED) {
      this.#challenges += 1;
      this.#attempt(destination, { request, response });
      return;
    }
    // RFC 3263 §4.3: a 503 is a server to be passed over while there is another.
    if (status === 503 && this.#destinations.length > 0 && !this.#canceled) {
      this.#answered = false;
      const retryAfter = Number.parseInt(response.headers.get("Retry-After") ?? "", 10);
      this.#ua.destinationFailed(destination, retryAfter > 0 ? Math.min(retryAfter, LONGEST_AVOIDED) : undefined);
      this.#next(new Error("503 Service Unavailable"));
      return;
    }
    if (status < 200) this.#options.onResponse(response, request, from);
    else this.#finish(response, request, from);
  }

  /** The request of the attempt under way; later, as it went out, from its bytes. */
  get #sentRequest(): SIPRequest {
    const request = this.#request ?? this.#transaction?.request;
    if (request === undefined) throw new TypeError(`${this.method} has not been sent`);
    return request;
  }

  #finish(response: SIPResponse, request: SIPRequest, from: Endpoint): void {
    if (response.isSuccess) this.#ua.authenticator.learn(response, request);
    this.#close();
    this.#options.onResponse(response, request, from);
    // An INVITE may have more 2xx. Of all others nothing more will come.
    if (this.method !== "INVITE" || !response.isSuccess) this.handOver(NOBODY);
  }

  #close(): void {
    this.#done = true;
    this.#ua.requests.delete(this);
  }

  /** A name that cannot be found may be found later, as an address may be reached later; settings that forbid it (NATError) stay. */
  #lookupError(error: unknown): Error {
    if (error instanceof SidetoneError && error.code !== "NAME_RESOLUTION") return error;
    return new RequestTransportError(this.method, "its destination", error);
  }

  #fail(error: Error): void {
    if (this.#done) return;
    this.#close();
    this.#options.onFailure(error);
  }
}

/**
 * Sends a request and waits for its final response, whatever its status.
 * @throws RequestTimeoutError when none comes, RequestTransportError when it cannot be sent
 */
export function transact(ua: UserAgent, options: Omit<OutgoingRequestOptions, "onResponse" | "onFailure">): Promise<SIPResponse> {
  return new Promise((resolve, reject) => {
    new OutgoingRequest(ua, {
      ...options,
      onResponse: (response) => {
        if (response.statusCode >= 200) resolve(response);
      },
      onFailure: reject,
    }).send();
  });
}
