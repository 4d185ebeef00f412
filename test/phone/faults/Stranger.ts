import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { onTestFinished } from "vitest";
import { within } from "../support.ts";

/** Somebody at a UDP port of 127.0.0.1 who says just what the test says, at both ends of SIP or as media. */
export class Stranger {
  readonly received: string[] = [];
  readonly port: number;
  /** Answers by itself. */
  onMessage: ((message: string, from: number) => void) | undefined;
  readonly #socket: Socket;
  readonly #waiting: { pattern: RegExp; settle: (message: string) => void }[] = [];

  private constructor(socket: Socket) {
    this.#socket = socket;
    this.port = socket.address().port;
    socket.on("message", (bytes, { port }) => {
      const message = bytes.toString("latin1");
      this.received.push(message);
      this.onMessage?.(message, port);
      for (const { pattern, settle } of this.#waiting) if (pattern.test(message)) settle(message);
    });
    // Where nobody listens any more, a refusal comes back.
    socket.on("error", () => {});
  }

  /** Is gone with the test. */
  static async open(): Promise<Stranger> {
    const socket = createSocket("udp4");
    socket.bind(0, "127.0.0.1");
    await once(socket, "listening");
    onTestFinished(() => void socket.close());
    return new Stranger(socket);
  }

  /** Settles when the datagram has left. */
  send(message: string | Uint8Array, port: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#socket.send(message, port, "127.0.0.1", (error) => (error === null || error === undefined ? resolve() : reject(error)));
    });
  }

  /** The first message that fits, which may have come already. */
  sees(pattern: RegExp): Promise<string> {
    const there = this.received.find((message) => pattern.test(message));
    if (there !== undefined) return Promise.resolve(there);
    return within(15_000, `${String(pattern)} at the stranger's`, new Promise((settle) => this.#waiting.push({ pattern, settle })));
  }

  /** An INVITE to `user` at that port, with an offer of PCMU; `name` makes its call and transaction. */
  invite(user: string, port: number, name: string): string {
    const body = ["v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=-", "c=IN IP4 127.0.0.1", "t=0 0", `m=audio ${this.port} RTP/AVP 0`, ""].join("\r\n");
    return [
      `INVITE sip:${user}@127.0.0.1:${port} SIP/2.0`,
      `Via: SIP/2.0/UDP 127.0.0.1:${this.port};branch=z9hG4bK-${name}`,
      "Max-Forwards: 70",
      `From: <sip:stranger@127.0.0.1:${this.port}>;tag=${name}`,
      `To: <sip:${user}@127.0.0.1:${port}>`,
      `Call-ID: ${name}@stranger`,
      "CSeq: 1 INVITE",
      `Contact: <sip:stranger@127.0.0.1:${this.port}>`,
      "Content-Type: application/sdp",
      `Content-Length: ${body.length}`,
      "",
      body,
    ].join("\r\n");
  }
}

/** A response to a request that was received as text. */
export function reply(request: string, status: string, extra: readonly string[] = []): string {
  const kept = request.split("\r\n").filter((line) => /^(Via|From|To|Call-ID|CSeq):/i.test(line));
  return [`SIP/2.0 ${status}`, ...kept, ...extra, "Content-Length: 0", "", ""].join("\r\n");
}
