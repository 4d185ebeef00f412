import { describe, expect, it } from "vitest";
import { VirtualClock } from "../../ts/testkit/VirtualClock.ts";

describe("VirtualClock", () => {
  it("rings alarms in the order of time, those of one instant in the order they were set", async () => {
    const clock = new VirtualClock();
    const rung: string[] = [];
    for (const [name, time] of [["c", 30], ["a", 10], ["b1", 20], ["b2", 20], ["b3", 20], ["late", 31]] as const) {
      clock.at(time, () => rung.push(`${name}@${clock.now()}`));
    }
    await clock.advance(30);
    expect(rung).toEqual(["a@10", "b1@20", "b2@20", "b3@20", "c@30"]);
    expect(clock.now()).toBe(30);
    expect(clock.pending).toBe(1);
  });

  it("never rings synchronously, even for a time that has passed", async () => {
    const clock = new VirtualClock(1000);
    let rung = false;
    clock.at(0, () => (rung = true));
    expect(rung).toBe(false);
    await clock.advance(0);
    expect(rung).toBe(true);
    expect(clock.now()).toBe(1000);
  });

  it("rings alarms set on the way, after code that waits for promises in between", async () => {
    const clock = new VirtualClock();
    const times: number[] = [];
    const tick = async (): Promise<void> => {
      for (let i = 0; i < 50; i++) await Promise.resolve();
      times.push(clock.now());
      if (times.length < 4) clock.at(clock.now() + 10, () => void tick());
    };
    clock.at(10, () => void tick());
    await clock.advance(100);
    expect(times).toEqual([10, 20, 30, 40]);
    expect(clock.now()).toBe(100);
    expect(clock.pending).toBe(0);
  });

  it("forgets cancelled alarms, twice cancelled ones and those cancelled after ringing", async () => {
    const clock = new VirtualClock();
    let rung = 0;
    const first = clock.at(10, () => rung++);
    const second = clock.at(10, () => rung++);
    first.cancel();
    first.cancel();
    expect(clock.pending).toBe(1);
    await clock.advance(10);
    second.cancel();
    expect(rung).toBe(1);
    expect(clock.pending).toBe(0);
  });

  it("stops at the alarm that makes the condition true", async () => {
    const clock = new VirtualClock();
    let rung = 0;
    for (let i = 1; i <= 5; i++) clock.at(i * 10, () => rung++);
    await clock.runUntil(() => rung === 3, 1000);
    expect(clock.now()).toBe(30);
    expect(clock.pending).toBe(2);
    await expect(clock.runUntil(() => rung === 9, 1000)).rejects.toThrow(/1000 ms of virtual time/);
    expect(clock.now()).toBe(1030);
  });

  it("passes on what an alarm throws, and goes on afterwards", async () => {
    const clock = new VirtualClock();
    let rung = false;
    clock.at(5, () => {
      throw new Error("boom");
    });
    clock.at(6, () => (rung = true));
    await expect(clock.advance(10)).rejects.toThrow("boom");
    expect(clock.now()).toBe(5);
    await clock.advance(10);
    expect(rung).toBe(true);
  });

  it("refuses to be moved by two callers at once", async () => {
    const clock = new VirtualClock();
    const first = clock.advance(10);
    await expect(clock.advance(10)).rejects.toThrow(/already moving/);
    await first;
    expect(clock.now()).toBe(10);
  });

  it("keeps thousands of alarms in order", async () => {
    const clock = new VirtualClock();
    const rung: number[] = [];
    let state = 1;
    for (let i = 0; i < 2000; i++) {
      state = (state * 16807) % 2147483647;
      const alarm = clock.at(state % 500, () => rung.push(clock.now()));
      if (i % 3 === 0) alarm.cancel();
    }
    await clock.advance(500);
    expect(rung).toEqual(rung.toSorted((a, b) => a - b));
    expect(rung.length).toBe(1333);
    expect(clock.pending).toBe(0);
  });
});
