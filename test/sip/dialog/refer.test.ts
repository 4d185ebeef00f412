import { describe, expect, it } from "vitest";
import type { SIPRequest } from "../../../ts/sip/message/SIPRequest.ts";
import type { SIPResponse } from "../../../ts/sip/message/SIPResponse.ts";
import { SIPRejection } from "../../../ts/sip/dialog/errors.ts";
import type { IncomingRefer } from "../../../ts/sip/refer/IncomingRefer.ts";
import type { ReferOutcome } from "../../../ts/sip/refer/Referral.ts";
import { ANSWER, NOTHING_LEFT, OFFER, type Peer, type Phone, World } from "../client/World.ts";
import { calledByPeer, callingPeer, response, talking } from "./Calls.ts";

/** A peer that alice has called, and what it needs to send NOTIFYs. */
async function referring(): Promise<{
  world: World;
  peer: Peer;
  alice: Phone;
  call: Awaited<ReturnType<typeof callingPeer>>["call"];
  refer: () => SIPRequest | undefined;
  notify: (status: number, state: string, event?: string) => Promise<number>;
}> {
  const { world, peer, alice, call, invite } = await callingPeer();
  const ok = peer.respond(invite, 200, { body: "v=0" });
  await world.clock.advance(50);
  const notify = async (status: number, state: string, event = "refer"): Promise<number> => {
    const request = peer.reply(invite, ok, "NOTIFY", alice.client, { body: `SIP/2.0 ${status} X\r\n`, headers: [["Event", event], ["Subscription-State", state]] });
    return (await response(world, peer, ({ cseq }) => cseq.sequence === request.cseq.sequence && cseq.method === "NOTIFY")).statusCode;
  };
  return { world, peer, alice, call, refer: () => peer.of("REFER").at(-1), notify };
}

/** A peer has called bob and asks him to call somebody. */
async function ask(
  headers: [string, string][],
  prepare: (refer: IncomingRefer) => void = (refer) => refer.accept(),
): Promise<Awaited<ReturnType<typeof calledByPeer>> & { ok: SIPResponse; sent: SIPRequest; answer: SIPResponse; refers: IncomingRefer[] }> {
  const setup = await calledByPeer();
  const { world, peer, bob, call, invite } = setup;
  const refers: IncomingRefer[] = [];
  call.onRefer = (refer) => {
    refers.push(refer);
    prepare(refer);
  };
  void call.accept(ANSWER);
  const ok = await response(world, peer, ({ statusCode }) => statusCode === 200);
  peer.follow(invite, ok, "ACK", bob.client);
  peer.onRequest = (request) => peer.respond(request, 200);
  const sent = peer.follow(invite, ok, "REFER", bob.client, { headers });
  const answer = await response(world, peer, ({ cseq }) => cseq.method === "REFER");
  return { ...setup, ok, sent, answer, refers };
}

/** The NOTIFYs that have come to a peer, as text. */
const notified = (peer: Peer): string[] =>
  peer.of("NOTIFY").map(({ bodyText, headers }) => `${bodyText.trim()} | ${headers.get("Event")} | ${headers.get("Subscription-State")}`);

