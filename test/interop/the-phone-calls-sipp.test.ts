import { afterEach, describe, expect, it } from "vitest";

import { CallState, VoIPCall } from "../../ts/index.ts";
import { within } from "./peers/deadline.ts";
import { digestParameters, expectedResponse } from "./peers/digest.ts";
import { Peers, users } from "./peers/Peers.ts";
import type { SIPp } from "./peers/SIPp.ts";
import { listenFor } from "./peers/tone.ts";
import { answered, expectTone, hear, startPhone } from "./phone.ts";

describe("the phone calls SIPp", () => {
  const peers = new Peers();
  afterEach(() => peers.stop());

  /** The call is answered, heard and hung up, as the scenario wants it. */
  async function callAndHangUp(scenario: string): Promise<SIPp> {
    const sipp = await peers.sipp(scenario);
    const phone = await startPhone(peers);
    const call = await phone.call(`sip:service@127.0.0.1:${sipp.port}`);
    await answered(call);
    await hear(call, 0.5);
    await within(call.hangup(), "the far end to confirm the BYE");
    await sipp.succeeded();
    return sipp;
  }

  it("hears it, and hangs up", async () => {
    const sipp = await peers.sipp("uas-answers-and-is-hung-up", { says: 1000 });
    const phone = await startPhone(peers);
    const call = await phone.call(`sip:service@127.0.0.1:${sipp.port}`);
    expect(call.state).toBe(CallState.DIALING);
    await answered(call);

    const heard = listenFor(1000, await hear(call, 2.5));
    expectTone(heard, 2, call);

    await within(call.hangup(), "the far end to confirm the BYE");
    expect(call.state).toBe(CallState.ENDED);
    await sipp.succeeded();
  });

  // pyVoIP 2.0 sends no ACK, and its BYE ignores the Record-Route.
  it("follows the route set in ACK and BYE", async () => {
    await callAndHangUp("uas-behind-record-route");
  });

  it("acknowledges each 200, however often it comes", async () => {
    const sipp = await peers.sipp("uas-retransmits-200", { retransmissions: false });
    const phone = await startPhone(peers);
    const call = await phone.call(`sip:service@127.0.0.1:${sipp.port}`);
    await answered(call);
    await sipp.received(/^ACK /, 3);
    await within(call.hangup(), "the far end to confirm the BYE");
    await sipp.succeeded();
  });

  // pyVoIP 1.6.9 knows 401 only and hangs for ever on 407.
  it("answers a 407 and then a 401, each with its own digest", async () => {
    const sipp = await callAndHangUp("uas-challenges-with-407-and-401");

    const invites = (await sipp.messages()).filter(({ direction, text }) => direction === "received" && text.startsWith("INVITE "));
    expect(invites).toHaveLength(3);
    const last = invites[2]!.text;
    for (const [header, realm, nonce] of [
      ["Proxy-Authorization", "proxy.test", "aa11bb22"],
      ["Authorization", "far.test", "cc33dd44"],
    ] as const) {
      const given = digestParameters(new RegExp(`^${header}: *Digest (.*)$`, "m").exec(last)![1]!);
      expect(given).toMatchObject({ username: "phone", realm, nonce, qop: "auth" });
      expect(given["response"]).toBe(expectedResponse("INVITE", "phone", users.phone, given));
    }
    // The proxy's nonce goes out a second time: the same count again would be a replay (RFC 7616 §3.4).
    const counts = invites.slice(1).map(({ text }) => /^Proxy-Authorization: .*\bnc=(\w+)/m.exec(text)?.[1]);
    expect(counts).toEqual(["00000001", "00000002"]);
    const sequence = invites.map(({ text }) => Number(/^CSeq: *(\d+) INVITE/m.exec(text)![1]));
    expect(sequence).toEqual([sequence[0], sequence[0]! + 1, sequence[0]! + 2]);
    expect(new Set(invites.map(({ text }) => /^Call-ID: *(.*)$/m.exec(text)![1])).size).toBe(1);
  });

  it("is told that SIPp is busy", async () => {
    const told: string[] = [];
    class Told extends VoIPCall {
      override busy(): void {
        told.push("busy");
      }
    }
    const sipp = await peers.sipp("uas-is-busy");
    const phone = await startPhone(peers, { callClass: Told });
    const call = await phone.call(`sip:service@127.0.0.1:${sipp.port}`);
    expect(await within(call.ended, "the refusal")).toMatchObject({ by: "remote", cause: "rejected", status: 486 });
    expect(told).toEqual(["busy"]);
    await sipp.succeeded();
  });
});
