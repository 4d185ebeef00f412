import type { Clock } from "../time/clock.ts";
import { until } from "../time/until.ts";
import { systemClock } from "../time/clock.ts";
import { addressOf, outboundProxyOf } from "./address.ts";
import { SIPTargetError } from "./dialog/errors.ts";
import { DigestAuthenticator } from "./auth/DigestAuthenticator.ts";
import { acceptedTypes, allowed, type Extensions } from "./dialog/capabilities.ts";
import { ClientInviteSession } from "./dialog/ClientInviteSession.ts";
import type { Dialog } from "./dialog/Dialog.ts";
import type { DialogOwner } from "./dialog/DialogOwner.ts";
import { Identity } from "./dialog/Identity.ts";
import type { InviteSession, RequestHandler } from "./dialog/InviteSession.ts";
import { Referral } from "./refer/Referral.ts";
import { referHeaders, type ReferOptions } from "./refer/referHeaders.ts";
import type { ReferHandler } from "./refer/receiveRefer.ts";
import { Locator } from "./dialog/Locator.ts";
import type { OutgoingRequest } from "./dialog/OutgoingRequest.ts";
import { ServerInviteSession } from "./dialog/ServerInviteSession.ts";
import { UserAgentServer } from "./dialog/UserAgentServer.ts";
import { LEAST_INTERVAL } from "./dialog/sessionExpires.ts";
import type { SIPMessage } from "./message/SIPMessage.ts";
import { SIPRequest } from "./message/SIPRequest.ts";
import { SIPResponse } from "./message/SIPResponse.ts";
import { SIPURI } from "./message/SIPURI.ts";
import { KeepAlive } from "./registration/KeepAlive.ts";
import { Registration } from "./registration/Registration.ts";
import type { RegistrationInfo, RegistrationState } from "./registration/RegistrationMachine.ts";
import { MessageGenerators } from "./MessageGenerators.ts";
import { type RecoverOptions, relocate, repeatOffer } from "./recovery.ts";
import { type OutsideRequestOptions, outsideRequest, transactOutside } from "./outside.ts";
import type { SIPClientOptions } from "./SIPClientOptions.ts";
import { Subscription } from "./subscribe/Subscription.ts";
import { defaultTimers, type Timers } from "./transaction/timers.ts";
import { TransactionLayer } from "./transaction/TransactionLayer.ts";
import { type Target, targetOf } from "./transport/target.ts";
import { traceFromEnvironment } from "./trace/traceFromEnvironment.ts";
import type { Endpoint, Transport, TransportProtocol } from "./transport/transport.ts";
import { TransportSet } from "./transport/TransportSet.ts";
import { Wording } from "./Wording.ts";

export type { OutsideRequestOptions } from "./outside.ts";
export type { AcceptCalls } from "./dialog/Identity.ts";
export type { RegistrationInfo, RegistrationState } from "./registration/RegistrationMachine.ts";
export type { Resolve } from "./dialog/Locator.ts";
export type { RecoverOptions } from "./recovery.ts";
export type { SIPClientOptions } from "./SIPClientOptions.ts";

/**
 * A SIP user agent (RFC 3261 §8): registers, places and takes calls, answers everything else as it should be answered. Media is none of
 * its business: bodies go through unread.
 *
 * @example
 * const client = new SIPClient({ server: "pbx.example.com", user: "alice", credentials, transport: new UDPTransport({ port: 5060 }) });
 * client.onInvite = (session) => void session.accept({ contentType: "application/sdp", content: answer });
 * await client.start();
 * const call = client.invite("bob", { body: { contentType: "application/sdp", content: offer } });
 */
// Not "implements UserAgent", which it is: those members are internal, and the published types must not promise what they do not show.
export class SIPClient extends MessageGenerators {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly timers: Timers;
  /** @internal */
  readonly layer: TransactionLayer;
  /** @internal */
  readonly authenticator: DigestAuthenticator;
  /** @internal */
  readonly requests: Set<OutgoingRequest> = new Set();
  /** @internal */
  readonly usages: Set<{ abandon(): void }> = new Set();
  /** @internal */
  readonly extensions: Extensions;

