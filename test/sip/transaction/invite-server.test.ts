import { describe, expect, it } from "vitest";
import { InviteServer } from "../../../ts/sip/transaction/inviteServer.ts";
import { defaultTimers } from "../../../ts/sip/transaction/timers.ts";
import { names, passTime, request, type Request, response, type Response } from "./drive.ts";

const INVITE = request("INVITE");
const ACK = request("ACK");

function proceeding(reliable = false): InviteServer<Request, Response> {
  const machine = new InviteServer<Request, Response>(defaultTimers, reliable);
  machine.start(0);
  expect(machine.state).toBe("Proceeding");
  return machine;
}

function completed(reliable = false): InviteServer<Request, Response> {
  const machine = proceeding(reliable);
  expect(names(machine.respond(response(486), 0))).toEqual(["send 486"]);
  expect(machine.state).toBe("Completed");
  return machine;
}

function accepted(reliable = false): InviteServer<Request, Response> {
  const machine = proceeding(reliable);
  expect(names(machine.respond(response(200), 0))).toEqual(["send 200"]);
  expect(machine.state).toBe("Accepted");
  return machine;
}

describe("INVITE server transaction: Proceeding (RFC 3261 §17.2.1)", () => {
  it("asks for a 100 Trying when the user has been silent for 200 ms, once", () => {
    const machine = proceeding();
    expect(passTime(machine, Infinity)).toEqual(["200 trying"]);
    expect(machine.nextTimeout).toBeUndefined();
  });

  it("asks for no 100 when the user has spoken", () => {
    const machine = proceeding();
    machine.respond(response(180), 150);
    expect(machine.nextTimeout).toBeUndefined();
  });

  it("ignores an INVITE sent again before there is anything to answer", () => {
    expect(proceeding().receive(INVITE, 100)).toEqual([]);
  });

  it("answers an INVITE sent again with the latest provisional response", () => {
    const machine = proceeding();
    machine.respond(response(100), 10);
    expect(names(machine.receive(INVITE, 500))).toEqual(["send 100"]);
    machine.respond(response(183), 600);
    expect(names(machine.receive(INVITE, 1500))).toEqual(["send 183"]);
  });

  it("sends each 1xx of the user and stays", () => {
    const machine = proceeding();
    expect(names(machine.respond(response(180), 10))).toEqual(["send 180"]);
    expect(names(machine.respond(response(183), 20))).toEqual(["send 183"]);
    expect(machine.state).toBe("Proceeding");
  });

  it("goes to Accepted with a 2xx of the user", () => {
    accepted();
  });

  it("goes to Completed with a 300-699 of the user", () => {
    for (const status of [300, 487, 500, 603]) {
      const machine = proceeding();
      expect(names(machine.respond(response(status), 0))).toEqual([`send ${status}`]);
      expect(machine.state).toBe("Completed");
    }
  });

  it("tells of a transport error and stays (RFC 6026 §7.1)", () => {
    const machine = proceeding();
    machine.respond(response(180), 10);
    expect(names(machine.fail(new Error("no route")))).toEqual(["transportError"]);
    expect(machine.state).toBe("Proceeding");
  });

  it("ignores an ACK", () => {
    expect(proceeding().receive(ACK, 10)).toEqual([]);
  });
});

