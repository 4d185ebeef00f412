import { describe, expect, it } from "vitest";
import { parameters, rtpPacket } from "./farEnd.ts";
import { newSession, readAll, tick } from "./session.ts";
import { deliver, find, Talker } from "./Talker.ts";

/** 50 frames of speech, 100 of silence that the far end describes once or not at all, and speech again. */
function listen(description: Uint8Array | undefined): { heard: Int16Array; session: ReturnType<typeof newSession>; talker: Talker } {
  const session = newSession();
  session.configure(parameters());
  const talker = new Talker();
  for (let frame = 0; frame < 200; frame++) {
    if (frame === 50) {
      if (description !== undefined) {
        const { sequence, timestamp, ssrc } = talker;
        deliver(session, frame * 20_000, rtpPacket({ payloadType: 13, sequence, timestamp, ssrc, payload: description }));
        talker.sequence = (talker.sequence + 1) & 0xffff;
      }
      talker.pause(160 * 100);
    }
    if (frame < 50 || frame >= 150) deliver(session, frame * 20_000, talker.speak(160, { marker: frame === 150 }));
    tick(session, frame * 20_000 + 7_000);
  }
  return { heard: readAll(session), session, talker };
}

/** Decibels below the loudest square wave, over the middle of the silence. */
function level(heard: Int16Array): number {
  const middle = heard.subarray(160 * 60, 160 * 140);
  const power = middle.reduce((sum, sample) => sum + sample * sample, 0) / middle.length;
  return -10 * Math.log10(power / 32_767 ** 2);
}

describe("a far end's comfort noise (RFC 3389)", () => {
  it.each([
    ["white", [45]],
    ["with a spectrum", [50, 200, 100, 140]],
  ])("%s is heard at its level until speech goes on", (_, description) => {
    const { heard, session, talker } = listen(Uint8Array.from(description));
    expect(Math.abs(level(heard) - description[0]!)).toBeLessThan(1);
    const first = find(heard, talker.heard(160 * 50));
    expect(first).toBeGreaterThanOrEqual(0);
    expect(find(heard, talker.heard(160 * 40, 160 * 50 + 40)), "the pause is as long as it was").toBe(first + 160 * 150 + 40);
    expect(session.statistics()).toMatchObject({ packetsLost: 0, packetsLate: 0, packetsRejected: 0, samplesConcealed: 0 });
  });

  it("is not made up where none was described", () => {
    const { heard } = listen(undefined);
    expect(heard.subarray(160 * 60, 160 * 140).every((sample) => sample === 0)).toBe(true);
  });
});
