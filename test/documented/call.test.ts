import { expect, it } from "vitest";
import { CallState, type DtmfEvent, VoIPCall } from "../../ts/index.ts";
import { Answering } from "../phone/calls.ts";
import { newPhone, next, shareAt, sine, startRegistrar, uriOf, within } from "../phone/support.ts";
import { answeredAfterEarlyMedia, connected, ringing, started } from "./pair.ts";

/** Writes down which hooks run. */
function recorder(): { readonly callClass: typeof VoIPCall; readonly ran: string[] } {
  const ran: string[] = [];
  class Recording extends VoIPCall {
    override progress(): void {
      ran.push("progress");
    }
    override answered(): void {
      ran.push("answered");
    }
    override busy(): void {
      ran.push("busy");
    }
    override notFound(): void {
      ran.push("notFound");
    }
    override unavailable(): void {
      ran.push("unavailable");
    }
    override bye(): void {
      ran.push("bye");
    }
    override dtmfCallback(digit: string): void {
      ran.push(`dtmf ${digit}`);
    }
  }
  return { callClass: Recording, ran };
}

it("CallState has the six documented members", () => {
  expect(Object.keys(CallState)).toEqual(["DIALING", "RINGING", "PROGRESS", "ANSWERED", "CANCELING", "ENDED"]);
});

it("VoIPCall.state of each side passes through the documented states", async () => {
  const { call, callee } = await ringing();
  const states: string[] = [call.state, callee.state];
  call.on("state", (state) => states.push(`caller ${state}`));
  callee.on("state", (state) => states.push(`callee ${state}`));
  await answeredAfterEarlyMedia({ call, callee });
  await call.hangup();
  await callee.ended;
  expect(states).toEqual(["DIALING", "RINGING", "callee PROGRESS", "caller PROGRESS", "callee ANSWERED", "caller ANSWERED", "caller ENDED", "callee ENDED"]);
});

it("VoIPCall is one call, inbound or outbound, closed by `await using` in any state", async () => {
  const { call, callee } = await ringing();
  expect([call.direction, callee.direction]).toEqual(["outbound", "inbound"]);
  expect(callee.request.method).toBe("INVITE");
  {
    await using closing = callee;
    expect(closing.state).toBe("RINGING");
  }
  expect(callee.state).toBe("ENDED");
  expect(await call.ended).toMatchObject({ status: 480 });
});

it("VoIPCall.answer makes a RINGING call ANSWERED, and settles when the caller has acknowledged", async () => {
  const { call, callee } = await connected();
  expect([call.state, callee.state]).toEqual(["ANSWERED", "ANSWERED"]);
});

it("VoIPCall.deny turns the caller away, with 486 or what it is told", async () => {
  const first = await ringing();
  first.callee.deny();
  expect(await first.call.ended).toMatchObject({ by: "remote", cause: "rejected", status: 486 });
  const second = await ringing();
  second.callee.deny({ status: 603, reason: "Not Now" });
  expect(await second.call.ended).toMatchObject({ status: 603, reason: "Not Now" });
});

it("VoIPCall.hangup ends an ANSWERED call on both sides", async () => {
  const { call, callee } = await connected();
  await call.hangup();
  expect(await callee.ended).toMatchObject({ by: "remote", cause: "bye" });
});

it("VoIPCall.cancel gives up a DIALING call: CANCELING, then ENDED", async () => {
  const { call, callee } = await ringing();
  const cancelled = call.cancel();
  expect(call.state).toBe(CallState.CANCELING);
  await cancelled;
  expect(call.state).toBe(CallState.ENDED);
  expect(await callee.ended).toMatchObject({ by: "remote", cause: "cancel" });
});

it("VoIPCall.earlyMedia makes a RINGING call PROGRESS, from which it is answered", async () => {
  const { call, callee } = await ringing();
  const progress = next(call, "progress");
  callee.earlyMedia();
  await progress;
  expect([call.state, callee.state]).toEqual(["PROGRESS", "PROGRESS"]);
  await callee.answer();
  expect(callee.state).toBe("ANSWERED");
});

