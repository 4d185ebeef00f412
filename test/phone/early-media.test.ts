import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { CallState, InvalidStateError, VoIPCall, type VoIPPhone } from "../../ts/index.ts";
import type { Registrar } from "../../ts/testkit/index.ts";
import { Waiting } from "./calls.ts";
import { newPhone, next, shareAt, sine, startRegistrar, within } from "./support.ts";

describe("early media that we send", () => {
  let registrar: Registrar;
  let alice: VoIPPhone;
  let bob: VoIPPhone;

  beforeEach(async () => {
    registrar = await startRegistrar();
    alice = newPhone("alice", registrar, { audioFormat: "s16le" });
    bob = newPhone("bob", registrar, { callClass: Waiting });
    await Promise.all([alice.start(), bob.start()]);
  });

  afterEach(async () => {
    await Promise.all([alice.stop(), bob.stop()]);
    await registrar.stop();
  });

  /** Both calls, in PROGRESS. */
  async function progress(): Promise<[VoIPCall, VoIPCall]> {
    const incoming = next(bob, "incoming");
    const call = await alice.call("bob");
    const heard = next(call, "progress");
    const [callee] = await incoming;
    callee.earlyMedia();
    expect(callee.state).toBe(CallState.PROGRESS);
    await heard;
    expect(call.state).toBe(CallState.PROGRESS);
    return [call, callee];
  }

  it("is heard before the call is answered, and goes on after", async () => {
    const [call, callee] = await progress();
    void callee.play(sine(1000, 3)).catch(() => {});
    const early = await within(10_000, "early audio", call.readAudio(16_000));
    expect(shareAt(1000, new Int16Array(early.slice().buffer, 8_000, 4_000))).toBeGreaterThan(0.9);
    expect(call.state).toBe(CallState.PROGRESS);
    const answered = next(call, "answered");
    await callee.answer();
    await answered;
    const late = await within(10_000, "audio", call.readAudio(8_000));
    expect(shareAt(1000, new Int16Array(late.slice().buffer))).toBeGreaterThan(0.9);
  });

  it("can end in deny(), with a status of our choice", async () => {
    const [call, callee] = await progress();
    callee.deny({ status: 603, reason: "Not Today" });
    expect(callee.state).toBe(CallState.ENDED);
    expect(await within(5_000, "the end", call.ended)).toMatchObject({ by: "remote", cause: "rejected", status: 603, reason: "Not Today" });
  });

  it("can end in the caller's cancel()", async () => {
    const [call, callee] = await progress();
    await within(5_000, "the cancel", call.cancel());
    expect(await within(5_000, "the end", callee.ended)).toMatchObject({ by: "remote", cause: "cancel" });
  });

  it("is not possible twice, nor for a call that we placed or that is up", async () => {
    const [call, callee] = await progress();
    expect(() => callee.earlyMedia()).toThrow(InvalidStateError);
    expect(() => call.earlyMedia()).toThrow(InvalidStateError);
    await callee.answer();
    expect(() => callee.earlyMedia()).toThrow(InvalidStateError);
    expect(callee.state).toBe(CallState.ANSWERED);
  });
});