describe("transferring a call (RFC 3515, RFC 5589)", () => {
  it("carries whom to call and who says so, and hears how it went", async () => {
    const { world, call, incoming } = await talking();
    const refers: IncomingRefer[] = [];
    incoming.onRefer = (refer) => {
      refers.push(refer);
      refer.accept();
      refer.report(180);
      world.clock.at(world.clock.now() + 3000, () => refer.report(200));
    };
    const referral = call.refer("sip:carol@192.0.2.77;user=phone");
    const progress: number[] = [];
    referral.onProgress = ({ status }) => progress.push(status);
    expect(await world.during(referral.outcome)).toEqual({ success: true, status: 200, reason: "OK" });
    expect(progress).toEqual([100, 180, 200]);
    expect(refers[0]?.target.toString()).toBe("sip:carol@192.0.2.77;user=phone");
    expect(refers[0]?.referredBy).toMatch(/^<sip:alice@/);
    expect(refers[0]?.headers).toEqual([["Referred-By", refers[0]?.referredBy]]);
    expect(refers[0]?.session).toBe(incoming);
    await world.clock.advance(1000);
    expect([call.referrals.live, referral.live, refers[0]?.subscribed]).toEqual([false, false, false]);
    await world.during(call.bye());
    expect(await world.end()).toEqual(NOTHING_LEFT);
  });

  it("blindly, with three phones, ends with two of them talking", async () => {
    const { world, bob, call, incoming } = await talking();
    const carol = await world.phone({ user: "carol" });
    incoming.onRefer = (refer) => {
      refer.accept();
      const next = bob.client.invite(refer.target.toString(), { headers: refer.headers, body: OFFER });
      next.onProgress = ({ statusCode, reason }) => refer.report(statusCode, reason);
      next.onAccepted = ({ statusCode, reason }) => refer.report(statusCode, reason);
    };
    const referral = call.refer(carol.uri);
    const third = await carol.call();
    third.ringing();
    await world.during(third.accept(ANSWER));
    expect((await world.during(referral.outcome)).success).toBe(true);
    expect(third.invite.headers.get("Referred-By")).toMatch(/alice/);
    await world.during(call.bye());
    expect([incoming.state, third.state]).toEqual(["terminated", "confirmed"]);
  });

  it("to somebody who refuses tells the status, and the call goes on", async () => {
    const { world, call, incoming } = await talking();
    incoming.onRefer = (refer) => {
      refer.accept();
      refer.report(486, "Busy As A Bee");
    };
    expect(await world.during(call.refer("sip:carol@192.0.2.77").outcome)).toEqual({ success: false, status: 486, reason: "Busy As A Bee" });
    expect(call.state).toBe("confirmed");
  });

  it("of which the far end wants to know nothing tells so", async () => {
    const { world, call, incoming } = await talking();
    const outcome = (): Promise<ReferOutcome> => world.during(call.refer("sip:carol@192.0.2.77").outcome);
    expect(await outcome()).toMatchObject({ success: false, status: 405 });
    incoming.onRefer = (refer) => refer.reject(603);
    expect(await outcome()).toMatchObject({ success: false, status: 603 });
    incoming.onRefer = () => {};
    expect(await outcome()).toMatchObject({ success: false, status: 603 });
    incoming.onRefer = () => Promise.reject(new SIPRejection(480));
    expect(await outcome()).toMatchObject({ success: false, status: 480 });
    expect(world.errors).toEqual([]);
  });

  it("without subscription (RFC 4488) sends no NOTIFY, if the far end can do without", async () => {
    const { world, call, incoming } = await talking();
    incoming.onRefer = (refer) => {
      refer.accept();
      refer.report(200);
    };
    expect(await world.during(call.refer("sip:carol@192.0.2.77", { subscribe: false }).outcome)).toEqual({ success: undefined, status: 202, reason: "Accepted" });
    await world.clock.advance(1000);
    expect(world.wire.filter((entry) => entry.endsWith("NOTIFY"))).toEqual([]);
  });

  it("needs an address and a call", async () => {
    const { world, call } = await talking();
    expect(() => call.refer("mailto:carol@example.com")).toThrow(expect.objectContaining({ code: "SIP_TARGET" }));
    expect(() => call.refer(undefined)).toThrow(expect.objectContaining({ code: "SIP_TARGET" }));
    await world.during(call.bye());
    expect(() => call.refer("sip:carol@192.0.2.77")).toThrow(expect.objectContaining({ code: "SESSION_STATE" }));
  });
});

