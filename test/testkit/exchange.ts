import type { Endpoint } from "../../ts/sip/transport/transport.ts";
import { MemoryNetwork, Registrar, VirtualClock, type LinkConditions, type RegistrarOptions } from "../../ts/testkit/index.ts";
import { Softphone } from "./Softphone.ts";

export const USERS = { alice: "secret", bob: "hush", carol: "quiet" };
export const SERVER: Endpoint = { address: "192.0.2.1", port: 5060, protocol: "UDP" };

/** A registrar and phones on a network in virtual time. */
export class Exchange {
  readonly clock = new VirtualClock();
  readonly network: MemoryNetwork;
  readonly registrar: Registrar;
  readonly failures: unknown[] = [];
  #phones = 0;

  private constructor(options: Partial<RegistrarOptions>, link: Partial<LinkConditions>, seed: number) {
    this.network = new MemoryNetwork({ clock: this.clock, seed, minimumDelay: 5, maximumDelay: 5, ...link });
    const transport = this.network.transport(SERVER.address, SERVER.port);
    this.registrar = new Registrar({ users: USERS, clock: this.clock, transport, ...options });
    this.registrar.onInternalError = (error) => this.failures.push(error);
  }

  static async start(options: Partial<RegistrarOptions> = {}, link: Partial<LinkConditions> = {}, seed = 1): Promise<Exchange> {
    const exchange = new Exchange(options, link, seed);
    await exchange.registrar.start();
    return exchange;
  }

  /** A phone at an address of its own. */
  async phone(name: keyof typeof USERS, options: { password?: string; sentBy?: string } = {}): Promise<Softphone> {
    const transport = this.network.transport(`192.0.2.${10 + this.#phones++}`, 5060);
    await transport.open();
    return new Softphone({ name, password: USERS[name], transport, clock: this.clock, server: () => SERVER, ...options });
  }

  /** A phone that has registered. */
  async registered(name: keyof typeof USERS): Promise<Softphone> {
    const phone = await this.phone(name);
    const response = await this.settled(phone.authenticated(phone.register()));
    if (response.statusCode !== 200) throw new Error(`${name} is not registered: ${response.heading}`);
    return phone;
  }

  /** Lets time pass until a promise has settled. */
  async settled<T>(promise: Promise<T>, limit = 40_000): Promise<T> {
    let isSettled = false;
    const note = (): void => {
      isSettled = true;
    };
    promise.then(note, note);
    await this.clock.runUntil(() => isSettled, limit);
    return promise;
  }

  /** Lets every message in flight arrive. */
  async soon(): Promise<void> {
    await this.clock.advance(100);
  }
}
