import { describe, expect, it, onTestFinished } from "vitest";
import { CallState, type VoIPCall, type VoIPPhone, type VoIPPhoneParameter } from "../../ts/index.ts";
import { connected, started } from "../documented/pair.ts";
import { type ScriptedPeer, scriptedPeer } from "./scriptedPeer.ts";
import { Answering } from "./calls.ts";
import { next, uriOf, within } from "./support.ts";

interface Scene {
  readonly call: VoIPCall;
  readonly callee: VoIPCall;
  readonly bob: VoIPPhone;
  readonly carol: VoIPPhone;
  /** What Alice and Bob have sent, whole. */
  readonly sent: string[];
}

/** Alice and Bob talk, without a server between them; Carol would answer. */
async function scene(bobs: Partial<VoIPPhoneParameter> = {}): Promise<Scene> {
  const sent: string[] = [];
  const trace: VoIPPhoneParameter["trace"] = ({ bytes, direction }) => {
    if (direction === "out") sent.push(new TextDecoder().decode(bytes));
  };
  const carol = await started("carol-0x55eb", { callClass: Answering });
  const { call, callee, bob } = await connected({ trace }, { trace, acceptTransfers: true, ...bobs });
  return { call, callee, bob, carol, sent };
}

const of = (sent: readonly string[], method: string): string[] => sent.filter((message) => message.startsWith(`${method} `));

describe("a REFER to a far end that takes it outside the dialog (RFC 5589 §6.1)", () => {
  it("goes in a dialog of its own, which names the call's, and the far end follows it", async () => {
    const { call, callee, bob, carol, sent } = await scene();
    const transferred = next(bob, "transferred");
    expect(await within(5_000, "the transfer", call.transfer(undefined, uriOf(carol, "carol-0x55eb"), false))).toBe(true);
    const [, former] = await transferred;
    expect(former).toBe(callee);
    const [refer = "", ...others] = of(sent, "REFER");
    expect(others).toEqual([]);
    expect(refer).not.toMatch(/^To: .*;tag=/m);
    expect(refer).not.toContain(`Call-ID: ${call.callId}\r\n`);
    // As Bob sees them (RFC 4538 §3): his own tag is the local one.
    const tags = /^Target-Dialog: (.*);local-tag=(.*);remote-tag=(.*)\r$/m.exec(refer)?.slice(1);
    expect(tags).toEqual([call.callId, expect.stringMatching(/.+/), call.request.from.tag]);
    expect(refer).toMatch(/^Require: tdialog\r$/m);
    expect(of(sent, "NOTIFY").length).toBeGreaterThan(0);
    expect(call.state).toBe(CallState.ENDED);
  });

  it("goes on inside the dialog when it is refused outside, as by a proxy that lets nothing through", async () => {
    const peer = await scriptedPeer();
    onTestFinished(() => peer.close());
    const call = await answeredBy(peer, [["Supported", "tdialog"]]);
    const transfer = call.transfer("sip:carol@127.0.0.1:9", undefined, false);
    const outside = await peer.request("REFER");
    expect(outside.to.tag).toBeUndefined();
    peer.answer(outside, 403);
    const inside = await peer.request("REFER");
    expect([inside.to.tag, inside.headers.has("Target-Dialog")]).toEqual(["peer", false]);
    peer.answer(inside, 603);
    expect(await within(5_000, "the transfer", transfer)).toBe(false);
    expect(call.state).toBe(CallState.ANSWERED);
    const over = call.hangup();
    peer.answer(await peer.request("BYE"), 200);
    await over;
  });

  it("that names no call of ours is declined, and inside nothing is followed unless the policy agrees", async () => {
    const { call, carol, sent } = await scene({ acceptTransfers: () => false });
    expect(await within(5_000, "the transfer", call.transfer(undefined, uriOf(carol, "carol-0x55eb")))).toBe(false);
    expect(call.state).toBe(CallState.ANSWERED);
    // A plain no is not asked for twice.
    expect(of(sent, "REFER")).toHaveLength(1);
    expect(sent.filter((message) => message.startsWith("SIP/2.0 603 "))).toHaveLength(1);
  });
});

