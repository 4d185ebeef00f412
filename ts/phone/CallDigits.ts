import { SidetoneError } from "../error.ts";
import type { MediaEvent, MediaSession } from "../media/contract.ts";
import { eventOf, symbolOf } from "../rtp/telephoneEvents.ts";
import type { SIPBody } from "../sip/dialog/InviteSession.ts";
import type { SIPRequest } from "../sip/message/SIPRequest.ts";
import type { SIPResponse } from "../sip/message/SIPResponse.ts";
import type { DtmfEvent, DtmfOptions, DtmfSource } from "./callTypes.ts";
import { DigitBuffer } from "./DigitBuffer.ts";
import { digitsOfInfo, durationOfInfo, infoBody } from "./dtmf.ts";
import { InvalidOptionError } from "./errors.ts";

/** Timestamp units in a millisecond: events go by the clock of the speech, 8 kHz. */
const UNITS = 8;

/** The digits of one call, both ways, whatever brings them: RTP events (RFC 4733), sound, or INFO. */
export class CallDigits {
  /** Those received that nobody has taken. */
  readonly buffer: DigitBuffer = new DigitBuffer();
  onDigit: ((digit: string, source: DtmfSource) => void) | undefined;
  onEnd: ((event: DtmfEvent) => void) | undefined;
  readonly #media: Pick<MediaSession, "sendEvents">;
  #sending: (() => void)[] = [];

  constructor(media: Pick<MediaSession, "sendEvents">) {
    this.#media = media;
  }

  /**
   * Sends digits. Settles when they are sent, or when the call ends.
   * @param inform sends an INFO, for a far end that takes no events
   */
  async send(digits: string, { duration = 120, gap = 80 }: DtmfOptions, inform: (body: SIPBody) => Promise<SIPResponse>): Promise<void> {
    const events = Array.from(digits, (digit) => {
      const event = eventOf(digit);
      if (event === undefined) throw new InvalidOptionError("digits", `${JSON.stringify(digit)} is no DTMF digit: use 0–9, *, #, A–D`);
      return event;
    });
    if (events.length === 0) return;
    if (this.#media.sendEvents(events, duration, gap)) {
      await new Promise<void>((resolve) => this.#sending.push(resolve));
      return;
    }
    for (const event of events) {
      // oxlint-disable-next-line no-await-in-loop -- digits are heard in their order
      const { statusCode, reason, isSuccess } = await inform(infoBody(event, duration));
      if (isSuccess) continue;
      throw new SidetoneError("DTMF_REFUSED", `the far end takes digits neither as RTP events nor by INFO (${statusCode} ${reason}); play their tones`);
    }
  }

  /** Something happened in the media. */
  hear(event: MediaEvent): void {
    if (event.type === "dtmf-start") this.#heard(symbolOf(event.event), event.source);
    else if (event.type === "dtmf-end") this.#ended(symbolOf(event.event), event.source, Math.round(event.duration / UNITS));
    else if (event.type === "dtmf-sent") this.#sent();
  }

  /** An INFO, which tells of digits that are over already. */
  hearInfo(request: SIPRequest): void {
    const duration = durationOfInfo(request);
    for (const digit of digitsOfInfo(request)) {
      this.#heard(digit, "info");
      this.#ended(digit, "info", duration);
    }
  }

  /** The call is over. */
  close(): void {
    this.#sent();
    this.buffer.close();
  }

  #heard(digit: string | undefined, source: DtmfSource): void {
    if (digit === undefined) return;
    this.buffer.push(digit);
    this.onDigit?.(digit, source);
  }

  #ended(digit: string | undefined, source: DtmfSource, duration: number | undefined): void {
    if (digit !== undefined) this.onEnd?.({ digit, source, duration });
  }

  #sent(): void {
    const sending = this.#sending;
    this.#sending = [];
    for (const settle of sending) settle();
  }
}
