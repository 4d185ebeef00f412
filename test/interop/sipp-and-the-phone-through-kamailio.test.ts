import { afterEach, describe, expect, it } from "vitest";

import { within } from "./peers/deadline.ts";
import { Peers } from "./peers/Peers.ts";
import { listenFor, tone } from "./peers/tone.ts";
import { answered, expectTone, hear, incoming, phoneAt } from "./phone.ts";

describe("through Kamailio", () => {
  const peers = new Peers();
  afterEach(() => peers.stop());

  it("SIPp calls the phone, which hears itself in what SIPp sends back", async () => {
    const { samples } = tone(600, 3);
    const kamailio = await peers.kamailio({ defines: ["WITH_NOAUTH"] });
    const phone = await phoneAt(peers, kamailio);
    const coming = incoming(phone);
    const target = `127.0.0.1:${kamailio.port}`;
    const sipp = await peers.sipp("uac-calls-and-echoes", { target, user: "phone", echo: true, talk: 2500 });
    const call = await coming;
    await answered(call);
    // SIPp hangs up before the tone is over.
    call.play(samples).catch(() => undefined);
    expectTone(listenFor(600, await hear(call, 2)), 1.5, call);
    await sipp.succeeded();
    expect(await within(call.ended, "the end of the call")).toMatchObject({ by: "remote", cause: "bye" });
    expect(await kamailio.logged(/lost /)).toEqual([]);
  });

  it("the phone calls SIPp, hears itself in what SIPp sends back, and hangs up", async () => {
    const { samples } = tone(600, 3);
    const kamailio = await peers.kamailio();
    const sipp = await peers.sipp("uas-answers-by-its-proxy", { echo: true });
    const phone = await phoneAt(peers, kamailio, "UDP", { outboundProxy: `sip:127.0.0.1:${kamailio.port};lr` });
    const call = await phone.call(`sip:service@127.0.0.1:${sipp.port}`);
    await answered(call);
    call.play(samples).catch(() => undefined);
    expectTone(listenFor(600, await hear(call, 2)), 1.5, call);
    await within(call.hangup(), "the far end to confirm the BYE");
    await sipp.succeeded();
    await kamailio.logs(/reply 200 to BYE/);
    expect(await kamailio.logged(/lost /)).toEqual([]);
  });
});
