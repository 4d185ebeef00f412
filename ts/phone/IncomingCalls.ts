import { NoPortsAvailableError } from "../media/errors.ts";
import { bodyOf } from "../sip/dialog/body.ts";
import type { ServerInviteSession } from "../sip/dialog/ServerInviteSession.ts";
import type { SIPClient } from "../sip/SIPClient.ts";
import { type Calls, DEFAULT_PAYLOAD_TYPES } from "./Calls.ts";
import type { CallSetup } from "./CallSetup.ts";
import type { MovableMedia } from "./MovableMedia.ts";
import { Negotiation, warning } from "./Negotiation.ts";
import type { PhoneOptions } from "./options.ts";
import type { VoIPPhone } from "./VoIPPhone.ts";

interface IncomingCallsOptions {
  readonly phone: VoIPPhone;
  readonly calls: Calls;
  readonly options: () => PhoneOptions;
  /** The address of ours that a peer sees. @throws NATError */
  readonly addressFor: (peer: string) => Promise<string>;
}

/** Makes calls of the INVITEs that come in. Whatever goes wrong becomes an answer to the caller; nothing is thrown. */
export class IncomingCalls {
  readonly #parts: IncomingCallsOptions;

  constructor(parts: IncomingCallsOptions) {
    this.#parts = parts;
  }

  async receive(client: SIPClient, sip: ServerInviteSession): Promise<void> {
    const { calls, options, addressFor } = this.#parts;
    // Who takes the place of another needs no place of its own.
    if (calls.full(sip.replaces === undefined ? 0 : 1)) {
      this.#refuse(sip, 486, `maxCalls is ${options().maxCalls}`);
      return;
    }
    let media: MovableMedia | undefined;
    try {
      const address = await addressFor(sip.source.address);
      media = await calls.openMedia();
      const negotiation = new Negotiation(address, media.localPort, DEFAULT_PAYLOAD_TYPES, options());
      let answer: CallSetup["answer"];
      const offer = bodyOf(sip.invite);
      if (offer !== undefined) {
        try {
          answer = negotiation.answer(offer);
        } catch (error) {
          this.#refuse(sip, 488, messageOf(error), [["Warning", warning(error)]]);
          await media.close();
          return;
        }
      }
      // The caller may have given up while the port was opened.
      if (sip.state === "terminated") {
        await media.close();
        return;
      }
      this.#begin(client, { direction: "inbound", sip, media, negotiation, ...(answer === undefined ? {} : { answer }) });
    } catch (error) {
      await media?.close();
      if (sip.state === "terminated") return;
      if (error instanceof NoPortsAvailableError) {
        this.#refuse(sip, 503, error.message, [["Retry-After", "10"]]);
      } else {
        this.#refuse(sip, 500, messageOf(error));
        process.emitWarning(error instanceof Error ? error : String(error));
      }
    }
  }

  #begin(client: SIPClient, begun: Parameters<Calls["add"]>[1] & { readonly sip: ServerInviteSession }): void {
    const { phone, calls } = this.#parts;
    const { sip } = begun;
    const former = sip.replaces === undefined ? undefined : calls.of(sip.replaces)?.[0];
    const call = calls.add(client, begun);
    if (former === undefined) {
      // After the call has set its handlers: Allow in the 180 is derived from them.
      sip.ringing();
      phone.emit("incoming", call);
      call.ring();
    } else {
      phone.emit("replaced", call, former);
      // Somebody is on the line already (RFC 3891 §3): there is nothing to decide.
      call.answer().catch((error: unknown) => phone.reportCallError(call, error));
    }
  }

  #refuse(sip: ServerInviteSession, status: number, reason: string, headers: readonly [string, string][] = []): void {
    sip.reject(status, undefined, headers);
    this.#parts.phone.emit("callRefused", sip.invite, status, reason);
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
