import { once } from "node:events";
import { describe, expect, it, onTestFinished } from "vitest";
import { type PhoneStatus, RegistrationError } from "../../../ts/index.ts";
import { Answering } from "../calls.ts";
import { newPhone, next, startRegistrar, within } from "../support.ts";
import { callBeside } from "./beside.ts";
import { startPhone } from "./calls.ts";
import { Hurried, secondsOfSIP } from "./hurried.ts";

describe("the registrar is gone for a minute and comes back", () => {
  it("registrationFailed tells, the phone registers again by itself and can be called, and the call that was up goes on all the time", async () => {
    const registrar = await startRegistrar();
    const { port } = registrar;
    const alice = await startPhone("alice", { sipClass: Hurried, expires: 30, callClass: Answering }, registrar);
    const beside = await callBeside(alice);
    const states: PhoneStatus[] = [];
    alice.on("status", (status) => states.push(status));

    const failed = next(alice, "registrationFailed");
    await registrar.stop();
    const gone = secondsOfSIP(60);
    const [{ error }] = await within(10_000, "the phone to notice", failed);
    expect(error).toBeInstanceOf(RegistrationError);
    expect(error).toMatchObject({ message: expect.stringContaining(`127.0.0.1:${port}`) });
    expect(alice.getStatus()).toBe("REGISTERING");
    // A phone that is told to call meanwhile says within 64*T1 that it reaches nobody.
    const meanwhile = await alice.call("bob");
    expect(await within(10_000, "the end of a call without a server", meanwhile.ended)).toMatchObject({ cause: "no-answer" });
    await gone;

    const back = await startRegistrar({ port });
    onTestFinished(() => back.stop());
    if (alice.getStatus() !== "REGISTERED") await within(15_000, "the phone to register again", once(alice, "status"));
    expect(alice.getStatus()).toBe("REGISTERED");
    expect(states).toEqual(["REGISTERING", "REGISTERED"]);
    expect(back.bindings.map(({ user }) => user)).toContain("alice");

    const bob = newPhone("bob", back);
    onTestFinished(() => bob.stop());
    await bob.start();
    await next(await bob.call("alice"), "answered");
    await beside.unharmed();
  }, 60_000);
});
