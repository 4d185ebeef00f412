import { describe, expect, it, onTestFinished } from "vitest";
import { CallState, CredentialsManager, type DtmfEvent, type IncomingMessage, SIPClient, UDPTransport, type VoIPCall } from "../../ts/index.ts";
import type { ClientInviteSession } from "../../ts/sip/dialog/ClientInviteSession.ts";
import type { OutsideRequestOptions } from "../../ts/sip/SIPClient.ts";
import { started } from "../documented/pair.ts";
import { Waiting } from "./calls.ts";
import { next, uriOf, within } from "./support.ts";

const SDP = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 40000 RTP/AVP 0\r\n";
const OFFER = { contentType: "application/sdp", content: SDP };

/** A caller that is only SIP. */
async function caller(): Promise<SIPClient> {
  const client = new SIPClient({ user: "x", credentials: new CredentialsManager(), transport: new UDPTransport({ address: "127.0.0.1", port: 0 }) });
  onTestFinished(() => client.stop());
  await client.start();
  return client;
}

interface Invited {
  readonly session: ClientInviteSession;
  readonly callee: VoIPCall;
  readonly bob: Awaited<ReturnType<typeof started>>;
}

async function invited(options: OutsideRequestOptions): Promise<Invited> {
  const bob = await started("bob", { callClass: Waiting });
  const incoming = next(bob, "incoming");
  const session = (await caller()).invite(uriOf(bob, "bob"), options);
  const [callee] = await incoming;
  return { bob, session, callee };
}

async function up({ session, callee }: Invited): Promise<void> {
  const accepted = new Promise<void>((resolve) => {
    session.onAccepted = () => resolve();
  });
  await within(5_000, "the answer", Promise.all([callee.answer(), accepted]));
}

describe("a MESSAGE in a call", () => {
  it("comes as the event message, which tells the call; listening decides what Allow says, at any time", async () => {
    const scene = await invited({ body: OFFER });
    await up(scene);
    const { bob, session, callee } = scene;
    const text = { contentType: "text/plain", content: "hi" };
    const refused = await session.request("MESSAGE", { body: text });
    expect([refused.statusCode, refused.headers.get("Allow")?.includes("MESSAGE")]).toEqual([405, false]);
    const arrived: IncomingMessage[] = [];
    const listener = (message: IncomingMessage): void => void arrived.push(message);
    bob.on("message", listener);
    await Promise.resolve();
    expect((await session.request("MESSAGE", { body: text })).statusCode).toBe(200);
    expect(arrived).toMatchObject([{ body: "hi", contentType: "text/plain" }]);
    expect(arrived[0]?.call).toBe(callee);
    bob.off("message", listener);
    await Promise.resolve();
    expect((await session.request("MESSAGE", { body: text })).statusCode).toBe(405);
    bob.removeAllListeners();
    bob.on("message", listener);
    await Promise.resolve();
    expect((await session.request("MESSAGE", { body: text })).statusCode).toBe(200);
  });
});

describe("a caller whose INVITE makes no offer", () => {
  it("hears 183 without a description by earlyMedia(), gets our offer with the answer, and its own answer sets the media up", async () => {
    const { session, callee } = await invited({});
    const progress: [number, boolean][] = [];
    session.onProgress = (response, description) => void progress.push([response.statusCode, description !== undefined]);
    session.onLateOffer = (offer) => {
      expect(String(offer.content)).toMatch(/m=audio \d+ RTP\/AVP 0 8 101/);
      return OFFER;
    };
    callee.earlyMedia();
    expect(callee.state).toBe(CallState.PROGRESS);
    await up({ session, callee, bob: callee.phone });
    expect(progress).toContainEqual([183, false]);
    expect(callee.state).toBe(CallState.ANSWERED);
    expect(await within(5_000, "our first frames", callee.play(new Int16Array(480)))).toBeUndefined();
    expect(callee.stats().packetsSent).toBeGreaterThan(0);
  });
});

describe("digits in INFO", () => {
  it.each([
    ["application/dtmf-relay", "Signal=5\r\nDuration=160\r\n", "5", 160],
    ["application/dtmf-relay", "Signal=11\r\n", "#", undefined],
    ["application/dtmf", "A", "A", undefined],
  ])("of %s (%j) are told with source and duration", async (contentType, content, digit, duration) => {
    const scene = await invited({ body: OFFER });
    await up(scene);
    const { session, callee } = scene;
    const events: [string, string][] = [];
    const ends: DtmfEvent[] = [];
    callee.on("dtmf", (...event) => void events.push(event));
    callee.on("dtmfEnd", (event) => void ends.push(event));
    expect((await session.request("INFO", { body: { contentType, content } })).statusCode).toBe(200);
    expect([events, ends]).toEqual([[[digit, "info"]], [{ digit, source: "info", duration }]]);
    expect(callee.getDtmf(null)).toBe(digit);
  });

  it("are what sendDtmf sends to a far end that takes no events; a refusal is an error", async () => {
    const scene = await invited({ body: OFFER });
    const { session, callee } = scene;
    const bodies: string[] = [];
    session.onInfo = (request) => (bodies.push(request.bodyText) > 2 ? 415 : 200);
    await up(scene);
    await callee.sendDtmf("1#", { duration: 200 });
    expect(bodies).toEqual(["Signal=1\r\nDuration=200\r\n", "Signal=#\r\nDuration=200\r\n"]);
    await expect(callee.sendDtmf("2")).rejects.toMatchObject({ code: "DTMF_REFUSED" });
    expect(callee.state).toBe(CallState.ANSWERED);
  });
});