  onRegistrationState?: ((state: RegistrationState, info: RegistrationInfo) => void) | undefined;
  /** Somebody calls. Answer through the session, now or later; while nothing is set here, callers get 405. */
  onInvite?: ((session: ServerInviteSession, request: SIPRequest) => void) | undefined;
  /** A MESSAGE (RFC 3428) outside any call. Return its status; nothing means 200. */
  onMessage?: RequestHandler | undefined;
  /** A NOTIFY outside any call: message waiting, check-sync… */
  onNotify?: RequestHandler | undefined;
  /** A REFER outside any call: click to dial. See {@link IncomingRefer}. */
  onRefer?: ReferHandler | undefined;
  /** The transport can go on no longer. */
  onFatal?: ((error: Error) => void) | undefined;

  readonly #options: SIPClientOptions;
  readonly #transports: TransportSet;
  readonly #identity: Identity;
  readonly #locator: Locator;
  readonly #proxy: SIPURI | undefined;
  readonly #wording: Wording;
  readonly #server: UserAgentServer;
  readonly #registration: Registration | undefined;
  readonly #registers: boolean;
  #recovery: Promise<void> = Promise.resolve();
  readonly #sessions = new Set<InviteSession>();
  readonly #subscriptions = new Set<Subscription>();
  /** Those of them that we placed, by Call-ID. */
  readonly #placed = new Map<string, InviteSession>();
  #serverEndpoints: readonly Endpoint[] = [];
  #life: "new" | "running" | "stopping" | "stopped" = "new";
  #stopped: Promise<void> | undefined;

