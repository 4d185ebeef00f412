import { describe, expect, it } from "vitest";
import { loadEngine } from "../../../ts/media/load.ts";
import { next, shareAt, within } from "../support.ts";
import { callBeside } from "./beside.ts";
import { mediaPortOf, startPhone } from "./calls.ts";
import { Stranger } from "./Stranger.ts";
import { agree, speak } from "./speaker.ts";

describe("the far end's RTP stops", () => {
  it("mediaTimeout tells, silence is heard meanwhile; when it comes back mediaResumed tells, and it is heard as before", async () => {
    const alice = await startPhone("alice", { mediaTimeout: 600 });
    const beside = await callBeside(alice);
    const stranger = await Stranger.open();
    const { engine } = loadEngine();
    const before = await speak(engine);
    agree(stranger, before.localPort);
    const call = await alice.call(`sip:stranger@127.0.0.1:${stranger.port}`);
    await next(call, "answered");
    const port = mediaPortOf(await stranger.sees(/^INVITE /));
    before.speakTo(port);
    await within(5_000, "the stranger's voice", call.readAudio(8_000));

    const stopped = next(call, "mediaTimeout");
    await before.close();
    expect(await stopped).toEqual([false]);
    expect(call.state).toBe("ANSWERED");
    // Nobody who reads is left waiting.
    const silence = await within(5_000, "audio meanwhile", call.readAudio(16_000));
    expect(new Int16Array(silence.slice(-3_200).buffer).every((sample) => Math.abs(sample) < 400)).toBe(true);

    const resumed = next(call, "mediaResumed");
    const after = await speak(engine, before.localPort);
    after.speakTo(port);
    await resumed;
    await within(5_000, "its first words", call.readAudio(16_000));
    const voice = await within(5_000, "its voice again", call.readAudio(16_000));
    expect(shareAt(1_000, new Int16Array(voice.slice().buffer))).toBeGreaterThan(0.9);
    await beside.unharmed();
    await call.hangup();
  });

  it("and one that never sent any is told as that, too", async () => {
    const alice = await startPhone("alice", { mediaTimeout: 400 });
    const stranger = await Stranger.open();
    agree(stranger, stranger.port);
    const call = await alice.call(`sip:stranger@127.0.0.1:${stranger.port}`);
    expect(await next(call, "mediaTimeout")).toEqual([true]);
    await call.hangup();
  });
});
