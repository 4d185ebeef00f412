import { NoPortsAvailableError } from "../media/errors.ts";
import { bodyOf } from "../sip/dialog/body.ts";
import type { ServerInviteSession } from "../sip/dialog/ServerInviteSession.ts";
import type { SIPClient } from "../sip/SIPClient.ts";
import { type Calls, DEFAULT_PAYLOAD_TYPES } from "./Calls.ts";
import type { CallSetup } from "./CallSetup.ts";
import type { MovableMedia } from "./MovableMedia.ts";
import { audioStreams, Negotiation, warning } from "./Negotiation.ts";
import type { PhoneOptions } from "./options.ts";
import type { VoIPPhone } from "./VoIPPhone.ts";

/** Streams that one caller gets: nobody needs more, and each takes a port. */
const MOST_STREAMS = 4;

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
    let further: MovableMedia[] = [];
    const close = (): Promise<unknown> => Promise.all([...(media === undefined ? [] : [media]), ...further].map((each) => each.close()));
    try {
      const address = await addressFor(sip.source.address);
      media = await calls.openMedia();
      const negotiation = new Negotiation(address, media.localPort, DEFAULT_PAYLOAD_TYPES, options());
      let answer: CallSetup["answer"];
      const offer = bodyOf(sip.invite);
      if (offer !== undefined) {
        further = await this.#openFurther(Math.min(audioStreams(offer), MOST_STREAMS) - 1);
        negotiation.furtherPorts = further.map(({ localPort }) => localPort);
        try {
          answer = negotiation.answer(offer);
        } catch (error) {
          this.#refuse(sip, 488, messageOf(error), [["Warning", warning(error)]]);
          await close();
          return;
        }
      }
      // The caller may have given up while the port was opened.
      if (sip.state === "terminated") {
        await close();
        return;
      }
      this.#begin(client, { direction: "inbound", sip, media, further, negotiation, ...(answer === undefined ? {} : { answer }) });
    } catch (error) {
      await close();
      if (sip.state === "terminated") return;
      if (error instanceof NoPortsAvailableError) {
        this.#refuse(sip, 503, error.message, [["Retry-After", "10"]]);
      } else {
        this.#refuse(sip, 500, messageOf(error));
        process.emitWarning(error instanceof Error ? error : String(error));
      }
    }
  }

  /** Ports for further streams; with none left the caller gets fewer. */
  async #openFurther(count: number): Promise<MovableMedia[]> {
    const opened = await Promise.allSettled(Array.from({ length: Math.max(0, count) }, () => this.#parts.calls.openMedia()));
    return opened.flatMap((each) => (each.status === "fulfilled" ? [each.value] : []));
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
