import type { Socket } from "node:net";
import type { Alarm, Clock } from "../../time/clock.ts";
import { StreamParser } from "../message/StreamParser.ts";
import type { ConnectionLimits } from "./connectionLimits.ts";
import { disconnectError, systemCodeOf, type TransportError } from "./errors.ts";
import type { Endpoint, ReadMessage } from "./transport.ts";

/** Ping and pong of RFC 5626 §3.5.1. */
const PING = Buffer.from("\r\n\r\n");
const PONG = Buffer.from("\r\n");
/** How long a connection that we close may take to deliver what waits, ms. */
const LINGER = 1000;

/** Whom a connection tells what happens to it. */
export interface ConnectionOwner {
  received(connection: Connection, bytes: Uint8Array, read: ReadMessage): void;
  /** Once, and only for a connection that had been up. @param clean the far end has closed it in good order */
  closed(connection: Connection, error: TransportError, clean: boolean): void;
}

/** How a connection is run. */
export interface ConnectionParts {
  readonly socket: Socket;
  /** As it stands in `from` of the messages that come. */
  readonly remote: Endpoint;
  /** Whether the far end opened it. */
  readonly incoming: boolean;
  readonly limits: ConnectionLimits;
  readonly clock: Clock;
  /** Uniform in [0, 1): jitter of the pings. */
  readonly random: () => number;
  readonly owner: ConnectionOwner;
  /** Says why it never came about. */
  readonly explain: (cause: Error) => TransportError;
}

/**
 * One TCP or TLS connection: bytes in, messages out; keeps itself alive, and ends when its far end is dead, silent for too long, or
 * sends what is no SIP.
 *
 * ```
 *                 opened()              close(), far end, limit passed
 *   connecting ─────────────▶ open ──────────────────────────────────▶ closed
 *        │                     │  fatal: answered, no more read           ▲
 *        │ fail()              └──────────▶ closing ──────────────────────┤
 *        └────────────────────────────────────────────────────────────────┘
 * ```
 */
export class Connection {
  readonly remote: Endpoint;
  readonly incoming: boolean;
  readonly socket: Socket;
  /** Settles when it is up; rejects when it will never be. */
  readonly ready: Promise<void>;
  readonly closed: Promise<void>;
  readonly #parts: ConnectionParts;
  readonly #parser: StreamParser;
  #state: "connecting" | "open" | "closing" | "closed" = "connecting";
  #settleReady!: { resolve: () => void; reject: (error: TransportError) => void };
  #settleClosed!: () => void;
  /** Why it is being closed, when we know better than the system. */
  #reason: TransportError | undefined;
  #cause: Error | undefined;
  /** Bytes that wait for {@link ready}. */
  #waiting = 0;
  #alarm: Alarm | undefined;
  #alarmTime = Number.POSITIVE_INFINITY;
  #lastReceived: number;
  #lastMessage: number;
  #lastSent: number;
  #pause: number;
  /** When the message under way began. */
  #begun: number | undefined;
  /** Since when the far end has taken nothing of what waits for it. */
  #stalled: number | undefined;
  #pinged: number | undefined;
  /** Whether the far end has shown that it answers pings. Many do not: they are not dead for that (RFC 5626 §4.4.1, RFC 6223). */
  #pongs = false;
  #pongIsNews = false;

