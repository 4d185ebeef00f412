import { describe, expect, it, onTestFinished } from "vitest";
import { CredentialsManager, PayloadType, RTPClient, SIPClient, UDPTransport, type VoIPCall, type VoIPPhoneParameter } from "../../ts/index.ts";
import type { ClientInviteSession } from "../../ts/sip/dialog/ClientInviteSession.ts";
import type { SIPBody } from "../../ts/sip/dialog/InviteSession.ts";
import { started } from "../documented/pair.ts";
import { Answering } from "./calls.ts";
import { freePorts, next, RTP, shareAt, sine, uriOf, within } from "./support.ts";

/** Even ports, each with the one above it free for RTCP. */
async function portPairs(count: number): Promise<[number, number, ...number[]]> {
  const { low } = await freePorts(2 * count);
  const [first = low, second = low + 2, ...rest] = Array.from({ length: count }, (_, index) => low + 2 * index);
  return [first, second, ...rest];
}

const bytesOf = (samples: Int16Array): Uint8Array => new Uint8Array(samples.buffer);
const samplesOf = (bytes: Uint8Array): Int16Array => new Int16Array(bytes.slice().buffer);
const portsIn = (body: SIPBody | undefined): number[] => [...String(body?.content).matchAll(/^m=audio (\d+)/gm)].map(([, port]) => Number(port));

function description(ports: readonly number[]): SIPBody {
  const sections = ports.map((port) => `m=audio ${port} RTP/AVP 0 101\r\na=rtpmap:101 telephone-event/8000\r\n`).join("");
  return { contentType: "application/sdp", content: `v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n${sections}` };
}

interface Scene {
  readonly session: ClientInviteSession;
  readonly callee: VoIPCall;
  /** What the phone answered for each of our streams. */
  readonly answered: readonly number[];
}

async function calledWith(ports: readonly number[], options: Partial<VoIPPhoneParameter> = {}): Promise<Scene> {
  const bob = await started("bob", { ...options, callClass: Answering, audioFormat: "s16le" });
  const caller = new SIPClient({ user: "x", credentials: new CredentialsManager(), transport: new UDPTransport({ address: "127.0.0.1", port: 0 }) });
  onTestFinished(() => caller.stop());
  await caller.start();
  const incoming = next(bob, "incoming");
  const session = caller.invite(uriOf(bob, "bob"), { body: description(ports) });
  const accepted = new Promise<SIPBody | undefined>((resolve) => {
    session.onAccepted = (_, answer) => resolve(answer);
  });
  const [callee] = await incoming;
  const answered = portsIn(await within(5_000, "the answer", accepted));
  if (callee.state !== "ANSWERED") await next(callee, "answered");
  return { session, callee, answered };
}

async function client(inPort: number, outPort: number): Promise<RTPClient> {
  const assoc = new Map([[0, PayloadType.PCMU], [101, PayloadType.EVENT]]);
  const made = new RTPClient({ assoc, inIp: "127.0.0.1", inPort, outIp: "127.0.0.1", outPort, audioFormat: "s16le" });
  onTestFinished(() => made.stop());
  await made.start();
  return made;
}

describe("a call with several RTP clients at the far end", () => {
  it("reads the sum of all, and writes to all", async () => {
    const ports = await portPairs(2);
    const { callee, answered } = await calledWith(ports);
    expect(answered).toHaveLength(2);
    expect(answered.every((port) => port >= RTP.rtpPortLow)).toBe(true);
    const [first, second] = await Promise.all([client(ports[0], answered[0] ?? 0), client(ports[1], answered[1] ?? 0)]);
    first.write(bytesOf(sine(440, 5)));
    second.write(bytesOf(sine(1000, 5)));
    const heard = samplesOf(await within(10_000, "the sum", callee.readAudio(32_000))).subarray(8_000);
    expect(shareAt(440, heard)).toBeGreaterThan(0.4);
    expect(shareAt(1000, heard)).toBeGreaterThan(0.4);
    callee.writeAudio(bytesOf(sine(700, 5)));
    await Promise.all([first, second].map(async (each) => {
      await each.read(each.stats().samplesReadable * 2);
      const tone = samplesOf(await within(10_000, "our tone", each.read(24_000))).subarray(6_000);
      expect(shareAt(700, tone)).toBeGreaterThan(0.9);
    }));
  });

  it("keeps all streams through a hold, and frees all ports at the end", async () => {
    const ports = await portPairs(2);
    // Nobody else may take them meanwhile.
    const { low, high } = await freePorts(4);
    const { callee, session, answered } = await calledWith(ports, { rtpPortLow: low, rtpPortHigh: high });
    let offered: number[] = [];
    session.onReinvite = (offer) => {
      offered = portsIn(offer);
      return description(ports);
    };
    await callee.hold();
    expect(offered).toEqual(answered);
    await callee.hangup();
    // Whoever binds them now gets them.
    await Promise.all(answered.map((port) => client(port, 9)));
  });

  it("gets four streams at most, and what is no audio is refused", async () => {
    const { answered } = await calledWith(await portPairs(6));
    expect(answered.filter((port) => port !== 0)).toHaveLength(4);
    expect(answered.slice(4)).toEqual([0, 0]);
  });

  it("loses one that the far end ends, and goes on with the others", async () => {
    const ports = await portPairs(2);
    const { session, callee, answered } = await calledWith(ports);
    const response = await session.reinvite(description([ports[0], 0]));
    expect(portsIn({ contentType: "", content: response.bodyText })).toEqual([answered[0], 0]);
    const first = await client(ports[0], answered[0] ?? 0);
    first.write(bytesOf(sine(440, 3)));
    const heard = samplesOf(await within(10_000, "the one left", callee.readAudio(16_000))).subarray(4_000);
    expect(shareAt(440, heard)).toBeGreaterThan(0.9);
    expect(callee.state).toBe("ANSWERED");
  });
});
