import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import type { Clock } from "../../time/clock.ts";
import { TransportError } from "../transport/errors.ts";
import type { Target } from "../transport/target.ts";
import type { Endpoint, TransportProtocol } from "../transport/transport.ts";
import type { TransportSet } from "../transport/TransportSet.ts";

/** Finds where to send what is for a target: endpoints in the order in which to try them (RFC 3263 §4). */
export type Resolve = (target: Target) => Promise<readonly Endpoint[]>;

/** Answers for literal addresses are kept: they never change. So many at most. */
const KEPT = 1024;
/** For so long a server that failed is tried after the others, ms. */
const AVOIDED = 60_000;

/**
 * From targets to endpoints: asks a {@link Resolve}, answers at once where the answer cannot have changed, and puts servers that have just
 * failed behind the others.
 */
export class Locator {
  readonly #transports: TransportSet;
  readonly #clock: Clock;
  readonly #resolve: Resolve;
  readonly #literals = new Map<string, readonly Endpoint[]>();
  /** Until when to avoid whom. */
  readonly #failed = new Map<string, number>();

  constructor(transports: TransportSet, clock: Clock, resolve: Resolve | undefined) {
    this.#transports = transports;
    this.#clock = clock;
    this.#resolve = resolve ?? ((target) => this.#lookUp(target));
  }

  /** @throws TransportError `TRANSPORT_UNAVAILABLE`, also by rejecting, when the target asks for a protocol that is not spoken here */
  locate(target: Target): readonly Endpoint[] | Promise<readonly Endpoint[]> {
    const { host, port, protocol, secure = false } = target;
    this.#check(target);
    const key = `${host} ${port ?? ""} ${protocol ?? ""} ${secure}`;
    const known = this.#literals.get(key);
    if (known !== undefined) return known;
    const found = this.#resolve(target);
    if (isIP(host) === 0) return found.then((endpoints) => this.#livelyFirst(endpoints));
    return found.then((endpoints) => {
      if (this.#literals.size >= KEPT) this.#literals.clear();
      this.#literals.set(key, endpoints);
      return endpoints;
    });
  }

  /** It did not answer, could not be reached, or is out of service: others come first for a while. @param seconds what its Retry-After says */
  failed({ address, port, protocol }: Endpoint, seconds: number = AVOIDED / 1000): void {
    if (this.#failed.size >= KEPT) this.#failed.clear();
    this.#failed.set(`${protocol} ${address} ${port}`, this.#clock.now() + 1000 * seconds);
  }

  /** The network has changed: what was out of reach may be in reach, and names may lead elsewhere. */
  forget(): void {
    this.#failed.clear();
    this.#literals.clear();
  }

  #livelyFirst(endpoints: readonly Endpoint[]): readonly Endpoint[] {
    if (this.#failed.size === 0) return endpoints;
    const now = this.#clock.now();
    const isAvoided = ({ address, port, protocol }: Endpoint): boolean => (this.#failed.get(`${protocol} ${address} ${port}`) ?? 0) > now;
    return [...endpoints.filter((endpoint) => !isAvoided(endpoint)), ...endpoints.filter(isAvoided)];
  }

  #check({ host, port = 0, protocol, secure = false }: Target): void {
    const needed = secure ? "TLS" : protocol;
    if (needed === undefined || this.#transports.of(needed) !== undefined) return;
    const why = secure ? "a sips: address demands TLS" : `the address asks for ${needed}`;
    const problem = `cannot reach ${host}: ${why}, and this client speaks ${this.#transports.protocols.join(" and ")} only; set transportMode`;
    throw new TransportError("TRANSPORT_UNAVAILABLE", problem, host, port);
  }

  /** Without a resolver that knows RFC 3263: a name's addresses, and the port that is given or usual. */
  async #lookUp({ host, port, protocol = this.#usual, secure = false }: Target): Promise<readonly Endpoint[]> {
    const addresses = isIP(host) === 0 ? await lookup(host, { all: true }) : [{ address: host, family: isIP(host) }];
    const chosen = secure ? "TLS" : protocol;
    const bound = this.#transports.of(chosen)?.local.address ?? "";
    // A socket of one family cannot send to the other; a dual-stack wildcard can.
    const usable = bound === "::" ? addresses : addresses.filter((found) => found.family === isIP(bound));
    const name = chosen === "TLS" && isIP(host) === 0 ? { host } : {};
    return usable.map(({ address }) => ({ address, port: port ?? (chosen === "TLS" ? 5061 : 5060), protocol: chosen, ...name }));
  }

  /** RFC 3263 §4.1: UDP where nothing is said; or the nearest to it that we speak. */
  get #usual(): TransportProtocol {
    return this.#transports.of("UDP") === undefined ? this.#transports.protocol : "UDP";
  }
}
