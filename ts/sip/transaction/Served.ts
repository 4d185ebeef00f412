import type { SIPRequest } from "../message/SIPRequest.ts";
import type { SIPResponse } from "../message/SIPResponse.ts";
import type { Endpoint } from "../transport/transport.ts";
import type { ServerShell } from "./ServerShell.ts";
import type { ServerTransaction } from "./transaction.ts";

/** A server transaction as its user holds it: with the request, which the transaction itself needs no more once it has been answered. */
export class Served implements ServerTransaction {
  readonly request: SIPRequest;
  readonly from: Endpoint;
  onCancel: ((cancel: SIPRequest) => void) | undefined;
  readonly #shell: ServerShell;

  constructor(request: SIPRequest, from: Endpoint, shell: ServerShell) {
    this.request = request;
    this.from = from;
    this.#shell = shell;
  }

  get state(): ServerTransaction["state"] {
    return this.#shell.state;
  }

  respond(response: SIPResponse): void {
    this.#shell.respond(response);
  }

  get onTimeout(): ServerTransaction["onTimeout"] {
    return this.#shell.onTimeout;
  }

  set onTimeout(callback: ServerTransaction["onTimeout"]) {
    this.#shell.onTimeout = callback;
  }

  get onTransportError(): ServerTransaction["onTransportError"] {
    return this.#shell.onTransportError;
  }

  set onTransportError(callback: ServerTransaction["onTransportError"]) {
    this.#shell.onTransportError = callback;
  }

  get onTerminated(): ServerTransaction["onTerminated"] {
    return this.#shell.onTerminated;
  }

  set onTerminated(callback: ServerTransaction["onTerminated"]) {
    this.#shell.onTerminated = callback;
  }
}
