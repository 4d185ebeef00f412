import { describe, expect, it } from "vitest";
import type { SessionCore } from "../../ts/media/contract.ts";
import { type Address, parameters, REMOTE, STRANGER } from "./farEnd.ts";
import { events, newSession, readAll, tick } from "./session.ts";
import { deliver, find, Talker } from "./Talker.ts";

const remote = `${REMOTE.address}:${REMOTE.port}`;
const stranger = `${STRANGER.address}:${STRANGER.port}`;

/** Frames of one talker, one every 20 ms. @returns the time after them */
function talk(session: SessionCore, talker: Talker, from: Address, start: number, frames: number): number {
  for (let frame = 0; frame < frames; frame++) {
    deliver(session, start + frame * 20_000, talker.speak(), from);
    tick(session, start + frame * 20_000 + 7_000);
  }
  return start + frames * 20_000;
}

function configured(): SessionCore {
  const session = newSession();
  session.configure(parameters());
  return session;
}

describe("where RTP goes", () => {
  it("is where the SDP says, as long as packets come from there", () => {
    const session = newSession();
    expect(session.destination()).toBe("");
    session.configure(parameters());
    expect(session.destination()).toBe(remote);
    talk(session, new Talker(), REMOTE, 0, 10);
    expect(session.destination()).toBe(remote);
    expect(events(session)).toEqual([{ type: "source", ssrc: 0x1234_5678 }]);
  });

  it("stays where the SDP says for a far end that sends from elsewhere and does not listen there, but hears it", () => {
    const session = newSession({ symmetricRtp: false });
    session.configure(parameters());
    const talker = new Talker();
    const now = talk(session, talker, STRANGER, 0, 50);
    expect(session.destination()).toBe(remote);
    expect(events(session)).toEqual([{ type: "source", ssrc: 0x1234_5678 }]);
    expect(find(readAll(session), talker.heard(160 * 3))).toBeGreaterThanOrEqual(0);
    expect(session.statistics()).toMatchObject({ packetsReceived: 50, packetsRejected: 0, packetsLost: 0 });
    const anew = new Talker();
    anew.ssrc = 99;
    talk(session, anew, REMOTE, now + 3_000_000, 10);
    expect(session.destination()).toBe(remote);
  });

  it("is where four packets in sequence came from, when none came from the SDP's address; none of the four is lost", () => {
    const session = configured();
    const talker = new Talker();
    let now = talk(session, talker, STRANGER, 0, 3);
    expect(session.destination()).toBe(remote);
    expect(session.statistics()).toMatchObject({ packetsReceived: 0, packetsRejected: 0 });
    now = talk(session, talker, STRANGER, now, 1);
    expect(session.destination()).toBe(stranger);
    expect(events(session)).toEqual([
      { type: "latched", address: STRANGER.address, port: STRANGER.port },
      { type: "source", ssrc: 0x1234_5678 },
    ]);
    talk(session, talker, STRANGER, now, 50);
    expect(find(readAll(session), talker.heard(160 * 3)), "the first word is not cut off").toBeGreaterThanOrEqual(0);
    expect(session.statistics()).toMatchObject({ packetsReceived: 54, packetsRejected: 0, packetsLost: 0 });
  });

  it("does not follow packets out of sequence, of other payload types or of several sources", () => {
    const session = configured();
    const talker = new Talker();
    for (let frame = 0; frame < 12; frame++) {
      talker.sequence += 1;
      talk(session, talker, STRANGER, frame * 20_000, 1);
    }
    for (let frame = 0; frame < 12; frame++) {
      const packet = talker.speak();
      packet[1] = 96;
      deliver(session, 0, packet, STRANGER);
    }
    for (let frame = 0; frame < 12; frame++) {
      deliver(session, 0, talker.speak(), { address: STRANGER.address, port: 7_000 + (frame % 2) });
    }
    expect(session.destination()).toBe(remote);
    expect(session.statistics()).toMatchObject({ packetsReceived: 0 });
    expect(session.statistics().packetsRejected).toBeGreaterThanOrEqual(32);
  });

  it("does not follow anybody else while the far end talks", () => {
    const session = configured();
    const talker = new Talker();
    const attacker = new Talker();
    attacker.ssrc = 0xbad;
    let now = talk(session, talker, REMOTE, 0, 10);
    for (let round = 0; round < 20; round++) {
      now = talk(session, talker, REMOTE, now, 1);
      for (let burst = 0; burst < 10; burst++) deliver(session, now, attacker.speak(), STRANGER);
    }
    expect(session.destination()).toBe(remote);
    expect(session.statistics()).toMatchObject({ packetsReceived: 30, packetsRejected: 200, packetsLost: 0 });
  });

  it("follows another source once the far end was silent for two seconds", () => {
    const session = configured();
    const now = talk(session, new Talker(), REMOTE, 0, 10);
    const other = new Talker();
    other.ssrc = 77;
    talk(session, other, STRANGER, now + 1_900_000, 3);
    expect(session.destination()).toBe(remote);
    talk(session, other, STRANGER, now + 2_000_000, 4);
    expect(session.destination()).toBe(stranger);
    expect(events(session).at(-1)).toEqual({ type: "source", ssrc: 77 });
  });

  it("goes back to the SDP's address when packets come from there", () => {
    const session = configured();
    const talker = new Talker();
    const now = talk(session, talker, STRANGER, 0, 10);
    expect(session.destination()).toBe(stranger);
    talk(session, talker, REMOTE, now, 4);
    expect(session.destination()).toBe(remote);
    expect(session.statistics()).toMatchObject({ packetsReceived: 14, packetsLost: 0 });
  });

  it("is the new SDP address after a new offer/answer, and the same address changes nothing", () => {
    const session = configured();
    talk(session, new Talker(), STRANGER, 0, 10);
    session.configure(parameters());
    expect(session.destination()).toBe(stranger);
    session.configure(parameters({ remoteAddress: "2001:DB8:0::9", remotePort: 9_000 }));
    expect(session.destination()).toBe("[2001:db8::9]:9000");
    const moved = new Talker();
    moved.ssrc = 99;
    deliver(session, 900_000, moved.speak(), { address: "2001:db8::9", port: 9_000 });
    expect(session.statistics()).toMatchObject({ packetsReceived: 11 });
  });
});
