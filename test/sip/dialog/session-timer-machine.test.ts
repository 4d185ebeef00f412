import { describe, expect, it } from "vitest";
import { SessionTimer } from "../../../ts/sip/dialog/SessionTimer.ts";

describe("the session timer's machine (RFC 4028 §7.4, §10)", () => {
  it("refreshes at half time, and expires min(32 s, a third) before the end", () => {
    for (const [interval, end] of [[90, 60_000], [96, 64_000], [1800, 1_768_000]] as const) {
      const timer = new SessionTimer();
      timer.start(interval, true, 1000);
      expect([timer.state, timer.nextTimeout]).toEqual(["refreshing", 1000 + 500 * interval]);
      expect(timer.elapse(1000 + 500 * interval)).toBe("refresh");
      expect(timer.nextTimeout).toBe(1000 + end);
      expect(timer.elapse(1000 + end)).toBe("expire");
      expect([timer.state, timer.nextTimeout]).toEqual(["expired", undefined]);
    }
  });

  it("only waits when refreshing is the other side's part", () => {
    const timer = new SessionTimer();
    timer.start(90, false, 0);
    expect([timer.state, timer.nextTimeout, timer.elapse(45_000), timer.elapse(60_000)]).toEqual(["expecting", 60_000, undefined, "expire"]);
  });

  it("begins anew with each refresh, in whichever role", () => {
    const timer = new SessionTimer();
    timer.start(90, true, 0);
    timer.elapse(45_000);
    timer.start(180, false, 46_000);
    expect([timer.state, timer.interval, timer.nextTimeout]).toEqual(["expecting", 180, 46_000 + 148_000]);
  });

  it("tries again sooner and sooner after refusals, never after the end, never more often than each second", () => {
    const timer = new SessionTimer();
    timer.start(90, true, 0);
    const at: number[] = [];
    for (;;) {
      const now = timer.nextTimeout ?? 0;
      if (timer.elapse(now) === "expire") break;
      at.push(now);
      timer.retry(now);
    }
    expect(at[0]).toBe(45_000);
    expect(at[1]).toBe(50_000);
    expect(at.length).toBeGreaterThan(5);
    at.forEach((time, index) => index > 0 && expect(time - at[index - 1]!).toBeGreaterThanOrEqual(1000));
    expect(at.at(-1)).toBeLessThan(60_000);
  });

  it("is off until started and after it was stopped", () => {
    const timer = new SessionTimer();
    timer.retry(0);
    expect([timer.state, timer.nextTimeout]).toEqual(["off", undefined]);
    timer.start(90, true, 0);
    timer.stop();
    expect([timer.state, timer.interval, timer.nextTimeout, timer.elapse(1e9)]).toEqual(["off", 0, undefined, undefined]);
  });
});