it("VoIPCall.transfer hands the far end to a user, or with undefined and a URI to that address", async () => {
  const registrar = await startRegistrar();
  const alice = newPhone("alice", registrar);
  const bob = newPhone("bob", registrar, { callClass: Answering, acceptTransfers: true });
  const carol = newPhone("carol-0x55eb", registrar, { callClass: Answering });
  await Promise.all([alice, bob, carol].map((phone) => phone.start()));
  const targets: [string | undefined, string?, boolean?][] = [["carol-0x55eb"], [undefined, `<sip:carol-0x55eb@127.0.0.1:${registrar.port}>`, false]];
  for (const target of targets) {
    const arriving = next(carol, "incoming");
    const call = await alice.call("bob");
    await next(call, "answered");
    expect(await within(5_000, "the transfer", call.transfer(...target))).toBe(true);
    expect(call.state).toBe("ENDED");
    await arriving;
  }
  await Promise.all([alice, bob, carol].map((phone) => phone.stop()));
  await registrar.stop();
});

it("VoIPCall.writeAudio is heard by VoIPCall.readAudio: 8-bit unsigned linear, many seconds at once", async () => {
  const { call, callee } = await connected();
  const tone = Uint8Array.from(sine(1000, 12), (sample) => (sample >> 8) + 0x80);
  call.writeAudio(tone);
  const heard = await within(10_000, "two seconds", callee.readAudio(16_000));
  expect(heard).toHaveLength(16_000);
  expect(shareAt(1000, Int16Array.from(heard.subarray(8_000), (byte) => (byte - 0x80) << 8))).toBeGreaterThan(0.9);
});

it("VoIPCall.readAudio without blocking gives 0x80 * length when there is nothing; blocking it waits for all", async () => {
  const { callee, call } = await ringing();
  expect(await callee.readAudio(320, false)).toEqual(new Uint8Array(320).fill(0x80));
  const answered = next(call, "answered");
  await callee.answer();
  await answered;
  expect(await within(5_000, "one packet", callee.readAudio())).toHaveLength(160);
});

it("VoIPCall.getDtmf takes one key, so many, or with a negative number or null all; VoIPCall.dtmfCallback hears each", async () => {
  const { callClass, ran } = recorder();
  const { call, callee } = await connected({ audioFormat: "s16le" }, { callClass: class extends callClass { override ringing(): void {} } });
  const events: DtmfEvent[] = [];
  const all = new Promise<void>((resolve) => {
    callee.on("dtmfEnd", (event) => {
      if (events.push(event) === 5) resolve();
    });
  });
  await call.sendDtmf("195#D", { duration: 100 });
  await within(5_000, "five keys", all);
  expect([callee.getDtmf(), callee.getDtmf(2), callee.getDtmf(-1), callee.getDtmf()]).toEqual(["1", "95", "#D", ""]);
  expect(ran).toEqual(["dtmf 1", "dtmf 9", "dtmf 5", "dtmf #", "dtmf D"]);
  expect(events.map(({ digit, source, duration }) => [digit, source, duration])).toEqual(["1", "9", "5", "#", "D"].map((digit) => [digit, "rtp", 100]));
  const more = next(callee, "dtmf");
  await call.sendDtmf("7");
  await more;
  expect(callee.getDtmf(null)).toBe("7");
});

it("VoIPCall.ringing is called for each incoming call; the base class denies", async () => {
  const bob = await started("bob");
  const call = await (await started("alice")).call(uriOf(bob, "bob"));
  expect(await call.ended).toMatchObject({ status: 486 });
});

it("VoIPCall.progress runs for a 183, VoIPCall.answered for the answer, VoIPCall.bye when the far end hangs up", async () => {
  const { callClass, ran } = recorder();
  const { call, callee } = await ringing({ callClass });
  await answeredAfterEarlyMedia({ call, callee });
  await callee.hangup();
  await call.ended;
  expect(ran).toEqual(["progress", "answered", "bye"]);
});

it("VoIPCall.busy, VoIPCall.notFound and VoIPCall.unavailable run for what refuses a call", async () => {
  const { callClass, ran } = recorder();
  for (const status of [486, 404, 480, 603]) {
    const { call, callee } = await ringing({ callClass });
    callee.deny({ status });
    await call.ended;
  }
  expect(ran).toEqual(["busy", "notFound", "unavailable"]);
});
