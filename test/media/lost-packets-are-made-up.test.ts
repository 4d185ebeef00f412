import { describe, expect, it } from "vitest";
import { parameters } from "./farEnd.ts";
import { newSession, readAll, tick } from "./session.ts";
import { deliver, find, Talker } from "./Talker.ts";

/** Plays 100 frames of which some never arrive. */
function listen(lost: (frame: number) => boolean): ReturnType<typeof newSession> {
  const session = newSession();
  session.configure(parameters());
  const talker = new Talker();
  for (let frame = 0; frame < 100; frame++) {
    const packet = talker.speak();
    if (!lost(frame)) deliver(session, frame * 20_000, packet);
    tick(session, frame * 20_000 + 7_000);
  }
  return session;
}

const spoken = new Talker().heard(16_000);

describe("a packet that never comes", () => {
  it("is replaced by what was heard before, as long as it was, and the rest is unharmed", () => {
    const session = listen((frame) => frame === 50);
    const heard = readAll(session);
    const at = find(heard, spoken.subarray(0, 160 * 50));
    expect(at).toBeGreaterThanOrEqual(0);
    // 5 ms after the gap true audio is alone again, and in its place.
    const after = spoken.subarray(160 * 51 + 40, 160 * 90);
    expect(find(heard, after)).toBe(at + 160 * 51 + 40);
    const truth = spoken.subarray(160 * 50, 160 * 51);
    const error = truth.map((sample, index) => sample - heard[at + 160 * 50 + index]!);
    expect(energy(error.subarray(0, 80)) / energy(truth.subarray(0, 80)), "its first half is much like the truth").toBeLessThan(0.05);
    expect(session.statistics()).toMatchObject({ packetsLost: 1, samplesConcealed: 160, packetsLate: 0 });
  });

  it("in the midst of 200 ms of loss fades to silence", () => {
    const session = listen((frame) => frame >= 50 && frame < 60);
    const heard = readAll(session);
    const at = find(heard, spoken.subarray(0, 160 * 50));
    expect(energy(heard.subarray(at + 160 * 50, at + 160 * 51))).toBeGreaterThan(1e6 * 160);
    expect(heard.subarray(at + 160 * 58, at + 160 * 60).every((sample) => sample === 0)).toBe(true);
    expect(session.statistics()).toMatchObject({ packetsLost: 10, samplesConcealed: 1_600 });
    expect(find(heard, spoken.subarray(160 * 62, 160 * 90))).toBeGreaterThanOrEqual(0);
  });

  it("is counted alike however often it happens", () => {
    const session = listen((frame) => frame % 10 === 5);
    expect(session.statistics()).toMatchObject({ packetsLost: 10, samplesConcealed: 1_600, playoutDelay: 20 });
  });
});

describe("a packet that comes late", () => {
  it("is played after all when nothing came in its stead, and the delay has grown", () => {
    const session = newSession();
    session.configure(parameters());
    const talker = new Talker();
    for (let frame = 0; frame < 100; frame++) {
      // From frame 50 on the network is 60 ms slower.
      if (frame < 50 || frame >= 53) deliver(session, frame * 20_000, talker.speak());
      tick(session, frame * 20_000 + 7_000);
    }
    const heard = readAll(session);
    const at = find(heard, talker.heard(160 * 50));
    expect(at).toBeGreaterThanOrEqual(0);
    expect(find(heard, talker.heard(60, 160 * 50 + 60))).toBeGreaterThan(at + 160 * 52);
    expect(session.statistics()).toMatchObject({ packetsLost: 0, packetsLate: 0 });
  });

  it("is dropped and counted when its moment has passed", () => {
    const session = newSession();
    session.configure(parameters());
    const talker = new Talker();
    let straggler: Uint8Array = new Uint8Array(0);
    for (let frame = 0; frame < 100; frame++) {
      const packet = talker.speak();
      if (frame === 50) straggler = packet;
      else deliver(session, frame * 20_000, packet);
      if (frame === 60) deliver(session, frame * 20_000, straggler);
      tick(session, frame * 20_000 + 7_000);
    }
    expect(session.statistics()).toMatchObject({ packetsLost: 0, packetsLate: 1, samplesConcealed: 160 });
  });
});

function energy(samples: Int16Array): number {
  return samples.reduce((sum, sample) => sum + sample * sample, 0);
}
