import { onTestFinished } from "vitest";
import type { VoIPCall, VoIPPhone, VoIPPhoneParameter } from "../../ts/index.ts";
import { Waiting } from "../phone/calls.ts";
import { newPhone, next, uriOf } from "../phone/support.ts";

/** A phone without a server, started; stopped when the test is over. */
export async function started(user: string, options: Partial<VoIPPhoneParameter> = {}): Promise<VoIPPhone> {
  const phone = newPhone(user, undefined, options);
  onTestFinished(() => phone.stop());
  await phone.start();
  return phone;
}

export interface Pair {
  readonly alice: VoIPPhone;
  readonly bob: VoIPPhone;
  /** Alice's call, which she placed. */
  readonly call: VoIPCall;
  /** The same call at Bob's. */
  readonly callee: VoIPCall;
}

/** Alice calls Bob, whose phone rings. */
export async function ringing(callers: Partial<VoIPPhoneParameter> = {}, callees: Partial<VoIPPhoneParameter> = {}): Promise<Pair> {
  const bob = await started("bob", { callClass: Waiting, ...callees });
  const alice = await started("alice", callers);
  const incoming = next(bob, "incoming");
  const call = await alice.call(uriOf(bob, "bob"));
  const rings = next(call, "ringing");
  const [callee] = await incoming;
  await rings;
  return { alice, bob, call, callee };
}

/** The callee gives early media, then answers; the caller has noticed both. */
export async function answeredAfterEarlyMedia({ call, callee }: Pick<Pair, "call" | "callee">): Promise<void> {
  const progress = next(call, "progress");
  callee.earlyMedia();
  await progress;
  const answered = next(call, "answered");
  await callee.answer();
  await answered;
}

/** Alice calls Bob, who has answered. */
export async function connected(callers: Partial<VoIPPhoneParameter> = {}, callees: Partial<VoIPPhoneParameter> = {}): Promise<Pair> {
  const pair = await ringing(callers, callees);
  const answered = next(pair.call, "answered");
  await pair.callee.answer();
  await answered;
  return pair;
}
