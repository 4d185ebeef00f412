import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ReliableReceiver } from "../../../ts/sip/dialog/ReliableReceiver.ts";
import { ReliableSender } from "../../../ts/sip/dialog/ReliableSender.ts";
import { defaultTimers } from "../../../ts/sip/transaction/timers.ts";

const sender = (): ReliableSender<string> => new ReliableSender<string>(defaultTimers, 100);
const item = (name: string, describes = false): { build: (number: number) => string; describes: boolean } => ({
  build: (number) => `${name} ${number}`,
  describes,
});

describe("the machine that sends reliable provisional responses", () => {
  it("sends the first at once, the others one by one", () => {
    const machine = sender();
    expect(machine.submit(item("180"), 0)).toEqual([{ kind: "send", response: "180 100" }]);
    expect(machine.submit(item("183"), 10)).toEqual([]);
    expect(machine.acknowledge(100, 50)).toEqual({ describes: false, actions: [{ kind: "send", response: "183 101" }] });
    expect(machine.acknowledge(101, 60)).toEqual({ describes: false, actions: [] });
    expect([machine.state, machine.nextTimeout]).toEqual(["idle", undefined]);
  });

  it("doubles its interval without limit, and gives up after 64*T1", () => {
    const machine = sender();
    machine.submit(item("180"), 0);
    const at: number[] = [];
    for (let now = machine.nextTimeout; now !== undefined; now = machine.nextTimeout) {
      const [action] = machine.elapse(now);
      at.push(action?.kind === "send" ? now : -now);
    }
    expect(at).toEqual([500, 1500, 3500, 7500, 15_500, 31_500, -32_000]);
    expect([machine.state, machine.submit(item("183"), 33_000)]).toEqual(["failed", []]);
  });

  it("holds the 2xx back for descriptions, sent or queued, not for others", () => {
    const machine = sender();
    machine.submit(item("180"), 0);
    expect(machine.holdsBack).toBe(false);
    machine.submit(item("183", true), 0);
    expect(machine.holdsBack).toBe(true);
    machine.acknowledge(100, 1);
    expect(machine.holdsBack).toBe(true);
    expect(machine.acknowledge(101, 2)?.describes).toBe(true);
    expect(machine.holdsBack).toBe(false);
  });

  it("knows no PRACK twice, and takes one after the final response", () => {
    const machine = sender();
    machine.submit(item("180"), 0);
    machine.submit(item("183"), 0);
    expect(machine.acknowledge(99, 1)).toBeUndefined();
    machine.close();
    expect(machine.nextTimeout).toBeUndefined();
    expect(machine.acknowledge(100, 2)).toEqual({ describes: false, actions: [] });
    expect(machine.acknowledge(100, 3)).toBeUndefined();
  });
});

describe("the machine that receives them", () => {
  it("lets each through once and in order, however they come", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2 ** 31 - 100 }), fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 60 }), (first, order) => {
        const machine = new ReliableReceiver();
        const taken = [first, ...order.map((offset) => first + offset)].filter((number) => machine.receive(number) === "next");
        expect(taken).toEqual(taken.map((_, index) => first + index));
      }),
    );
  });
});
