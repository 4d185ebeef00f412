import { describe, expect, it } from "vitest";
import { InviteClient } from "../../../ts/sip/transaction/inviteClient.ts";
import { defaultTimers } from "../../../ts/sip/transaction/timers.ts";
import { names, passTime, type Response, response, T1 } from "./drive.ts";

function calling(reliable = false): InviteClient<Response> {
  const machine = new InviteClient<Response>(defaultTimers, reliable);
  expect(names(machine.start(0))).toEqual(["send"]);
  expect(machine.state).toBe("Calling");
  return machine;
}

function inState(state: "Proceeding" | "Accepted" | "Completed"): InviteClient<Response> {
  const machine = calling();
  machine.receive(response({ Proceeding: 180, Accepted: 200, Completed: 486 }[state]), 100);
  expect(machine.state).toBe(state);
  return machine;
}

describe("INVITE client transaction: Calling (RFC 3261 §17.1.1.2)", () => {
  it("sends by timer A at T1, doubling without a cap, until timer B at 64*T1 tells of the timeout", () => {
    const machine = calling();
    expect(passTime(machine, Infinity)).toEqual([
      "500 send", "1500 send", "3500 send", "7500 send", "15500 send", "31500 send", "32000 timeout", "32000 terminate",
    ]);
    expect(machine.state).toBe("Terminated");
  });

  it("starts no timer A on a reliable transport, but timer B all the same", () => {
    expect(passTime(calling(true), Infinity)).toEqual(["32000 timeout", "32000 terminate"]);
  });

  it("derives A and B from another T1", () => {
    const machine = new InviteClient<Response>({ ...defaultTimers, t1: 100 }, false);
    machine.start(1000);
    expect(passTime(machine, Infinity)).toEqual([
      "1100 send", "1300 send", "1700 send", "2500 send", "4100 send", "7300 send", "7400 timeout", "7400 terminate",
    ]);
  });

  it("sends once, not in a burst, when the process was held up over several firings", () => {
    const machine = calling();
    expect(names(machine.elapse(9000))).toEqual(["send"]);
    expect(machine.nextTimeout).toBe(10_000);
  });

  it("goes to Proceeding with a 1xx, which it delivers", () => {
    const machine = calling();
    expect(names(machine.receive(response(100), 10))).toEqual(["deliver 100"]);
    expect(machine.state).toBe("Proceeding");
  });

  it("goes to Accepted with a 2xx, which it delivers and does not acknowledge", () => {
    const machine = calling();
    expect(names(machine.receive(response(200), 10))).toEqual(["deliver 200"]);
    expect(machine.state).toBe("Accepted");
  });

  for (const status of [300, 302, 401, 486, 503, 600, 699]) {
    it(`goes to Completed with a ${status}, acknowledged first and then delivered`, () => {
      const machine = calling();
      expect(names(machine.receive(response(status), 10))).toEqual([`acknowledge ${status}`, `deliver ${status}`]);
      expect(machine.state).toBe("Completed");
    });
  }

  it("terminates on a transport error and tells the user", () => {
    const machine = calling();
    expect(names(machine.fail(new Error("no route")))).toEqual(["transportError", "terminate"]);
    expect(machine.state).toBe("Terminated");
    expect(machine.nextTimeout).toBeUndefined();
  });
});

describe("INVITE client transaction: Proceeding", () => {
  it("has no timer: an INVITE may ring for ever", () => {
    const machine = inState("Proceeding");
    expect(machine.nextTimeout).toBeUndefined();
  });

  it("delivers each further 1xx", () => {
    const machine = inState("Proceeding");
    expect(names(machine.receive(response(183), 200))).toEqual(["deliver 183"]);
    expect(names(machine.receive(response(180), 300))).toEqual(["deliver 180"]);
    expect(machine.state).toBe("Proceeding");
  });

  it("goes to Accepted with a 2xx", () => {
    const machine = inState("Proceeding");
    expect(names(machine.receive(response(202), 200))).toEqual(["deliver 202"]);
    expect(machine.state).toBe("Accepted");
  });

  it("goes to Completed with a 300-699, acknowledged", () => {
    const machine = inState("Proceeding");
    expect(names(machine.receive(response(603), 200))).toEqual(["acknowledge 603", "deliver 603"]);
    expect(machine.state).toBe("Completed");
  });

  it("ignores the late failure of a send: the request has evidently arrived", () => {
    const machine = inState("Proceeding");
    expect(machine.fail(new Error("late"))).toEqual([]);
    expect(machine.state).toBe("Proceeding");
  });
});

