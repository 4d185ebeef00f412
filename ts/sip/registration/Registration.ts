import type { Alarm } from "../../time/clock.ts";
import { RequestAbandonedError, RequestTimeoutError, RequestTransportError } from "../dialog/errors.ts";
import { type Identity, isPrivate } from "../dialog/Identity.ts";
import { transact } from "../dialog/OutgoingRequest.ts";
import type { UserAgent } from "../dialog/UserAgent.ts";
import { CSeq } from "../message/CSeq.ts";
import { newCallId, newTag } from "../message/random.ts";
import { SIPRequest } from "../message/SIPRequest.ts";
import type { SIPResponse } from "../message/SIPResponse.ts";
import { SIPURI } from "../message/SIPURI.ts";
import { isCertificateFault } from "../transport/tlsErrors.ts";
import type { Endpoint } from "../transport/transport.ts";
import type { KeepAlive } from "./KeepAlive.ts";
import { RegistrationError } from "./RegistrationError.ts";
import {
  type RegistrationAction,
  type RegistrationInfo,
  RegistrationMachine,
  type RegistrationMachineOptions,
  type RegistrationState,
} from "./RegistrationMachine.ts";

export interface RegistrationOptions extends Omit<RegistrationMachineOptions, "random"> {
  readonly keepAlive: KeepAlive;
  readonly identity: Identity;
  /** The registrar's domain, which is the Request-URI (RFC 3261 §10.2). */
  readonly domain: string;
  readonly destinations: () => readonly Endpoint[] | Promise<readonly Endpoint[]>;
  readonly onState: (state: RegistrationState, info: RegistrationInfo) => void;
}

/** Runs a {@link RegistrationMachine}: writes its REGISTERs, reads the answers, keeps its time. */
export class Registration {
  readonly #ua: UserAgent;
  readonly #options: RegistrationOptions;
  readonly #machine: RegistrationMachine;
  /** All REGISTERs of one client share a Call-ID and count up (RFC 3261 §10.2). */
  readonly #callId = newCallId();
  /** A request that answers a challenge keeps its From, tag included (RFC 3261 §8.1.3.5). */
  readonly #tag: string = newTag();
  #sequence = 0;
  /** The Contact bound at the registrar. */
  #bound: string | undefined;
  /** The Contact was just changed; if it has changed again, a NAT gives us a new port each time and there is no end to it. */
  #moved = false;
  /** Whom the last REGISTER that worked went to. */
  #registrar: Endpoint | undefined;
  #alarm: Alarm | undefined;
  /** Who waits for the outcome of a renewal. */
  #renewing: { resolve: () => void; reject: (error: Error) => void }[] = [];
  #waiting: { resolve: () => void; reject: (error: Error) => void; until: RegistrationState } | undefined;

  constructor(ua: UserAgent, options: RegistrationOptions) {
    this.#ua = ua;
    this.#options = options;
    this.#machine = new RegistrationMachine({ ...options, random: () => ua.random() });
  }

  get state(): RegistrationState {
    return this.#machine.state;
  }

  /**
   * Registers, and stays registered.
   * @throws InvalidAccountInfoError when the registrar refuses the account, RegistrationError when it does not work otherwise
   */
  start(): Promise<void> {
    return this.#until("registered", () => this.#machine.start());
  }

  /**
   * Registers anew at once, under the address that we have now: the network has changed. Nothing happens when we are not registered.
   * @throws what the attempt fails with; others follow, after a pause
   */
  renew(): Promise<void> {
    const { state, sending } = this.#machine;
    if (state !== "registered" && state !== "registering") return Promise.resolve();
    return new Promise((resolve, reject) => {
      this.#renewing.push({ resolve, reject });
      this.#moved = false;
      this.#act(this.#machine.renew());
      if (!sending) return;
      // Its answer would come to the address that we have no more.
      for (const request of this.#ua.requests) if (request.method === "REGISTER") request.abandon();
    });
  }

  /** Takes the binding back. Settles when the registrar has answered, or will not. Never rejects. */
  stop(): Promise<void> {
    return this.#until("inactive", () => this.#machine.stop());
  }

  /** A connection is gone. If it was the one to the registrar, nobody reaches us until there is another (RFC 5626 §4.5). */
  disconnected(remote: Endpoint): void {
    const registrar = this.#registrar;
    if (registrar?.address !== remote.address || registrar.port !== remote.port || registrar.protocol !== remote.protocol) return;
    this.#act(this.#machine.disconnected(this.#ua.clock.now()));
  }

  /** Stops without a word to anybody. */
  abandon(): void {
    this.#options.keepAlive.follow(undefined);
    this.#alarm?.cancel();
    this.#waiting?.resolve();
    this.#waiting = undefined;
    this.#renewed();
  }

  #renewed(error?: Error): void {
    const renewing = this.#renewing;
    this.#renewing = [];
    for (const { resolve, reject } of renewing) {
      if (error === undefined) resolve();
      else reject(error);
    }
  }

