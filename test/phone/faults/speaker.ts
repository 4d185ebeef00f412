import { onTestFinished } from "vitest";
import type { MediaEngine, MediaSession } from "../../../ts/media/contract.ts";
import { sine } from "../support.ts";
import { reply, type Stranger } from "./Stranger.ts";
import { plainStream } from "../../../bench/lib/plainStream.mjs";

/** A media session without a phone around it. */
export interface Speaker {
  readonly localPort: number;
  /** Says 1,000 Hz from now on, in PCMU. */
  speakTo(port: number): void;
  /** Is silent from now on, RTCP and all. Again: does nothing. */
  close(): Promise<void>;
}

/** @param port where to listen and speak from; default: any of the range that these tests use */
export async function speak(engine: MediaEngine, port?: number): Promise<Speaker> {
  const session: MediaSession = await engine.open({ address: "127.0.0.1", portLow: port ?? 26_000, portHigh: port ?? 27_999 });
  onTestFinished(() => session.close());
  return {
    localPort: session.localPort,
    speakTo(remotePort) {
      session.configure(plainStream("127.0.0.1", remotePort));
      session.write(sine(1_000, 8));
    },
    close: () => session.close(),
  };
}

/** From now on the stranger takes every call, its media at that port, and agrees to everything in it. */
export function agree(stranger: Stranger, mediaPort: number, headers: readonly string[] = []): void {
  stranger.onMessage = (message, from) => {
    if (message.startsWith("SIP/2.0") || message.startsWith("ACK ")) return;
    void stranger.send(message.startsWith("INVITE ") ? accepted(message, stranger, mediaPort, headers) : reply(message, "200 OK"), from);
  };
}

function accepted(invite: string, stranger: Stranger, mediaPort: number, headers: readonly string[]): string {
  const body = ["v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=-", "c=IN IP4 127.0.0.1", "t=0 0", `m=audio ${mediaPort} RTP/AVP 0`, ""].join("\r\n");
  const contact = [`Contact: <sip:stranger@127.0.0.1:${stranger.port}>`, "Content-Type: application/sdp", ...headers];
  return reply(invite, "200 OK", contact)
    .replace(/^To: (.*>)\r$/m, "To: $1;tag=stranger\r")
    .replace("Content-Length: 0\r\n\r\n", `Content-Length: ${body.length}\r\n\r\n${body}`);
}
