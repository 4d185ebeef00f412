// What the engine-* tests share: the engine of this run, sessions that are closed after the test, and a far end's plain socket.
import dgram from "node:dgram";
import { once } from "node:events";
import { onTestFinished } from "vitest";
import type { MediaEvent, MediaSession, OpenOptions, StreamParameters } from "../../ts/media/contract.ts";
import { loadEngine } from "../../ts/media/load.ts";
import { plainStream } from "../../bench/lib/plainStream.mjs";

export const { engine, info } = loadEngine(process.env["SIDETONE_ENGINE"] ?? "");

/** A session on loopback, below the ports that systems give to others by themselves. */
export async function open(options: Partial<OpenOptions> = {}): Promise<MediaSession> {
  const session = await engine.open({ address: "127.0.0.1", portLow: 20_000, portHigh: 32_000, ...options });
  onTestFinished(() => session.close());
  return session;
}

export function parametersTowards(address: string, port: number): StreamParameters {
  return { ...plainStream(address, port), sendEventPayloadType: 101, receiveEventPayloadType: 101 };
}

/** Two sessions that send to each other. */
export async function openPair(address = "127.0.0.1"): Promise<[MediaSession, MediaSession]> {
  const [near, far] = await Promise.all([open({ address }), open({ address })]);
  near.configure(parametersTowards(far.localAddress, far.localPort));
  far.configure(parametersTowards(near.localAddress, near.localPort));
  return [near, far];
}

/** The first event of that type. */
export function nextEvent<Type extends MediaEvent["type"]>(session: MediaSession, type: Type): Promise<Extract<MediaEvent, { type: Type }>> {
  return new Promise((resolve) => {
    session.onEvent = (event) => {
      if (isOfType(event, type)) resolve(event);
    };
  });
}

function isOfType<Type extends MediaEvent["type"]>(event: MediaEvent, type: Type): event is Extract<MediaEvent, { type: Type }> {
  return event.type === type;
}

/** One RTP packet as it came. */
export interface Heard {
  /** By performance.now(), when this process read it. */
  readonly time: number;
  readonly sequence: number;
  readonly timestamp: number;
}

/** A far end's socket that notes what comes. */
export class Ear {
  readonly port: number;
  readonly heard: Heard[] = [];
  #waiting: (() => void)[] = [];

  private constructor(socket: dgram.Socket) {
    this.port = socket.address().port;
    socket.on("message", (packet) => {
      this.heard.push({ time: performance.now(), sequence: packet.readUInt16BE(2), timestamp: packet.readUInt32BE(4) });
      const waiting = this.#waiting;
      this.#waiting = [];
      for (const settle of waiting) settle();
    });
  }

  static async open(): Promise<Ear> {
    const socket = dgram.createSocket("udp4");
    onTestFinished(() => void socket.close());
    socket.bind(0, "127.0.0.1");
    await once(socket, "listening");
    return new Ear(socket);
  }

  /** Settles once `count` packets have come in all. */
  async until(count: number): Promise<void> {
    while (this.heard.length < count) {
      await new Promise<void>((resolve) => {
        this.#waiting.push(resolve);
      });
    }
  }

  /** From each packet to the next: sequence numbers and timestamps, modulo their width. */
  steps(): { sequence: number; timestamp: number; time: number }[] {
    return this.heard.slice(1).map((packet, index) => {
      const before = this.heard[index] ?? packet;
      return {
        sequence: (packet.sequence - before.sequence) & 0xffff,
        timestamp: (packet.timestamp - before.timestamp) >>> 0,
        time: packet.time - before.time,
      };
    });
  }
}

/** Keeps JavaScript from doing anything else, as a large JSON.parse does. */
export function block(milliseconds: number): void {
  const end = performance.now() + milliseconds;
  while (performance.now() < end);
}
