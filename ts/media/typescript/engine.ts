import dgram from "node:dgram";
import { isIPv6 } from "node:net";
import type {
  Encoding,
  MediaEngine,
  MediaEvent,
  MediaGroup,
  MediaSession,
  MediaStatistics,
  OpenOptions,
  SessionCore,
  SessionOptions,
  StreamParameters,
} from "../contract.ts";
import { MediaSocketError, NoPortsAvailableError } from "../errors.ts";
import { completeOpenOptions } from "../openOptions.ts";
import { Waiters } from "../Waiters.ts";
import { FrameClock } from "./frameClock.ts";
import { decode, encode } from "./g711.ts";
import { noteClosed, portChoices } from "./ports.ts";
import type { Source } from "./latch.ts";
import { Session } from "./session.ts";

/** As in crates/engine/src/socket.rs: two seconds of one call, and a bound on what a stall leaves behind. */
const RECEIVE_BUFFER = 128 * 1024;

/** Room for one RTP packet. */
const PACKET = 1_500;

/** One frame clock for the process, however many engines are made. */
const frames = new FrameClock();

/**
 * Where every session's packets are written: the system takes a packet while it is sent, so it is free again at once, and in the
 * processor's cache for the next session.
 */
let packet = new Uint8Array(PACKET);
/** The first so many bytes of {@link packet}: calls send packets of few lengths, and none of them takes memory. */
let pieces: Uint8Array[] = [];

/** Sends the first `length` bytes of {@link packet}. */
function send(socket: dgram.Socket, length: number, { address, port }: Readonly<Source>): void {
  socket.send((pieces[length] ??= packet.subarray(0, length)), port, address);
  if (socket.getSendQueueSize() === 0) return;
  // The socket is full and keeps the packet until it is writable again.
  packet = new Uint8Array(PACKET);
  pieces = [];
}

/** The media engine in TypeScript, over node:dgram. The event loop paces it: while JavaScript is busy, no packet leaves. */
export class TypeScriptEngine implements MediaEngine {
  readonly name = "typescript";

  encode(encoding: Encoding, samples: Int16Array, payload: Uint8Array): number {
    return encode(encoding, samples, payload);
  }

  decode(encoding: Encoding, payload: Uint8Array, samples: Int16Array): number {
    return decode(encoding, payload, samples);
  }

  core(options: SessionOptions): SessionCore {
    return new Session(options);
  }

  async open(options: OpenOptions): Promise<MediaSession> {
    const { address, portLow, portHigh, portStart, session } = completeOpenOptions(options);
    for (const { port, paired } of portChoices(address, portLow, portHigh, portStart, performance.now())) {
      // One after another: the first free pair is taken.
      const media = await tryBind(address, port);
      if (media === undefined) continue;
      if (!paired) return new SocketSession(media, undefined, session);
      try {
        const control = await tryBind(address, port + 1);
        if (control !== undefined) return new SocketSession(media, control, session);
      } catch (error) {
        media.close();
        throw error;
      }
      media.close();
    }
    throw new NoPortsAvailableError(address, portLow, portHigh);
  }

  group(sessions: readonly MediaSession[]): MediaGroup {
    if (!sessions.every((session) => session instanceof SocketSession)) throw new TypeError("a group takes sessions that the same engine opened");
    return new SocketGroup([...sessions]);
  }
}

class SocketGroup implements MediaGroup {
  readonly #sessions: readonly MediaSession[];

  constructor(sessions: readonly MediaSession[]) {
    this.#sessions = sessions;
  }

  read(samples: Int16Array, counts: Uint32Array): void {
    const length = this.#rowLength(samples);
    for (let row = 0; row < this.#sessions.length && row < counts.length; row++) {
      counts[row] = this.#sessions[row]!.read(samples.subarray(row * length, (row + 1) * length));
    }
  }

  write(samples: Int16Array, counts: Uint32Array): void {
    const length = this.#rowLength(samples);
    for (let row = 0; row < this.#sessions.length && row < counts.length; row++) {
      const count = Math.min(length, counts[row]!);
      counts[row] = this.#sessions[row]!.write(samples.subarray(row * length, row * length + count));
    }
  }

  #rowLength(samples: Int16Array): number {
    return Math.floor(samples.length / Math.max(1, this.#sessions.length));
  }
}

function newSocket(address: string): dgram.Socket {
  return dgram.createSocket({
    type: isIPv6(address) ? "udp6" : "udp4",
    // Else `::` would take the IPv4 port too, which another session may hold.
    ipv6Only: isIPv6(address),
    recvBufferSize: RECEIVE_BUFFER,
    // Every address here is an IP address already. dns.lookup would take one more turn of the event loop for each packet.
    lookup: (ip, _options, callback) => callback(null, ip, 0),
  });
}

/** Undefined when the port is taken. */
async function tryBind(address: string, port: number): Promise<dgram.Socket | undefined> {
  const socket = newSocket(address);
  try {
    await bind(socket, address, port);
    return socket;
  } catch (error) {
    socket.close();
    if (isTaken(error)) return undefined;
    throw new MediaSocketError(address, error instanceof Error ? error.message : String(error), { cause: error });
  }
}

function bind(socket: dgram.Socket, address: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once("error", reject);
    // Exclusive: a cluster's workers would share the port, and take each other's packets.
    socket.bind({ address, port, exclusive: true }, () => {
      socket.removeListener("error", reject);
      resolve();
    });
  });
}

