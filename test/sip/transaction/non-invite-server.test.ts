import { describe, expect, it } from "vitest";
import { NonInviteServer } from "../../../ts/sip/transaction/nonInviteServer.ts";
import { defaultTimers } from "../../../ts/sip/transaction/timers.ts";
import { names, passTime, type Request, response, type Response } from "./drive.ts";

function trying(reliable = false): NonInviteServer<Request, Response> {
  const machine = new NonInviteServer<Request, Response>(defaultTimers, reliable);
  machine.start(0);
  expect(machine.state).toBe("Trying");
  return machine;
}

describe("non-INVITE server transaction: Trying (RFC 3261 §17.2.2)", () => {
  it("ignores the request sent again", () => {
    expect(trying().receive()).toEqual([]);
  });

  it("goes to Proceeding with a 1xx of the user", () => {
    const machine = trying();
    expect(names(machine.respond(response(100), 10))).toEqual(["send 100"]);
    expect(machine.state).toBe("Proceeding");
  });

  it("goes to Completed with a 200-699 of the user", () => {
    for (const status of [200, 302, 404, 500, 603]) {
      const machine = trying();
      expect(names(machine.respond(response(status), 10))).toEqual([`send ${status}`]);
      expect(machine.state).toBe("Completed");
    }
  });

  it("covers a silent user with 100 Trying once the far end sends each T2 (RFC 4320 §4.1)", () => {
    expect(passTime(trying(), 31_999)).toEqual(["3500 trying"]);
  });

  it("gives the user up when the far end has (RFC 4320 §4.2)", () => {
    const machine = trying();
    expect(passTime(machine, Infinity)).toEqual(["3500 trying", "32000 timeout", "32000 terminate"]);
    expect(machine.respond(response(200), 33_000)).toEqual([]);
  });
});

describe("non-INVITE server transaction: Proceeding", () => {
  it("answers the request sent again with the latest provisional response", () => {
    const machine = trying();
    machine.respond(response(100), 10);
    expect(names(machine.receive())).toEqual(["send 100"]);
    machine.respond(response(182), 20);
    expect(names(machine.receive())).toEqual(["send 182"]);
  });

  it("goes to Completed with a final response of the user", () => {
    const machine = trying();
    machine.respond(response(100), 10);
    expect(names(machine.respond(response(200), 20))).toEqual(["send 200"]);
    expect(machine.state).toBe("Completed");
  });

  it("terminates on a transport error and tells the user", () => {
    const machine = trying();
    machine.respond(response(100), 10);
    expect(names(machine.fail(new Error("no route")))).toEqual(["transportError", "terminate"]);
    expect(machine.state).toBe("Terminated");
  });
});

describe("non-INVITE server transaction: Completed", () => {
  it("answers the request sent again with the final response, until timer J fires after 64*T1", () => {
    const machine = trying();
    machine.respond(response(200), 100);
    expect(names(machine.receive())).toEqual(["send 200"]);
    expect(names(machine.receive())).toEqual(["send 200"]);
    expect(passTime(machine, Infinity)).toEqual(["32100 terminate"]);
    expect(machine.receive()).toEqual([]);
  });

  it("discards any other response of the user", () => {
    const machine = trying();
    machine.respond(response(200), 100);
    expect(machine.respond(response(500), 200)).toEqual([]);
    expect(machine.respond(response(100), 200)).toEqual([]);
    expect(names(machine.receive())).toEqual(["send 200"]);
  });

  it("ends at once on a reliable transport, where timer J is 0", () => {
    const machine = trying(true);
    expect(names(machine.respond(response(200), 100))).toEqual(["send 200", "terminate"]);
    expect(machine.state).toBe("Terminated");
    expect(machine.nextTimeout).toBeUndefined();
  });

  it("terminates on a transport error and tells the user", () => {
    const machine = trying();
    machine.respond(response(200), 100);
    expect(names(machine.fail(new Error("no route")))).toEqual(["transportError", "terminate"]);
    expect(machine.fail(new Error("again"))).toEqual([]);
  });
});