describe("a blind transfer", () => {
  it("asks not to be told how it goes (RFC 4488), and is not", async () => {
    const { call, carol, sent } = await scene();
    const arrived = next(carol, "incoming");
    expect(await within(5_000, "the transfer", call.transfer(undefined, uriOf(carol, "carol-0x55eb")))).toBe(true);
    const [arriving] = await arrived;
    if (arriving.state !== CallState.ANSWERED) await next(arriving, "answered");
    expect(of(sent, "REFER")[0]).toMatch(/^Refer-Sub: false\r$/m);
    expect(sent.find((message) => /^SIP\/2.0 202 /.test(message))).toMatch(/^Refer-Sub: false\r$/m);
    expect(of(sent, "NOTIFY")).toEqual([]);
  });

  it("is true also when the far end tells all the same, because it does not know that", async () => {
    const peer = await scriptedPeer();
    onTestFinished(() => peer.close());
    const call = await answeredBy(peer);
    const transfer = call.transfer("sip:carol@127.0.0.1:9");
    const refer = await peer.request("REFER");
    expect(refer.to.tag).toBe("peer"); // this one said nothing of tdialog
    peer.answer(refer, 202);
    peer.answer(await peer.request("BYE"), 200);
    expect(await within(5_000, "the transfer", transfer)).toBe(true);
  });
});

describe("transfers that we follow", () => {
  it("take one place more than maxCalls at most: the call that is left makes room for one", async () => {
    const peer = await scriptedPeer();
    onTestFinished(() => peer.close());
    const carol = await started("carol-0x55eb", { callClass: Answering });
    const bob = await started("bob", { callClass: Answering, acceptTransfers: true, maxCalls: 1 });
    const port = bob.localEndpoint?.port ?? 0;
    const line = (method: string, sequence: number, tag: string): string =>
      `${method} sip:bob@127.0.0.1:${port} SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:${peer.port};branch=z9hG4bK${method}${sequence}\r\n` +
      `From: <sip:x@127.0.0.1>;tag=x\r\nTo: <sip:bob@127.0.0.1>${tag}\r\nCall-ID: limits\r\nCSeq: ${sequence} ${method}\r\n` +
      `Contact: <sip:x@127.0.0.1:${peer.port}>\r\nMax-Forwards: 70\r\n`;
    peer.send(`${line("INVITE", 1, "")}Content-Type: application/sdp\r\nContent-Length: ${SDP.length}\r\n\r\n${SDP}`, port);
    const answer = await peer.response("INVITE");
    const tag = `;tag=${answer.to.tag}`;
    peer.send(`${line("ACK", 1, tag)}Content-Length: 0\r\n\r\n`, port);
    const refer = async (sequence: number): Promise<number> => {
      peer.send(`${line("REFER", sequence, tag)}Refer-To: <${uriOf(carol, "carol-0x55eb")}>\r\nRefer-Sub: false\r\nContent-Length: 0\r\n\r\n`, port);
      return (await peer.response("REFER")).statusCode;
    };
    const transferred = next(bob, "transferred");
    expect(await refer(2)).toBe(202);
    await transferred;
    expect(await refer(3)).toBe(486);
    expect(bob.calls.size).toBe(2);
  });
});

const SDP = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 40000 RTP/AVP 0\r\n";

/** A call that the scripted peer has answered. */
async function answeredBy(peer: ScriptedPeer, headers: [string, string][] = []): Promise<VoIPCall> {
  const alice = await started("alice");
  const call = await alice.call(`sip:bob@127.0.0.1:${peer.port}`);
  const answered = next(call, "answered");
  peer.answer(await peer.request("INVITE"), 200, { body: SDP, headers });
  await answered;
  return call;
}