describe("whoever transfers a call", () => {
  it("understands a NOTIFY that overtakes the 202, and any Event id that fits", async () => {
    const { world, peer, call, refer, notify } = await referring();
    const referral = call.refer("sip:carol@192.0.2.77");
    await world.clock.advance(50);
    expect(await notify(100, "active;expires=60")).toBe(200);
    peer.respond(refer()!, 202);
    await world.clock.advance(50);
    expect(await notify(180, "active", `refer;id=${refer()?.cseq.sequence}`)).toBe(200);
    expect(await notify(180, "active", "refer;id=9999")).toBe(481);
    expect(await notify(200, "terminated;reason=noresource")).toBe(200);
    expect(await referral.outcome).toMatchObject({ success: true, status: 200 });
    expect(await notify(200, "terminated")).toBe(481);
  });

  it("hears nothing for 64*T1: the outcome is 408, unknown", async () => {
    const { world, peer, call, refer } = await referring();
    const referral = call.refer("sip:carol@192.0.2.77");
    await world.clock.advance(50);
    peer.respond(refer()!, 202);
    expect(await world.during(referral.outcome)).toEqual({ success: undefined, status: 408, reason: "Request Timeout" });
  });

  it("hears no more before the subscription is over: the same", async () => {
    const { world, peer, call, refer, notify } = await referring();
    const referral = call.refer("sip:carol@192.0.2.77");
    await world.clock.advance(50);
    peer.respond(refer()!, 202);
    await notify(180, "active;expires=120");
    await world.clock.advance(119_000);
    expect(referral.live).toBe(true);
    expect(await world.during(referral.outcome)).toMatchObject({ success: undefined, status: 408 });
  });

  it("gets no answer to the REFER: the outcome is 408, failed", async () => {
    const { world, call } = await referring();
    expect(await world.during(call.refer("sip:carol@192.0.2.77").outcome)).toMatchObject({ success: false, status: 408 });
    expect(call.state).toBe("confirmed");
  });

  it("is told that it will hear nothing (Refer-Sub: false): accepted, the rest unknown", async () => {
    const { world, peer, call, refer } = await referring();
    const referral = call.refer("sip:carol@192.0.2.77", { subscribe: false });
    await world.clock.advance(50);
    expect(refer()?.headers.get("Refer-Sub")).toBe("false");
    peer.respond(refer()!, 202, { headers: [["Refer-Sub", "false"]] });
    expect(await world.during(referral.outcome)).toMatchObject({ success: undefined, status: 202 });
    expect(referral.live).toBe(false);
  });

  it("hangs up before the last NOTIFY still gets it, and leaves nothing behind", async () => {
    const { world, peer, alice, call, refer, notify } = await referring();
    const referral = call.refer("sip:carol@192.0.2.77");
    await world.clock.advance(50);
    peer.respond(refer()!, 202);
    await notify(100, "active;expires=300");
    peer.onRequest = (request) => request.method === "BYE" && peer.respond(request, 200);
    await world.during(call.bye());
    expect([call.state, alice.client.dialogs]).toEqual(["terminated", 1]);
    expect(await notify(200, "terminated;reason=noresource")).toBe(200);
    expect(await referral.outcome).toMatchObject({ success: true });
    expect(await world.end()).toEqual(NOTHING_LEFT);
  });

  it("hangs up, and never gets it: after 32 s that is that", async () => {
    const { world, peer, alice, call, refer } = await referring();
    const referral = call.refer("sip:carol@192.0.2.77");
    await world.clock.advance(50);
    peer.respond(refer()!, 202);
    peer.onRequest = (request) => request.method === "BYE" && peer.respond(request, 200);
    await world.during(call.bye());
    expect(await world.during(referral.outcome)).toMatchObject({ success: undefined });
    await world.clock.advance(40_000);
    expect([alice.client.dialogs, alice.client.layer.size]).toEqual([0, 0]);
  });

  it("by a replacement (RFC 3891) names the dialog as its other party knows it", async () => {
    const { world, peer, alice, call, refer } = await referring();
    const other = await world.peer("other", "192.0.2.50");
    const consultation = alice.client.invite("sip:carol@192.0.2.50", { body: OFFER });
    await world.clock.runUntil(() => other.of("INVITE").length > 0, 1000);
    other.respond(other.of("INVITE")[0]!, 200, { body: "v=0", toTag: "carol-tag" });
    await world.clock.advance(50);
    call.refer(undefined, { replaces: consultation });
    await world.clock.advance(50);
    const referTo = refer()?.headers.get("Refer-To") ?? "";
    expect(referTo).toMatch(/^<sip:peer@192\.0\.2\.50:5060\?Replaces=/);
    expect(decodeURIComponent(/Replaces=([^>]*)>/.exec(referTo)?.[1] ?? "")).toBe(
      `${consultation.callId};to-tag=carol-tag;from-tag=${consultation.localTag}`,
    );
    expect(peer.of("REFER")).toHaveLength(1);
  });
});

