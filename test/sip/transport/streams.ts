import { once } from "node:events";
import { readFileSync } from "node:fs";
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";
import type { TransportError } from "../../../ts/sip/transport/errors.ts";
import { TCPTransport } from "../../../ts/sip/transport/tcp.ts";
import type { StreamTransport, StreamTransportOptions } from "../../../ts/sip/transport/StreamTransport.ts";
import type { Endpoint, ReadMessage } from "../../../ts/sip/transport/transport.ts";

/** Real time for what a socket should do at once. */
const DEADLINE = 5000;

/** Values that come one by one, and who waits for them. */
export class Mailbox<T> {
  readonly all: T[] = [];
  #taken = 0;
  readonly #waiting: (() => void)[] = [];

  put(value: T): void {
    this.all.push(value);
    for (const wake of this.#waiting.splice(0)) wake();
  }

  /** The next one that nobody has taken yet. */
  async next(what = "the next"): Promise<T> {
    const index = this.#taken++;
    await until(() => this.all.length > index, what, (wake) => this.#waiting.push(wake));
    return this.all[index]!;
  }

  /** Waits until so many have come. */
  async count(number: number, what = `${number} of them`): Promise<T[]> {
    await until(() => this.all.length >= number, what, (wake) => this.#waiting.push(wake));
    return this.all;
  }
}

async function until(condition: () => boolean, what: string, wait: (wake: () => void) => void): Promise<void> {
  const deadline = new AbortController();
  const timer = setTimeout(() => deadline.abort(), DEADLINE);
  try {
    while (!condition()) {
      // oxlint-disable-next-line no-await-in-loop -- each wakes for another value
      await new Promise<void>((resolve, reject) => {
        deadline.signal.addEventListener("abort", () => reject(new Error(`${what} did not come within ${DEADLINE} ms`)), { once: true });
        wait(resolve);
      });
    }
  } finally {
    clearTimeout(timer);
  }
}

export interface Arrived {
  readonly text: string;
  readonly from: Endpoint;
  readonly read: ReadMessage | undefined;
}

/** A transport and what came of it. */
export interface Station<T extends StreamTransport = TCPTransport> {
  readonly transport: T;
  readonly messages: Mailbox<Arrived>;
  readonly losses: Mailbox<{ remote: Endpoint; error: TransportError; clean: boolean }>;
}

const opened: { close(): Promise<void> | void }[] = [];

/** Closes whatever a test has opened. */
export async function closeAll(): Promise<void> {
  await Promise.all(opened.splice(0).map(async (each) => each.close()));
}

export function closeLater(each: { close(): Promise<void> | void }): void {
  opened.push(each);
}

/** Opens a transport, to be closed after the test. */
export async function station<T extends StreamTransport>(transport: T): Promise<Station<T>> {
  const messages = new Mailbox<Arrived>();
  const losses = new Mailbox<{ remote: Endpoint; error: TransportError; clean: boolean }>();
  transport.onMessage = (bytes, from, read) => messages.put({ text: Buffer.from(bytes).toString(), from, read });
  transport.onDisconnect = (remote, error, clean) => losses.put({ remote, error, clean });
  opened.push(transport);
  await transport.open();
  return { transport, messages, losses };
}

export function tcp(given: Partial<StreamTransportOptions> = {}): Promise<Station> {
  return station(new TCPTransport({ address: "127.0.0.1", port: 0, ...given }));
}

/** A bare socket to a transport, and all that it hears. */
export class Wire {
  readonly socket: Socket;
  /** What has come, joined. */
  heard = "";
  readonly #chunks = new Mailbox<string>();
  readonly closed: Promise<unknown>;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on("error", () => {});
    socket.on("data", (bytes: Buffer) => {
      this.heard += bytes.toString("latin1");
      this.#chunks.put(bytes.toString("latin1"));
    });
    this.closed = new Promise((resolve) => {
      socket.once("close", resolve);
    });
    opened.push({ close: () => void socket.destroy() });
  }

  static async to({ local }: { readonly local: Endpoint }): Promise<Wire> {
    const wire = new Wire(connect({ host: local.address, port: local.port }));
    await once(wire.socket, "connect");
    return wire;
  }

  write(text: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.socket.write(text, (error) => (error ? reject(error) : resolve()));
    });
  }

  /** Waits until so much has come. */
  async hears(wanted: (heard: string) => boolean): Promise<string> {
    while (!wanted(this.heard)) {
      // oxlint-disable-next-line no-await-in-loop -- chunk by chunk
      await this.#chunks.next("what should be heard");
    }
    return this.heard;
  }
}

/** A bare server, and the sockets that connect to it. */
export async function listener(address = "127.0.0.1"): Promise<{ endpoint: Endpoint; sockets: Mailbox<Wire>; server: Server }> {
  const sockets = new Mailbox<Wire>();
  const server = createServer((socket) => sockets.put(new Wire(socket)));
  server.listen(0, address);
  await once(server, "listening");
  opened.push({ close: () => void server.close() });
  // Of a TCP server it is none but this.
  // oxlint-disable-next-line no-unsafe-type-assertion
  const { port } = server.address() as AddressInfo;
  return { endpoint: { address, port, protocol: "TCP" }, sockets, server };
}

/** A port where nobody listens. */
export async function deadEnd(): Promise<Endpoint> {
  const { endpoint, server } = await listener();
  server.close();
  await once(server, "close");
  return endpoint;
}

/** A message whose Call-ID tells it from others. */
export function options(callId: string, { via = "SIP/2.0/TCP 127.0.0.1:5060;branch=z9hG4bK1", extra = "", body = "" } = {}): string {
  return [
    "OPTIONS sip:bob@127.0.0.1 SIP/2.0",
    `Via: ${via}`,
    "Max-Forwards: 70",
    "From: <sip:alice@127.0.0.1>;tag=1",
    "To: <sip:bob@127.0.0.1>",
    `Call-ID: ${callId}`,
    "CSeq: 1 OPTIONS",
    `${extra}Content-Length: ${body.length}`,
    "",
    body,
  ].join("\r\n");
}

export function callIdOf({ text }: { readonly text: string }): string | undefined {
  return /Call-ID: (\S+)/.exec(text)?.[1];
}

/** A file of test/vectors/tls. */
export function pem(name: string): Buffer {
  return readFileSync(new URL(`../../vectors/tls/${name}`, import.meta.url));
}

export function pemFile(name: string): string {
  return new URL(`../../vectors/tls/${name}`, import.meta.url).pathname;
}
