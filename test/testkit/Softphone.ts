import { DigestAuthenticator } from "../../ts/sip/auth/DigestAuthenticator.ts";
import { CSeq } from "../../ts/sip/message/CSeq.ts";
import { newCallId, newTag } from "../../ts/sip/message/random.ts";
import { SIPRequest } from "../../ts/sip/message/SIPRequest.ts";
import { SIPResponse } from "../../ts/sip/message/SIPResponse.ts";
import { TransactionLayer } from "../../ts/sip/transaction/TransactionLayer.ts";
import type { ClientTransaction, ServerTransaction } from "../../ts/sip/transaction/transaction.ts";
import type { Endpoint, Transport } from "../../ts/sip/transport/transport.ts";
import type { Clock } from "../../ts/time/clock.ts";

export interface Exchange {
  readonly request: SIPRequest;
  readonly transaction: ClientTransaction;
  /** What came, provisional and final; 408 and 503 for what the layer reports. */
  readonly responses: number[];
  /** The latest. */
  last: SIPResponse | undefined;
  readonly final: Promise<SIPResponse>;
}

/** The least that can register and call: requests by hand over a transaction layer, every message kept. */
export class Softphone {
  readonly name: string;
  readonly layer: TransactionLayer;
  /** Requests that came, ACKs included, retransmissions left out by the layer. */
  readonly received: SIPRequest[] = [];
  readonly transactions: ServerTransaction[] = [];
  readonly cancelled: SIPRequest[] = [];
  /** What to do with a request besides keeping it. */
  onRequest: ((transaction: ServerTransaction, request: SIPRequest) => void) | undefined;
  readonly #transport: Transport;
  readonly #server: () => Endpoint;
  readonly #authenticator: DigestAuthenticator;

  constructor(options: { name: string; password: string; transport: Transport; clock: Clock; server: () => Endpoint; sentBy?: string }) {
    const { name, password, transport, clock } = options;
    this.name = name;
    this.#transport = transport;
    this.#server = options.server;
    this.#authenticator = new DigestAuthenticator({ get: () => ({ username: name, password }) });
    this.layer = new TransactionLayer({
      transport,
      clock,
      sentBy: () => ({ host: options.sentBy ?? transport.local.address, port: transport.local.port }),
    });
    this.layer.onRequest = (transaction, request) => {
      this.received.push(request);
      this.transactions.push(transaction);
      this.onRequest?.(transaction, request);
    };
    this.layer.onAck = (ack) => this.received.push(ack);
    this.layer.onCancel = (transaction, cancel) => {
      this.cancelled.push(cancel);
      transaction.respond(SIPResponse.to(transaction.request, 487));
    };
  }

  get contact(): string {
    const { address, port } = this.#transport.local;
    return `<sip:${this.name}@${bracketed(address)}:${port}>`;
  }

  get #home(): { host: string; port: number } {
    const { address, port } = this.#server();
    return { host: bracketed(address), port };
  }

  get methods(): string[] {
    return this.received.map((request) => request.method);
  }

  /** A request outside any dialog, to a user of the server or a whole URI. */
  create(method: string, to: string, headers: readonly (readonly [string, string])[] = [], body?: string): SIPRequest {
    const { host, port } = this.#home;
    const uri = to.includes(":") ? to : `sip:${to === "" ? "" : `${to}@`}${host}:${port}`;
    return SIPRequest.create({
      method,
      uri,
      headers: [
        ["Max-Forwards", "70"],
        ["From", `<sip:${this.name}@${host}:${port}>;tag=${newTag()}`],
        ["To", `<${uri}>`],
        ["Call-ID", newCallId()],
        ["CSeq", `1 ${method}`],
        ...headers,
      ],
      body,
    });
  }

  register(headers: readonly (readonly [string, string])[] = [["Contact", this.contact]]): SIPRequest {
    const request = this.create("REGISTER", "", headers);
    const { host, port } = this.#home;
    request.headers.set("To", `<sip:${this.name}@${host}:${port}>`);
    return request;
  }

  send(request: SIPRequest, destination: Endpoint = this.#server()): Exchange {
    const responses: number[] = [];
    const { promise: final, resolve: settle } = withResolvers<SIPResponse>();
    const take = (response: SIPResponse): void => {
      responses.push(response.statusCode);
      exchange.last = response;
      if (!response.isProvisional) settle(response);
    };
    const transaction = this.layer.request(request, destination, {
      response: take,
      timeout: () => take(SIPResponse.to(request, 408)),
      transportError: () => take(SIPResponse.to(request, 503)),
    });
    const exchange: Exchange = { request, transaction, responses, last: undefined, final };
    return exchange;
  }

  /** Sends, and answers one challenge. */
  async authenticated(request: SIPRequest): Promise<SIPResponse> {
    const response = await this.send(request).final;
    const again = this.answerChallenge(request, response);
    return again === undefined ? response : this.send(again).final;
  }

  /** The request again, with credentials; undefined when there is nothing to answer. */
  answerChallenge(request: SIPRequest, response: SIPResponse): SIPRequest | undefined {
    if (response.statusCode !== 401 && response.statusCode !== 407) return undefined;
    const again = request.clone();
    again.cseq = new CSeq(request.cseq.sequence + 1, request.method);
    return this.#authenticator.answer(again, response, this.#server().address) ? again : undefined;
  }

  /** Answers the latest INVITE 200, with a Contact. */
  accept(transaction = this.transactions.at(-1)!): void {
    transaction.respond(SIPResponse.to(transaction.request, 200, { headers: [["Contact", this.contact]] }));
  }

  reject(status: number, transaction = this.transactions.at(-1)!): void {
    transaction.respond(SIPResponse.to(transaction.request, status));
  }

  /** A request of the caller inside the dialog that a 2xx made. */
  inDialog(method: string, response: SIPResponse, sequence: number): SIPRequest {
    const routes = response.recordRoutes.toReversed().map((route): [string, string] => ["Route", route.toString()]);
    return SIPRequest.create({
      method,
      uri: response.contact!.uri,
      headers: [
        ...routes,
        ["Max-Forwards", "70"],
        ["From", response.from.toString()],
        ["To", response.to.toString()],
        ["Call-ID", response.callId],
        ["CSeq", `${sequence} ${method}`],
      ],
    });
  }

  acknowledge(response: SIPResponse, destination: Endpoint = this.#server()): void {
    this.layer.sendAck(this.inDialog("ACK", response, response.cseq.sequence), destination);
  }
}

/** Promise.withResolvers, which Node 20 has not. */
function withResolvers<T>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let settle: ((value: T) => void) | undefined;
  const promise = new Promise<T>((resolve) => {
    settle = resolve;
  });
  return { promise, resolve: (value) => settle?.(value) };
}

function bracketed(address: string): string {
  return address.includes(":") ? `[${address}]` : address;
}