describe("whoever is asked to call somebody", () => {
  it("says 202, then 100 Trying at once, then each step, then that it was the last", async () => {
    const { world, peer, sent, answer, refers } = await ask([["Refer-To", "<sip:carol@192.0.2.9>"]]);
    expect([answer.statusCode, answer.contact !== undefined]).toEqual([202, true]);
    const [refer] = refers;
    await world.clock.advance(2000);
    refer?.report(180);
    await world.clock.advance(1000);
    refer?.report(200);
    refer?.report(486);
    await world.clock.advance(100);
    const event = `refer;id=${sent.cseq.sequence}`;
    expect(notified(peer)).toEqual([
      `SIP/2.0 100 Trying | ${event} | active;expires=300`,
      `SIP/2.0 180 Ringing | ${event} | active;expires=298`,
      `SIP/2.0 200 OK | ${event} | terminated;reason=noresource`,
    ]);
    expect(peer.of("NOTIFY").every(({ contentType }) => contentType === "message/sipfrag")).toBe(true);
    expect(refer?.subscribed).toBe(false);
  });

  it("sends one NOTIFY after the other, and of those that wait only the newest", async () => {
    const { world, peer, refers } = await ask([["Refer-To", "<sip:carol@192.0.2.9>"]], (refer) => {
      refer.accept();
      for (const status of [180, 181, 183, 200]) refer.report(status);
    });
    await world.clock.advance(1000);
    expect(notified(peer).map((line) => line.slice(8, 11))).toEqual(["100", "200"]);
    expect(refers[0]?.subscribed).toBe(false);
  });

  it("stops when the other side knows of no subscription (481)", async () => {
    const { world, peer, refers } = await ask([["Refer-To", "<sip:carol@192.0.2.9>"]]);
    await world.clock.advance(100);
    peer.onRequest = (request) => peer.respond(request, 481);
    refers[0]?.report(180);
    await world.clock.advance(100);
    refers[0]?.report(200);
    await world.clock.advance(100);
    expect(notified(peer)).toHaveLength(2);
  });

  it("says when it has never come to an end", async () => {
    const { world, peer, refers } = await ask([["Refer-To", "<sip:carol@192.0.2.9>"]]);
    await world.clock.advance(301_000);
    expect(notified(peer).at(-1)).toMatch(/100 Trying \| .* \| terminated;reason=timeout/);
    expect(refers[0]?.subscribed).toBe(false);
  });

  it("lets the other side prolong or end its subscription by SUBSCRIBE", async () => {
    const { world, peer, bob, invite, ok, sent, refers } = await ask([["Refer-To", "<sip:carol@192.0.2.9>"]]);
    const event: [string, string] = ["Event", `refer;id=${sent.cseq.sequence}`];
    const subscribe = async (headers: [string, string][]): Promise<[number, string | undefined]> => {
      peer.responses.length = 0;
      peer.follow(invite, ok, "SUBSCRIBE", bob.client, { headers });
      const answer = await response(world, peer, ({ cseq }) => cseq.method === "SUBSCRIBE");
      return [answer.statusCode, answer.headers.get("Expires")];
    };
    await world.clock.advance(200_000);
    expect(await subscribe([event, ["Expires", "9999"]])).toEqual([200, "300"]);
    await world.clock.advance(250_000);
    expect(refers[0]?.subscribed).toBe(true);
    expect(await subscribe([event, ["Expires", "0"]])).toEqual([200, "0"]);
    await world.clock.advance(100);
    expect(notified(peer).at(-1)).toMatch(/terminated;reason=timeout/);
    expect((await subscribe([event]))[0]).toBe(489);
  });

  it("understands an attended transfer: whom, and which call to replace", async () => {
    const { refers } = await ask([
      ["Refer-To", "<sip:carol@192.0.2.9?Replaces=abc%40x%3Bto-tag%3D1%3Bfrom-tag%3D2&Subject=no>"], ["Referred-By", "<sip:alice@example.com>"],
    ]);
    expect(refers[0]?.target.toString()).toBe("sip:carol@192.0.2.9");
    expect(refers[0]?.replaces).toEqual({ callId: "abc@x", toTag: "1", fromTag: "2", earlyOnly: false });
    expect(refers[0]?.headers).toEqual([["Referred-By", "<sip:alice@example.com>"], ["Replaces", "abc@x;to-tag=1;from-tag=2"], ["Require", "replaces"]]);
  });

  it("is told of other methods than INVITE", async () => {
    const { refers } = await ask([["Refer-To", "<sip:carol@192.0.2.9;method=BYE>"]], (refer) => {
      if (refer.method !== "INVITE") refer.reject(501);
    });
    expect([refers[0]?.method, refers[0]?.target.toString(), refers[0]?.state]).toEqual(["BYE", "sip:carol@192.0.2.9", "rejected"]);
  });

  it("refuses a REFER without exactly one readable Refer-To (400)", async () => {
    for (const headers of [[], [["Refer-To", "<sip:a@b>"], ["Refer-To", "<sip:c@d>"]], [["Refer-To", "<>"]]] as [string, string][][]) {
      expect((await ask(headers)).answer.statusCode).toBe(400); // oxlint-disable-line no-await-in-loop
    }
  });

  it("decides once", async () => {
    const { refers } = await ask([["Refer-To", "<sip:carol@192.0.2.9>"]]);
    expect(() => refers[0]?.accept()).toThrow(expect.objectContaining({ code: "SESSION_STATE" }));
    expect(() => refers[0]?.reject()).toThrow(expect.objectContaining({ code: "SESSION_STATE" }));
    expect(() => refers[0]?.report(99)).toThrow(RangeError);
  });

  it("leaves nothing behind when the call ends first", async () => {
    const { world, peer, call, refers } = await ask([["Refer-To", "<sip:carol@192.0.2.9>"]]);
    await world.clock.advance(100);
    await world.during(call.bye());
    refers[0]?.report(200);
    await world.clock.advance(100);
    expect(notified(peer).at(-1)).toMatch(/200 OK/);
    expect(await world.end()).toEqual(NOTHING_LEFT);
  });
});

