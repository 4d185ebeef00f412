import { EventEmitter } from "node:events";
import { isIPv6 } from "node:net";
import { type EngineInfo, loadEngine, type LoadedEngine } from "../media/load.ts";
import { NATError } from "../net/errors.ts";
import { NAT } from "../net/NAT.ts";
import { ServerLocator } from "../net/ServerLocator.ts";
import type { PayloadType } from "../rtp/PayloadType.ts";
import type { InviteSession, RequestHandler } from "../sip/dialog/InviteSession.ts";
import { SIPURI } from "../sip/message/SIPURI.ts";
import type { SIPResponse } from "../sip/message/SIPResponse.ts";
import { type RegistrationInfo, type RegistrationState, SIPClient } from "../sip/SIPClient.ts";
import type { Endpoint } from "../sip/transport/transport.ts";
import { Calls, DEFAULT_PAYLOAD_TYPES } from "./Calls.ts";
import type { CallSetup } from "./CallSetup.ts";
import { clientOptions } from "./clientOptions.ts";
import { InvalidOptionError, InvalidStateError } from "./errors.ts";
import { FollowedTransfers } from "./FollowedTransfers.ts";
import { IncomingCalls } from "./IncomingCalls.ts";
import { incomingMessage } from "./IncomingMessage.ts";
import { LocalHost } from "./LocalHost.ts";
import { targetOf } from "./numbers.ts";
import { checkOptions, type PhoneOptions, type VoIPPhoneParameter } from "./options.ts";
import type { PhoneEvents } from "./PhoneEvents.ts";
import { PhoneStatus } from "./PhoneStatus.ts";
import { relocate } from "./relocate.ts";
import { newTransports } from "./transports.ts";
import type { VoIPCall } from "./VoIPCall.ts";

/** How long `stop()` waits for far ends to answer BYE and CANCEL, ms. */
const FAREWELL = 4000;

/**
 * A phone: registers at a server (or works peer to peer), places calls and hands incoming ones to its call class.
 *
 * @example
 * const phone = new VoIPPhone({ server: "pbx.example.com", user: "alice", credentialsManager });
 * await phone.start();
 * const call = await phone.call("bob");
 */
export class VoIPPhone extends EventEmitter<PhoneEvents> {
  #options: PhoneOptions;
  readonly #calls: Calls;
  readonly #incoming: IncomingCalls;
  readonly #transfers: FollowedTransfers;
  #status: PhoneStatus = PhoneStatus.INACTIVE;
  #client: SIPClient | undefined;
  #loaded: LoadedEngine | undefined;
  #localHost: LocalHost;
  #stopping: Promise<void> | undefined;

