import type * as Binding from "./binding.ts";
import type {
  Encoding,
  EngineOptions,
  MediaEngine,
  MediaEvent,
  MediaGroup,
  MediaSession,
  MediaStatistics,
  OpenOptions,
  SessionCore,
  SessionOptions,
  StreamParameters,
} from "./contract.ts";
import { MediaSocketError, NoPortsAvailableError } from "./errors.ts";
import { completeOpenOptions } from "./openOptions.ts";
import { Waiters } from "./Waiters.ts";

/** All that the addon exports. `binding.ts` is generated from the Rust source. */
export type Addon = typeof Binding;

/** Every function and method that this file calls. TypeScript sees to it that none of the binding's is missing here. */
const exported: { readonly [Name in keyof Addon]: Addon[Name] extends abstract new (...options: never) => infer I ? Record<keyof I, true> : true } = {
  encode: true,
  decode: true,
  SessionCore: {
    configure: true,
    receive: true,
    receiveRtcp: true,
    tick: true,
    more: true,
    tickRtcp: true,
    bye: true,
    destination: true,
    rtcpDestination: true,
    write: true,
    read: true,
    clear: true,
    sendEvents: true,
    poll: true,
    statistics: true,
  },
  MediaEngine: { open: true, configure: true, drain: true, priority: true, group: true },
  MediaGroup: { read: true, write: true },
  MediaSession: {
    handle: true,
    localAddress: true,
    localPort: true,
    write: true,
    read: true,
    clear: true,
    sendEvents: true,
    statistics: true,
    wantReadable: true,
    wantQueued: true,
    poll: true,
    failure: true,
    close: true,
  },
};

/** What a loaded file lacks of what this file calls; nothing, if it was built from the same sources. */
export function missingExports(file: object): string[] {
  return Object.entries(exported).flatMap(([name, methods]) => {
    const value: unknown = Reflect.get(file, name);
    if (typeof value !== "function") return [name];
    if (methods === true) return [];
    const { prototype }: { prototype: unknown } = value;
    return Object.keys(methods)
      .filter((method) => typeof prototype !== "object" || prototype === null || !(method in prototype))
      .map((method) => `${name}.${method}`);
  });
}

/** The bits of {@link Binding.MediaEngine.drain}. */
const READABLE = 1;
const QUEUED = 2;
const EVENTS = 4;
const FAILED = 8;

/** The media engine in Rust: threads of its own pace and move the packets, whatever JavaScript does meanwhile. */
export class NativeEngine implements MediaEngine {
  readonly name = "native";
  readonly #addon: Addon;
  readonly #options: EngineOptions;
  #media: Binding.MediaEngine | undefined;
  readonly #sessions = new Map<number, NativeSession>();
  /** Pairs of handle and signals; more sessions than it has room for come in several rounds. */
  readonly #news = new Uint32Array(512);

  constructor(addon: Addon, options: EngineOptions = {}) {
    this.#addon = addon;
    this.#options = options;
  }

  /** The media thread's priority: `real-time`, `raised` or `normal`; empty before a session was opened. */
  get threadPriority(): string {
    return this.#media?.priority() ?? "";
  }

  encode(encoding: Encoding, samples: Int16Array, payload: Uint8Array): number {
    return this.#addon.encode(encoding, samples, payload);
  }

  decode(encoding: Encoding, payload: Uint8Array, samples: Int16Array): number {
    return this.#addon.decode(encoding, payload, samples);
  }

  core(options: SessionOptions): SessionCore {
    return new this.#addon.SessionCore(options);
  }

