import { describe, expect, it } from "vitest";
import { eventPayload, parameters, rtpPacket } from "./farEnd.ts";
import { newSession, readAll, tick } from "./session.ts";
import { deliver, find, Talker } from "./Talker.ts";

describe("a far end that sends nothing for a while", () => {
  it.each([1, 2, 5, 20, 500])("for %i frames, and goes on with the next sequence number, has lost nothing", (pause) => {
    const session = newSession({ readCapacity: 131_072 });
    session.configure(parameters());
    const talker = new Talker();
    for (let frame = 0; frame < 600; frame++) {
      if (frame === 50) talker.pause(160 * pause);
      if (frame < 50 || frame >= 50 + pause) deliver(session, frame * 20_000, talker.speak(160, { marker: frame === 50 + pause }));
      tick(session, frame * 20_000 + 7_000);
    }
    const heard = readAll(session);
    const first = find(heard, talker.heard(160 * 50));
    expect(first).toBeGreaterThanOrEqual(0);
    const second = find(heard, talker.heard(160 * 40, 160 * 50 + 40));
    expect(second, "the pause is as long as it was").toBe(first + 160 * (50 + pause) + 40);
    expect(session.statistics()).toMatchObject({ packetsLost: 0, packetsLate: 0, samplesConcealed: 0 });
  });

  it("because it sends a telephone-event, has lost nothing either", () => {
    const session = newSession();
    session.configure(parameters());
    const talker = new Talker();
    for (let frame = 0; frame < 100; frame++) {
      if (frame >= 50 && frame < 58) {
        const payload = eventPayload(5, frame >= 55, Math.min(frame - 49, 6) * 160);
        const timestamp = (talker.timestamp - 160 * (frame - 50)) >>> 0;
        deliver(session, frame * 20_000, rtpPacket({ payloadType: 101, sequence: talker.sequence, timestamp, ssrc: talker.ssrc, payload }));
        talker.sequence += 1;
        talker.pause(160);
      } else {
        deliver(session, frame * 20_000, talker.speak());
      }
      tick(session, frame * 20_000 + 7_000);
    }
    const heard = readAll(session);
    const first = find(heard, talker.heard(160 * 50));
    expect(first).toBeGreaterThanOrEqual(0);
    expect(find(heard, talker.heard(160 * 40, 160 * 50))).toBe(first + 160 * 58);
    expect(heard.subarray(first + 160 * 51, first + 160 * 57).every((sample) => sample === 0), "no tone is made up").toBe(true);
    expect(session.statistics()).toMatchObject({ packetsLost: 0, samplesConcealed: 0 });
  });

  it("and then hangs up, has lost nothing at all", () => {
    const session = newSession();
    session.configure(parameters());
    const talker = new Talker();
    for (let frame = 0; frame < 200; frame++) {
      if (frame < 50) deliver(session, frame * 20_000, talker.speak());
      tick(session, frame * 20_000 + 7_000);
    }
    expect(session.statistics()).toMatchObject({ packetsLost: 0, samplesConcealed: 0 });
  });
});
