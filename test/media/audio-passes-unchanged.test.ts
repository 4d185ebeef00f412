import { describe, expect, it } from "vitest";
import { parameters } from "./farEnd.ts";
import { newSession, readAll, tick } from "./session.ts";
import { deliver, find, Talker } from "./Talker.ts";

describe("audio that arrives in time", () => {
  it.each([80, 160, 240, 320, 480, 960])("is heard sample for sample in packets of %i samples", (length) => {
    const session = newSession();
    session.configure(parameters());
    const talker = new Talker();
    let sent = 0;
    for (let frame = 0; frame < 300; frame++) {
      for (; sent <= frame * 160; sent += length) deliver(session, frame * 20_000, talker.speak(length));
      tick(session, frame * 20_000 + 7_000);
    }
    const heard = readAll(session);
    const spoken = talker.heard(160 * 200);
    // Packets of 30 ms do not fit frames of 20: until the buffer knows, a frame or two may have to be made up.
    const settled = length % 160 === 0 || 160 % length === 0 ? 0 : 160 * 50;
    expect(find(heard, spoken.subarray(settled))).toBeGreaterThanOrEqual(0);
    if (settled === 0) expect(session.statistics().samplesConcealed).toBe(0);
    expect(session.statistics()).toMatchObject({ packetsLost: 0, packetsLate: 0, packetsDuplicate: 0, packetsRejected: 0 });
    expect(session.statistics().playoutDelay).toBeLessThanOrEqual(40);
  });

  it("is heard though its packets overtake each other", () => {
    const session = newSession({ minimumDelay: 60 });
    session.configure(parameters());
    const talker = new Talker();
    for (let pair = 0; pair < 50; pair++) {
      const [first, second] = [talker.speak(), talker.speak()];
      deliver(session, pair * 40_000, second);
      deliver(session, pair * 40_000, first);
      tick(session, pair * 40_000 + 1_000);
      tick(session, pair * 40_000 + 21_000);
    }
    expect(find(readAll(session), talker.heard(160 * 90))).toBeGreaterThanOrEqual(0);
    expect(session.statistics()).toMatchObject({ packetsLost: 0, packetsLate: 0, samplesConcealed: 0 });
  });

  it("is heard once though every packet comes twice", () => {
    const session = newSession();
    session.configure(parameters());
    const talker = new Talker();
    for (let frame = 0; frame < 100; frame++) {
      const packet = talker.speak();
      deliver(session, frame * 20_000, packet);
      deliver(session, frame * 20_000 + 1_000, packet);
      tick(session, frame * 20_000 + 7_000);
    }
    expect(find(readAll(session), talker.heard(160 * 95))).toBeGreaterThanOrEqual(0);
    expect(session.statistics()).toMatchObject({ packetsReceived: 200, packetsDuplicate: 100, packetsLost: -100, samplesConcealed: 0 });
  });

  it("is heard whole after this side stalled for 100 ms", () => {
    const session = newSession();
    session.configure(parameters());
    const talker = new Talker();
    for (let frame = 0; frame < 100; frame++) {
      if (frame >= 50 && frame < 55) continue;
      // What came during the stall waits in the socket.
      for (let waiting = frame === 55 ? 6 : 1; waiting > 0; waiting--) deliver(session, frame * 20_000, talker.speak());
      tick(session, frame * 20_000 + 7_000, frame === 55 ? 5 : 0);
    }
    const heard = readAll(session);
    expect(find(heard, talker.heard(160 * 48))).toBeGreaterThanOrEqual(0);
    expect(session.statistics()).toMatchObject({ samplesConcealed: 0, framesSkipped: 5 });
  });
});
