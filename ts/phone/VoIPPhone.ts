import { EventEmitter } from "node:events";
import { isIPv6 } from "node:net";
import type { OpenOptions } from "../media/contract.ts";
import { NoPortsAvailableError } from "../media/errors.ts";
import { type EngineInfo, loadEngine, type LoadedEngine } from "../media/load.ts";
import { NATError } from "../net/errors.ts";
import { NAT } from "../net/NAT.ts";
import { ServerLocator } from "../net/ServerLocator.ts";
import { PayloadType } from "../rtp/PayloadType.ts";
import { bodyOf } from "../sip/dialog/body.ts";
import type { InviteSession, RequestHandler } from "../sip/dialog/InviteSession.ts";
import type { ServerInviteSession } from "../sip/dialog/ServerInviteSession.ts";
import { parseURI, SIPURI } from "../sip/message/SIPURI.ts";
import type { SIPRequest } from "../sip/message/SIPRequest.ts";
import type { SIPResponse } from "../sip/message/SIPResponse.ts";
import type { ReferHandler } from "../sip/refer/receiveRefer.ts";
import { type RegistrationInfo, type RegistrationState, SIPClient } from "../sip/SIPClient.ts";
import type { Endpoint } from "../sip/transport/transport.ts";
import type { CallSetup } from "./CallSetup.ts";
import { CallState } from "./CallState.ts";
import { CredentialsManager } from "./CredentialsManager.ts";
import { InvalidOptionError, InvalidStateError } from "./errors.ts";
import { type IncomingMessage, incomingMessage } from "./IncomingMessage.ts";
import { LocalHost } from "./LocalHost.ts";
import { MovableMedia } from "./MovableMedia.ts";
import { Negotiation, warning } from "./Negotiation.ts";
import { checkOptions, defaultPort, type PhoneOptions, type VoIPPhoneParameter } from "./options.ts";
import { PhoneStatus } from "./PhoneStatus.ts";
import { relocate } from "./relocate.ts";
import { reportProgress, type TransferOptions, withoutBrackets } from "./transfer.ts";
import { newTransports } from "./transports.ts";
import { VoIPCall } from "./VoIPCall.ts";

/** What a phone tells its listeners. */
export interface PhoneEvents {
  /** Every change of {@link VoIPPhone.getStatus}. */
  status: [status: PhoneStatus];
  /** Somebody calls; `ringing` of the call's class runs right after. */
  incoming: [call: VoIPCall];
  /** A registration was refused or got no answer; the phone goes on trying once it has worked. */
  registrationFailed: [info: RegistrationInfo];
  /** A caller was turned away before any call came to be: no port left, `maxCalls` reached, or no codec in common. */
  callRefused: [request: SIPRequest, status: number, reason: string];
  /** Somebody sent a MESSAGE. It is answered 200 while there is a listener; without one MESSAGE is answered 405, and Allow does not name it. */
  message: [message: IncomingMessage];
  /** The far end of `former` transferred us, and `acceptTransfers` agreed: `call` is the new one, in DIALING. */
  transferred: [call: VoIPCall, former: VoIPCall];
  /** `call` takes the place of `former` (RFC 3891), because its far end was transferred: it is answered at once, and `former` ends. */
  replaced: [call: VoIPCall, former: VoIPCall];
  /** A hook of a call threw, or its media could not be negotiated. Without a listener it is a process warning. */
  callError: [call: VoIPCall, error: unknown];
}

/** How long `stop()` waits for far ends to answer BYE and CANCEL, ms. */
const FAREWELL = 4000;