  constructor(options: SIPClientOptions) {
    super();
    this.#options = options;
    const { server, user, displayName, hostFor } = options;
    const domain = options.domain ?? server;
    // The one that all of us share: after a change of network it holds other sockets.
    const transport = TransportSet.of(options.transport);
    this.transport = transport;
    this.#transports = transport;
    this.clock = options.clock ?? systemClock;
    this.timers = { ...defaultTimers, ...options.timers };
    this.authenticator = new DigestAuthenticator(options.credentials, {
      allowMD5: options.allowMD5Auth ?? true,
      allowBasic: options.allowBasicAuth ?? false,
    });
    const { rel100 = "supported", sessionExpires = 1800, minSE = LEAST_INTERVAL, followRedirects = 5 } = options;
    this.extensions = { rel100, sessionExpires, minSE: Math.max(minSE, LEAST_INTERVAL), followRedirects };
    this.#identity = new Identity({ user, domain, displayName, transports: transport, hostFor });
    this.#locator = new Locator(transport, this.clock, options.resolve);
    this.#proxy = outboundProxyOf(options.outboundProxy);
    this.#wording = new Wording({
      identity: this.#identity,
      proxy: this.#proxy,
      userAgent: options.userAgent,
      client: this,
      extensions: this.extensions,
      others: options.supported ?? [],
    });
    this.layer = new TransactionLayer({
      transport,
      clock: this.clock,
      timers: this.timers,
      sentBy: (remote) => this.#identity.sentBy(remote),
      locate: async (host, port, protocol) => this.#locator.locate({ host, protocol, ...(port === undefined ? {} : { port }) }),
      maxServerTransactions: options.maxTransactions,
      isExpected: (request) => this.#server.isExpected(request),
      trace: options.trace ?? traceFromEnvironment(),
      onCancelMade: (cancel, destination) => this.generate(cancel, destination),
      onInternalError: (error) => this.report(error),
    });
    const registers = server !== undefined && options.register !== false;
    const policy = options.acceptCalls ?? (registers ? "registered" : "user");
    this.#server = new UserAgentServer(this, {
      accepts: (request) => this.#identity.accepts(request.uri, policy),
      supported: () => this.#wording.supported.tags,
      inviteHandler: () => (this.#life === "running" ? this.onInvite : undefined),
      handlerOf: (method) => this.#handlerOf(method),
      referHandler: () => this.onRefer,
      isOwn: ({ callId, from, cseq }) => {
        const placed = this.#placed.get(callId);
        return placed !== undefined && placed.localTag === from.tag && placed.invite.cseq.sequence === cseq.sequence;
      },
      addSession: (session) => this.#sessions.add(session),
    });
    this.layer.onRequest = (tx) => this.#server.receive(tx);
    this.layer.onAck = (ack) => this.#server.receiveAck(ack);
    this.layer.onDisconnect = (remote) => this.#registration?.disconnected(remote);
    this.#registers = registers;
    if (server !== undefined) {
      this.#registration = new Registration(this, {
        identity: this.#identity,
        keepAlive: new KeepAlive(this, transport, options.keepAlive ?? 29),
        server: options.port === undefined ? server : `${server}:${options.port}`,
        user,
        domain: domain ?? server,
        destinations: () => this.#serverDestinations(server, false),
        expires: options.expires ?? 300,
        failureThreshold: options.registerFailureThreshold ?? 3,
        onState: (state, info) => this.#guard(() => this.onRegistrationState?.(state, info)),
      });
    }
  }

  get registrationState(): RegistrationState {
    return this.#registration?.state ?? "inactive";
  }

  /** The calls that are not over. */
  get sessions(): ReadonlySet<InviteSession> {
    return this.#sessions;
  }

  /** Dialogs that are not over; those whose BYE waits for its answer included. */
  get dialogs(): number {
    return this.#server.dialogs;
  }

  /**
   * Opens the transport and registers. When it fails, everything is closed again.
   * @throws TransportError when the transport cannot be opened
   * @throws InvalidAccountInfoError when the registrar refuses the account, RegistrationError when registering fails otherwise
   */
  async start(): Promise<void> {
    if (this.#life !== "new") throw new Error("a SIPClient starts once: make a new one");
    this.#life = "running";
    try {
      await this.transport.open();
      this.transport.onError = (error) => {
        if (this.onFatal === undefined) this.report(error);
        else this.#guard(() => this.onFatal?.(error));
      };
      if (this.#registers) await this.#registration?.start();
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  /**
   * Ends what calls are left, takes the registration back, closes the transport. Waits `stopTimeout` at most for the far ends.
   * Again: the same promise.
   */
  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  async #stop(): Promise<void> {
    const began = this.#life === "running";
    this.#life = "stopping";
    if (began) {
      const closed = [...this.#sessions].map((session) => {
        end(session);
        return session.closed;
      });
      const deadline = this.clock.now() + (this.#options.stopTimeout ?? 4000);
      const unsubscribed = [...this.#subscriptions].map((subscription) => subscription.unsubscribe());
      await until(this.clock, deadline, Promise.all([...closed, ...unsubscribed]));
      if (this.#registration !== undefined) await until(this.clock, deadline, this.#registration.stop());
    }
    this.#registration?.abandon();
    for (const request of this.requests) request.abandon();
    for (const usage of this.usages) usage.abandon();
    for (const session of this.#sessions) session.end({ by: "local", cause: "error" });
    this.#server.clear();
    this.layer.close();
    await this.transport.close();
    this.#life = "stopped";
  }

  /**
   * Calls somebody. Set the session's callbacks right away: the INVITE goes out after the current turn of the event loop.
   * @param target a user of our domain (`bob`), or a URI (`sip:bob@192.0.2.7:5070`, `tel:+49301234567`)
   * @throws SIPTargetError when the target cannot be called
   */
  invite(target: string | SIPURI, options: OutsideRequestOptions = {}): ClientInviteSession {
    const uri = this.target(target);
    const session = new ClientInviteSession(this, {
      invite: this.createRequest("INVITE", uri, options),
      uri: uri.forRequest(),
      patience: 1000 * (this.#options.answerTimeout ?? 180),
    });
    this.#sessions.add(session);
    this.#placed.set(session.callId, session);
    queueMicrotask(() => session.start());
    return session;
  }

  /** Hangs up. @throws SessionStateError before it is confirmed */
  bye(session: InviteSession): Promise<void> {
    return session.bye();
  }

  /** Gives up a call of ours that is not answered yet; see {@link ClientInviteSession.cancel}. @param reason for a Reason header */
  cancel(session: ClientInviteSession, reason?: string): void {
    session.cancel(reason);
  }

  /**
   * Registers, and stays registered: what `start()` has done already unless `register` is false. Again: renews the registration at once.
   * @throws InvalidAccountInfoError when the registrar refuses the account, RegistrationError when registering fails otherwise
   */
  async register(): Promise<void> {
    const registration = this.#running("register", this.#registration);
    if (registration.state === "registered" || registration.state === "registering") await registration.renew();
    else await registration.start();
  }

  /** Takes the registration back, and goes on without. Settles when the registrar has answered, or will not. */
  async deregister(): Promise<void> {
    await this.#running("deregister", this.#registration).stop();
  }

  #running<T>(action: string, needed: T | undefined): T {
    if (this.#life !== "running") throw new Error(`${action}() is not possible: the client is not running; await start() first`);
    if (needed === undefined) throw new Error(`${action}() is not possible: this client has no server`);
    return needed;
  }

  /**
   * Sends a message as it is: no credentials, no Contact, no generator; a Via of ours comes on top of a request. Requests but ACK run in a
   * transaction, which repeats them until they are answered; a response goes where its topmost Via says, an ACK by itself.
   * @param onResponse hears each response to the request
   * @returns where it was sent
   * @throws TransportError, SIPTargetError when there is no way to where it should go
   *
   * @example
   * const ping = SIPRequest.create({ method: "OPTIONS", uri: "sip:pbx.example.com", headers });
   * await client.send(ping, (response) => console.log(response.summary()));
   */
  async send(message: SIPMessage, onResponse?: (response: SIPResponse) => void): Promise<Endpoint> {
    if (message instanceof SIPResponse) return this.layer.sendStatelessly(message);
    if (!(message instanceof SIPRequest)) throw new TypeError("send() takes a SIPRequest or a SIPResponse");
    const route = message.routes[0]?.uri;
    const next = route instanceof SIPURI ? route : this.target(message.uri.toString());
    const known = route instanceof SIPURI || message.to.tag !== undefined;
    const [destination] = await (known ? this.locate(next) : this.destinationsFor(next));
    if (destination === undefined) throw new SIPTargetError(next.toString(), "its name has no address");
    if (message.method === "ACK") {
      this.layer.sendAck(message, destination);
    } else {
      // Whoever sent it may change it and send it again.
      this.layer.request(message.clone(), destination, {
        response: (response) => this.#guard(() => onResponse?.(response)),
        timeout: () => {},
        transportError: (error) => this.report(error),
      });
    }
    return destination;
  }

  /**
   * The network has changed: opens new sockets, learns our address anew, renews the registration at once and tells the far end of each
   * running call where we are (re-INVITE); a call that cannot follow ends with the cause `gone`. Calls that are not answered yet are left to
   * their transactions. One after the other.
   * @returns settles when the registrar and all far ends have answered, or will not
   * @throws TransportError when the new sockets cannot be opened; RegistrationError or InvalidAccountInfoError when registering fails, which
   * goes on being tried
   *
   * @example
   * await client.recover({ transport: (port) => new UDPTransport({ address: "192.0.2.7", port }) });
   */
  recover(options: RecoverOptions = {}): Promise<void> {
    const recovered = this.#recovery.then(() => this.#recover(options));
    this.#recovery = recovered.catch(() => {});
    return recovered;
  }

  async #recover({ transport, reinvite = repeatOffer }: RecoverOptions): Promise<void> {
    if (this.#life !== "running") throw new Error("recover() is not possible: the client is not running; await start() first");
    if (transport !== undefined) await this.#transports.replace(transport);
    this.#identity.forget();
    this.#locator.forget();
    const running = [...this.#sessions].filter(({ state }) => state === "confirmed");
    const renewed = this.#registration?.renew();
    for (const subscription of this.#subscriptions) subscription.refresh();
    const [registered] = await Promise.allSettled([renewed, ...running.map((session) => relocate(session, reinvite))]);
    if (registered.status === "rejected") throw registered.reason;
  }

  /**
   * Sends a request outside any dialog, answering challenges.
   * @returns the final response, whatever its status
   * @throws SIPTargetError, RequestTimeoutError, RequestTransportError
   */
  async request(method: string, target: string | SIPURI, options: OutsideRequestOptions = {}): Promise<SIPResponse> {
    const uri = this.target(target);
    return transactOutside(this, uri, this.createRequest(method, uri, options));
  }

  /** Sends a MESSAGE (RFC 3428). @returns its final response */
  message(target: string | SIPURI, body: string | Uint8Array, contentType = "text/plain"): Promise<SIPResponse> {
    return this.request("MESSAGE", target, { body: { contentType, content: body } });
  }

  /**
   * Asks somebody, outside any call, to call somebody (RFC 3515): click to dial.
   * @param target whom to ask
   * @param referTo whom it is to call
   * @throws SIPTargetError when one of them is no address
   */
  refer(target: string | SIPURI, referTo: string | SIPURI | undefined, options: ReferOptions = {}): Referral {
    const uri = this.target(target);
    const local = this.#identity.aor(uri.host);
    const headers = referHeaders(referTo === undefined ? undefined : this.target(referTo), local, options);
    const template = this.createRequest("REFER", uri, { headers });
    const { callId } = template;
    const localTag = template.from.tag ?? "";
    const referral = new Referral(this, headers[0]?.[1] ?? "", transactOutside(this, uri, template), () => this.#server.removeSubscriber(callId, localTag));
    this.#server.addSubscriber(callId, localTag, referral);
    return referral;
  }

  /**
   * Subscribes to an event package (RFC 6665), and stays subscribed: message waiting, presence, the state of somebody's phone.
   * @param event for instance `message-summary`, `presence`, `dialog`
   * @param options.expires seconds to ask for, each time; default 3600
   * @throws SIPTargetError when the target is no address
   *
   * @example
   * const mail = client.subscribe("alice", "message-summary", { headers: [["Accept", "application/simple-message-summary"]] });
   * mail.onNotify = (notify) => console.log(notify.bodyText);
   * const { cause, reason } = await mail.ended;
   */
  subscribe(target: string | SIPURI, event: string, options: OutsideRequestOptions & { readonly expires?: number } = {}): Subscription {
    const { expires = 3600, headers = [], body } = options;
    const uri = this.target(target);
    const all: (readonly [string, string])[] = [["Event", event], ["Expires", String(expires)], ...headers];
    const template = this.createRequest("SUBSCRIBE", uri, body === undefined ? { headers: all } : { headers: all, body });
    const { callId } = template;
    const localTag = template.from.tag ?? "";
    const subscription = new Subscription(this, {
      event,
      template,
      expires,
      response: transactOutside(this, uri, template),
      notified: (notify) => void this.onNotify?.(notify),
      over: () => {
        this.#server.removeSubscriber(callId, localTag);
        this.#subscriptions.delete(subscription);
      },
    });
    this.#subscriptions.add(subscription);
    this.#server.addSubscriber(callId, localTag, subscription);
    return subscription;
  }

  /** Where a request to that URI outside any dialog is sent: to our proxy or server, if we have one. Answers at once where it can. */
  destinationsFor(uri: SIPURI): readonly Endpoint[] | Promise<readonly Endpoint[]> {
    const { server } = this.#options;
    if (server === undefined && this.#proxy === undefined) return this.#locator.locate(targetOf(uri));
    return this.#serverDestinations(server ?? "", uri.scheme === "sips");
  }

  // ---- what a subclass may change ----

  /** A request outside any dialog (RFC 3261 §8.1.1), without Via and Contact. */
  protected createRequest(method: string, uri: SIPURI, options: OutsideRequestOptions): SIPRequest {
    return outsideRequest(this.#identity, method, uri, options);
  }

  /** The last look at each message before it leaves. Overriding it can change anything; call `super.prepare` for what all of ours carry. */
  prepare(message: SIPMessage, destination?: Endpoint): void {
    this.#wording.complete(message, destination);
    try {
      this.generate(message, destination);
    } catch (error) {
      // Only a request that nobody waits for yet may stay away.
      if (message instanceof SIPRequest && message.to.tag === undefined) throw error;
      this.report(error);
    }
  }

  // ---- what sessions and requests ask of us ----

  /** @internal */
  locate(uri: SIPURI): readonly Endpoint[] | Promise<readonly Endpoint[]> {
    return this.#locator.locate(targetOf(uri));
  }

  /** @internal */
  destinationFailed(destination: Endpoint, seconds?: number): void {
    this.#locator.failed(destination, seconds);
  }

  /** @internal */
  serverName(destination: Endpoint): string {
    return this.#options.server ?? destination.address;
  }

  /** @internal */
  isServer(destination: Endpoint): boolean {
    return this.#serverEndpoints.some(({ address, port }) => address === destination.address && port === destination.port);
  }

  /** Our Contact as that peer must see it, in angle brackets. */
  contactFor(destination: Endpoint, secure = false): string {
    return this.#identity.contactFor(destination, secure);
  }

  /** @internal */
  allow(session?: InviteSession): string {
    return allowed(session, this, this.extensions);
  }

  /** @internal */
  acceptedTypes(session?: InviteSession): string {
    return acceptedTypes(session, this);
  }

  /** @internal */
  addDialog(dialog: Dialog, owner: DialogOwner): void {
    this.#server.add(dialog, owner);
  }

  /** @internal */
  removeDialog(dialog: Dialog): void {
    this.#server.remove(dialog);
  }

  /** @internal */
  removeSession(session: InviteSession): void {
    this.#sessions.delete(session);
    if (this.#placed.get(session.callId) === session) this.#placed.delete(session.callId);
  }

  /** @internal */
  random(): number {
    return (this.#options.random ?? Math.random)();
  }

  /** @internal */
  report(error: unknown): void {
    const { onError } = this.#options;
    if (onError !== undefined) onError(error);
    else process.emitWarning(error instanceof Error ? error : new Error(String(error)));
  }

  /** @internal A target as a user writes it. */
  target(target: string | SIPURI): SIPURI {
    return addressOf(target, this.#options.domain ?? this.#options.server);
  }

  // ---- within ----

  #serverDestinations(server: string, secure: boolean): readonly Endpoint[] | Promise<readonly Endpoint[]> {
    const remember = (endpoints: readonly Endpoint[]): readonly Endpoint[] => {
      this.#serverEndpoints = endpoints;
      return endpoints;
    };
    const { port, protocol } = this.#options;
    const target: Target = this.#proxy === undefined ? { host: server, ...defined({ port, protocol }) } : targetOf(this.#proxy);
    const found = this.#locator.locate(secure ? { ...target, protocol: "TLS", secure } : target);
    return found instanceof Promise ? found.then(remember) : remember(found);
  }

  #handlerOf(method: string): RequestHandler | undefined {
    switch (method) {
      case "MESSAGE":
        return this.onMessage;
      case "NOTIFY":
        return this.onNotify;
      default:
        return undefined;
    }
  }

  #guard(callback: () => void): void {
    try {
      callback();
    } catch (error) {
      this.report(error);
    }
  }
}

function defined({ port, protocol }: { port: number | undefined; protocol: TransportProtocol | undefined }): Pick<Target, "port" | "protocol"> {
  return { ...(port === undefined ? {} : { port }), ...(protocol === undefined ? {} : { protocol }) };
}

/** Ends a session in whatever way its state asks for. */
function end(session: InviteSession): void {
  if (session.state === "confirmed" || session.state === "accepting") void session.bye();
  else if (session instanceof ClientInviteSession) session.cancel();
  else if (session instanceof ServerInviteSession) session.reject(480);
}
