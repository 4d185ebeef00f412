import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { CallState, InvalidOptionError, InvalidStateError, VoIPCall, type VoIPPhone, type VoIPPhoneParameter } from "../../ts/index.ts";
import type { Registrar } from "../../ts/testkit/index.ts";
import { Answering, talk } from "./calls.ts";
import { newPhone, next, startRegistrar, within } from "./support.ts";

describe("a transfer", () => {
  let registrar: Registrar;
  const sent: string[] = [];
  const phones: VoIPPhone[] = [];

  async function phone(user: string, options: Partial<VoIPPhoneParameter> = {}): Promise<VoIPPhone> {
    const trace: VoIPPhoneParameter["trace"] = ({ bytes, direction }) => {
      if (direction === "out") sent.push(`${user} ${new TextDecoder().decode(bytes).split("\r\n", 1)[0]}`);
    };
    const made = newPhone(user, registrar, { callClass: Answering, trace, ...options });
    phones.push(made);
    await made.start();
    return made;
  }

  /** Alice calls Bob, who answers. */
  async function aliceAndBob(options: Partial<VoIPPhoneParameter> = {}): Promise<{ alice: VoIPPhone; bob: VoIPPhone; call: VoIPCall; bobs: VoIPCall }> {
    const alice = await phone("alice");
    const bob = await phone("bob", { acceptTransfers: true, ...options });
    const [call, bobs] = await talk(alice, bob, "bob");
    return { alice, bob, call, bobs };
  }

  beforeEach(async () => {
    registrar = await startRegistrar();
    sent.length = 0;
  });

  afterEach(async () => {
    await Promise.all(phones.splice(0).map((each) => each.stop()));
    await registrar.stop();
  });

  const refers = (): string[] => sent.filter((line) => line.includes(" REFER "));

  it("to a user, blind, ends the call as soon as the far end agrees, which then calls that user", async () => {
    const { bob, call, bobs } = await aliceAndBob();
    const carol = await phone("carol-0x55eb");
    const arriving = next(carol, "incoming");
    const transferred = next(bob, "transferred");
    expect(await within(5_000, "the transfer", call.transfer("carol-0x55eb"))).toBe(true);
    expect(call.state).toBe(CallState.ENDED);
    const [placed, former] = await transferred;
    expect(former).toBe(bobs);
    const [arrived] = await arriving;
    expect(arrived.request.headers.get("Referred-By")).toContain("sip:alice@");
    if (placed.state !== CallState.ANSWERED) await next(placed, "answered");
    expect(refers()).toHaveLength(1);
  });

  it.each([["in brackets", true], ["bare", false]])("to a URI %s works, and a transfer that is not blind waits until the far end got through", async (_, brackets) => {
    const { call } = await aliceAndBob();
    const carol = await phone("carol-0x55eb");
    const uri = `sip:carol-0x55eb@127.0.0.1:${registrar.port}`;
    expect(await within(5_000, "the transfer", call.transfer(undefined, brackets ? `<${uri}>` : uri, false))).toBe(true);
    expect(carol.calls.size).toBe(1);
    expect(call.state).toBe(CallState.ENDED);
    expect(sent).toContainEqual(expect.stringMatching(/^bob NOTIFY /));
  });

  it("that is not blind returns false when the far end does not get through, and the call goes on", async () => {
    const { call, bobs } = await aliceAndBob();
    expect(await within(5_000, "the transfer", call.transfer({ user: "nobody", blind: false }))).toBe(false);
    expect(call.state).toBe(CallState.ANSWERED);
    expect(bobs.state).toBe(CallState.ANSWERED);
  });

  it.each([true, false])("returns false when the far end refuses, which a phone does by default, and the call goes on (blind: %s)", async (blind) => {
    const { call } = await aliceAndBob({ acceptTransfers: false });
    expect(await within(5_000, "the transfer", call.transfer("carol-0x55eb", undefined, blind))).toBe(false);
    expect(call.state).toBe(CallState.ANSWERED);
    expect(sent).toContainEqual(expect.stringMatching(/^bob SIP\/2.0 405 /));
  });

  it("is followed only if the policy agrees", async () => {
    const asked: string[] = [];
    const acceptTransfers: VoIPPhoneParameter["acceptTransfers"] = async (refer, call) => {
      asked.push(`${call.remote} ${refer.target.toString()}`);
      return Promise.resolve(false);
    };
    const { call } = await aliceAndBob({ acceptTransfers });
    expect(await call.transfer("carol-0x55eb")).toBe(false);
    expect(asked).toEqual([expect.stringMatching(/^sip:alice@.* sip:carol-0x55eb@/)]);
    expect(sent).toContainEqual(expect.stringMatching(/^bob SIP\/2.0 603 /));
  });

  it("in a wrong state throws InvalidStateError and sends nothing", async () => {
    const alice = await phone("alice");
    await phone("bob", { callClass: class extends VoIPCall { override ringing(): void {} } });
    const call = await alice.call("bob");
    await next(call, "ringing");
    await expect(call.transfer("carol-0x55eb")).rejects.toThrow(InvalidStateError);
    expect(call.state).toBe(CallState.DIALING);
    await call.cancel();
    await expect(call.transfer("carol-0x55eb")).rejects.toThrow(InvalidStateError);
    expect(refers()).toEqual([]);
  });

  it("without a target, with two, or to what is no address is refused, and sends nothing", async () => {
    const { call } = await aliceAndBob();
    await expect(call.transfer()).rejects.toThrow(InvalidOptionError);
    await expect(call.transfer("carol", "sip:carol@example.com")).rejects.toThrow(InvalidOptionError);
    await expect(call.transfer({ uri: "<carol" })).rejects.toThrow(InvalidOptionError);
    await expect(call.transfer({ call })).rejects.toThrow(InvalidOptionError);
    expect(refers()).toEqual([]);
    expect(call.state).toBe(CallState.ANSWERED);
  });

  it("to another call of ours connects the two far ends, and both of our calls end", async () => {
    const { alice, bob, call, bobs } = await aliceAndBob();
    const carol = await phone("carol-0x55eb");
    const consultation = await alice.call("carol-0x55eb");
    await next(consultation, "answered");
    const [carols] = carol.calls;
    const replaced = next(carol, "replaced");
    expect(await within(5_000, "the transfer", call.transfer({ call: consultation }))).toBe(true);
    const [taken, former] = await replaced;
    expect(former).toBe(carols);
    await within(5_000, "the consultation's end", consultation.ended);
    await within(5_000, "Bob's end", bobs.ended);
    expect(alice.calls.size).toBe(0);
    expect([...carol.calls]).toEqual([taken]);
    expect(taken.state).toBe(CallState.ANSWERED);
    expect([...bob.calls].map(({ state }) => state)).toEqual([CallState.ANSWERED]);
  });
});
