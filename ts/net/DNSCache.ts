import type { Clock } from "../time/clock.ts";
import type { AddressRecord, DNS, NAPTRRecord, SRVRecord } from "./dns.ts";
import { orderSRV } from "./srv.ts";

/** Seconds for which answers are kept: those whose life is not known (Node tells it of addresses only), at most, and none. */
const USUAL = 30;
const LONGEST = 300;
const NOTHING_FOUND = 10;
const KEPT = 1000;

interface Answer<T> {
  readonly records: Promise<readonly T[]>;
  expiresAt: number;
}

/** Remembers for a short time what DNS said, so that a call does not wait for what the last one asked. */
export class DNSCache {
  readonly #dns: DNS;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #answers = new Map<string, Answer<unknown>>();
  /** SRV records as drawn: while they stay the same, so does their order, and a phone its server. */
  readonly #drawn = new Map<string, { readonly text: string; readonly order: readonly SRVRecord[] }>();

  constructor(dns: DNS, clock: Clock, random: () => number) {
    this.#dns = dns;
    this.#clock = clock;
    this.#random = random;
  }

  naptr(name: string): Promise<readonly NAPTRRecord[]> {
    return this.#ask(`NAPTR ${name}`, () => this.#dns.naptr(name)).catch(() => []);
  }

  /** In the order in which to try them. */
  async srv(name: string): Promise<readonly SRVRecord[]> {
    const records = await this.#ask(`SRV ${name}`, () => this.#dns.srv(name)).catch(() => []);
    if (records.length === 0) return records;
    const text = records.map((record) => `${record.priority} ${record.weight} ${record.port} ${record.name}`).toSorted().join("\n");
    const known = this.#drawn.get(name);
    if (known?.text === text) return known.order;
    const order = orderSRV(records, this.#random);
    if (this.#drawn.size >= KEPT) this.#drawn.clear();
    this.#drawn.set(name, { text, order });
    return order;
  }

  /** Best first. Rejects with what DNS says when there are none. */
  async addresses(name: string, family: 4 | 6 | undefined): Promise<readonly string[]> {
    const records = await this.#ask(`${family ?? "any"} ${name}`, () => this.#addresses(name, family));
    return [...new Set(records.map(({ address }) => address))];
  }

  async #addresses(name: string, family: 4 | 6 | undefined): Promise<readonly AddressRecord[]> {
    const dns = this.#dns;
    if (family !== undefined) return family === 4 ? dns.a(name) : dns.aaaa(name);
    if (dns.addresses !== undefined) return dns.addresses(name);
    const answers = await Promise.allSettled([dns.aaaa(name), dns.a(name)]);
    const found = answers.flatMap((answer) => (answer.status === "fulfilled" ? answer.value : []));
    const failed = answers.find((answer) => answer.status === "rejected");
    if (found.length === 0 && failed !== undefined) throw failed.reason;
    return found;
  }

  #ask<T extends object>(key: string, ask: () => Promise<readonly T[]>): Promise<readonly T[]> {
    const now = this.#clock.now();
    const known = this.#answers.get(key);
    // Under one key there is only ever one kind of record.
    // oxlint-disable-next-line no-unsafe-type-assertion
    if (known !== undefined && known.expiresAt > now) return known.records as Promise<readonly T[]>;
    if (this.#answers.size >= KEPT) this.#answers.clear();
    // In a promise's chain, so that a resolver that throws rejects.
    const records = Promise.resolve().then(ask);
    const answer: Answer<T> = { records, expiresAt: Number.POSITIVE_INFINITY };
    this.#answers.set(key, answer);
    const keepFor = (seconds: number): void => {
      answer.expiresAt = this.#clock.now() + 1000 * seconds;
    };
    records.then(
      (found) => keepFor(found.length === 0 ? NOTHING_FOUND : Math.min(LONGEST, ...found.map(lifeOf))),
      () => keepFor(NOTHING_FOUND),
    );
    return records;
  }
}

function lifeOf(record: object): number {
  return "ttl" in record && typeof record.ttl === "number" ? record.ttl : USUAL;
}
