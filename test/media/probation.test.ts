import { describe, expect, it } from "vitest";
import type { SessionCore } from "../../ts/media/contract.ts";
import { parameters, REMOTE, STRANGER } from "./farEnd.ts";
import { events, newSession, readAll, tick } from "./session.ts";
import { deliver, find, Talker } from "./Talker.ts";

/** A session that hears a talker whose first packet has this sequence number, from this source. */
function hear(sequence: number, from = REMOTE, packets = 30): { heard: Int16Array; talker: Talker; session: SessionCore } {
  const session = newSession();
  session.configure(parameters());
  const talker = new Talker();
  talker.sequence = sequence;
  for (let index = 0; index < packets + 20; index++) {
    if (index < packets) deliver(session, index * 20_000, talker.speak(), from);
    tick(session, index * 20_000);
  }
  return { heard: readAll(session), talker, session };
}

describe("probation across 65535 → 0", () => {
  // RFC 3550's sample code compares without the wrap and never passes here.
  it.each([65_532, 65_533, 65_534, 65_535, 0])("passes when the first packet is %i, and no frame of it is lost", (sequence) => {
    for (const from of [REMOTE, STRANGER]) {
      const { heard, talker, session } = hear(sequence, from);
      expect(session.statistics()).toMatchObject({ packetsReceived: 30, packetsLost: 0, packetsRejected: 0, packetsDuplicate: 0 });
      expect(find(heard, talker.heard(160)), "the first frame is heard").toBeGreaterThanOrEqual(0);
    }
  });

  it.each([65_534, 65_535, 0])("of a new source passes when its first packet is %i", (sequence) => {
    const session = newSession();
    session.configure(parameters());
    const [first, second] = [new Talker(), new Talker()];
    second.ssrc = 99;
    second.sequence = sequence;
    for (let index = 0; index < 60; index++) {
      deliver(session, index * 20_000, (index < 30 ? first : second).speak());
      tick(session, index * 20_000);
    }
    expect(session.statistics()).toMatchObject({ packetsReceived: 60, packetsLost: 0, packetsRejected: 0 });
    expect(events(session)).toEqual([
      { type: "source", ssrc: first.ssrc },
      { type: "source", ssrc: 99 },
    ]);
    expect(find(readAll(session), second.heard(160, 0))).toBeGreaterThanOrEqual(0);
  });
});
