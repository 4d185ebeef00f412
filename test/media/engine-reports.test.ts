import dgram from "node:dgram";
import { once } from "node:events";
import { describe, expect, it, onTestFinished } from "vitest";
import { parseCompound } from "../../ts/media/typescript/rtcp.ts";
import { freePorts } from "../phone/support.ts";
import { nextEvent, open, parametersTowards } from "./engine.ts";

/** A far end's plain socket. */
async function socket(): Promise<dgram.Socket> {
  const plain = dgram.createSocket("udp4");
  onTestFinished(() => void plain.close());
  plain.bind(0, "127.0.0.1");
  await once(plain, "listening");
  return plain;
}

describe("a session's reports", () => {
  it("leave from the port above RTP's to where the far end takes them; the last says goodbye", async () => {
    const [media, control] = [await socket(), await socket()];
    const session = await open({ session: { ssrc: 77 } });
    session.configure({ ...parametersTowards("127.0.0.1", media.address().port), remoteRtcpPort: control.address().port });
    await once(media, "message");
    const heard = once(control, "message");
    await session.close();
    const [packet, from]: unknown[] = await heard;
    expect(from).toMatchObject({ port: session.localPort + 1 });
    expect(packet).toBeInstanceOf(Uint8Array);
    if (!(packet instanceof Uint8Array)) return;
    const read = parseCompound(packet, false, 0, 77);
    expect(read).toMatchObject({ sender: 77, bye: true });
    expect((read?.nameEnd ?? 0) - (read?.nameStart ?? 0), "RFC 7022: 96 bits in base64").toBe(16);
    // The wall clock: seconds since 1900.
    expect(Math.abs((read?.info?.ntpSeconds ?? 0) - 2_208_988_800 - Date.now() / 1_000)).toBeLessThan(5);
  });

  it.each([false, true])("reach the other session, on one port or two (mux: %s)", async (rtcpMux) => {
    const [near, far] = [await open(), await open()];
    near.configure({ ...parametersTowards("127.0.0.1", far.localPort), rtcpMux });
    far.configure({ ...parametersTowards("127.0.0.1", near.localPort), rtcpMux });
    const { ssrc } = await nextEvent(far, "source");
    const left = nextEvent(far, "bye");
    await near.close();
    expect(await left).toEqual({ type: "bye", ssrc });
    expect(far.statistics().rtcpPacketsReceived).toBeGreaterThan(0);
  });

  it("leave the port above RTP's free once both are agreed to share one", async () => {
    const far = await socket();
    const session = await open();
    session.configure({ ...parametersTowards("127.0.0.1", far.address().port), rtcpMux: true });
    await once(far, "message");
    const plain = dgram.createSocket("udp4");
    onTestFinished(() => void plain.close());
    plain.bind(session.localPort + 1, "127.0.0.1");
    await once(plain, "listening");
  });
});

it("a port just closed is not the next to be opened, while there are others", async () => {
  // Whoever holds hundreds of calls on this machine at the same time may have all the neighbours of a port taken anywhere.
  const { low, high } = await freePorts(20);
  const range = { portLow: low, portHigh: high };
  const first = await open(range);
  await first.close();
  for (let round = 0; round < 3; round += 1) {
    const next = await open(range);
    expect(next.localPort).not.toBe(first.localPort);
  }
});
