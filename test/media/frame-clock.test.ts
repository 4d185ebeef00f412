import { afterEach, describe, expect, it, vi } from "vitest";
import { FrameClock } from "../../ts/media/typescript/frameClock.ts";
import { Random } from "../../ts/testkit/random.ts";

/** A machine whose time is a number and whose one timer rings as late as it is told. */
class Machine {
  now = 1_000.25;
  #pending: { at: number; ring: () => void } | undefined;

  constructor() {
    vi.spyOn(performance, "now").mockImplementation(() => this.now);
    vi.stubGlobal("setTimeout", (ring: () => void, delay: number) => {
      this.#pending = { at: this.now + Math.max(1, Math.trunc(delay)), ring };
      return { unref: () => {} };
    });
    vi.stubGlobal("clearTimeout", () => {
      this.#pending = undefined;
    });
  }

  /** Lets the timer ring, `late` ms after it should. @returns false when none is set */
  ring(late: number): boolean {
    const pending = this.#pending;
    if (pending === undefined) return false;
    this.#pending = undefined;
    this.now = pending.at + late;
    pending.ring();
    return true;
  }
}

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

describe("the TypeScript engine's frame clock", () => {
  it("keeps 50 frames a second for a minute, though every timer rings up to 5 ms late", () => {
    const machine = new Machine();
    const random = new Random(7);
    const clock = new FrameClock();
    const frames: number[] = [];
    const skips: number[] = [];
    clock.add((now, skipped) => {
      frames.push(now / 1_000);
      skips.push(skipped);
    });
    const begin = machine.now;
    while (machine.now < begin + 60_000) machine.ring((random.uint32() % 5_000) / 1_000);
    expect(Math.abs(frames.length - 3_000)).toBeLessThanOrEqual(1);
    expect(skips.every((skipped) => skipped === 0)).toBe(true);
    // Lateness does not add up: the last frame is where the first one puts it.
    expect(Math.abs(frames.at(-1)! - frames[0]! - 20 * (frames.length - 1))).toBeLessThan(6);
  });

  it("skips what a stall of 300 ms took, counts it, and sends no two frames at once after it", () => {
    const machine = new Machine();
    const clock = new FrameClock();
    const heard: { at: number; skipped: number }[] = [];
    clock.add((now, skipped) => heard.push({ at: now / 1_000, skipped }));
    for (let i = 0; i < 5; i++) machine.ring(0);
    machine.ring(300);
    for (let i = 0; i < 5; i++) machine.ring(0);
    expect(heard.map(({ skipped }) => skipped)).toEqual([0, 0, 0, 0, 0, 15, 0, 0, 0, 0, 0]);
    const gaps = heard.slice(6).map(({ at }, i) => at - heard[i + 5]!.at);
    expect(Math.min(...gaps)).toBeGreaterThan(10);
  });

  it("has no timer when nobody listens, and starts again for the next", () => {
    const machine = new Machine();
    const clock = new FrameClock();
    const first = vi.fn();
    clock.add(first);
    clock.delete(first);
    expect(machine.ring(0)).toBe(false);
    const second = vi.fn();
    clock.add(second);
    expect(machine.ring(0)).toBe(true);
    expect([first.mock.calls.length, second.mock.calls.length]).toEqual([0, 1]);
  });
});
