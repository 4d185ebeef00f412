import { NameAddr } from "../../sip/message/NameAddr.ts";
import type { SIPRequest } from "../../sip/message/SIPRequest.ts";
import { SIPURI } from "../../sip/message/SIPURI.ts";
import type { Endpoint } from "../../sip/transport/transport.ts";
import type { Clock } from "../../time/clock.ts";

/** One phone of one user: a Contact, for as long as it was granted. */
export interface Binding {
  /** User part of the address of record. */
  readonly user: string;
  readonly contact: SIPURI;
  /** Where the REGISTER came from; behind a NAT this, and not the Contact, is where the phone is reached. */
  readonly source: Endpoint;
  readonly behindNAT: boolean;
  /** By the registrar's clock, ms. */
  readonly expiresAt: number;
  readonly callId: string;
  readonly sequence: number;
}

/** How long a binding may last, in seconds. */
export interface ExpiryLimits {
  /** Below it a REGISTER gets 423. */
  readonly minimumExpires: number;
  /** Longer wishes are cut to it. */
  readonly maximumExpires: number;
  /** Granted to who names no time. */
  readonly defaultExpires: number;
}

/** A REGISTER that changes nothing, and the response that says why. */
export interface Refusal {
  readonly status: number;
  readonly headers?: readonly (readonly [string, string])[];
}

const MAX_CONTACTS = 20;

/**
 * The location service of RFC 3261 §10: who is registered where. Expired bindings are left out when somebody looks; no alarm waits
 * for them.
 */
export class Bindings {
  readonly #clock: Clock;
  readonly #limits: ExpiryLimits;
  readonly #byUser = new Map<string, Binding[]>();

  constructor(clock: Clock, limits: ExpiryLimits) {
    this.#clock = clock;
    this.#limits = limits;
  }

  /** A user's living bindings, the newest first. */
  of(user: string): readonly Binding[] {
    const now = this.#clock.now();
    return (this.#byUser.get(user) ?? []).filter((binding) => binding.expiresAt > now);
  }

  all(): readonly Binding[] {
    return [...this.#byUser.keys()].flatMap((user) => this.of(user));
  }

  /** The binding of exactly this Contact: a request inside a dialog is addressed to it. */
  at(uri: SIPURI): Binding | undefined {
    return this.all().find((binding) => binding.contact.equals(uri));
  }

  clear(): void {
    this.#byUser.clear();
  }

  /**
   * Does what a REGISTER asks, all of it or nothing (RFC 3261 §10.3, steps 6 and 7).
   * @returns undefined when done
   */
  update(user: string, request: SIPRequest, source: Endpoint): Refusal | undefined {
    const { callId } = request;
    const { sequence } = request.cseq;
    const current = this.of(user);
    const outOfOrder = (binding: Binding): boolean => binding.callId === callId && sequence <= binding.sequence;

    if (request.contactIsWildcard) {
      if (request.expires !== 0) return { status: 400 };
      if (current.some(outOfOrder)) return { status: 500 };
      this.#byUser.delete(user);
      return undefined;
    }
    const kept = [...current];
    for (const contact of request.contacts.toReversed()) {
      const { uri } = contact;
      if (!(uri instanceof SIPURI)) return { status: 416 };
      const wanted = expiresOf(contact) ?? request.expires ?? this.#limits.defaultExpires;
      if (wanted > 0 && wanted < this.#limits.minimumExpires) {
        return { status: 423, headers: [["Min-Expires", String(this.#limits.minimumExpires)]] };
      }
      const old = kept.findIndex((binding) => binding.contact.equals(uri));
      if (old !== -1) {
        if (outOfOrder(kept[old]!)) return { status: 500 };
        kept.splice(old, 1);
      }
      if (wanted === 0) continue;
      const expiresAt = this.#clock.now() + 1000 * Math.min(wanted, this.#limits.maximumExpires);
      kept.unshift({ user, contact: uri, source, behindNAT: isBehindNAT(request), expiresAt, callId, sequence });
    }
    if (kept.length > MAX_CONTACTS) return { status: 403 };
    this.#byUser.set(user, kept);
    return undefined;
  }

  /** The Contact values of a 200 to REGISTER: all that are bound now, with the seconds that each has left. */
  contactsOf(user: string): string[] {
    return this.of(user).map(({ contact, expiresAt }) => {
      const expires = Math.ceil((expiresAt - this.#clock.now()) / 1000);
      return new NameAddr({ uri: contact, params: { expires } }).toString();
    });
  }
}

/** The `expires` parameter; what is no number counts as absent (RFC 3261 §20.19). */
function expiresOf(contact: NameAddr): number | undefined {
  const text = contact.params.text("expires") ?? "";
  return /^\d{1,10}$/.test(text) ? Number(text) : undefined;
}

/** Whether the address that the phone thinks it has is not the one that we see (RFC 3581 §4). */
function isBehindNAT(request: SIPRequest): boolean {
  const { via } = request;
  if (via.received !== undefined && via.received !== via.host) return true;
  return typeof via.rport === "number" && via.rport !== (via.port ?? 5060);
}
