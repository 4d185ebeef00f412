import type { LoadedEngine } from "../media/load.ts";
import { PayloadType } from "../rtp/PayloadType.ts";
import type { InviteSession } from "../sip/dialog/InviteSession.ts";
import type { SIPURI } from "../sip/message/SIPURI.ts";
import type { SIPClient } from "../sip/SIPClient.ts";
import type { CallSetup } from "./CallSetup.ts";
import { InvalidStateError } from "./errors.ts";
import { sessionOptions } from "./mediaOptions.ts";
import { MovableMedia } from "./MovableMedia.ts";
import { Negotiation } from "./Negotiation.ts";
import { transferTarget } from "./numbers.ts";
import type { PhoneOptions } from "./options.ts";
import { VoIPCall } from "./VoIPCall.ts";
import type { VoIPPhone } from "./VoIPPhone.ts";

/** What calls offer and take unless told otherwise. */
export const DEFAULT_PAYLOAD_TYPES: readonly PayloadType[] = [PayloadType.PCMU, PayloadType.PCMA, PayloadType.EVENT];

/** What {@link Calls} needs of the phone whose calls they are. */
export interface CallsOptions {
  readonly phone: VoIPPhone;
  /** They change with the network that the phone is in. */
  readonly options: () => PhoneOptions;
  readonly engine: () => LoadedEngine;
  /** The address of ours that whoever takes our requests to a target sees. */
  readonly addressTowards: (client: SIPClient, target: SIPURI) => Promise<string>;
  /** Connects what a call's SIP session asks of the phone, before anything else happens to it. */
  readonly connect: (call: VoIPCall, setup: CallSetup) => void;
}

/** The calls of one phone: how they come to be, and how many there may be. */
export class Calls {
  readonly #parts: CallsOptions;
  readonly #bySession = new Map<InviteSession, readonly [VoIPCall, CallSetup]>();
  readonly #all = new Set<VoIPCall>();
  /** Sessions being opened count against maxCalls, or a burst of INVITEs would slip past it. */
  #opening = 0;

  constructor(parts: CallsOptions) {
    this.#parts = parts;
  }

  /** Those that are not over. */
  get all(): ReadonlySet<VoIPCall> {
    return this.#all;
  }

  /** Those, with what they are made of. */
  get entries(): Iterable<readonly [VoIPCall, CallSetup]> {
    return this.#bySession.values();
  }

  /** Whether one call more is too many. @param leaving how many of them are about to end */
  full(leaving = 0): boolean {
    return this.#all.size + this.#opening - leaving >= this.#parts.options().maxCalls;
  }

  /** The call of a SIP session. */
  of(session: InviteSession): readonly [VoIPCall, CallSetup] | undefined {
    return this.#bySession.get(session);
  }

  /** @throws InvalidStateError when there are as many as may be */
  checkLimit(state: string): void {
    if (!this.full()) return;
    const { maxCalls } = this.#parts.options();
    throw new InvalidStateError(`call() is not possible: ${maxCalls} calls are up, and maxCalls allows no more`, state, "MAX_CALLS");
  }

  /** Calls somebody. @throws NoPortsAvailableError, InvalidOptionError */
  async place(
    client: SIPClient,
    target: SIPURI,
    payloadTypes: readonly PayloadType[] = DEFAULT_PAYLOAD_TYPES,
    headers: readonly (readonly [string, string])[] = [],
  ): Promise<VoIPCall> {
    const address = await this.#parts.addressTowards(client, target);
    const media = await this.openMedia();
    try {
      const negotiation = new Negotiation(address, media.localPort, payloadTypes, this.#parts.options());
      const sip = client.invite(target, { body: negotiation.offer(), headers });
      return this.add(client, { media, negotiation, direction: "outbound", sip });
    } catch (error) {
      await media.close();
      throw error;
    }
  }

  /** A new call, of the phone's class. */
  add(client: SIPClient, begun: Pick<CallSetup, "direction" | "sip" | "media" | "further" | "negotiation" | "answer">): VoIPCall {
    const { phone, connect, engine } = this.#parts;
    const options = this.#parts.options();
    const setup: CallSetup = {
      ...begun,
      audioFormat: options.audioFormat,
      engine: engine().engine.name,
      referral: {
        direct: options.server === undefined && options.outboundProxy === undefined,
        refer: (to, target, how) => client.refer(to, target, how),
        target: (transfer) => transferTarget(transfer, options),
      },
    };
    const call = new (options.callClass ?? VoIPCall)(phone, setup);
    this.#bySession.set(setup.sip, [call, setup]);
    this.#all.add(call);
    connect(call, setup);
    void call.ended.then(() => {
      this.#bySession.delete(setup.sip);
      this.#all.delete(call);
    });
    return call;
  }

  /** A media session for one more call. @throws NoPortsAvailableError, MediaSocketError */
  async openMedia(): Promise<MovableMedia> {
    const { bindIp: address, rtpPortLow: portLow, rtpPortHigh: portHigh, ...media } = this.#parts.options();
    const session = sessionOptions(media);
    this.#opening += 1;
    try {
      return new MovableMedia(await this.#parts.engine().engine.open({ address, portLow, portHigh, session }));
    } finally {
      this.#opening -= 1;
    }
  }
}
