import { parseMessage } from "../../../ts/sip/message/parse.ts";
import { newBranch } from "../../../ts/sip/message/random.ts";
import { SIPRequest } from "../../../ts/sip/message/SIPRequest.ts";
import { SIPResponse } from "../../../ts/sip/message/SIPResponse.ts";
import type { InviteSession, SIPBody } from "../../../ts/sip/dialog/InviteSession.ts";
import type { ServerInviteSession } from "../../../ts/sip/dialog/ServerInviteSession.ts";
import { SIPClient, type SIPClientOptions } from "../../../ts/sip/SIPClient.ts";
import type { Endpoint, Transport } from "../../../ts/sip/transport/transport.ts";
import { MemoryNetwork, type MemoryNetworkOptions } from "../../../ts/testkit/MemoryNetwork.ts";
import { VirtualClock } from "../../../ts/testkit/VirtualClock.ts";

export const OFFER: SIPBody = { contentType: "application/sdp", content: "v=0 offer" };
export const ANSWER: SIPBody = { contentType: "application/sdp", content: "v=0 answer" };
const PING = Buffer.from("\r\n\r\n");
/** 64*T1. */
export const PATIENCE = 32_000;

export type PhoneOptions = Partial<SIPClientOptions> & { readonly user: string; readonly address?: string; readonly port?: number; readonly type?: typeof SIPClient };

/** A network in memory, a clock, and whoever sits on it; all errors reported by clients are collected. */
export class World {
  readonly clock: VirtualClock = new VirtualClock(1000);
  readonly network: MemoryNetwork;
  readonly errors: unknown[] = [];
  /** `alice > bob INVITE`, `bob > alice 180`: what was put on the wire, in order. */
  readonly wire: string[] = [];
  readonly #names = new Map<string, string>();
  readonly #clients: SIPClient[] = [];
  #addresses = 0;

  constructor(conditions: Partial<MemoryNetworkOptions> = {}) {
    this.network = new MemoryNetwork({ seed: 1, minimumDelay: 10, maximumDelay: 10, ...conditions, clock: this.clock });
    this.network.onDatagram = (bytes, from, to) => {
      // Keep-alives of a registration.
      if (Buffer.from(bytes).equals(PING)) return;
      const message = parseMessage(bytes);
      const what = message instanceof SIPRequest ? message.method : String(message.statusCode);
      this.wire.push(`${this.#name(from)} > ${this.#name(to)} ${what}`);
    };
  }

