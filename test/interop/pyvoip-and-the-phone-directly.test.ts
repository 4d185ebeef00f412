import { afterEach, describe, expect, it } from "vitest";

import { within } from "./peers/deadline.ts";
import { Peers } from "./peers/Peers.ts";
import { listenFor, tone } from "./peers/tone.ts";
import { addressOf, answered, expectTone, hear, incoming, message, startPhone } from "./phone.ts";

// Only 2.0 can do without a registrar: 1.6.8 sends all that it has to say to its server.
describe("directly", () => {
  const peers = new Peers();
  afterEach(() => peers.stop());

  it("the phone calls pyVoIP 2.0.0a4, hears it and is heard, sends digits, and is hung up", async () => {
    const phone = await startPhone(peers, { symmetricRtp: false });
    const pyvoip = await peers.pyvoip("bob", tone(1000, 20), phone.localEndpoint!);
    const call = await phone.call(`sip:bob@127.0.0.2:${pyvoip.sipPort}`);
    await answered(call);
    const playing = call.play(tone(440, 2).samples);
    expectTone(listenFor(1000, await hear(call, 1.5)), 1, call);
    await within(playing, "the tone to be sent");
    await within(call.sendDtmf("0*D"), "the digits to be sent");
    expect(await pyvoip.digits(3)).toBe("0*D");
    pyvoip.hangup();
    expect(await within(call.ended, "the end of the call")).toMatchObject({ by: "remote", cause: "bye" });
    expect(listenFor(440, (await pyvoip.heard())[0]!)).toMatchObject({ level: expect.closeTo(-9, 0) });
  });

  it("pyVoIP 2.0.0a4 calls the phone, is heard and hears it, gets digits, and is hung up", async () => {
    const phone = await startPhone(peers, { symmetricRtp: false });
    const pyvoip = await peers.pyvoip("bob", tone(1000, 20), phone.localEndpoint!);
    const ringing = incoming(phone);
    pyvoip.dial("phone");
    const call = await ringing;
    await answered(call);
    const playing = call.play(tone(440, 2).samples);
    expectTone(listenFor(1000, await hear(call, 1.5)), 1, call);
    await within(playing, "the tone to be sent");
    await within(call.sendDtmf("0*D"), "the digits to be sent");
    expect(await pyvoip.digits(3)).toBe("0*D");
    await within(call.hangup(), "pyVoIP to confirm the BYE");
    await pyvoip.reaches("ENDED");
    expect(listenFor(440, (await pyvoip.heard())[0]!)).toMatchObject({ level: expect.closeTo(-9, 0) });
  });

  // Its REFER comes outside of the call, and names it by Target-Dialog with the tags the other way round.
  it("pyVoIP 2.0.0a4 transfers the phone", async () => {
    const phone = await startPhone(peers, { acceptTransfers: true, symmetricRtp: false });
    const carol = await startPhone(peers);
    const pyvoip = await peers.pyvoip("bob", tone(1000, 20), phone.localEndpoint!);
    const call = await phone.call(`sip:bob@127.0.0.2:${pyvoip.sipPort}`);
    await answered(call);
    await pyvoip.reaches("ANSWERED");
    const arriving = incoming(carol);
    // Two threads of its own wait for the answers, so it may never learn that it worked.
    pyvoip.transfer(`<sip:phone@${addressOf(carol)}>`);
    await answered(await arriving);
    expect(await within(call.ended, "the end of the call")).toMatchObject({ by: "remote", cause: "bye" });
  });

  // 2.0 sends a MESSAGE to port 5060 whatever its server's is, under a branch without the magic cookie.
  it("pyVoIP 2.0.0a4 sends the phone a message", async () => {
    const phone = await startPhone(peers, { bindPort: 5060 });
    const coming = message(phone);
    const pyvoip = await peers.pyvoip("bob", tone(1000, 1), phone.localEndpoint!);
    const result = pyvoip.message("phone", "Watson, come here.");
    const { body, from } = await coming;
    expect(body).toBe("Watson, come here.");
    expect(String(from.uri)).toBe("sip:bob@127.0.0.2");
    // It trips over the 200 that it gets.
    expect(await result).toMatch(/"result": true|TypeError/);
  });
});
