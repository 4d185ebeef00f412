import { createSocket, type RemoteInfo, type Socket } from "node:dgram";
import { once } from "node:events";

import { within } from "./deadline.ts";

/** One RTP packet as it came (RFC 3550 §5.1). */
export interface HeardPacket {
  /** ms on a monotonic clock. */
  readonly arrived: number;
  /** `address:port`. */
  readonly from: string;
  readonly payloadType: number;
  readonly sequence: number;
  readonly timestamp: number;
  readonly source: number;
  readonly payload: Uint8Array;
}

/** Listens on a port that a SIPp scenario names in its SDP: SIPp itself does not tell what it hears. */
export class RTPEar {
  readonly port: number;
  readonly #socket: Socket;
  readonly #heard: HeardPacket[] = [];
  #waiting: { count: number; resolve: () => void } | undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    this.port = socket.address().port;
    socket.on("message", (datagram, from) => this.#take(datagram, from));
  }

  static async open(): Promise<RTPEar> {
    const socket = createSocket("udp4");
    socket.bind(0, "127.0.0.1");
    await once(socket, "listening");
    return new RTPEar(socket);
  }

  /** All packets so far, once there are at least `count`. */
  async packets(count: number): Promise<readonly HeardPacket[]> {
    if (this.#heard.length < count) {
      const enough = new Promise<void>((resolve) => {
        this.#waiting = { count, resolve };
      });
      await within(enough, `${count} RTP packets`, count * 20 + 15_000, () => `${this.#heard.length} came`);
    }
    return this.#heard;
  }

  async stop(): Promise<void> {
    this.#socket.close();
    await once(this.#socket, "close");
  }

  #take(datagram: Buffer, from: RemoteInfo): void {
    // RTCP shares no port with us, but some send it muxed: its types lie at 192–223 where RTP has the marker and type.
    if (datagram.length < 12 || datagram[0]! >> 6 !== 2 || (datagram[1]! >= 192 && datagram[1]! <= 223)) return;
    this.#heard.push({
      arrived: performance.now(),
      from: `${from.address}:${from.port}`,
      payloadType: datagram[1]! & 0x7f,
      sequence: datagram.readUInt16BE(2),
      timestamp: datagram.readUInt32BE(4),
      source: datagram.readUInt32BE(8),
      payload: datagram.subarray(12),
    });
    if (this.#waiting && this.#heard.length >= this.#waiting.count) this.#waiting.resolve();
  }
}
