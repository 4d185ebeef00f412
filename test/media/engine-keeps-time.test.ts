import { describe, expect, it } from "vitest";
import type { MediaSession } from "../../ts/media/contract.ts";
import { block, Ear, engine, open, parametersTowards } from "./engine.ts";

/** A session that has sent so many packets to an ear. */
async function heard(packets: number): Promise<{ readonly ear: Ear; readonly session: MediaSession }> {
  const ear = await Ear.open();
  const session = await open();
  session.configure(parametersTowards("127.0.0.1", ear.port));
  await ear.until(packets);
  return { ear, session };
}

describe("a session sends a packet every 20 ms", () => {
  it("50 a second on average, whatever the timers round", async () => {
    const { ear } = await heard(101);
    const [first, last] = [ear.heard[0], ear.heard[100]];
    // By the packets' own count of frames, so that a machine which stops for a moment does not matter: what was skipped is counted.
    const frames = (((last?.timestamp ?? 0) - (first?.timestamp ?? 0)) >>> 0) / 160;
    expect(frames).toBeGreaterThanOrEqual(100);
    // The wall clock agrees within the lateness of a wake-up at either end, which on a busy machine is what it is: frame-clock.test.ts and the
    // engine crate's tests hold the deadlines themselves in virtual time, and the benchmark measures them.
    expect(Math.abs((last?.time ?? 0) - (first?.time ?? 0) - 20 * frames)).toBeLessThan(200);
  });

  it("with consecutive numbers, and timestamps that count what was skipped", async () => {
    const { ear, session } = await heard(50);
    const { framesSkipped } = session.statistics();
    const steps = ear.steps();
    expect(steps.every(({ sequence }) => sequence === 1)).toBe(true);
    expect(steps.every(({ timestamp }) => timestamp % 160 === 0 && timestamp > 0)).toBe(true);
    const skipped = steps.reduce((sum, { timestamp }) => sum + timestamp / 160 - 1, 0);
    expect(skipped).toBeLessThanOrEqual(framesSkipped);
  });
});

describe("while JavaScript is blocked for 300 ms", () => {
  it.runIf(engine.name === "native")("the native engine goes on sending", async () => {
    const { ear, session } = await heard(5);
    const before = session.statistics();
    block(300);
    const after = session.statistics();
    // Fifteen frames; what a stopped machine takes of them is counted as skipped.
    const frames = after.packetsSent - before.packetsSent + after.framesSkipped - before.framesSkipped;
    expect(frames).toBeGreaterThanOrEqual(14);
    expect(after.packetsSent - before.packetsSent).toBeGreaterThanOrEqual(8);
    await ear.until(after.packetsSent);
    expect(ear.steps().every(({ sequence }) => sequence === 1)).toBe(true);
  });

  it.runIf(engine.name === "typescript")("the TypeScript engine skips those frames and does not burst", async () => {
    const { ear, session } = await heard(5);
    const before = session.statistics();
    block(300);
    await ear.until(ear.heard.length + 10);
    const after = session.statistics();
    expect(after.framesSkipped - before.framesSkipped).toBeGreaterThanOrEqual(13);
    const steps = ear.steps();
    expect(steps.every(({ sequence }) => sequence === 1)).toBe(true);
    expect(Math.max(...steps.map(({ timestamp }) => timestamp))).toBeGreaterThanOrEqual(13 * 160);
  });
});