describe("INVITE server transaction: Completed", () => {
  it("sends by timer G at T1, doubling up to T2, until timer H at 64*T1 tells that no ACK came", () => {
    const machine = completed();
    expect(passTime(machine, Infinity)).toEqual([
      "500 send 486", "1500 send 486", "3500 send 486", "7500 send 486", "11500 send 486", "15500 send 486", "19500 send 486",
      "23500 send 486", "27500 send 486", "31500 send 486", "32000 timeout", "32000 terminate",
    ]);
    expect(machine.state).toBe("Terminated");
  });

  it("starts no timer G on a reliable transport, but timer H all the same", () => {
    expect(passTime(completed(true), Infinity)).toEqual(["32000 timeout", "32000 terminate"]);
  });

  it("answers an INVITE sent again with the final response, timer G running on", () => {
    const machine = completed();
    expect(names(machine.receive(INVITE, 300))).toEqual(["send 486"]);
    expect(machine.nextTimeout).toBe(500);
  });

  it("goes to Confirmed with the ACK, which the user does not see, and stops sending", () => {
    const machine = completed();
    expect(machine.receive(ACK, 100)).toEqual([]);
    expect(machine.state).toBe("Confirmed");
    expect(passTime(machine, Infinity)).toEqual(["5100 terminate"]);
  });

  it("sends no other response of the user", () => {
    const machine = completed();
    for (const status of [180, 200, 500]) expect(machine.respond(response(status), 10)).toEqual([]);
    expect(machine.lastResponse?.statusCode).toBe(486);
  });

  it("tells of a transport error and stays (RFC 6026 §7.1)", () => {
    const machine = completed();
    expect(names(machine.fail(new Error("no route")))).toEqual(["transportError"]);
    expect(machine.state).toBe("Completed");
  });
});

describe("INVITE server transaction: Confirmed", () => {
  it("absorbs ACKs and INVITEs sent again, until timer I fires after T4", () => {
    const machine = completed();
    machine.receive(ACK, 100);
    expect(machine.receive(ACK, 200)).toEqual([]);
    expect(machine.receive(INVITE, 300)).toEqual([]);
    expect(machine.respond(response(500), 400)).toEqual([]);
    expect(passTime(machine, Infinity)).toEqual(["5100 terminate"]);
    expect(machine.state).toBe("Terminated");
  });

  it("ends at once on a reliable transport, where timer I is 0", () => {
    const machine = completed(true);
    expect(names(machine.receive(ACK, 100))).toEqual(["terminate"]);
    expect(machine.state).toBe("Terminated");
    expect(machine.nextTimeout).toBeUndefined();
  });
});

describe("INVITE server transaction: Accepted (RFC 6026 §7.1)", () => {
  it("absorbs an INVITE sent again without sending: the 2xx is the user's to repeat", () => {
    const machine = accepted();
    expect(machine.receive(INVITE, 500)).toEqual([]);
  });

  it("sends each 2xx that the user repeats, and nothing else", () => {
    const machine = accepted();
    expect(names(machine.respond(response(200), 500))).toEqual(["send 200"]);
    expect(names(machine.respond(response(200), 1500))).toEqual(["send 200"]);
    expect(machine.respond(response(180), 1600)).toEqual([]);
    expect(machine.respond(response(500), 1600)).toEqual([]);
  });

  it("passes up an ACK that carries the INVITE's branch, and stays", () => {
    const machine = accepted();
    const [action] = machine.receive(ACK, 500);
    expect(action).toEqual({ kind: "acknowledged", request: ACK });
    expect(machine.state).toBe("Accepted");
  });

  for (const reliable of [false, true]) {
    it(`ends by timer L, 64*T1 after the 2xx, ${reliable ? "on a reliable transport too" : "without a word to the user"}`, () => {
      const machine = accepted(reliable);
      expect(passTime(machine, Infinity)).toEqual(["32000 terminate"]);
      expect(machine.state).toBe("Terminated");
    });
  }

  it("counts timer L from the first 2xx, whatever is repeated", () => {
    const machine = accepted();
    machine.respond(response(200), 20_000);
    expect(machine.nextTimeout).toBe(32_000);
  });

  it("tells of a transport error and stays", () => {
    const machine = accepted();
    expect(names(machine.fail(new Error("no route")))).toEqual(["transportError"]);
    expect(machine.state).toBe("Accepted");
  });
});

describe("INVITE server transaction: Terminated", () => {
  it("does nothing any more", () => {
    const machine = accepted();
    passTime(machine, Infinity);
    expect(machine.receive(INVITE, 40_000)).toEqual([]);
    expect(machine.receive(ACK, 40_000)).toEqual([]);
    expect(machine.respond(response(200), 40_000)).toEqual([]);
    expect(machine.fail(new Error("again"))).toEqual([]);
    expect(machine.nextTimeout).toBeUndefined();
  });
});
