import { once } from "node:events";
import { describe, expect, it, onTestFinished } from "vitest";
import { CallState, InvalidStateError, PhoneStatus, type VoIPCall, type VoIPPhone, type VoIPPhoneParameter } from "../../ts/index.ts";
import { connected, ringing, started } from "../documented/pair.ts";
import { Answering } from "./calls.ts";
import { newPhone, next, uriOf } from "./support.ts";
import { scriptedPeer } from "./scriptedPeer.ts";

/** Each action of a call, as somebody would use it. */
const ACTIONS: Record<string, (call: VoIPCall) => unknown> = {
  answer: (call) => call.answer(),
  deny: (call) => call.deny(),
  earlyMedia: (call) => call.earlyMedia(),
  hangup: (call) => call.hangup(),
  cancel: (call) => call.cancel(),
  transfer: (call) => call.transfer("sip:carol@127.0.0.1:9"),
  hold: (call) => call.hold(),
  resume: (call) => call.resume(),
  sendDtmf: (call) => call.sendDtmf("1"),
  writeAudio: (call) => call.writeAudio(new Uint8Array(160)),
  play: (call) => call.play(new Int16Array(160)),
  record: (call) => call.record("never-written.wav"),
};
const AUDIO = ["writeAudio", "play", "record"];
const UP = ["hangup", "transfer", "hold", "resume", "sendDtmf", ...AUDIO];

/** The wire of all phones of a test. */
function wire(): { readonly sent: string[]; readonly options: Partial<VoIPPhoneParameter> } {
  const sent: string[] = [];
  return { sent, options: { trace: ({ bytes }) => void sent.push(new TextDecoder().decode(bytes).split("\r\n", 1)[0] ?? "") } };
}

interface Situation {
  readonly name: string;
  readonly state: CallState;
  /** What may be done in it. */
  readonly allowed: readonly string[];
  readonly reach: (options: Partial<VoIPPhoneParameter>) => Promise<VoIPCall>;
}

const SITUATIONS: Situation[] = [
  { name: "that we place", state: CallState.DIALING, allowed: ["cancel", ...AUDIO], reach: async (options) => (await ringing(options, options)).call },
  { name: "that comes in", state: CallState.RINGING, allowed: ["answer", "deny", "earlyMedia", ...AUDIO], reach: async (options) => (await ringing(options, options)).callee },
  { name: "that we place", state: CallState.PROGRESS, allowed: ["cancel", ...AUDIO], reach: async (options) => (await progressing(options)).call },
  { name: "that comes in", state: CallState.PROGRESS, allowed: ["answer", "deny", ...AUDIO], reach: async (options) => (await progressing(options)).callee },
  { name: "that we placed", state: CallState.ANSWERED, allowed: UP, reach: async (options) => (await connected(options, options)).call },
  { name: "that came in", state: CallState.ANSWERED, allowed: UP, reach: async (options) => (await connected(options, options)).callee },
  { name: "that we placed", state: CallState.CANCELING, allowed: [], reach: cancelling },
  {
    name: "that we placed",
    state: CallState.ENDED,
    allowed: [],
    reach: async (options) => {
      const { call } = await connected(options, options);
      await call.hangup();
      return call;
    },
  },
  {
    name: "that came in",
    state: CallState.ENDED,
    allowed: [],
    reach: async (options) => {
      const { call, callee } = await ringing(options, options);
      callee.deny();
      await call.ended;
      return callee;
    },
  },
];

async function progressing(options: Partial<VoIPPhoneParameter>): ReturnType<typeof ringing> {
  const pair = await ringing(options, options);
  const progress = next(pair.call, "progress");
  pair.callee.earlyMedia();
  await progress;
  return pair;
}

/** The far end rings, and does not answer the CANCEL. */
async function cancelling(options: Partial<VoIPPhoneParameter>): Promise<VoIPCall> {
  const peer = await scriptedPeer();
  onTestFinished(() => peer.close());
  const alice = await started("alice", { ...options, timers: { t1: 20 } });
  const call = await alice.call(`sip:bob@127.0.0.1:${peer.port}`);
  const rings = next(call, "ringing");
  peer.answer((await peer.request("INVITE")), 180);
  await rings;
  void call.cancel();
  await peer.request("CANCEL");
  return call;
}

/** What the phones have sent lately is on the wire by then. */
async function quiet(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await new Promise(setImmediate);
}

