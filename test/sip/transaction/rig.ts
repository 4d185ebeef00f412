import { parseMessage } from "../../../ts/sip/message/parse.ts";
import { SIPRequest } from "../../../ts/sip/message/SIPRequest.ts";
import { SIPResponse } from "../../../ts/sip/message/SIPResponse.ts";
import type { ClientTransactionHandler, ServerTransaction } from "../../../ts/sip/transaction/transaction.ts";
import { type TraceEntry, TransactionLayer, type TransactionLayerOptions } from "../../../ts/sip/transaction/TransactionLayer.ts";
import type { Endpoint, Transport, TransportProtocol } from "../../../ts/sip/transport/transport.ts";
import { MemoryNetwork } from "../../../ts/testkit/MemoryNetwork.ts";
import { VirtualClock } from "../../../ts/testkit/VirtualClock.ts";

/**
 * A transaction layer on 192.0.2.1:5060 and, at 192.0.2.2:5060, a bare wire: tests read from it what the layer sent and write to
 * it what the far end says, word for word.
 */
export interface Rig {
  clock: VirtualClock;
  network: MemoryNetwork;
  layer: TransactionLayer;
  transport: Transport;
  wire: Wire;
  traced: TraceEntry[];
  /** `during: message` of what the layer reported as internal errors. */
  reported: string[];
}

export interface Received {
  time: number;
  text: string;
  bytes: Uint8Array;
  from: Endpoint;
}

export class Wire {
  readonly transport: Transport;
  readonly received: Received[] = [];
  readonly #clock: VirtualClock;
  readonly #layerEnd: Endpoint;

  constructor(transport: Transport, clock: VirtualClock, layerEnd: Endpoint) {
    this.transport = transport;
    this.#clock = clock;
    this.#layerEnd = layerEnd;
    transport.onMessage = (bytes, from) => this.received.push({ time: clock.now(), text: Buffer.from(bytes).toString(), bytes, from });
  }

  /** `INVITE`, `SIP/2.0 200`: what has come, in short. */
  get log(): string[] {
    return this.received.map(({ text }) => shortened(text));
  }

  get timedLog(): string[] {
    return this.received.map(({ time, text }) => `${time} ${shortened(text)}`);
  }

  get last(): Received {
    const last = this.received.at(-1);
    if (!last) throw new Error("nothing has come");
    return last;
  }

  lastRequest(): SIPRequest {
    const message = parseMessage(this.last.bytes);
    if (message instanceof SIPRequest) return message;
    throw new Error(`a request was expected, not ${this.last.text}`);
  }

  lastResponse(): SIPResponse {
    const message = parseMessage(this.last.bytes);
    if (message instanceof SIPResponse) return message;
    throw new Error(`a response was expected, not ${this.last.text}`);
  }

  /** Sends to the layer and lets it arrive. */
  async send(message: string | SIPRequest | SIPResponse): Promise<void> {
    const bytes = typeof message === "string" ? Buffer.from(message) : message.toBytes();
    await this.transport.send(bytes, this.#layerEnd);
    await this.#clock.advance(0);
  }
}

function shortened(text: string): string {
  return text.startsWith("SIP/2.0") ? text.slice(0, 11) : text.slice(0, text.indexOf(" "));
}

export async function rig(options: Partial<TransactionLayerOptions> = {}, protocol: TransportProtocol = "UDP"): Promise<Rig> {
  const clock = new VirtualClock();
  const network = new MemoryNetwork({ clock, seed: 1 });
  const transport = network.transport("192.0.2.1", 5060, protocol);
  const far = network.transport("192.0.2.2", 5060, protocol);
  await transport.open();
  await far.open();
  const traced: TraceEntry[] = [];
  const reported: string[] = [];
  const layer = new TransactionLayer({
    transport,
    clock,
    sentBy: () => ({ host: "192.0.2.1", port: 5060 }),
    trace: (entry) => traced.push(entry),
    onInternalError: (error, during) => reported.push(`${during}: ${error instanceof Error ? error.message : String(error)}`),
    ...options,
  });
  return { clock, network, layer, transport, wire: new Wire(far, clock, transport.local), traced, reported };
}

export const FAR: Endpoint = { address: "192.0.2.2", port: 5060, protocol: "UDP" };

/** What a client transaction told its user. */
export class Heard implements ClientTransactionHandler {
  readonly log: string[] = [];
  readonly responses: SIPResponse[] = [];

  response(response: SIPResponse): void {
    this.responses.push(response);
    this.log.push(String(response.statusCode));
  }

  timeout(): void {
    this.log.push("timeout");
  }

  transportError(error: Error): void {
    this.log.push(`transportError ${error.message}`);
  }

  terminated(): void {
    this.log.push("terminated");
  }
}

/** A request of ours, as a user hands it to the layer: no Via yet. */
export function outgoing(method: string, headers: readonly (readonly [string, string])[] = []): SIPRequest {
  return SIPRequest.create({
    method,
    uri: "sip:bob@example.com",
    headers: [
      ["Max-Forwards", "70"],
      ["From", "<sip:alice@example.com>;tag=a1"],
      ["To", "<sip:bob@example.com>"],
      ["Call-ID", "call-1"],
      ["CSeq", `7 ${method}`],
      ...headers,
    ],
  });
}

export interface IncomingOptions {
  branch?: string;
  via?: string;
  toTag?: string;
  fromTag?: string;
  callId?: string;
  cseq?: number;
  uri?: string;
}

/** A request of the far end, as text. */
export function incoming(method: string, options: IncomingOptions = {}): string {
  const { branch = "z9hG4bK-far-1", toTag, fromTag = "f1", callId = "call-2", cseq = 1, uri = "sip:alice@192.0.2.1" } = options;
  return [
    `${method} ${uri} SIP/2.0`,
    `Via: ${options.via ?? `SIP/2.0/UDP 192.0.2.2:5060;branch=${branch}`}`,
    "Max-Forwards: 70",
    `From: <sip:bob@example.com>;tag=${fromTag}`,
    `To: <sip:alice@example.com>${toTag === undefined ? "" : `;tag=${toTag}`}`,
    `Call-ID: ${callId}`,
    `CSeq: ${cseq} ${method}`,
    "Content-Length: 0",
    "\r\n",
  ].join("\r\n");
}

/** Collects the server transactions that a layer begins. */
export function served(layer: TransactionLayer): ServerTransaction[] {
  const transactions: ServerTransaction[] = [];
  layer.onRequest = (transaction) => transactions.push(transaction);
  return transactions;
}

/** The first of them, which must be there. */
export function first<T>(values: readonly T[]): T {
  const [value] = values;
  if (value === undefined) throw new Error("there is none");
  return value;
}
