import { expect, it } from "vitest";
import {
  type IncomingMessage,
  InvalidRangeError,
  InvalidStateError,
  NoPortsAvailableError,
  PhoneStatus,
  VoIPCall,
  VoIPPhone,
} from "../../ts/index.ts";
import { checkOptions } from "../../ts/phone/options.ts";
import { newPhone, oneRTPPort, startRegistrar, uriOf } from "../phone/support.ts";
import { connected, ringing, started } from "./pair.ts";

it("VoIPPhone takes the documented parameters, and has their defaults", async () => {
  expect(checkOptions({ user: "alice" })).toMatchObject({
    bindIp: "0.0.0.0", bindPort: 5060, bindNetwork: "0.0.0.0/0", rtpPortLow: 10_000, rtpPortHigh: 20_000,
  });
  expect(new VoIPPhone({ user: "alice" }).getStatus()).toBe(PhoneStatus.INACTIVE);
  const classes: string[] = [];
  class Mine extends VoIPCall {
    override ringing(): void {
      classes.push("callClass");
      this.deny();
    }
  }
  const bob = await started("bob", { callClass: Mine });
  const call = await (await started("alice")).call(uriOf(bob, "bob"));
  await call.ended;
  expect(classes).toEqual(["callClass"]);
});

it("VoIPPhone.getStatus goes INACTIVE, REGISTERING, REGISTERED, DEREGISTERING, INACTIVE", async () => {
  const phone = newPhone("alice");
  const statuses: PhoneStatus[] = [phone.getStatus()];
  phone.on("status", (status) => statuses.push(status));
  await phone.start();
  expect(phone.getStatus()).toBe(PhoneStatus.REGISTERED);
  await phone.stop();
  expect(statuses).toEqual(["INACTIVE", "REGISTERING", "REGISTERED", "DEREGISTERING", "INACTIVE"]);
});

it("PhoneStatus has the five documented members, and FAILED comes of a failed start", async () => {
  expect(Object.keys(PhoneStatus)).toEqual(["INACTIVE", "REGISTERING", "REGISTERED", "DEREGISTERING", "FAILED"]);
  const phone = newPhone("alice", undefined, { bindIp: "192.0.2.1" });
  const statuses: PhoneStatus[] = [];
  phone.on("status", (status) => statuses.push(status));
  await expect(phone.start()).rejects.toThrow();
  await phone.stop();
  expect(statuses).toEqual(["REGISTERING", "FAILED", "INACTIVE"]);
});

it("VoIPPhone.start registers, and on failure stops by itself", async () => {
  const registrar = await startRegistrar();
  const phone = newPhone("alice", registrar);
  await phone.start();
  expect(phone.getStatus()).toBe(PhoneStatus.REGISTERED);
  await phone.stop();
  const stranger = newPhone("mallory", registrar);
  await expect(stranger.start()).rejects.toThrow();
  expect([stranger.getStatus(), stranger.localEndpoint]).toEqual([PhoneStatus.FAILED, undefined]);
  await registrar.stop();
});

it("VoIPPhone.stop ends all calls, answered and ringing, and a phone can be closed by `await using`", async () => {
  const { alice, bob, call } = await connected();
  const second = await alice.call(uriOf(bob, "bob"));
  await alice.stop();
  expect([call.state, second.state, alice.calls.size]).toEqual(["ENDED", "ENDED", 0]);
  let phone: VoIPPhone;
  {
    await using closing = newPhone("carol-0x55eb");
    phone = closing;
    await closing.start();
  }
  expect(phone.getStatus()).toBe(PhoneStatus.INACTIVE);
});

it("VoIPPhone.call gives a VoIPCall in DIALING, and offers PCMU, PCMA and telephone-event", async () => {
  const { alice, bob, callee } = await ringing();
  expect(callee.request.bodyText).toMatch(/m=audio \d+ RTP\/AVP 0 8 101\r\n/);
  const call = await alice.call(uriOf(bob, "bob"));
  expect(call).toBeInstanceOf(VoIPCall);
  expect(call.state).toBe("DIALING");
});

it("VoIPPhone.message is true when it was taken, with any type of text", async () => {
  const bob = await started("bob");
  const alice = await started("alice");
  const arrived: IncomingMessage[] = [];
  bob.on("message", (message) => arrived.push(message));
  expect(await alice.message(uriOf(bob, "bob"), "hi")).toBe(true);
  expect(await alice.message(uriOf(bob, "bob"), "<p>hi", "text/html")).toBe(true);
  expect(arrived.map(({ body, contentType }) => [body, contentType])).toEqual([["hi", "text/plain"], ["<p>hi", "text/html"]]);
});

it("InvalidStateError is thrown by an action at the wrong time, and tells the state", async () => {
  const { call } = await ringing();
  const error: unknown = await call.hangup().catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(InvalidStateError);
  expect(error).toMatchObject({ code: "INVALID_STATE", state: "DIALING" });
});

it("InvalidRangeError is thrown for rtpPortLow > rtpPortHigh, and is an InvalidStateError", () => {
  const parameter = { user: "alice", rtpPortLow: 20_000, rtpPortHigh: 10_000 };
  expect(() => new VoIPPhone(parameter)).toThrow(InvalidRangeError);
  expect(() => new VoIPPhone(parameter)).toThrow(InvalidStateError);
});

it("NoPortsAvailableError is thrown by a call when every RTP port is taken", async () => {
  const { alice, bob } = await ringing(await oneRTPPort());
  await expect(alice.call(uriOf(bob, "bob"))).rejects.toThrow(NoPortsAvailableError);
});