async function outcome(action: () => unknown): Promise<unknown> {
  try {
    return await action();
  } catch (error) {
    return error;
  }
}

describe("an action at the wrong time throws InvalidStateError and changes nothing, on the wire neither", () => {
  it.each(SITUATIONS)("for a call $name that is $state", async ({ state, allowed, reach }) => {
    const { sent, options } = wire();
    const call = await reach(options);
    expect(call.state).toBe(state);
    await quiet();
    const changes: string[] = [];
    call.on("state", (each) => changes.push(each));
    for (const [name, action] of Object.entries(ACTIONS)) {
      if (allowed.includes(name)) continue;
      sent.length = 0;
      const error = await outcome(() => action(call));
      await quiet();
      expect(error, name).toBeInstanceOf(InvalidStateError);
      expect(error, name).toMatchObject({ state, message: expect.stringContaining(`${name}() is not possible`) });
      expect([call.state, changes], name).toEqual([state, []]);
      // A CANCEL that nobody answers is repeated; that is not what the action did.
      expect(sent.filter((line) => !line.startsWith("CANCEL ")), name).toEqual([]);
    }
  });

  it("whatever a state allows, it does allow", async () => {
    for (const { state, allowed, reach } of SITUATIONS.filter(({ state: each }) => each !== CallState.ANSWERED)) {
      for (const name of allowed.filter((each) => !AUDIO.includes(each))) {
        const call = await reach({});
        const error = await outcome(() => ACTIONS[name]?.(call));
        expect(error, `${name} in ${state}`).toBeUndefined();
      }
    }
  });
});

describe("an action of the phone at the wrong time throws InvalidStateError and changes nothing", () => {
  const inactive = ["call", "message", "recover"];
  const actions: Record<string, (phone: VoIPPhone) => Promise<unknown>> = {
    start: (phone) => phone.start(),
    call: (phone) => phone.call("sip:bob@127.0.0.1:9"),
    message: (phone) => phone.message("sip:bob@127.0.0.1:9", "hi"),
    recover: (phone) => phone.recover(),
  };

  async function refuses(phone: VoIPPhone, status: PhoneStatus, names: readonly string[], sent: readonly string[]): Promise<void> {
    expect(phone.getStatus()).toBe(status);
    const before = sent.length;
    for (const name of names) {
      const error = await outcome(() => actions[name]?.(phone));
      expect(error, name).toBeInstanceOf(InvalidStateError);
      expect(error, name).toMatchObject({ state: status });
      expect(phone.getStatus(), name).toBe(status);
    }
    await quiet();
    expect(sent.slice(before).filter((line) => /^(INVITE|MESSAGE|REGISTER)/.test(line))).toEqual([]);
  }

  it("INACTIVE, REGISTERED, DEREGISTERING, FAILED", async () => {
    const { sent, options } = wire();
    const phone = newPhone("alice", undefined, options);
    await refuses(phone, PhoneStatus.INACTIVE, inactive, sent);
    await phone.start();
    await refuses(phone, PhoneStatus.REGISTERED, ["start"], sent);
    const bob = await started("bob", { callClass: Answering });
    const call = await phone.call(uriOf(bob, "bob"));
    await next(call, "answered");
    const stopped = phone.stop();
    await refuses(phone, PhoneStatus.DEREGISTERING, ["start", ...inactive], sent);
    await stopped;
    const failed = newPhone("alice", undefined, { ...options, bindIp: "192.0.2.1" });
    await expect(failed.start()).rejects.toThrow();
    await refuses(failed, PhoneStatus.FAILED, inactive, sent);
    await failed.stop();
    await refuses(phone, PhoneStatus.INACTIVE, inactive, sent);
  });

  it("REGISTERING: it has been started, and nothing else", async () => {
    const peer = await scriptedPeer();
    onTestFinished(() => peer.close());
    const phone = newPhone("alice", undefined, { server: "127.0.0.1", port: peer.port, timers: { t1: 5, t2: 20 } });
    const starting = phone.start().catch((error: unknown) => error);
    await peer.request("REGISTER");
    await refuses(phone, PhoneStatus.REGISTERING, ["start"], []);
    const inactiveAgain = once(phone, "status");
    await phone.stop();
    await inactiveAgain;
    expect(await starting).toBeInstanceOf(Error);
    expect(phone.getStatus()).toBe(PhoneStatus.INACTIVE);
  });
});
