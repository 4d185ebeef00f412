import type { Direction } from "../media/contract.ts";
import { bodyOf } from "../sip/dialog/body.ts";
import { SIPRejection } from "../sip/dialog/errors.ts";
import type { InviteSession, SIPBody } from "../sip/dialog/InviteSession.ts";
import { NegotiationError } from "./errors.ts";
import type { MixedMedia } from "./MixedMedia.ts";
import type { MovableMedia } from "./MovableMedia.ts";
import { type CallParameters, type Negotiation, warning } from "./Negotiation.ts";

/** Sets a call's media up as its offers and answers settle it. */
export class CallStream {
  readonly #media: MovableMedia | MixedMedia;
  readonly #negotiation: Negotiation;
  /** Early media, or an UPDATE while it rang, have set the media up already. */
  #configured = false;

  constructor(media: MovableMedia | MixedMedia, negotiation: Negotiation) {
    this.#media = media;
    this.#negotiation = negotiation;
  }

  /** Which way audio would flow if the far end lets it. */
  get direction(): Direction {
    return this.#negotiation.direction;
  }

  configureOnce(parameters: CallParameters): void {
    if (!this.#configured) this.#media.configure(parameters);
    this.#configured = true;
  }

  offer(): SIPBody {
    return this.#negotiation.offer();
  }

  /** The far end's answer to our offer. @throws NegotiationError, SDPParseError */
  accept(answer: SIPBody): void {
    this.#media.configure(this.#negotiation.accept(answer));
  }

  /**
   * Answers the far end's offer in a running call: hold, another codec, another address; without one makes ours.
   * @throws SIPRejection for one that does not fit; the call then goes on as it was
   */
  reanswer(offer: SIPBody | undefined): SIPBody {
    if (offer === undefined) return this.offer();
    let answer: ReturnType<Negotiation["answer"]>;
    try {
      answer = this.#negotiation.answer(offer);
    } catch (error) {
      throw new SIPRejection(488, undefined, [["Warning", warning(error)]]);
    }
    this.#media.configure(answer.parameters);
    this.#configured = true;
    return answer.body;
  }

  /** Offers another direction. @throws NegotiationError when the far end refuses; everything is as before then */
  async redirect(action: string, sip: InviteSession, direction: Direction): Promise<void> {
    const before = this.#negotiation.direction;
    this.#negotiation.direction = direction;
    let failure: string;
    try {
      const response = await sip.reinvite(this.#negotiation.offer());
      const answer = bodyOf(response);
      if (response.isSuccess && isSDP(answer)) {
        this.accept(answer);
        return;
      }
      failure = response.isSuccess ? "the far end sent no answer" : `the far end answered ${response.statusCode} ${response.reason}`;
    } catch (error) {
      this.#negotiation.direction = before;
      throw error;
    }
    this.#negotiation.direction = before;
    throw new NegotiationError(`${action}: ${failure}`);
  }
}

export function isSDP(body: SIPBody | undefined): body is SIPBody {
  return body !== undefined && /^application\/sdp\b/i.test(body.contentType);
}