  /** @throws InvalidRangeError, InvalidOptionError when the parameters cannot be used; nothing is opened yet */
  constructor(parameter: VoIPPhoneParameter) {
    super();
    this.#options = checkOptions(parameter);
    this.#localHost = this.#newLocalHost();
    const options = (): PhoneOptions => this.#options;
    this.#calls = new Calls({
      phone: this,
      options,
      engine: () => this.#engine(),
      addressTowards: (client, target) => this.#addressTowards(client, target),
      connect: (call, setup) => this.#connect(call, setup),
    });
    this.#incoming = new IncomingCalls({ phone: this, calls: this.#calls, options, addressFor: (peer) => this.#localHost.learn(peer) });
    this.#transfers = new FollowedTransfers({
      phone: this,
      calls: this.#calls,
      policy: () => this.#options.acceptTransfers ?? false,
      client: () => this.#ready("transfer"),
    });
    this.#watchForListeners();
  }

  /** Whether somebody listens to messages decides what Allow tells, and whether MESSAGE is refused. */
  #watchForListeners(): void {
    const changed = (name: string | symbol): void => {
      if (name !== "message") return;
      // A listener is told of before it is added.
      queueMicrotask(() => this.#takeMessages());
    };
    watchListeners(this, changed);
  }

  /** As every EventEmitter's. */
  override removeAllListeners(name?: keyof PhoneEvents): this {
    super.removeAllListeners(name);
    // Our own went with them.
    if (name === undefined) this.#watchForListeners();
    return this;
  }

  #takeMessages(): void {
    if (this.#client !== undefined) this.#client.onMessage = this.#messageHandler(undefined);
    for (const [call, { sip }] of this.#calls.entries) sip.onMessage = this.#messageHandler(call);
  }

  #messageHandler(call: VoIPCall | undefined): RequestHandler | undefined {
    if (this.listenerCount("message") === 0) return undefined;
    return (request) => (this.emit("message", incomingMessage(request, call)) ? 200 : 405);
  }

  #newLocalHost(): LocalHost {
    const { bindIp, bindNetwork, hostname, remoteHostname } = this.#options;
    return new LocalHost(bindIp, (localAddress) => {
      // The documented default means "everywhere", which for an IPv6 address reads ::/0.
      const network = bindNetwork === "0.0.0.0/0" && isIPv6(localAddress) ? "::/0" : bindNetwork;
      return new NAT(localAddress, network, hostname, remoteHostname);
    });
  }

  /** The phone's current status. */
  getStatus(): PhoneStatus {
    return this.#status;
  }

  /** The calls that are not over. */
  get calls(): ReadonlySet<VoIPCall> {
    return this.#calls.all;
  }

  /** Which media engine runs, and why. @throws EngineUnavailableError when the one that was asked for does not */
  get engineInfo(): EngineInfo {
    return this.#engine().info;
  }

  /** The local SIP address and port, once started. */
  get localEndpoint(): Endpoint | undefined {
    return this.#client?.transport.local;
  }

  #engine(): LoadedEngine {
    this.#loaded ??= loadEngine(this.#options.engine);
    return this.#loaded;
  }

  #become(status: PhoneStatus): void {
    if (this.#status === status) return;
    this.#status = status;
    this.emit("status", status);
  }

  /**
   * Binds the SIP port and registers. Settles when the phone is ready. On failure everything is closed again and the status is FAILED.
   * @throws InvalidStateError when it runs already
   * @throws TransportError when the port is taken, the address is not ours, or certificate and key do not work
   * @throws InvalidOptionError when a file of certificates cannot be read
   * @throws InvalidAccountInfoError when the server refuses the credentials
   * @throws RegistrationError when the server refuses for another reason or does not answer
   * @throws NATError when the server lies outside `bindNetwork` and no `remoteHostname` is set
   */
  async start(): Promise<void> {
    if (this.#status !== PhoneStatus.INACTIVE && this.#status !== PhoneStatus.FAILED) {
      throw new InvalidStateError(`start() is not possible: the phone is ${this.#status}; call stop() first`, this.#status);
    }
    this.#become(PhoneStatus.REGISTERING);
    this.#localHost = this.#newLocalHost();
    try {
      this.#engine();
      const client = this.#newClient();
      await this.#checkReachable(client);
      this.#client = client;
      await client.start();
      if (this.#client !== client) throw new InvalidStateError("start() was overtaken by stop()", this.#status);
      this.#become(PhoneStatus.REGISTERED);
    } catch (error) {
      const failed = this.#client;
      this.#client = undefined;
      await failed?.stop().catch(() => {}); // the first error is the one that tells
      if (this.getStatus() === PhoneStatus.REGISTERING) this.#become(PhoneStatus.FAILED);
      throw error;
    }
  }

  /** A NAT setting that cannot work will not work at the third attempt either; a name that does not resolve yet may. */
  async #checkReachable(client: SIPClient): Promise<void> {
    const { server } = this.#options;
    if (server === undefined) return;
    try {
      await this.#addressTowards(client, new SIPURI({ host: server }));
    } catch (error) {
      if (error instanceof NATError) throw error;
    }
  }

  #newClient(): SIPClient {
    const options = this.#options;
    const transport = newTransports(options);
    const locator = new ServerLocator({
      protocols: transport.protocols,
      // Only addresses of the family that our sockets speak.
      family: isIPv6(options.bindIp) ? 6 : 4,
      ...(options.dns === undefined ? {} : { dns: options.dns }),
    });
    const client = new (options.sipClass ?? SIPClient)({
      ...clientOptions(options),
      transport,
      hostFor: (remote) => this.#localHost.hostFor(remote),
      resolve: async (target) => {
        const endpoints = await locator.locate(target);
        await Promise.all(endpoints.map((endpoint) => this.#localHost.learn(endpoint.address)));
        return endpoints;
      },
    });
    client.onRegistrationState = (state, info) => this.#onRegistration(client, state, info);
    client.onMessage = this.#messageHandler(undefined);
    client.onRefer = this.#transfers.handlerOutside;
    client.onInvite = (session) => void this.#incoming.receive(client, session);
    return client;
  }

  /** Gives a call's SIP session what the phone decides; whether these are there decides what Allow tells. */
  #connect(call: VoIPCall, { sip }: CallSetup): void {
    sip.onRefer = this.#transfers.handlerOf(call);
    sip.onMessage = this.#messageHandler(call);
  }

  #onRegistration(client: SIPClient, state: RegistrationState, info: RegistrationInfo | undefined): void {
    if (info?.error !== undefined || (info?.status ?? 0) >= 300) this.emit("registrationFailed", info ?? {});
    // start() and stop() set the status at their own ends; this follows what happens in between.
    const running = this.#status === PhoneStatus.REGISTERED || this.#status === PhoneStatus.REGISTERING;
    if (client !== this.#client || !running) return;
    if (state === "registering") this.#become(PhoneStatus.REGISTERING);
    else if (state === "registered") this.#become(PhoneStatus.REGISTERED);
  }

  /**
   * The network has changed (another Wi-Fi, a VPN, a new DHCP lease): opens new sockets, at the same port when that is free, learns our address
   * anew, registers at once and moves each running call by a re-INVITE. A call that cannot follow ends with the cause `gone`; calls that
   * are not answered yet are left as they are.
   * @param options.bindIp the local address from now on; default: the one before
   * @returns settles when the server and all far ends have answered, or will not
   * @throws InvalidStateError when the phone does not run, InvalidOptionError when the address cannot be used
   * @throws TransportError when the new sockets cannot be opened: call `recover()` again when the network is there
   * @throws RegistrationError, InvalidAccountInfoError when registering fails; the phone goes on trying
   *
   * @example
   * await phone.recover({ bindIp: "192.168.7.20" });
   */
  async recover({ bindIp = this.#options.bindIp }: { readonly bindIp?: string } = {}): Promise<void> {
    const client = this.#ready("recover");
    const options = checkOptions({ ...this.#options, bindIp });
    if (isIPv6(bindIp) !== isIPv6(this.#options.bindIp)) {
      throw new InvalidOptionError("bindIp", `${bindIp} is of another IP version than before: stop() and make a new phone`);
    }
    this.#options = options;
    const { peers } = this.#localHost;
    const localHost = this.#newLocalHost();
    // Who is out of reach now is looked up again when something is sent there.
    await Promise.allSettled(peers.map((peer) => localHost.learn(peer)));
    this.#localHost = localHost;
    await client.recover({
      transport: (port) => newTransports({ ...options, bindPort: port }),
      reinvite: (session) => this.#relocate(client, session),
    });
  }

  async #relocate(client: SIPClient, session: InviteSession): Promise<SIPResponse> {
    const [, setup] = this.#calls.of(session) ?? [];
    const hop = session.dialog?.nextHop;
    if (setup === undefined || hop === undefined) throw new InvalidStateError("the call has no media to move", this.#status);
    const [endpoint] = await client.locate(hop);
    const address = await this.#localHost.learn(endpoint?.address ?? hop.host);
    return relocate(setup, { bindIp: this.#options.bindIp, address, openMedia: () => this.#calls.openMedia() });
  }

  /**
   * Ends every call, takes back the registration and frees the ports. Settles when nothing of the phone is left. Again, or before
   * `start()`: does nothing.
   */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop().finally(() => {
      this.#stopping = undefined;
    });
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    const client = this.#client;
    if (client === undefined) {
      this.#become(PhoneStatus.INACTIVE);
      return;
    }
    this.#become(PhoneStatus.DEREGISTERING);
    await this.#endCalls(client);
    this.#client = undefined;
    try {
      await client.stop();
    } finally {
      this.#become(PhoneStatus.INACTIVE);
    }
  }

  /** Ends every call. Whose far end is gone does not answer, and is not waited for 64*T1 long: `client.stop()` lets go of it. */
  async #endCalls({ clock }: SIPClient): Promise<void> {
    await new Promise<void>((settle) => {
      const alarm = clock.at(clock.now() + FAREWELL, settle);
      void Promise.allSettled([...this.calls].map((call) => call.end())).then(() => {
        alarm.cancel();
        settle();
      });
    });
  }

  /**
   * Calls a number, a user of the server, or a full SIP URI.
   * @param payloadTypes what to offer, preferred first
   * @returns the call, in {@link CallState.DIALING}
   * @throws InvalidStateError when the phone is not ready
   * @throws NoPortsAvailableError when every RTP port is taken
   */
  async call(number: string, payloadTypes: readonly PayloadType[] = DEFAULT_PAYLOAD_TYPES): Promise<VoIPCall> {
    const client = this.#ready("call");
    this.#calls.checkLimit(this.#status);
    return this.#calls.place(client, targetOf(number, this.#options), payloadTypes);
  }

  #ready(action: string): SIPClient {
    // A phone whose registration is being refreshed can still call.
    if (this.#client === undefined || this.#status === PhoneStatus.DEREGISTERING) {
      throw new InvalidStateError(`${action}() is not possible: the phone is ${this.#status}; call start() first`, this.#status);
    }
    return this.#client;
  }

  /** The address of ours that whoever takes our requests to that target sees. */
  async #addressTowards(client: SIPClient, target: SIPURI): Promise<string> {
    const [endpoint] = await client.destinationsFor(target);
    return this.#localHost.learn(endpoint?.address ?? target.host);
  }

  /**
   * Sends a MESSAGE (RFC 3428). @returns whether a 2xx came
   * @param ctype Content-Type of the body
   */
  async message(number: string, body: string, ctype = "text/plain"): Promise<boolean> {
    const client = this.#ready("message");
    const response = await client.message(targetOf(number, this.#options), body, ctype);
    return response.statusCode >= 200 && response.statusCode < 300;
  }

  /** @internal */
  reportCallError(call: VoIPCall, error: unknown): void {
    if (this.listenerCount("callError") > 0) this.emit("callError", call, error);
    else process.emitWarning(error instanceof Error ? error : String(error), "SidetoneCallError");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

function watchListeners(emitter: EventEmitter, changed: (name: string | symbol) => void): void {
  emitter.on("newListener", changed);
  emitter.on("removeListener", changed);
}