const DEFAULT_PAYLOAD_TYPES: readonly PayloadType[] = [PayloadType.PCMU, PayloadType.PCMA, PayloadType.EVENT];

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
  readonly #calls = new Set<VoIPCall>();
  readonly #setups = new WeakMap<InviteSession, CallSetup>();
  #status: PhoneStatus = PhoneStatus.INACTIVE;
  #client: SIPClient | undefined;
  #loaded: LoadedEngine | undefined;
  #localHost: LocalHost;
  #stopping: Promise<void> | undefined;
  /** Sessions being opened count against maxCalls, or a burst of INVITEs would slip past it. */
  #opening = 0;

  /** @throws InvalidRangeError, InvalidOptionError when the parameters cannot be used; nothing is opened yet */
  constructor(parameter: VoIPPhoneParameter) {
    super();
    this.#options = checkOptions(parameter);
    this.#localHost = this.#newLocalHost();
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
    return this.#calls;
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
      ...(options.server === undefined ? {} : { server: options.server }),
      ...(options.port === undefined ? {} : { port: options.port }),
      ...(options.transportMode === undefined ? {} : { protocol: options.transportMode.value }),
      ...(options.outboundProxy === undefined ? {} : { outboundProxy: options.outboundProxy }),
      ...(options.keepAlive === undefined ? {} : { keepAlive: options.keepAlive }),
      user: options.user,
      credentials: options.credentialsManager ?? new CredentialsManager(),
      transport,
      hostFor: (remote) => this.#localHost.hostFor(remote),
      resolve: async (target) => {
        const endpoints = await locator.locate(target);
        await Promise.all(endpoints.map((endpoint) => this.#localHost.learn(endpoint.address)));
        return endpoints;
      },
      ...(options.expires === undefined ? {} : { expires: options.expires }),
      ...(options.registerFailureThreshold === undefined ? {} : { registerFailureThreshold: options.registerFailureThreshold }),
      ...(options.acceptCalls === undefined ? {} : { acceptCalls: options.acceptCalls }),
      ...(options.userAgent === undefined ? {} : { userAgent: options.userAgent }),
      ...(options.trace === undefined ? {} : { trace: options.trace }),
      ...(options.rel100 === undefined ? {} : { rel100: options.rel100 }),
      ...(options.sessionExpires === undefined ? {} : { sessionExpires: options.sessionExpires }),
      ...(options.minSE === undefined ? {} : { minSE: options.minSE }),
      ...(options.allowMD5Auth === undefined ? {} : { allowMD5Auth: options.allowMD5Auth }),
      ...(options.allowBasicAuth === undefined ? {} : { allowBasicAuth: options.allowBasicAuth }),
      ...(options.followRedirects === undefined ? {} : { followRedirects: options.followRedirects }),
      ...(options.timers === undefined ? {} : { timers: options.timers }),
    });
    client.onRegistrationState = (state, info) => this.#onRegistration(client, state, info);
    // Asked for with each message: whether somebody listens decides what Allow tells, and whether MESSAGE is refused.
    Object.defineProperty(client, "onMessage", { get: () => this.messageHandler(undefined) });
    client.onInvite = (session, request) => {
      void this.#onInvite(session, request);
    };
    return client;
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
    const setup = this.#setups.get(session);
    const hop = session.dialog?.nextHop;
    if (setup === undefined || hop === undefined) throw new InvalidStateError("the call has no media to move", this.#status);
    const [endpoint] = await client.locate(hop);
    const address = await this.#localHost.learn(endpoint?.address ?? hop.host);
    return relocate(setup, { bindIp: this.#options.bindIp, address, openMedia: () => this.#openMedia() });
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
      void Promise.allSettled([...this.#calls].map((call) => call.end())).then(() => {
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
    this.#checkLimit();
    return this.#place(client, this.#target(number), payloadTypes);
  }

  #checkLimit(): void {
    const { maxCalls } = this.#options;
    if (this.#calls.size + this.#opening >= maxCalls) {
      throw new InvalidStateError(`call() is not possible: ${maxCalls} calls are up, and maxCalls allows no more`, this.#status, "MAX_CALLS");
    }
  }

  async #place(
    client: SIPClient,
    target: SIPURI,
    payloadTypes: readonly PayloadType[],
    headers: readonly (readonly [string, string])[] = [],
  ): Promise<VoIPCall> {
    const address = await this.#addressTowards(client, target);
    const media = await this.#openMedia();
    try {
      const negotiation = new Negotiation(address, media.localPort, payloadTypes);
      const sip = client.invite(target, { body: negotiation.offer(), headers });
      return this.#register({ ...this.#common(media, negotiation), direction: "outbound", sip });
    } catch (error) {
      await media.close();
      throw error;
    }
  }

  #ready(action: string): SIPClient {
    // A phone whose registration is being refreshed can still call.
    if (this.#client === undefined || this.#status === PhoneStatus.DEREGISTERING) {
      throw new InvalidStateError(`${action}() is not possible: the phone is ${this.#status}; call start() first`, this.#status);
    }
    return this.#client;
  }

  #target(number: string): SIPURI {
    const { server, port, transportMode } = this.#options;
    if (/^[a-z][a-z0-9+.-]*:/i.test(number)) {
      const uri = parseURI(number);
      if (uri instanceof SIPURI) return uri;
      throw new InvalidOptionError("number", `${JSON.stringify(number)} is no SIP address: use sip:user@host`);
    }
    if (server === undefined) {
      throw new InvalidOptionError("number", `${JSON.stringify(number)} needs a server to look it up: set server, or call sip:user@host:port`);
    }
    return new SIPURI({ scheme: "sip", user: number, host: server, ...(port === undefined || port === defaultPort(transportMode) ? {} : { port }) });
  }

  /** The address of ours that whoever takes our requests to that target sees. */
  async #addressTowards(client: SIPClient, target: SIPURI): Promise<string> {
    const [endpoint] = await client.destinationsFor(target);
    return this.#localHost.learn(endpoint?.address ?? target.host);
  }

  #common(media: MovableMedia, negotiation: Negotiation): Pick<CallSetup, "media" | "negotiation" | "audioFormat" | "engine"> {
    return { media, negotiation, audioFormat: this.#options.audioFormat, engine: this.#engine().engine.name };
  }

  async #openMedia(): Promise<MovableMedia> {
    const { bindIp: address, rtpPortLow: portLow, rtpPortHigh: portHigh, minimumDelay, maximumDelay, mediaTimeout } = this.#options;
    const session: OpenOptions["session"] = {
      ...(minimumDelay === undefined ? {} : { minimumDelay }),
      ...(maximumDelay === undefined ? {} : { maximumDelay }),
      ...(mediaTimeout === undefined ? {} : { initialTimeout: mediaTimeout, timeout: mediaTimeout }),
    };
    this.#opening += 1;
    try {
      return new MovableMedia(await this.#engine().engine.open({ address, portLow, portHigh, session }));
    } finally {
      this.#opening -= 1;
    }
  }

  #register(setup: CallSetup): VoIPCall {
    const call = new (this.#options.callClass ?? VoIPCall)(this, setup);
    this.#calls.add(call);
    this.#setups.set(setup.sip, setup);
    void call.ended.then(() => this.#calls.delete(call));
    return call;
  }

  /** An INVITE for us. Whatever goes wrong becomes an answer to the caller; nothing is thrown. */
  async #onInvite(sip: ServerInviteSession, request: SIPRequest): Promise<void> {
    if (this.#calls.size + this.#opening >= this.#options.maxCalls) {
      this.#refuse(sip, 486, `maxCalls is ${this.#options.maxCalls}`);
      return;
    }
    let media: MovableMedia | undefined;
    try {
      const address = await this.#localHost.learn(sip.source.address);
      media = await this.#openMedia();
      const negotiation = new Negotiation(address, media.localPort, DEFAULT_PAYLOAD_TYPES);
      let answer: CallSetup["answer"];
      const offer = bodyOf(request);
      if (offer !== undefined) {
        try {
          answer = negotiation.answer(offer);
        } catch (error) {
          this.#refuse(sip, 488, messageOf(error), [["Warning", warning(error)]]);
          await media.close();
          return;
        }
      }
      // The caller may have given up while the port was opened.
      if (sip.state === "terminated") {
        await media.close();
        return;
      }
      const call = this.#register({ ...this.#common(media, negotiation), direction: "inbound", sip, ...(answer === undefined ? {} : { answer }) });
      // After the call has set its handlers: Allow in the 180 is derived from them.
      const { replaces } = sip;
      const former = replaces === undefined ? undefined : [...this.#calls].find((each) => each.isOf(replaces));
      if (former === undefined) {
        sip.ringing();
        this.emit("incoming", call);
        call.ring();
      } else {
        this.emit("replaced", call, former);
        // Somebody is on the line already (RFC 3891 §3): there is nothing to decide.
        await call.answer().catch((error: unknown) => this.reportCallError(call, error));
      }
    } catch (error) {
      await media?.close();
      if (sip.state === "terminated") return;
      if (error instanceof NoPortsAvailableError) {
        this.#refuse(sip, 503, error.message, [["Retry-After", "10"]]);
      } else {
        this.#refuse(sip, 500, messageOf(error));
        process.emitWarning(error instanceof Error ? error : String(error));
      }
    }
  }

  #refuse(sip: ServerInviteSession, status: number, reason: string, headers: readonly [string, string][] = []): void {
    sip.reject(status, undefined, headers);
    this.emit("callRefused", sip.invite, status, reason);
  }

  /**
   * Sends a MESSAGE (RFC 3428). @returns whether a 2xx came
   * @param ctype Content-Type of the body
   */
  async message(number: string, body: string, ctype = "text/plain"): Promise<boolean> {
    const client = this.#ready("message");
    const response = await client.message(this.#target(number), body, ctype);
    return response.statusCode >= 200 && response.statusCode < 300;
  }

  /** @internal What a call asks to be transferred to. @throws InvalidOptionError */
  transferTarget({ user, uri, call }: TransferOptions): SIPURI | undefined {
    if ([user, uri, call].filter((each) => each !== undefined).length !== 1) {
      throw new InvalidOptionError("transfer", "needs exactly one of user, uri and call");
    }
    if (user !== undefined) return this.#target(user);
    return uri === undefined ? undefined : this.#target(withoutBrackets(uri));
  }

  /** @internal Takes the MESSAGEs of a call; undefined while nobody listens. */
  messageHandler(call: VoIPCall | undefined): RequestHandler | undefined {
    if (this.listenerCount("message") === 0) return undefined;
    return (request) => (this.emit("message", incomingMessage(request, call)) ? 200 : 405);
  }

  /** @internal Takes the REFERs of a call; undefined unless we follow transfers. */
  referHandler(call: VoIPCall): ReferHandler | undefined {
    const { acceptTransfers = false } = this.#options;
    if (acceptTransfers === false) return undefined;
    return async (refer) => {
      // Only a call that is up can be transferred, and only to an address that we can call.
      const { target, method } = refer;
      if (call.state !== CallState.ANSWERED || method !== "INVITE" || !(target instanceof SIPURI)) return;
      if (acceptTransfers !== true && !(await acceptTransfers(refer, call))) return;
      const client = this.#ready("transfer");
      refer.accept();
      try {
        const next = await this.#place(client, target, DEFAULT_PAYLOAD_TYPES, refer.headers);
        reportProgress(next, refer);
        this.emit("transferred", next, call);
      } catch (error) {
        refer.report(503);
        this.reportCallError(call, error);
      }
    };
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

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
