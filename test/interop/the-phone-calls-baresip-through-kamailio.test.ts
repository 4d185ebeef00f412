import { afterEach, describe, expect, it } from "vitest";

import { CallState } from "../../ts/index.ts";
import { within } from "./peers/deadline.ts";
import { Peers } from "./peers/Peers.ts";
import { listenFor, tone } from "./peers/tone.ts";
import { answered, digits, expectTone, hear, startPhone } from "./phone.ts";

describe("the phone calls baresip through Kamailio", () => {
  const peers = new Peers();
  afterEach(() => peers.stop());

  // pyVoIP 1.6.9 answers only the 401, and 2.0 neither acknowledges baresip's 200 nor reads its Contact.
  it.each([
    { challenge: 407, defines: [] },
    { challenge: 401, defines: ["WITH_401"] },
  ])("is challenged with $challenge, talks, sends and receives digits, and hangs up", async ({ challenge, defines }) => {
    const { samples } = tone(440, 2);
    const kamailio = await peers.kamailio({ defines });
    const bob = await peers.baresip("bob", tone(1000, 30), { kamailio, autoAnswer: true });
    const phone = await startPhone(peers, { server: "127.0.0.1", port: kamailio.port });

    const call = await phone.call("bob");
    expect(call.state).toBe(CallState.DIALING);
    await answered(call);
    await bob.event("CALL_ESTABLISHED");
    await kamailio.logs(/request ACK .*from=phone .*totag=[^<].*/);
    expect(await kamailio.logged(/request INVITE .*from=phone/)).toHaveLength(2);
    expect(await kamailio.logged(new RegExp(`challenge INVITE of phone with ${challenge}`))).toHaveLength(1);

    const playing = call.play(samples);
    const heard = listenFor(1000, await hear(call, 2));
    expectTone(heard, 1.5, call);
    await within(playing, "the tone to be sent");

    for (const digit of "159#") {
      await bob.sendDigit(digit);
      expect(await digits(call, 1)).toBe(digit);
    }
    await within(call.sendDtmf("0*D"), "the digits to be sent", 5_000);
    for (const digit of "0*D") await bob.event((event) => event.type === "CALL_DTMF_START" && event.param === digit);
    expect(bob.events.filter(({ type }) => type === "CALL_DTMF_START").map(({ param }) => param)).toEqual(["0", "*", "D"]);

    await within(call.hangup(), "the far end to confirm the BYE");
    expect(call.state).toBe(CallState.ENDED);
    await bob.event("CALL_CLOSED");

    await kamailio.logs(/reply 200 to BYE/);
    for (const method of ["ACK", "BYE"]) {
      const sent = await kamailio.logged(new RegExp(`request ${method} .*from=phone .*totag=[^<]`));
      expect(sent, method).toHaveLength(1);
      expect(sent[0]).toMatch(new RegExp(`ruri=<sip:bob-0x[0-9a-f]+@127.0.0.1:${bob.sipPort}.* route=\\[<sip:127.0.0.1:${kamailio.port};`));
    }
    expect(await kamailio.logged(/lost /)).toEqual([]);
    await bob.stop();
    const found = listenFor(440, (await bob.heard())[0]!);
    expect(found.seconds).toBeGreaterThanOrEqual(1.8);
  });
});
