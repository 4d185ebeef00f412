import { SIPRequest } from "./message/SIPRequest.ts";
import { SIPResponse } from "./message/SIPResponse.ts";
import type { SIPMessage } from "./message/SIPMessage.ts";
import type { Endpoint } from "./transport/transport.ts";

/**
 * The last hand on each kind of message, for a subclass of `SIPClient` to override: every message of that kind passes through its
 * generator, whoever in the stack begins it, right before it leaves. Change it in place.
 *
 * It sees the message whole but for our Via: Contact, Allow, RSeq, Session-Expires are there, and what it makes of them is what the far end
 * goes by. Headers refuse line breaks here as everywhere. A generator that throws keeps a request that begins something from being
 * sent: its sender gets the error. In a running transaction or dialog, which the far end would otherwise wait for, the message goes out
 * as it stands and the error is reported.
 *
 * @example
 * class Branded extends SIPClient {
 *   protected override genInvite(invite: SIPRequest): void {
 *     invite.headers.set("Subject", "Project X");
 *   }
 * }
 */
export abstract class MessageGenerators {
  /** Each REGISTER; the one that takes the registration back has `Expires: 0`. */
  protected genRegister(_register: SIPRequest, _destination?: Endpoint): void {}

  /** Each INVITE, repetitions with credentials and re-INVITEs included: those have a To tag. */
  protected genInvite(_invite: SIPRequest, _destination?: Endpoint): void {}

  /** The ACK to a 2xx. (Those to refusals belong to the transaction, RFC 3261 §17.1.1.3.) */
  protected genAck(_ack: SIPRequest, _destination?: Endpoint): void {}

  /** Each BYE. */
  protected genBye(_bye: SIPRequest, _destination?: Endpoint): void {}

  /** Each CANCEL. */
  protected genCancel(_cancel: SIPRequest, _destination?: Endpoint): void {}

  /** Each MESSAGE. */
  protected genMessage(_message: SIPRequest, _destination?: Endpoint): void {}

  /** Each SUBSCRIBE; the last of a subscription has `Expires: 0`. */
  protected genSubscribe(_subscribe: SIPRequest, _destination?: Endpoint): void {}

  /** A 180 to an INVITE. */
  protected genRinging(_ringing: SIPResponse): void {}

  /** A 2xx to an INVITE or re-INVITE. */
  protected genAnswer(_answer: SIPResponse): void {}

  /** A 486 or 600 to an INVITE. */
  protected genBusy(_busy: SIPResponse): void {}

  /** A 2xx to an OPTIONS. */
  protected genOptionsResponse(_response: SIPResponse): void {}

  /** Hands a message to its generator. @internal */
  protected generate(message: SIPMessage, destination: Endpoint | undefined): void {
    if (message instanceof SIPRequest) this.#generateRequest(message, destination);
    else if (message instanceof SIPResponse) this.#generateResponse(message);
  }

  #generateRequest(request: SIPRequest, destination: Endpoint | undefined): void {
    switch (request.method) {
      case "REGISTER":
        this.genRegister(request, destination);
        break;
      case "INVITE":
        this.genInvite(request, destination);
        break;
      case "ACK":
        this.genAck(request, destination);
        break;
      case "BYE":
        this.genBye(request, destination);
        break;
      case "CANCEL":
        this.genCancel(request, destination);
        break;
      case "MESSAGE":
        this.genMessage(request, destination);
        break;
      case "SUBSCRIBE":
        this.genSubscribe(request, destination);
        break;
      default:
    }
  }

  #generateResponse(response: SIPResponse): void {
    const { method } = response.cseq;
    const { statusCode } = response;
    if (method === "OPTIONS" && response.isSuccess) this.genOptionsResponse(response);
    if (method !== "INVITE") return;
    if (statusCode === 180) this.genRinging(response);
    else if (response.isSuccess) this.genAnswer(response);
    else if (statusCode === 486 || statusCode === 600) this.genBusy(response);
  }
}
