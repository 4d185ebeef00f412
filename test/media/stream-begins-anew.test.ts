import { describe, expect, it } from "vitest";
import { parameters } from "./farEnd.ts";
import { events, newSession, readAll, tick } from "./session.ts";
import { deliver, find, Talker } from "./Talker.ts";

/** 50 frames, then something changes, then 50 more. */
function listen(change: (talker: Talker) => void): { readonly session: ReturnType<typeof newSession>; readonly talker: Talker } {
  const session = newSession();
  session.configure(parameters());
  const talker = new Talker();
  for (let frame = 0; frame < 110; frame++) {
    if (frame === 50) change(talker);
    deliver(session, frame * 20_000, talker.speak());
    tick(session, frame * 20_000 + 7_000);
  }
  return { session, talker };
}

describe("a far end that changes its", () => {
  it("synchronization source is heard from its first packet on", () => {
    const { session, talker } = listen((far) => {
      far.ssrc = 2;
      far.sequence = 1_000;
      far.timestamp = 5;
    });
    expect(events(session)).toEqual([
      { type: "source", ssrc: 0x1234_5678 },
      { type: "source", ssrc: 2 },
    ]);
    expect(find(readAll(session), talker.heard(160 * 50, 160 * 50 + 40))).toBeGreaterThanOrEqual(0);
    expect(session.statistics()).toMatchObject({ packetsReceived: 110, packetsLost: 0, packetsRejected: 0 });
  });

  it("sequence numbers is heard from its first packet on", () => {
    const { session, talker } = listen((far) => {
      far.sequence = 30_000;
      far.timestamp = 5;
    });
    expect(events(session)).toEqual([{ type: "source", ssrc: 0x1234_5678 }]);
    expect(find(readAll(session), talker.heard(160 * 50, 160 * 50 + 40))).toBeGreaterThanOrEqual(0);
    expect(session.statistics()).toMatchObject({ packetsReceived: 110, packetsLost: 0, packetsRejected: 0 });
  });

  it("timestamps only is heard on without a gap", () => {
    const { session, talker } = listen((far) => {
      far.timestamp = 77_777_777;
    });
    const heard = readAll(session);
    const at = find(heard, talker.heard(160 * 50));
    expect(at).toBeGreaterThanOrEqual(0);
    expect(find(heard, talker.heard(160 * 50, 160 * 50 + 40))).toBeGreaterThanOrEqual(at + 160 * 50);
    expect(session.statistics()).toMatchObject({ packetsLost: 0, packetsLate: 0, samplesConcealed: 0 });
  });

  it("timestamps in a packet that was overtaken is heard on all the same", () => {
    const session = newSession();
    session.configure(parameters());
    const talker = new Talker();
    let overtaken: Uint8Array = new Uint8Array(0);
    for (let frame = 0; frame < 100; frame++) {
      const packet = talker.speak();
      if (frame === 50) overtaken = packet;
      else deliver(session, frame * 20_000, packet);
      if (frame === 51) {
        new DataView(overtaken.buffer).setUint32(4, 0x7000_0000);
        deliver(session, frame * 20_000, overtaken);
      }
      tick(session, frame * 20_000 + 7_000);
    }
    expect(find(readAll(session), talker.heard(160 * 40, 160 * 53))).toBeGreaterThanOrEqual(0);
    expect(session.statistics()).toMatchObject({ packetsLost: 0, packetsLate: 1 });
    expect(session.statistics().samplesConcealed).toBeLessThanOrEqual(320);
  });

  it("mind once, with a single packet of another source, does not disturb the stream", () => {
    const session = newSession();
    session.configure(parameters());
    const talker = new Talker();
    const stray = new Talker();
    stray.ssrc = 9;
    for (let frame = 0; frame < 100; frame++) {
      deliver(session, frame * 20_000, talker.speak());
      if (frame === 50) deliver(session, frame * 20_000, stray.speak());
      tick(session, frame * 20_000 + 7_000);
    }
    expect(find(readAll(session), talker.heard(160 * 90))).toBeGreaterThanOrEqual(0);
    expect(session.statistics()).toMatchObject({ packetsReceived: 100, packetsRejected: 1, samplesConcealed: 0 });
  });
});
