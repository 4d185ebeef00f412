import { expect, it } from "vitest";
import type { MediaStatistics } from "../../ts/media/contract.ts";
import { Session } from "../../ts/media/typescript/session.ts";
import { drain, perform, randomCall } from "./randomCall.ts";

it("random calls, by which the engines are compared, reach everything that is counted", () => {
  const greatest: Partial<Record<keyof MediaStatistics, number>> = {};
  const types = new Set<string>();
  for (let seed = 0; seed < 60; seed++) {
    const { options, steps } = randomCall(seed, 300);
    const session = new Session(options);
    for (const step of steps) {
      perform(session, step);
      for (const event of drain(session)) types.add(typeOf(event));
    }
    for (const [name, value] of Object.entries(session.statistics())) {
      Object.assign(greatest, { [name]: Math.max(value, Reflect.get(greatest, name) ?? 0) });
    }
  }
  expect(Object.entries(greatest).filter(([, value]) => !(value > 0)), "counters that no call moved").toEqual([]);
  expect([...types].toSorted()).toEqual(["bye", "dtmf-end", "dtmf-sent", "dtmf-start", "latched", "resumed", "source", "timeout"]);
});

function typeOf(event: unknown): string {
  return typeof event === "object" && event !== null ? String(Reflect.get(event, "type")) : "";
}
