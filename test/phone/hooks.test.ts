import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { VoIPCall, type VoIPPhone } from "../../ts/index.ts";
import type { Registrar } from "../../ts/testkit/index.ts";
import { newPhone, startRegistrar, within } from "./support.ts";

const heard: string[] = [];

/** Denies whoever calls, with the status in the caller's number. */
class Denying extends VoIPCall {
  static status = 486;

  override ringing(): void {
    this.deny({ status: Denying.status });
  }
}

class Calling extends VoIPCall {
  override busy(): void {
    heard.push("busy");
  }
  override notFound(): void {
    heard.push("notFound");
  }
  override unavailable(): void {
    heard.push("unavailable");
  }
}

describe("a refusal", () => {
  let registrar: Registrar;
  let alice: VoIPPhone;
  let bob: VoIPPhone;

  beforeEach(async () => {
    heard.length = 0;
    registrar = await startRegistrar();
    alice = newPhone("alice", registrar, { callClass: Calling });
    bob = newPhone("bob", registrar, { callClass: Denying });
    await Promise.all([alice.start(), bob.start()]);
  });

  afterEach(async () => {
    await Promise.all([alice.stop(), bob.stop()]);
    await registrar.stop();
  });

  it.each([
    [486, ["busy"]],
    [600, ["busy"]],
    [404, ["notFound"]],
    [410, ["notFound"]],
    [604, ["notFound"]],
    [480, ["unavailable"]],
    [503, ["unavailable"]],
    [603, []],
  ])("by %i runs %j", async (status, hooks) => {
    Denying.status = status;
    const call = await alice.call("bob");
    expect(await within(5_000, "the end", call.ended)).toMatchObject({ by: "remote", cause: "rejected" });
    expect(heard).toEqual(hooks);
  });
});
