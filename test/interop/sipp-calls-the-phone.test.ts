import { afterEach, describe, expect, it } from "vitest";

import { CallState, type VoIPCall } from "../../ts/index.ts";
import { within } from "./peers/deadline.ts";
import { Peers } from "./peers/Peers.ts";
import { listenFor, tone } from "./peers/tone.ts";
import { addressOf, Answering, answered, hear, incoming, Ringing, startPhone } from "./phone.ts";

describe("SIPp calls the phone", () => {
  const peers = new Peers();
  afterEach(() => peers.stop());

  it("is answered, is heard, and hangs up", async () => {
    const phone = await startPhone(peers);
    const ringing = incoming(phone);
    const sipp = await peers.sipp("uac-calls-and-streams", { target: addressOf(phone), user: "phone", says: 440, talk: 3000 });

    const call = await ringing;
    const heard = listenFor(440, await hear(call, 2.5));
    expect(heard.seconds).toBeGreaterThanOrEqual(2);
    expect(heard.share).toBeGreaterThanOrEqual(0.9);

    expect(await within(call.ended, "the end of the call")).toMatchObject({ by: "remote", cause: "bye" });
    expect(call.state).toBe(CallState.ENDED);
    expect(call).toMatchObject({ wasHungUp: true });
    await sipp.succeeded();
  });

  it("hears the phone in the documented 8-bit audio, and sends back what it heard", async () => {
    const phone = await startPhone(peers, { audioFormat: "u8" });
    const ringing = incoming(phone);
    const sipp = await peers.sipp("uac-calls-and-echoes", { target: addressOf(phone), user: "phone", echo: true, talk: 3000 });

    const call = await ringing;
    await answered(call);
    call.writeAudio(Uint8Array.from(tone(600, 10).samples, (sample) => (sample >> 8) + 0x80));
    const echo = await within(call.readAudio(20_000), "2.5 s of echo");
    const heard = listenFor(600, { samples: Int16Array.from(echo, (byte) => (byte - 0x80) << 8), sampleRate: 8000 });
    expect(heard.seconds).toBeGreaterThanOrEqual(2);
    expect(heard.share).toBeGreaterThanOrEqual(0.9);
    await sipp.succeeded();
  });

  it("ten times at once, and each call hears its own echo", async () => {
    const calls: VoIPCall[] = [];
    const phone = await startPhone(peers);
    phone.on("incoming", (call) => calls.push(call));
    const echoes: Promise<{ hertz: number; share: number; seconds: number }>[] = [];
    phone.on("incoming", (call) => {
      const hertz = 300 + 100 * echoes.length;
      call.once("answered", () => void call.play(tone(hertz, 4).samples).catch(() => undefined));
      echoes.push(hear(call, 3).then((sound) => ({ hertz, ...listenFor(hertz, sound) })));
    });
    const sipp = await peers.sipp("uac-calls-and-echoes", { target: addressOf(phone), user: "phone", echo: true, calls: 10, talk: 4000 });
    await sipp.succeeded();

    expect(calls).toHaveLength(10);
    for (const { hertz, share, seconds } of await Promise.all(echoes)) {
      expect(seconds, `${hertz} Hz`).toBeGreaterThanOrEqual(2);
      expect(share, `${hertz} Hz`).toBeGreaterThanOrEqual(0.9);
    }
    for (const call of calls) expect(await within(call.ended, "the end of the call")).toMatchObject({ by: "remote", cause: "bye" });
    expect(phone.calls.size).toBe(0);
  });

  it("with a Via of another address, and is hung up by the phone", async () => {
    const phone = await startPhone(peers);
    const ringing = incoming(phone);
    const sipp = await peers.sipp("uac-with-foreign-via-is-hung-up", { target: addressOf(phone), user: "phone" });
    const call = await ringing;
    expect(listenFor(1000, await hear(call, 1)).seconds).toBeGreaterThan(0);
    await within(call.hangup(), "the far end to confirm the BYE");
    await sipp.succeeded();
  });

  it("gives up while the phone rings", async () => {
    const phone = await startPhone(peers, { callClass: Ringing });
    const ringing = incoming(phone);
    const sipp = await peers.sipp("uac-cancels", { target: addressOf(phone), user: "phone" });
    const call = await ringing;
    expect(call).not.toBeInstanceOf(Answering);
    expect(await within(call.ended, "the end of the call")).toMatchObject({ by: "remote", cause: "cancel" });
    await sipp.succeeded();
  });
});