  async open(options: OpenOptions): Promise<MediaSession> {
    const { address, portLow, portHigh, portStart, session } = completeOpenOptions(options);
    const media = this.#start();
    let opened: Binding.MediaSession | null;
    try {
      opened = media.open(address, portLow, portHigh, portStart, session);
    } catch (error) {
      throw new MediaSocketError(address, error instanceof Error ? error.message : String(error), { cause: error });
    }
    if (opened === null) throw new NoPortsAvailableError(address, portLow, portHigh);
    const handle = opened.handle();
    const native = new NativeSession(opened, media, () => this.#sessions.delete(handle), session);
    this.#sessions.set(handle, native);
    return native;
  }

  group(sessions: readonly MediaSession[]): MediaGroup {
    return this.#start().group(sessions.map((session) => NativeSession.binding(session)));
  }

  /** The media threads run from the first session on. */
  #start(): Binding.MediaEngine {
    const { threads = 1, realTime = true } = this.#options;
    return (this.#media ??= new this.#addon.MediaEngine(threads, realTime, () => this.#drain()));
  }

  /** Called by the media thread's wake-up: one call tells of all sessions. */
  #drain(): void {
    const news = this.#news;
    for (let pairs = this.#media?.drain(news) ?? 0; pairs > 0; pairs = this.#media?.drain(news) ?? 0) {
      for (let index = 0; index < 2 * pairs; index += 2) {
        this.#sessions.get(news[index] ?? 0)?.signalled(news[index + 1] ?? 0);
      }
    }
  }
}

class NativeSession implements MediaSession {
  readonly localAddress: string;
  readonly localPort: number;
  onEvent: ((event: MediaEvent) => void) | undefined;
  readonly #session: Binding.MediaSession;
  readonly #media: Binding.MediaEngine;
  readonly #forget: () => void;
  readonly #readCapacity: number;
  readonly #readable = new Waiters();
  readonly #queued = new Waiters();
  #closed = false;

  constructor(session: Binding.MediaSession, media: Binding.MediaEngine, forget: () => void, options: SessionOptions) {
    this.#session = session;
    this.#media = media;
    this.#forget = forget;
    this.#readCapacity = options.readCapacity ?? 65_536;
    this.localAddress = session.localAddress();
    this.localPort = session.localPort();
  }

  /** The addon's session behind one of ours. */
  static binding(session: MediaSession): Binding.MediaSession {
    if (!(session instanceof NativeSession)) throw new TypeError("a group takes sessions that the same engine opened");
    return session.#session;
  }

  configure(parameters: StreamParameters): void {
    if (!this.#closed) this.#media.configure(this.#session, parameters);
  }

  write(samples: Int16Array): number {
    return this.#closed ? 0 : this.#session.write(samples);
  }

  read(samples: Int16Array): number {
    return this.#session.read(samples);
  }

  clear(): number {
    return this.#session.clear();
  }

  sendEvents(events: readonly number[], duration: number, gap: number): boolean {
    return !this.#closed && this.#session.sendEvents(events, duration, gap);
  }

  statistics(): MediaStatistics {
    return this.#session.statistics();
  }

  whenReadable(samples: number): Promise<boolean> {
    // More than the buffer holds never comes.
    const wanted = Math.min(samples, this.#readCapacity);
    if (this.#session.wantReadable(wanted)) return Promise.resolve(true);
    return this.#closed ? Promise.resolve(false) : this.#readable.wait(wanted);
  }

  whenQueued(samples: number): Promise<boolean> {
    // Infinity would cross to Rust as 0.
    const wanted = Math.min(samples, 0xffff_ffff);
    if (this.#session.wantQueued(wanted)) return Promise.resolve(true);
    return this.#closed ? Promise.resolve(false) : this.#queued.wait(wanted);
  }

  /** The media thread has news of this session. */
  signalled(signals: number): void {
    if ((signals & EVENTS) !== 0) {
      for (let event = this.#session.poll(); event !== undefined && !this.#closed; event = this.#session.poll()) this.#tell(event);
    }
    // Asking anew also renews the wishes of those who have to wait on.
    if ((signals & READABLE) !== 0) this.#readable.check((samples) => this.#session.wantReadable(samples));
    if ((signals & QUEUED) !== 0) this.#queued.check((samples) => this.#session.wantQueued(samples));
    if ((signals & FAILED) !== 0 && !this.#closed) {
      void this.close();
      this.#tell({ type: "failed", reason: this.#session.failure() ?? "" });
    }
  }

  #tell(event: MediaEvent): void {
    try {
      this.onEvent?.(event);
    } catch (error) {
      // A defect in the listener, thrown where it can be seen but does not keep other sessions from their news.
      process.nextTick(() => {
        throw error;
      });
    }
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#session.close();
    this.#forget();
    this.#readable.close();
    this.#queued.close();
  }
}