  #name({ address }: Endpoint): string {
    return this.#names.get(address) ?? address;
  }

  #nextAddress(name: string, address = `192.0.2.${++this.#addresses}`): string {
    this.#names.set(address, name);
    return address;
  }

  transport(name: string, address?: string, port = 5060): Transport {
    return this.network.transport(this.#nextAddress(name, address), port);
  }

  /** A client, not started yet. */
  client({ address, type: Client = SIPClient, ...options }: PhoneOptions): SIPClient {
    const client = new Client({
      credentials: { get: () => ({ username: options.user, password: "secret" }) },
      transport: this.transport(options.user, address),
      clock: this.clock,
      onError: (error) => this.errors.push(error),
      random: () => 0.5,
      ...options,
      ...(options.server === undefined ? {} : { port: options.port ?? 5060 }),
    });
    this.#clients.push(client);
    return client;
  }

  /** A client that has started, which takes no registrar to be in the way. */
  async phone(options: PhoneOptions): Promise<Phone> {
    const client = this.client(options);
    await this.during(client.start());
    return new Phone(this, client);
  }

  /** Something at the other end that does just what the test says. */
  async peer(name: string, address?: string): Promise<Peer> {
    const transport = this.transport(name, address);
    await transport.open();
    return new Peer(transport);
  }

  /** Moves time on until the promise has settled. */
  async during<T>(promise: Promise<T>, limit = 10 * 60_000): Promise<T> {
    let settled = false;
    const done = (): void => {
      settled = true;
    };
    promise.then(done, done);
    await this.clock.runUntil(() => settled, limit);
    return promise;
  }

  /** Stops all clients and checks that nothing of them is left. */
  async end(): Promise<{ sessions: number; dialogs: number; transactions: number; alarms: number; errors: unknown[] }> {
    await this.during(Promise.all(this.#clients.map((client) => client.stop())));
    const sum = (count: (client: SIPClient) => number): number => this.#clients.reduce((total, client) => total + count(client), 0);
    // What the network still carries is no client's.
    await this.clock.advance(1000);
    return {
      sessions: sum((client) => client.sessions.size),
      dialogs: sum((client) => client.dialogs),
      transactions: sum((client) => client.layer.size),
      alarms: this.clock.pending,
      errors: this.errors,
    };
  }
}

export const NOTHING_LEFT = { sessions: 0, dialogs: 0, transactions: 0, alarms: 0, errors: [] };

/** A started client and the calls that came to it. */
export class Phone {
  readonly client: SIPClient;
  readonly calls: ServerInviteSession[] = [];
  readonly #world: World;

  constructor(world: World, client: SIPClient) {
    this.#world = world;
    this.client = client;
    client.onInvite = (session) => this.calls.push(session);
  }

  get uri(): string {
    const { address, port } = this.client.transport.local;
    return `sip:${this.#contactUser}@${address}:${port}`;
  }

  get #contactUser(): string {
    return /sip:([^@]+)@/.exec(this.client.contactFor(this.client.transport.local))?.[1] ?? "";
  }

  /** Waits for the next call. */
  async call(index = 0): Promise<ServerInviteSession> {
    await this.#world.clock.runUntil(() => this.calls[index] !== undefined, 60_000);
    const call = this.calls[index];
    if (call === undefined) throw new Error("no call came");
    return call;
  }
}

/** Waits until a session has ended, and tells why. */
export async function ended(world: World, session: InviteSession, limit = 120_000): Promise<InviteSession["endReason"]> {
  await world.clock.runUntil(() => session.state === "terminated", limit);
  return session.endReason;
}

/** A bare transport with a parser: no transactions, no retransmissions, no manners. */
export class Peer {
  readonly transport: Transport;
  readonly requests: SIPRequest[] = [];
  readonly responses: SIPResponse[] = [];
  /** Reacts to each request. */
  onRequest: ((request: SIPRequest, from: Endpoint) => void) | undefined;
  #sequence = 100;

  constructor(transport: Transport) {
    this.transport = transport;
    transport.onMessage = (bytes, from) => {
      if (bytes.length === 4) return; // a keep-alive
      const message = parseMessage(bytes);
      if (message instanceof SIPRequest) {
        this.requests.push(message);
        this.onRequest?.(message, from);
      } else {
        this.responses.push(message);
      }
    };
  }

  get uri(): string {
    const { address, port } = this.transport.local;
    return `sip:peer@${address}:${port}`;
  }

  of(method: string): SIPRequest[] {
    return this.requests.filter((request) => request.method === method);
  }

  get statuses(): number[] {
    return this.responses.map((response) => response.statusCode);
  }

  /** Answers a request, to where its top Via says. */
  respond(
    request: SIPRequest,
    status: number,
    init: { toTag?: string; headers?: [string, string][]; body?: string; contact?: string | false } = {},
  ): SIPResponse {
    const headers: [string, string][] = [...(init.headers ?? [])];
    if (init.contact !== false && status > 100 && status < 300) headers.push(["Contact", init.contact ?? `<${this.uri}>`]);
    if (init.body !== undefined) headers.push(["Content-Type", "application/sdp"]);
    const response = SIPResponse.to(request, status, { headers, toTag: init.toTag ?? "peer-tag", body: init.body });
    this.send(response, { address: request.via.host, port: request.via.port ?? 5060, protocol: "UDP" });
    return response;
  }

  send(message: SIPRequest | SIPResponse, to: Endpoint): void {
    void this.transport.send(message.toBytes(), to);
  }

  /** A request from scratch. */
  request(method: string, to: SIPClient, init: { uri?: string; headers?: [string, string][]; body?: string; cseq?: number; tag?: string } = {}): SIPRequest {
    const { local } = to.transport;
    const uri = init.uri ?? /<([^>]*)>/.exec(to.contactFor(this.transport.local))?.[1] ?? "";
    const own: [string, string][] = [
      ["Via", `SIP/2.0/UDP ${this.transport.local.address}:${this.transport.local.port};branch=${newBranch()}`],
      ["Max-Forwards", "70"],
      ["From", `<${this.uri}>;tag=${init.tag ?? "peer-tag"}`],
      ["To", `<${uri}>`],
      ["Call-ID", `call-${this.#sequence}@peer`],
      ["CSeq", `${init.cseq ?? ++this.#sequence} ${method}`],
      ["Contact", `<${this.uri}>`],
    ];
    const given = new Set((init.headers ?? []).map(([name]) => name.toLowerCase()));
    const headers = [...own.filter(([name]) => !given.has(name.toLowerCase())), ...(init.headers ?? [])];
    if (init.body !== undefined) headers.push(["Content-Type", "application/sdp"]);
    const request = SIPRequest.create({ method, uri, headers, body: init.body });
    this.send(request, local);
    return request;
  }

  /** A request inside the dialog that an INVITE of ours and its response made. */
  follow(invite: SIPRequest, response: SIPResponse, method: string, to: SIPClient, init: { headers?: [string, string][]; body?: string; cseq?: number } = {}): SIPRequest {
    return this.request(method, to, {
      ...init,
      cseq: init.cseq ?? (method === "ACK" ? invite.cseq.sequence : ++this.#sequence),
      uri: response.contact?.uri.toString() ?? invite.uri.toString(),
      headers: [
        ["From", invite.headers.get("From") ?? ""],
        ["To", response.headers.get("To") ?? ""],
        ["Call-ID", invite.callId],
        ...(init.headers ?? []),
      ],
    });
  }

  /** A request inside the dialog that an INVITE of theirs and our response made. */
  reply(invite: SIPRequest, response: SIPResponse, method: string, to: SIPClient, init: { headers?: [string, string][]; body?: string; cseq?: number } = {}): SIPRequest {
    return this.request(method, to, {
      ...init,
      uri: invite.contact?.uri.toString() ?? "",
      headers: [
        ["From", response.headers.get("To") ?? ""],
        ["To", invite.headers.get("From") ?? ""],
        ["Call-ID", invite.callId],
        ...(init.headers ?? []),
      ],
    });
  }
}