  constructor(parts: ConnectionParts) {
    this.#parts = parts;
    this.socket = parts.socket;
    this.remote = parts.remote;
    this.incoming = parts.incoming;
    this.#parser = new StreamParser(parts.limits.messages);
    const now = parts.clock.now();
    this.#lastReceived = now;
    this.#lastMessage = now;
    this.#lastSent = now;
    this.#pause = this.#nextPause();
    this.ready = new Promise((resolve, reject) => {
      this.#settleReady = { resolve, reject };
    });
    // Whoever sends hears of it; nobody need.
    this.ready.catch(() => undefined);
    this.closed = new Promise((resolve) => {
      this.#settleClosed = resolve;
    });
    this.socket.on("error", (error) => {
      this.#cause ??= error;
    });
    this.socket.on("close", () => this.#finish());
  }

  /** Whether a message can be given to it. */
  get usable(): boolean {
    return (this.#state === "connecting" || this.#state === "open") && !this.socket.destroyed && this.socket.writable;
  }

  /** When it last brought anything, by the clock. */
  get lastReceived(): number {
    return this.#lastReceived;
  }

  /** The handshake is done. */
  opened(): void {
    if (this.#state !== "connecting") return;
    this.#state = "open";
    // Messages are small and wait for their answers: Nagle's algorithm would hold them back.
    this.socket.setNoDelay(true);
    this.socket.on("data", (bytes) => this.#receive(bytes));
    const now = this.#parts.clock.now();
    this.#lastReceived = now;
    this.#lastMessage = now;
    this.#lastSent = now;
    // Who opens a connection has something to say.
    if (this.incoming) this.#begun = now;
    this.#arm();
    this.#settleReady.resolve();
  }

  /** @returns a promise that rejects with a TransportError when the message certainly did not leave */
  async send(message: Uint8Array): Promise<void> {
    if (this.#state === "connecting") {
      this.#checkQueue(this.#waiting + message.length);
      this.#waiting += message.length;
      await this.ready;
      this.#waiting -= message.length;
    }
    if (this.#state !== "open") throw this.#lost();
    this.#checkQueue(this.socket.writableLength + message.length);
    await this.#write(message);
  }

  /** Two line ends. A far end that is known to answer them has 10 s to do so. */
  ping(): void {
    if (this.#state !== "open") return;
    this.#write(PING).catch(() => undefined);
    if (this.#state !== "open" || this.#pinged !== undefined) return;
    this.#pinged = this.#parts.clock.now();
    this.#arm();
  }

  /** Ends a connection that is being set up, or one that went wrong. What waits to be sent is lost. */
  fail(error: TransportError): void {
    if (this.#state === "closed") return;
    this.#reason ??= error;
    this.socket.destroy();
    // The socket's own "close" comes a turn later; nobody should send into it till then.
    this.#finish();
  }

  /** Ends it in good order: what waits to be sent leaves first, if the far end takes it in time. */
  close(reason: string): void {
    if (this.#state === "connecting") {
      this.fail(this.#error(reason));
      return;
    }
    if (this.#state !== "open") return;
    this.#reason ??= this.#error(reason);
    this.#state = "closing";
    this.#stalled = this.#parts.clock.now();
    this.socket.destroySoon();
    this.#arm();
  }

  #write(bytes: Uint8Array): Promise<void> {
    const { clock } = this.#parts;
    this.#lastSent = clock.now();
    this.#stalled ??= clock.now();
    this.#arm();
    return new Promise((resolve, reject) => {
      this.socket.write(bytes, (error) => {
        if (this.#state === "open") this.#stalled = this.socket.writableLength === 0 ? undefined : clock.now();
        // Node calls back without an error when the socket was destroyed meanwhile.
        if (error || this.#state === "closed") reject(this.#lost(error ?? undefined));
        else resolve();
      });
    });
  }

  /** Closes it and throws when the far end lets too much pile up: a message more would only wait behind the others. */
  #checkQueue(length: number): void {
    if (length <= this.#parts.limits.maxQueued) return;
    const error = this.#error(`the far end does not read: ${length} bytes wait for it, and ${this.#parts.limits.maxQueued} are the limit`);
    this.fail(error);
    throw error;
  }

  #receive(bytes: Uint8Array): void {
    const { clock, owner } = this.#parts;
    const now = clock.now();
    this.#lastReceived = now;
    const awaited = this.#pinged !== undefined;
    this.#pinged = undefined;
    const unfinished = this.#parser.pending > 0;
    let complete = false;
    let pinged = false;
    for (const item of this.#parser.push(bytes)) {
      // An answer to what came before may have closed it.
      if (this.#state !== "open") return;
      switch (item.type) {
        case "pong":
          this.#pongIsNews = awaited && !this.#pongs;
          if (awaited) this.#pongs = true;
          break;
        case "ping":
          // The line end before it was no pong but the first half of this.
          if (this.#pongIsNews) this.#pongs = false;
          this.#pongIsNews = false;
          pinged = true;
          break;
        case "message":
        case "invalid":
          this.#lastMessage = now;
          owner.received(this, item.bytes, item.type === "message" ? item.message : item.error);
          break;
        case "fatal":
          if (item.error.request !== undefined) owner.received(this, Buffer.alloc(0), item.error);
          this.close(`what comes is no SIP that could be cut into messages: ${item.error.message}`);
          return;
      }
      complete = true;
    }
    // One answer to all the pings of a piece: who sends thousands shall not make us write thousands.
    if (pinged) this.#answerPing();
    if (this.#parser.pending === 0) this.#begun = undefined;
    else if (complete || !unfinished) this.#begun = now;
    this.#arm();
  }

  #answerPing(): void {
    try {
      this.#checkQueue(this.socket.writableLength + PONG.length);
      this.#write(PONG).catch(() => undefined);
    } catch {
      // It has been closed: who pings without reading the answers.
    }
  }

  #finish(): void {
    if (this.#state === "closed") return;
    const wasUp = this.#state !== "connecting";
    const clean = this.#reason === undefined && this.#cause === undefined;
    this.#state = "closed";
    this.#alarm?.cancel();
    const error = wasUp ? this.#lost() : (this.#reason ?? this.#parts.explain(this.#cause ?? new Error("it hung up")));
    this.#reason = error;
    this.#settleReady.reject(error);
    this.#settleClosed();
    if (wasUp) this.#parts.owner.closed(this, error, clean);
  }

  #lost(cause: Error | undefined = this.#cause): TransportError {
    if (this.#reason !== undefined) return this.#reason;
    // In TLS 1.3 a server refuses our certificate only after we have taken the handshake for done.
    if (cause !== undefined && systemCodeOf(cause)?.startsWith("ERR_SSL") === true) return this.#parts.explain(cause);
    return this.#error(cause ?? "the far end has closed it");
  }

  #error(cause: Error | string): TransportError {
    const { protocol, address, port } = this.remote;
    return disconnectError(protocol, address, port, cause);
  }

  // ---- time ----

  /** 80 to 100 % of the interval, so that a server's clients do not ping in step (RFC 5626 §4.4.1). */
  #nextPause(): number {
    return this.#parts.limits.keepAlive * (0.8 + 0.2 * this.#parts.random());
  }

  /** When something may have to be done next. */
  #dueTime(): number {
    const { limits } = this.#parts;
    let time = this.#lastMessage + limits.idleTimeout;
    if (this.#stalled !== undefined) time = Math.min(time, this.#stalled + (this.#state === "closing" ? LINGER : limits.stallTimeout));
    if (this.#begun !== undefined) time = Math.min(time, this.#begun + limits.messageTimeout);
    if (this.#pinged !== undefined && this.#pongs) time = Math.min(time, this.#pinged + limits.pongTimeout);
    if (!this.incoming) time = Math.min(time, this.#lastSent + this.#pause);
    return time;
  }

  /** Does what is due. */
  #elapse(now: number): void {
    const { limits } = this.#parts;
    const isDue = (since: number | undefined, after: number): boolean => since !== undefined && since + after <= now;
    if (isDue(this.#stalled, this.#state === "closing" ? LINGER : limits.stallTimeout)) {
      this.fail(this.#error(`the far end takes nothing of what waits for it since ${seconds(limits.stallTimeout)}`));
    } else if (isDue(this.#begun, limits.messageTimeout)) {
      this.fail(this.#error(`no whole message came within ${seconds(limits.messageTimeout)}`));
    } else if (this.#pongs && isDue(this.#pinged, limits.pongTimeout)) {
      this.fail(this.#error(`no answer to a keep-alive within ${seconds(limits.pongTimeout)}`));
    } else if (isDue(this.#lastMessage, limits.idleTimeout)) {
      this.close(`nothing was said for ${seconds(limits.idleTimeout)}`);
    } else if (!this.incoming && isDue(this.#lastSent, this.#pause)) {
      this.#pause = this.#nextPause();
      this.ping();
    }
  }

  /** Most deadlines only move away: the alarm is left where it is, and asks again when it rings. */
  #arm(): void {
    if (this.#state !== "open" && this.#state !== "closing") return;
    const time = this.#dueTime();
    if (time >= this.#alarmTime) return;
    const { clock } = this.#parts;
    this.#alarm?.cancel();
    this.#alarmTime = time;
    this.#alarm = clock.at(time, () => {
      this.#alarmTime = Number.POSITIVE_INFINITY;
      this.#elapse(clock.now());
      this.#arm();
    });
  }
}

function seconds(milliseconds: number): string {
  return `${milliseconds / 1000} s`;
}
