import { SIPParseError } from "../errors.ts";
import { parseMessage } from "../message/parse.ts";
import { SIPRequest } from "../message/SIPRequest.ts";
import type { Via } from "../message/Via.ts";
import { toBytes } from "../message/write.ts";
import { clientKey } from "./matching.ts";
import { type SentBy, viaCount } from "./via.ts";

/**
 * A request of ours as it goes out, with our Via on top. Once it has its final response only its bytes are kept: a transaction outlives its
 * call by half a minute, and there may be thousands of them.
 */
export class OwnRequest {
  readonly method: string;
  readonly bytes: Uint8Array;
  /** By which its responses find their transaction. */
  readonly key: string;
  readonly sentBy: SentBy;
  /** How many Vias a response to it carries. */
  readonly vias: number;
  #request: SIPRequest | undefined;
  #via: string;

  /**
   * @param request without our Via; it is kept, not copied
   * @throws SIPParseError when the request lacks what every request has (RFC 3261 §8.1.1)
   */
  constructor(request: SIPRequest, via: Via) {
    checkRequest(request);
    this.method = request.method;
    this.key = clientKey(via.branch ?? "", request.method);
    this.sentBy = { host: via.host, port: via.port ?? 5060 };
    this.vias = 1 + viaCount(request);
    this.#request = request;
    this.#via = via.toString();
    this.bytes = toBytes(request.heading, request.headers, request.body, this.#via);
  }

  /** The topmost Via, which the ACK to a refusal and a CANCEL share (RFC 3261 §9.1, §17.1.1.3). */
  get via(): string {
    return this.#via;
  }

  /** With the Via. */
  get message(): SIPRequest {
    if (this.#request === undefined) {
      const message = parseMessage(this.bytes);
      if (message instanceof SIPRequest) return message;
      throw new SIPParseError("our own request reads as a response");
    }
    const copy = this.#request.clone();
    copy.headers.prepend("Via", this.#via);
    return copy;
  }

  /** Keeps the bytes alone. */
  condense(): void {
    this.#request = undefined;
    this.#via = "";
  }
}

/** An ACK or CANCEL is made from the request later, and its responses are matched by it: better to hear of a gap now. */
function checkRequest(request: SIPRequest): void {
  for (const name of ["From", "To", "Call-ID", "CSeq"]) {
    if (!request.headers.has(name)) throw new SIPParseError(`a ${request.method} request needs a ${name} header`);
  }
  if (request.cseq.method !== request.method) {
    throw new SIPParseError(`a ${request.method} request needs a CSeq of its method, not ${request.cseq.toString()}`);
  }
}