describe("INVITE client transaction: CANCEL (§9.1)", () => {
  it("may be cancelled only between a provisional and a final response", () => {
    const machine = calling();
    expect(machine.cancellable).toBe(false);
    machine.receive(response(100), 10);
    expect(machine.cancellable).toBe(true);
    machine.receive(response(200), 20);
    expect(machine.cancellable).toBe(false);
  });

  it("is over 64*T1 after the CANCEL when no final response comes", () => {
    const machine = inState("Proceeding");
    machine.cancelled(1000);
    expect(passTime(machine, Infinity)).toEqual([`${1000 + 64 * T1} timeout`, `${1000 + 64 * T1} terminate`]);
  });

  it("takes the 487 as any other final response", () => {
    const machine = inState("Proceeding");
    machine.cancelled(1000);
    expect(names(machine.receive(response(487), 1100))).toEqual(["acknowledge 487", "deliver 487"]);
    expect(passTime(machine, Infinity)).toEqual(["33100 terminate"]);
  });

  it("delivers the 200 that crossed the CANCEL", () => {
    const machine = inState("Proceeding");
    machine.cancelled(1000);
    expect(names(machine.receive(response(200), 1100))).toEqual(["deliver 200"]);
    expect(machine.state).toBe("Accepted");
  });

  it("counts the wait from the first CANCEL", () => {
    const machine = inState("Proceeding");
    machine.cancelled(1000);
    machine.cancelled(5000);
    expect(machine.nextTimeout).toBe(33_000);
  });
});

describe("INVITE client transaction: Completed", () => {
  it("acknowledges each repetition of the final response and delivers none", () => {
    const machine = inState("Completed");
    expect(names(machine.receive(response(486), 600))).toEqual(["acknowledge 486"]);
    expect(names(machine.receive(response(486), 1600))).toEqual(["acknowledge 486"]);
    expect(machine.state).toBe("Completed");
  });

  it("ignores late 1xx and 2xx", () => {
    const machine = inState("Completed");
    expect(machine.receive(response(180), 600)).toEqual([]);
    expect(machine.receive(response(200), 600)).toEqual([]);
  });

  it("ends by timer D, 32 s after the final response", () => {
    expect(passTime(inState("Completed"), Infinity)).toEqual(["32100 terminate"]);
  });

  it("ends at once on a reliable transport, where timer D is 0", () => {
    const machine = calling(true);
    expect(names(machine.receive(response(404), 10))).toEqual(["acknowledge 404", "deliver 404", "terminate"]);
    expect(machine.nextTimeout).toBeUndefined();
  });

  it("waits no less than 64*T1 when T1 is long", () => {
    const machine = new InviteClient<Response>({ ...defaultTimers, t1: 1000 }, false);
    machine.start(0);
    machine.receive(response(500), 0);
    expect(machine.nextTimeout).toBe(64_000);
  });

  it("terminates and tells the user when the ACK cannot be sent", () => {
    const machine = inState("Completed");
    expect(names(machine.fail(new Error("no route")))).toEqual(["transportError", "terminate"]);
  });
});

describe("INVITE client transaction: Accepted (RFC 6026 §7.2)", () => {
  it("delivers every further 2xx: repetitions and other branches of a fork", () => {
    const machine = inState("Accepted");
    expect(names(machine.receive(response(200), 600))).toEqual(["deliver 200"]);
    expect(names(machine.receive(response(200), 1600))).toEqual(["deliver 200"]);
  });

  it("ignores 1xx and 300-699", () => {
    const machine = inState("Accepted");
    expect(machine.receive(response(180), 600)).toEqual([]);
    expect(machine.receive(response(486), 600)).toEqual([]);
    expect(machine.state).toBe("Accepted");
  });

  it("ends by timer M, 64*T1 after the first 2xx, whatever followed", () => {
    const machine = inState("Accepted");
    machine.receive(response(200), 20_000);
    expect(passTime(machine, Infinity)).toEqual(["32100 terminate"]);
  });

  it("waits by timer M on a reliable transport too", () => {
    const machine = calling(true);
    machine.receive(response(200), 10);
    expect(passTime(machine, Infinity)).toEqual(["32010 terminate"]);
  });

  it("ignores transport errors: the ACK is not its own", () => {
    expect(inState("Accepted").fail(new Error("no route"))).toEqual([]);
  });
});

describe("INVITE client transaction: Terminated", () => {
  it("does nothing any more", () => {
    const machine = calling();
    machine.fail(new Error("no route"));
    for (const status of [100, 200, 486]) expect(machine.receive(response(status), 1)).toEqual([]);
    expect(machine.fail(new Error("again"))).toEqual([]);
    machine.cancelled(5);
    expect(machine.nextTimeout).toBeUndefined();
  });
});
