import { afterEach, describe, expect, it } from "vitest";

import { CallState, PhoneStatus } from "../../ts/index.ts";
import { within } from "./peers/deadline.ts";
import { Peers } from "./peers/Peers.ts";
import { listenFor, tone } from "./peers/tone.ts";
import { answered, digits, expectTone, hear, incoming, startPhone } from "./phone.ts";

describe("baresip calls the phone through Kamailio", () => {
  const peers = new Peers();
  afterEach(() => peers.stop());

  it("finds 440 Hz from the phone in its recording, is heard, and hangs up", async () => {
    const { samples } = tone(440, 4);
    const kamailio = await peers.kamailio();
    const alice = await peers.baresip("alice", tone(1000, 30), { kamailio });
    const phone = await startPhone(peers, { server: "127.0.0.1", port: kamailio.port });
    expect(phone.getStatus()).toBe(PhoneStatus.REGISTERED);

    const ringing = incoming(phone);
    await alice.dial(`sip:phone@127.0.0.1:${kamailio.port}`);
    const call = await ringing;
    await answered(call);
    await alice.event("CALL_ESTABLISHED");
    const playing = call.play(samples);
    const heard = listenFor(1000, await hear(call, 3.5));
    await within(playing, "the tone to be sent");
    await alice.hangup();
    expect(await within(call.ended, "the end of the call")).toMatchObject({ by: "remote", cause: "bye" });
    expect(call.state).toBe(CallState.ENDED);
    expect(call).toMatchObject({ wasHungUp: true });

    expectTone(heard, 3, call);
    await alice.stop();
    const [recording] = await alice.heard();
    const found = listenFor(440, recording!);
    expectTone(found, 3.5, call);

    // Kamailio's own view: alice was challenged, and whoever forgets the route set is logged as lost.
    await kamailio.logs(/reply 200 to BYE/);
    expect(await kamailio.logged(/challenge INVITE of alice/)).toHaveLength(1);
    expect(await kamailio.logged(/lost /)).toEqual([]);

    await within(phone.stop(), "the phone to stop");
    expect(phone.getStatus()).toBe(PhoneStatus.INACTIVE);
    await kamailio.logs(/registered phone contact=\[.*expires=0|registered phone .*expires=\[0\]/);
  });

  it('is hung up by the phone: the BYE follows Kamailio\'s Record-Route to a Contact with a "-"', async () => {
    const kamailio = await peers.kamailio();
    const alice = await peers.baresip("alice", tone(1000, 30), { kamailio });
    const phone = await startPhone(peers, { server: "127.0.0.1", port: kamailio.port });
    const ringing = incoming(phone);
    await alice.dial(`sip:phone@127.0.0.1:${kamailio.port}`);
    const call = await ringing;
    await answered(call);
    await alice.event("CALL_ESTABLISHED");
    await alice.sendDigit("7");
    expect(await digits(call, 1)).toBe("7");

    await within(call.hangup(), "the far end to confirm the BYE");
    await alice.event("CALL_CLOSED");
    await kamailio.logs(/reply 200 to BYE/);
    expect(
      await kamailio.logged(
        new RegExp(`request BYE .* ruri=<sip:alice-0x[0-9a-f]+@127.0.0.1:${alice.sipPort}.* route=\\[<sip:127.0.0.1:${kamailio.port};`),
      ),
    ).toHaveLength(1);
    expect(await kamailio.logged(/lost /)).toEqual([]);
  });
});
