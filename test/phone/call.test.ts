import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { CallState, InvalidStateError, PhoneStatus, VoIPCall, VoIPPhone } from "../../ts/index.ts";
import type { Registrar } from "../../ts/testkit/index.ts";
import { Answering, talk, Waiting } from "./calls.ts";
import { newPhone, next, shareAt, sine, startRegistrar, within } from "./support.ts";

describe("a call between two registered phones", () => {
  let registrar: Registrar;
  const phones: VoIPPhone[] = [];

  async function phone(user: string, options: Parameters<typeof newPhone>[2] = {}): Promise<VoIPPhone> {
    const made = newPhone(user, registrar, options);
    phones.push(made);
    await made.start();
    return made;
  }

  beforeEach(async () => {
    registrar = await startRegistrar();
  });

  afterEach(async () => {
    await Promise.all(phones.splice(0).map((each) => each.stop()));
    await registrar.stop();
  });

  it("goes DIALING, ANSWERED, ENDED, and audio passes both ways", async () => {
    const alice = await phone("alice", { audioFormat: "s16le" });
    const bob = await phone("bob", { callClass: Answering, audioFormat: "s16le" });
    const incoming = next(bob, "incoming");
    const call = await alice.call("bob");
    expect(call.state).toBe(CallState.DIALING);
    await next(call, "answered");
    expect(call.state).toBe(CallState.ANSWERED);
    const [answered] = await incoming;

    void call.play(sine(440, 2)).catch(() => {});
    void answered.play(sine(1000, 2)).catch(() => {});
    const [heardByBob, heardByAlice] = await within(10_000, "a second of audio each way", Promise.all([answered.readAudio(16_000), call.readAudio(16_000)]));
    expect(shareAt(440, new Int16Array(heardByBob.slice().buffer, 8_000, 4_000))).toBeGreaterThan(0.9);
    expect(shareAt(1000, new Int16Array(heardByAlice.slice().buffer, 8_000, 4_000))).toBeGreaterThan(0.9);

    await call.hangup();
    expect(call.state).toBe(CallState.ENDED);
    expect(await within(5_000, "Bob's end", answered.ended)).toMatchObject({ by: "remote", cause: "bye" });
    expect(answered.state).toBe(CallState.ENDED);
    expect(alice.calls.size).toBe(0);
  });

  it("ends on both sides when the one who answered hangs up, and the bye hook runs", async () => {
    const byes: string[] = [];
    class Calling extends VoIPCall {
      override bye(): void {
        byes.push(this.remote);
      }
    }
    const alice = await phone("alice", { callClass: Calling });
    const bob = await phone("bob", { callClass: Answering });
    const [call, answered] = await talk(alice, bob, "bob");
    if (answered.state !== CallState.ANSWERED) await next(answered, "answered");
    await answered.hangup();
    await within(5_000, "Alice's end", call.ended);
    expect(byes).toHaveLength(1);
  });

  it("lets the callee's phone ring, and the caller give up", async () => {
    const alice = await phone("alice");
    const bob = await phone("bob", { callClass: Waiting });
    const incoming = next(bob, "incoming");
    const call = await alice.call("bob");
    await next(call, "ringing");
    const [ringing] = await incoming;
    expect(ringing.state).toBe(CallState.RINGING);
    const cancelled = call.cancel();
    expect(call.state).toBe(CallState.CANCELING);
    await within(5_000, "the caller's end", cancelled);
    expect(call.state).toBe(CallState.ENDED);
    expect(await within(5_000, "the callee's end", ringing.ended)).toMatchObject({ by: "remote", cause: "cancel" });
  });

  it("is refused by deny(), and the caller's busy hook runs", async () => {
    let busy = 0;
    class Calling extends VoIPCall {
      override busy(): void {
        busy += 1;
      }
    }
    const alice = await phone("alice", { callClass: Calling });
    await phone("bob"); // VoIPCall itself denies
    const call = await alice.call("bob");
    expect(await within(5_000, "the end", call.ended)).toMatchObject({ by: "remote", cause: "rejected", status: 486 });
    expect(busy).toBe(1);
  });

  it("to nobody ends with the notFound hook", async () => {
    let notFound = 0;
    class Calling extends VoIPCall {
      override notFound(): void {
        notFound += 1;
      }
    }
    const alice = await phone("alice", { callClass: Calling });
    const call = await alice.call("nobody");
    expect(await within(5_000, "the end", call.ended)).toMatchObject({ cause: "rejected", status: 404 });
    expect(notFound).toBe(1);
  });

  it("carries digits, each once and in order", async () => {
    const alice = await phone("alice");
    const bob = await phone("bob", { callClass: Answering });
    const [call, answered] = await talk(alice, bob, "bob");
    let heard = "";
    const all = new Promise<void>((resolve) =>
      answered.on("dtmf", (digit) => {
        heard += digit;
        if (heard.length === 5) resolve();
      }),
    );
    await within(10_000, "digits sent", call.sendDtmf("195#D"));
    await within(5_000, "digits heard", all);
    expect(answered.getDtmf()).toBe("1");
    expect(answered.getDtmf(2)).toBe("95");
    expect(answered.getDtmf(-1)).toBe("#D");
    expect(answered.getDtmf()).toBe("");
  });

  it("throws InvalidStateError for what its state does not allow, and nothing changes", async () => {
    const alice = await phone("alice");
    const bob = await phone("bob", { callClass: Waiting });
    const incoming = next(bob, "incoming");
    const call = await alice.call("bob");
    const [ringing] = await incoming;
    await expect(call.hangup()).rejects.toThrow(InvalidStateError);
    await expect(call.answer()).rejects.toThrow(/answer\(\) is not possible.*DIALING/);
    expect(() => call.deny()).toThrow(InvalidStateError);
    await expect(ringing.hangup()).rejects.toThrow(InvalidStateError);
    await expect(ringing.cancel()).rejects.toThrow(InvalidStateError);
    expect([call.state, ringing.state]).toEqual([CallState.DIALING, CallState.RINGING]);
    await ringing.answer();
    expect(() => ringing.deny()).toThrow(/ANSWERED/);
    await expect(ringing.answer()).rejects.toThrow(InvalidStateError);
    await ringing.hangup();
    await expect(ringing.hangup()).rejects.toThrow(/ENDED/);
    expect(() => ringing.writeAudio(new Uint8Array(160))).toThrow(InvalidStateError);
  });

  it("refuses callers beyond maxCalls with 486 and leaves the running call alone", async () => {
    const alice = await phone("alice");
    const bob = await phone("bob", { callClass: Answering, maxCalls: 1 });
    const first = await alice.call("bob");
    await next(first, "answered");
    const second = await alice.call("bob");
    expect(await within(5_000, "the second's end", second.ended)).toMatchObject({ status: 486 });
    expect(first.state).toBe(CallState.ANSWERED);
    await expect(bob.call("alice")).rejects.toThrow(/maxCalls/);
  });

  it("goes on when another call's hook throws; that one is ended and reported", async () => {
    class Broken extends VoIPCall {
      override async ringing(): Promise<void> {
        await this.answer();
        if (bob.calls.size === 2) throw new Error("bug in the application");
      }
    }
    const alice = await phone("alice");
    const bob: VoIPPhone = await phone("bob", { callClass: Broken });
    const reported = next(bob, "callError");
    const first = await alice.call("bob");
    await next(first, "answered");
    const second = await alice.call("bob");
    expect((await reported)[1]).toMatchObject({ message: "bug in the application" });
    await within(5_000, "the broken call's end", second.ended);
    expect(first.state).toBe(CallState.ANSWERED);
  });

  it("reads silence without waiting, and what is left after the end", async () => {
    const alice = await phone("alice");
    const bob = await phone("bob", { callClass: Waiting });
    const incoming = next(bob, "incoming");
    const call = await alice.call("bob");
    const [ringing] = await incoming;
    expect(await ringing.readAudio(160, false)).toEqual(new Uint8Array(160).fill(0x80));
    await ringing.answer();
    const rest = call.readAudio(8_000 * 60);
    await ringing.hangup();
    expect((await within(5_000, "the rest of the audio", rest)).length).toBeLessThan(8_000);
    expect(await call.readAudio(160)).toHaveLength(0);
  });

  it("stop() ends the running calls, de-registers, and the phone can start again", async () => {
    const alice = await phone("alice");
    const bob = await phone("bob", { callClass: Answering });
    const call = await alice.call("bob");
    await next(call, "answered");
    await bob.stop();
    expect(bob.getStatus()).toBe(PhoneStatus.INACTIVE);
    await within(5_000, "Alice's end", call.ended);
    const again = await alice.call("bob");
    expect((await within(5_000, "nobody there", again.ended)).status).toBeGreaterThanOrEqual(400);
    await bob.start();
    const third = await alice.call("bob");
    await next(third, "answered");
  });

  it("is put on hold and taken off it by either side, and each hears who holds", async () => {
    const alice = await phone("alice", { audioFormat: "s16le" });
    const bob = await phone("bob", { callClass: Answering, audioFormat: "s16le" });
    const [call, answered] = await talk(alice, bob, "bob");

    await call.hold();
    expect([call.held, answered.held]).toEqual([true, false]);
    void call.play(sine(440, 3)).catch(() => {}); // music for the one on hold
    void answered.play(sine(1000, 3)).catch(() => {});
    answered.clearAudio();
    const heard = await within(5_000, "music on hold", answered.readAudio(16_000));
    expect(shareAt(440, new Int16Array(heard.slice().buffer, 8_000, 4_000))).toBeGreaterThan(0.9);
    const received = call.stats().packetsReceived;
    await within(5_000, "another half second", answered.readAudio(8_000));
    expect(call.stats().packetsReceived).toBeLessThanOrEqual(received + 1); // Bob has stopped sending

    await call.resume();
    expect(call.held).toBe(false);
    void answered.play(sine(1000, 2)).catch(() => {});
    const again = await within(5_000, "Bob's voice", call.readAudio(16_000));
    expect(shareAt(1000, new Int16Array(again.slice().buffer, 8_000, 4_000))).toBeGreaterThan(0.9);

    await answered.hold();
    expect(answered.held).toBe(true);
    await answered.resume();
    await call.hangup();
    await expect(call.hold()).rejects.toThrow(InvalidStateError);
  });

  it("collects a PIN as it is keyed in", async () => {
    const alice = await phone("alice");
    const bob = await phone("bob", { callClass: Answering });
    const [call, answered] = await talk(alice, bob, "bob");
    const pin = answered.collectDtmf({ terminator: "#" });
    await within(10_000, "digits sent", call.sendDtmf("2580#"));
    expect(await within(5_000, "the PIN", pin)).toBe("2580");
  });
});