describe("a REFER from outside any call", () => {
  it("makes a call between two others, and tells how it went", async () => {
    const world = new World();
    const desk = await world.phone({ user: "desk" });
    const alice = await world.phone({ user: "alice" });
    alice.client.onRefer = async (refer) => {
      refer.accept();
      world.clock.at(world.clock.now() + 500, () => refer.report(180));
      world.clock.at(world.clock.now() + 900, () => refer.report(200));
    };
    const referral = desk.client.refer(alice.uri, "sip:carol@192.0.2.77");
    const progress: number[] = [];
    referral.onProgress = ({ status }) => progress.push(status);
    expect(await world.during(referral.outcome)).toMatchObject({ success: true, status: 200 });
    expect(progress).toEqual([100, 180, 200]);
    expect(await world.end()).toEqual(NOTHING_LEFT);
  });

  it("is refused where nobody takes it", async () => {
    const world = new World();
    const desk = await world.phone({ user: "desk" });
    const alice = await world.phone({ user: "alice" });
    expect(await world.during(desk.client.refer(alice.uri, "sip:carol@192.0.2.77").outcome)).toMatchObject({ success: false, status: 405 });
  });

  it("that is under way when we stop ends as unknown", async () => {
    const world = new World();
    const desk = await world.phone({ user: "desk" });
    const alice = await world.phone({ user: "alice" });
    alice.client.onRefer = (refer) => refer.accept();
    const referral = desk.client.refer(alice.uri, "sip:carol@192.0.2.77");
    await world.clock.advance(1000);
    expect(await world.end()).toEqual(NOTHING_LEFT);
    expect(await referral.outcome).toMatchObject({ success: undefined, status: 100 });
  });
});