/** Windows answers EACCES for a port that another program holds exclusively, or that Hyper-V has set aside. */
function isTaken(error: unknown): boolean {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return code === "EADDRINUSE" || (process.platform === "win32" && code === "EACCES");
}

class SocketSession implements MediaSession {
  readonly localAddress: string;
  readonly localPort: number;
  onEvent: ((event: MediaEvent) => void) | undefined;
  readonly #core: Session;
  readonly #socket: dgram.Socket;
  /** RTCP's, until it is agreed that it shares RTP's. */
  #control: dgram.Socket | undefined;
  readonly #readCapacity: number;
  readonly #readable = new Waiters();
  readonly #queued = new Waiters();
  #started = false;
  #closed: Promise<void> | undefined;

  constructor(socket: dgram.Socket, control: dgram.Socket | undefined, options: SessionOptions) {
    this.#core = new Session({ ...options, epoch: options.epoch ?? Date.now() * 1_000 - frames.now() });
    this.#socket = socket;
    this.#control = control;
    this.#readCapacity = options.readCapacity ?? 65_536;
    const local = socket.address();
    this.localAddress = local.address;
    this.localPort = local.port;
    socket.on("message", (datagram, { address, port }) => {
      if (this.#closed !== undefined) return;
      try {
        this.#core.receive(frames.now(), address, port, datagram);
      } catch (error) {
        this.#fail(error);
      }
    });
    control?.on("message", (datagram, { address, port }) => {
      if (this.#closed !== undefined) return;
      try {
        this.#core.receiveRtcp(frames.now(), address, port, datagram);
      } catch (error) {
        this.#fail(error);
      }
    });
    // What ICMP says about an earlier packet, an unreachable network: this packet is lost, the next may pass.
    for (const each of [socket, control]) each?.on("error", () => {}).unref();
  }

  configure(parameters: StreamParameters): void {
    if (this.#closed !== undefined) return;
    this.#core.configure(parameters);
    if (parameters.rtcpMux === true) {
      this.#control?.close();
      this.#control = undefined;
    }
    if (this.#started) return;
    this.#started = true;
    frames.add(this.#frame);
  }

  write(samples: Int16Array): number {
    return this.#closed === undefined ? this.#core.write(samples) : 0;
  }

  read(samples: Int16Array): number {
    return this.#core.read(samples);
  }

  clear(): number {
    return this.#core.clear();
  }

  sendEvents(events: readonly number[], duration: number, gap: number): boolean {
    return this.#closed === undefined && this.#core.sendEvents(events, duration, gap);
  }

  statistics(): MediaStatistics {
    return this.#core.statistics();
  }

  whenReadable(samples: number): Promise<boolean> {
    // More than the buffer holds never comes.
    const wanted = Math.min(samples, this.#readCapacity);
    if (this.#core.readable() >= wanted) return Promise.resolve(true);
    return this.#closed === undefined ? this.#readable.wait(wanted) : Promise.resolve(false);
  }

  whenQueued(samples: number): Promise<boolean> {
    if (this.#core.queued() <= samples) return Promise.resolve(true);
    return this.#closed === undefined ? this.#queued.wait(samples) : Promise.resolve(false);
  }

  readonly #frame = (now: number, skipped: number): void => {
    try {
      this.#send(now, skipped);
    } catch (error) {
      this.#fail(error);
    }
    if (this.#closed !== undefined) return;
    for (let event = this.#core.poll(); event !== undefined && this.#closed === undefined; event = this.#core.poll()) this.#tell(event);
    this.#readable.check((samples) => this.#core.readable() >= samples);
    this.#queued.check((samples) => this.#core.queued() <= samples);
  };

  #send(now: number, skipped: number): void {
    const destination = this.#core.destinationEndpoint();
    for (let length = this.#core.tick(now, skipped, packet); length > 0; length = this.#core.more(packet)) {
      if (destination !== undefined) send(this.#socket, length, destination);
    }
    this.#sendReport(this.#core.tickRtcp(now, packet));
  }

  #sendReport(length: number): void {
    const destination = this.#core.rtcpDestinationEndpoint();
    if (length > 0 && destination !== undefined) send(this.#control ?? this.#socket, length, destination);
  }

  /** A defect in one session's core closes that session, and nothing else. */
  #fail(error: unknown): void {
    void this.close();
    this.#tell({ type: "failed", reason: error instanceof Error ? error.message : String(error) });
  }

  #tell(event: MediaEvent): void {
    try {
      this.onEvent?.(event);
    } catch (error) {
      // A defect in the listener, thrown where it can be seen but does not keep other sessions from their frame.
      process.nextTick(() => {
        throw error;
      });
    }
  }

  close(): Promise<void> {
    if (this.#closed === undefined) {
      frames.delete(this.#frame);
      this.#goodbye();
      noteClosed(this.localAddress, this.localPort, performance.now());
      this.#closed = Promise.all([this.#socket, this.#control].map(closeSocket)).then(() => undefined);
      this.#readable.close();
      this.#queued.close();
    }
    return this.#closed;
  }

  #goodbye(): void {
    try {
      this.#sendReport(this.#core.bye(frames.now(), packet));
    } catch {
      // The core that failed and is closed for it need not be able to say goodbye.
    }
  }
}

function closeSocket(socket: dgram.Socket | undefined): Promise<void> {
  // What was sent before is on its way already: node:dgram sends at once when the address needs no look-up.
  return new Promise((resolve) => (socket === undefined ? resolve() : socket.close(resolve)));
}
