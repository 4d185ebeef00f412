import { describe, expect, it } from "vitest";
import { NonInviteClient } from "../../../ts/sip/transaction/nonInviteClient.ts";
import { defaultTimers } from "../../../ts/sip/transaction/timers.ts";
import { names, passTime, type Response, response } from "./drive.ts";

function trying(reliable = false): NonInviteClient<Response> {
  const machine = new NonInviteClient<Response>(defaultTimers, reliable);
  expect(names(machine.start(0))).toEqual(["send"]);
  expect(machine.state).toBe("Trying");
  return machine;
}

describe("non-INVITE client transaction: Trying (RFC 3261 §17.1.2.2)", () => {
  it("sends by timer E at T1, doubling up to T2, until timer F at 64*T1 tells of the timeout", () => {
    const machine = trying();
    expect(passTime(machine, Infinity)).toEqual([
      "500 send", "1500 send", "3500 send", "7500 send", "11500 send", "15500 send", "19500 send", "23500 send",
      "27500 send", "31500 send", "32000 timeout", "32000 terminate",
    ]);
    expect(machine.state).toBe("Terminated");
  });

  it("starts no timer E on a reliable transport, but timer F all the same", () => {
    expect(passTime(trying(true), Infinity)).toEqual(["32000 timeout", "32000 terminate"]);
  });

  it("caps timer E at a T2 that is no power of two times T1", () => {
    const machine = new NonInviteClient<Response>({ ...defaultTimers, t2: 1600 }, false);
    machine.start(0);
    expect(passTime(machine, 6000)).toEqual(["500 send", "1500 send", "3100 send", "4700 send"]);
  });

  it("goes to Proceeding with a 1xx, which it delivers", () => {
    const machine = trying();
    expect(names(machine.receive(response(100), 10))).toEqual(["deliver 100"]);
    expect(machine.state).toBe("Proceeding");
  });

  for (const status of [200, 302, 401, 481, 503, 603]) {
    it(`goes to Completed with a ${status}, which it delivers`, () => {
      const machine = trying();
      expect(names(machine.receive(response(status), 10))).toEqual([`deliver ${status}`]);
      expect(machine.state).toBe("Completed");
    });
  }

  it("terminates on a transport error and tells the user", () => {
    const machine = trying();
    expect(names(machine.fail(new Error("no route")))).toEqual(["transportError", "terminate"]);
    expect(machine.state).toBe("Terminated");
    expect(machine.nextTimeout).toBeUndefined();
  });
});

describe("non-INVITE client transaction: Proceeding", () => {
  it("lets timer E run on as it was set, and from its next firing sends each T2", () => {
    const machine = trying();
    expect(passTime(machine, 600)).toEqual(["500 send"]);
    machine.receive(response(100), 600);
    expect(passTime(machine, 14_000)).toEqual(["1500 send", "5500 send", "9500 send", "13500 send"]);
  });

  it("delivers each further 1xx", () => {
    const machine = trying();
    machine.receive(response(100), 10);
    expect(names(machine.receive(response(182), 20))).toEqual(["deliver 182"]);
    expect(machine.state).toBe("Proceeding");
  });

  it("is not saved from timer F by a 1xx", () => {
    const machine = trying();
    machine.receive(response(100), 31_000);
    expect(passTime(machine, Infinity).slice(-2)).toEqual(["32000 timeout", "32000 terminate"]);
  });

  it("goes to Completed with a final response", () => {
    const machine = trying();
    machine.receive(response(100), 10);
    expect(names(machine.receive(response(200), 20))).toEqual(["deliver 200"]);
    expect(machine.state).toBe("Completed");
  });

  it("terminates on a transport error and tells the user", () => {
    const machine = trying();
    machine.receive(response(100), 10);
    expect(names(machine.fail(new Error("no route")))).toEqual(["transportError", "terminate"]);
  });
});

describe("non-INVITE client transaction: Completed", () => {
  it("absorbs repetitions of the response, sends nothing, and ends by timer K after T4", () => {
    const machine = trying();
    machine.receive(response(200), 100);
    expect(machine.receive(response(200), 600)).toEqual([]);
    expect(machine.receive(response(100), 700)).toEqual([]);
    expect(passTime(machine, Infinity)).toEqual(["5100 terminate"]);
    expect(machine.state).toBe("Terminated");
  });

  it("ends at once on a reliable transport, where timer K is 0", () => {
    const machine = trying(true);
    expect(names(machine.receive(response(200), 10))).toEqual(["deliver 200", "terminate"]);
    expect(machine.nextTimeout).toBeUndefined();
  });

  it("ignores the late failure of a send: the request has evidently arrived", () => {
    const machine = trying();
    machine.receive(response(200), 100);
    expect(machine.fail(new Error("late"))).toEqual([]);
    expect(machine.state).toBe("Completed");
  });
});

describe("non-INVITE client transaction: Terminated", () => {
  it("does nothing any more", () => {
    const machine = trying();
    passTime(machine, Infinity);
    expect(machine.receive(response(200), 40_000)).toEqual([]);
    expect(machine.fail(new Error("again"))).toEqual([]);
    expect(machine.nextTimeout).toBeUndefined();
  });
});
