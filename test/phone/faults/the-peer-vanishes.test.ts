import { describe, expect, it } from "vitest";
import { loadEngine } from "../../../ts/media/load.ts";
import { next, within } from "../support.ts";
import { callBeside } from "./beside.ts";
import { mediaPortOf, startPhone } from "./calls.ts";
import { Hurried } from "./hurried.ts";
import { Stranger } from "./Stranger.ts";
import { agree, speak } from "./speaker.ts";

describe("the far end vanishes in the middle of a call, without a BYE", () => {
  it("mediaTimeout tells; hangup() settles though nobody answers, and the call beside goes on", async () => {
    const alice = await startPhone("alice", { sipClass: Hurried, mediaTimeout: 600 });
    const beside = await callBeside(alice);
    const stranger = await Stranger.open();
    const media = await speak(loadEngine().engine);
    agree(stranger, media.localPort);
    const call = await alice.call(`sip:stranger@127.0.0.1:${stranger.port}`);
    await next(call, "answered");
    media.speakTo(mediaPortOf(await stranger.sees(/^INVITE /)));
    await within(5_000, "the stranger's voice", call.readAudio(3_200));

    const told = next(call, "mediaTimeout");
    stranger.onMessage = undefined;
    await media.close();
    expect(await told).toEqual([false]);
    expect(call.state).toBe("ANSWERED");

    await within(10_000, "hangup() to give up", call.hangup());
    expect(await call.ended).toMatchObject({ by: "local", cause: "bye" });
    expect(alice.calls.size).toBe(1);
    await beside.unharmed();
  });

  it("and stop() lets go of it after 4 s, not after 64*T1", async () => {
    const alice = await startPhone("alice", { sipClass: Hurried });
    const stranger = await Stranger.open();
    agree(stranger, stranger.port);
    const call = await alice.call(`sip:stranger@127.0.0.1:${stranger.port}`);
    await next(call, "answered");
    stranger.onMessage = undefined;
    await within(10_000, "the phone to stop", alice.stop());
    expect(alice.getStatus()).toBe("INACTIVE");
    // At 0, 0.5, 1.5, 3.5 s; eleven until timer F would ring.
    const byes = stranger.received.filter((message) => message.startsWith("BYE "));
    expect(byes.length).toBeGreaterThanOrEqual(1);
    expect(byes.length).toBeLessThanOrEqual(6);
  });

  it("and with a session timer the call ends by itself, as nobody answers its refresh (RFC 4028 §10)", async () => {
    const alice = await startPhone("alice", { sipClass: Hurried, sessionExpires: 90 });
    const beside = await callBeside(alice);
    const stranger = await Stranger.open();
    const media = await speak(loadEngine().engine);
    agree(stranger, media.localPort, ["Supported: timer", "Require: timer", "Session-Expires: 90;refresher=uac"]);
    const call = await alice.call(`sip:stranger@127.0.0.1:${stranger.port}`);
    await next(call, "answered");
    media.speakTo(mediaPortOf(await stranger.sees(/^INVITE /)));
    await within(5_000, "the stranger's voice", call.readAudio(3_200));

    stranger.onMessage = undefined;
    await media.close();
    const ended = await within(15_000, "the call to end by itself", call.ended);
    expect(["expired", "gone"]).toContain(ended.cause);
    expect(ended.by).not.toBe("remote");
    expect(stranger.received.some((message) => /^(INVITE|UPDATE) [^]*^To: .*tag=/m.test(message))).toBe(true);
    await stranger.sees(/^BYE /);
    expect(alice.calls.size).toBe(1);
    await beside.unharmed();
  });
});