  #until(state: RegistrationState, begin: () => RegistrationAction[]): Promise<void> {
    const { server, user } = this.#options;
    this.#waiting?.reject(new RegistrationError(server, user, "it was stopped meanwhile", 487, "Request Terminated"));
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject, until: state };
      this.#act(begin());
      // It may have been there already.
      if (this.#machine.state === state) this.#settle(state, {});
    });
  }

  #settle(state: RegistrationState, info: RegistrationInfo): void {
    const waiting = this.#waiting;
    if (waiting === undefined || (state !== waiting.until && state !== "failed")) return;
    this.#waiting = undefined;
    if (state === waiting.until) waiting.resolve();
    else if (info.error !== undefined) waiting.reject(info.error);
  }

  #act(actions: readonly RegistrationAction[]): void {
    for (const action of actions) {
      if (action.kind === "send") {
        void this.#send(action.expires);
      } else {
        this.#options.onState(action.state, action.info);
        this.#settle(action.state, action.info);
        if (action.state !== "registering" || action.info.error !== undefined) this.#renewed(action.info.error);
      }
    }
    this.#schedule();
  }

  #schedule(): void {
    this.#alarm?.cancel();
    this.#alarm = undefined;
    const { nextTimeout } = this.#machine;
    if (nextTimeout !== undefined) this.#alarm = this.#ua.clock.at(nextTimeout, () => this.#act(this.#machine.elapse(this.#ua.clock.now())));
  }

  async #send(expires: number): Promise<void> {
    let contact = "";
    let destination: Endpoint | undefined;
    let response: SIPResponse;
    try {
      response = await transact(this.#ua, {
        method: "REGISTER",
        destinations: this.#options.destinations,
        build: (to) => {
          destination = to;
          contact = this.#ua.contactFor(to);
          return this.#build(to, contact, expires);
        },
        // The challenge to the first REGISTER already shows what a NAT makes of our address, so the second can carry it.
        onAnyResponse: (any) => destination && this.#options.identity.learn(any.via, destination),
      });
    } catch (error) {
      const now = this.#ua.clock.now();
      const network = error instanceof RequestTimeoutError || error instanceof RequestTransportError || error instanceof RequestAbandonedError;
      if (network) this.#act(this.#machine.silent(error, now, isCertificateFault(error.cause)));
      else this.#act(this.#machine.broken(error instanceof Error ? error : new Error(String(error)), now));
      return;
    }
    this.#receive(response, contact, expires, destination);
  }

  #receive(response: SIPResponse, contact: string, expires: number, destination: Endpoint | undefined): void {
    const { statusCode: status, reason } = response;
    const now = this.#ua.clock.now();
    if (status >= 300) {
      const minExpires = seconds(response, "Min-Expires");
      this.#act(this.#machine.refused({ status, reason, minExpires, retryAfter: seconds(response, "Retry-After") }, now));
      return;
    }
    this.#bound = expires === 0 ? undefined : contact;
    this.#act(this.#machine.accepted(this.#granted(response, contact, expires), status, reason, now));
    const { identity, keepAlive } = this.#options;
    this.#registrar = expires > 0 ? destination : undefined;
    const flowTimer = seconds(response, "Flow-Timer");
    // A connection keeps itself alive, unless the server wants it more often. In one network with the server, nothing stands between.
    const forgetful = destination !== undefined && (identity.isBehindNAT(destination) || !isPrivate(destination.address));
    keepAlive.follow((destination?.protocol === "UDP" && forgetful) || flowTimer !== undefined ? this.#registrar : undefined, flowTimer);
    if (destination === undefined || this.#machine.state !== "registered") return;
    const moved = this.#ua.contactFor(destination) !== contact;
    if (moved && !this.#moved) this.#act(this.#machine.refresh());
    this.#moved = moved;
  }

  #build(destination: Endpoint, contact: string, expires: number): SIPRequest {
    const { identity, domain } = this.#options;
    this.#sequence += 1;
    const from = identity.from(destination.address);
    from.tag = this.#tag;
    const to = identity.aor(destination.address);
    const request = SIPRequest.create({
      method: "REGISTER",
      uri: new SIPURI({ host: domain }),
      headers: [
        ["Max-Forwards", "70"],
        ["From", from.toString()],
        ["To", `<${to.toString()}>`],
        ["Call-ID", this.#callId],
        ["CSeq", new CSeq(this.#sequence, "REGISTER").toString()],
        ["Contact", `${contact};expires=${expires}`],
        ["Expires", String(expires)],
      ],
    });
    // The binding under the address that we had before would ring nobody, or somebody else behind the same NAT.
    if (this.#bound !== undefined && this.#bound !== contact) request.headers.add("Contact", `${this.#bound};expires=0`);
    this.#ua.prepare(request, destination);
    return request;
  }

  /** Seconds granted to our own Contact, which may be one of several (RFC 3261 §10.2.4). */
  #granted(response: SIPResponse, contact: string, asked: number): number {
    const { contacts } = response;
    const ours = contacts.find((bound) => this.#options.identity.isContact(bound.uri) && `<${bound.uri.toString()}>` === contact)
      ?? contacts.find((bound) => this.#options.identity.isContact(bound.uri) && bound.params.text("expires") !== "0")
      // Some registrars drop unknown parameters of what they bind.
      ?? (contacts.length === 1 ? contacts[0] : undefined);
    const granted = Number.parseInt(ours?.params.text("expires") ?? "", 10);
    if (granted > 0) return granted;
    const { expires } = response;
    return expires !== undefined && expires > 0 ? expires : asked;
  }
}

function seconds(response: SIPResponse, name: string): number | undefined {
  const value = Number.parseInt(response.headers.get(name) ?? "", 10);
  return value >= 0 ? value : undefined;
}
