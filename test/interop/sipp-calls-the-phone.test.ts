import { afterEach, describe, expect, it } from "vitest";

import { CallState, type VoIPCall } from "../../ts/index.ts";
import { within } from "./peers/deadline.ts";
import { Peers } from "./peers/Peers.ts";
import { listenFor, tone } from "./peers/tone.ts";
import type { Sound } from "./peers/wav.ts";
import { addressOf, answered, Answering, expectTone, hear, incoming, Ringing, startPhone } from "./phone.ts";

describe("SIPp calls the phone", () => {
  const peers = new Peers();
  afterEach(() => peers.stop());

  it("is answered, is heard, and hangs up", async () => {
    const phone = await startPhone(peers);
    const ringing = incoming(phone);
    const sipp = await peers.sipp("uac-calls-and-streams", { target: addressOf(phone), user: "phone", says: 440, talk: 3000 });

    const call = await ringing;
    const heard = listenFor(440, await hear(call, 2.5));
    expectTone(heard, 2, call);

    expect(await within(call.ended, "the end of the call")).toMatchObject({ by: "remote", cause: "bye" });
    expect(call.state).toBe(CallState.ENDED);
    expect(call).toMatchObject({ wasHungUp: true });
    await sipp.succeeded();
  });

  it("hears the phone in the documented 8-bit audio, and sends back what it heard", async () => {
    // Reckoned before the call: the TypeScript engine sends nothing while JavaScript is busy.
    const audio = Uint8Array.from(tone(600, 4).samples, (sample) => (sample >> 8) + 0x80);
    const phone = await startPhone(peers, { audioFormat: "u8" });
    const ringing = incoming(phone);
    const sipp = await peers.sipp("uac-calls-and-echoes", { target: addressOf(phone), user: "phone", echo: true, talk: 3000 });

    const call = await ringing;
    await answered(call);
    call.writeAudio(audio);
    const echo = await within(call.readAudio(20_000), "2.5 s of echo");
    const heard = listenFor(600, { samples: Int16Array.from(echo, (byte) => (byte - 0x80) << 8), sampleRate: 8000 });
    expectTone(heard, 2, call);
    await sipp.succeeded();
  });

  it("ten times at once, and each call hears its own echo", async () => {
    const tones = Array.from({ length: 10 }, (_, n) => ({ hertz: 300 + 100 * n, samples: tone(300 + 100 * n, 4).samples }));
    const calls: VoIPCall[] = [];
    const echoes: Promise<{ hertz: number; sound: Sound }>[] = [];
    const phone = await startPhone(peers);
    phone.on("incoming", (call) => {
      const { hertz, samples } = tones[calls.length]!;
      calls.push(call);
      // SIPp hangs up before the tone is over.
      call.once("answered", () => void call.play(samples).catch(() => undefined));
      echoes.push(hear(call, 3).then((sound) => ({ hertz, sound })));
    });
    const sipp = await peers.sipp("uac-calls-and-echoes", { target: addressOf(phone), user: "phone", echo: true, calls: 10, talk: 4000 });
    await sipp.succeeded();

    expect(calls).toHaveLength(10);
    for (const [n, { hertz, sound }] of (await Promise.all(echoes)).entries()) {
      expectTone(listenFor(hertz, sound), 2, calls[n]!);
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
