import { describe, expect, it } from "vitest";
import type { MediaStatistics, SessionOptions } from "../../ts/media/contract.ts";
import { parameters, Random, rtpPacket } from "./farEnd.ts";
import { newSession, readAll, tick } from "./session.ts";
import { deliver, Talker } from "./Talker.ts";

interface Listened {
  readonly statistics: MediaStatistics;
  readonly delays: readonly number[];
}

/**
 * A talker's packets, each so many ms late, lost when NaN. `interval` is the sender's own idea of 20 ms.
 * @returns what came of it, and the delay of each frame played, ms
 */
function listen(late: (packet: number) => number, options: Partial<SessionOptions> = {}, frames = 1_500, interval = 20): Listened {
  const session = newSession({ readCapacity: 1_024, ...options });
  session.configure(parameters());
  const talker = new Talker();
  const start = talker.timestamp;
  const arrivals = Array.from({ length: frames }, (_, packet) => ({ at: packet * interval + late(packet), packet: talker.speak() }))
    .filter(({ at }) => !Number.isNaN(at))
    .toSorted((a, b) => a.at - b.at);
  const delays: number[] = [];
  let next = 0;
  for (let frame = 0; frame < frames; frame++) {
    const now = frame * 20 + 3;
    for (; next < arrivals.length && arrivals[next]!.at <= now; next++) deliver(session, arrivals[next]!.at * 1_000, arrivals[next]!.packet);
    tick(session, now * 1_000);
    delays.push(now + 20 - (((session.statistics().playoutTimestamp - start) | 0) * interval) / 160);
  }
  return { statistics: session.statistics(), delays };
}

describe("the playout delay", () => {
  it("grows until packets that overtake each other are put in order, and none is lost", () => {
    const random = new Random(1);
    const late = Array.from({ length: 1_500 }, () => (random.chance(10) ? 30 : 0));
    const { statistics, delays } = listen((packet) => late[packet]!);
    expect(statistics.packetsLate).toBeLessThanOrEqual(2);
    expect(statistics.samplesConcealed).toBeLessThanOrEqual(3 * 160);
    expect(Math.max(...delays.slice(500))).toBeLessThan(60);
  });

  it.each([500, -500])("absorbs a sender's clock that is %i ppm off, and makes nothing up", (ppm) => {
    const { statistics, delays } = listen(() => 0, {}, 6_000, 20 / (1 + ppm * 1e-6));
    expect(statistics).toMatchObject({ packetsLost: 0, packetsLate: 0 });
    expect(statistics.samplesConcealed).toBeLessThanOrEqual(160);
    // 120 s at 500 ppm are 60 ms.
    expect(statistics.samplesStretched).toBeGreaterThan(200);
    expect(Math.max(...delays.slice(50))).toBeLessThan(70);
    expect(Math.min(...delays.slice(50))).toBeGreaterThan(0);
  });

  it("is short again soon after a spike", () => {
    // Nothing passes for 300 ms, then all at once.
    const { statistics, delays } = listen((packet) => (packet >= 750 && packet < 765 ? 20 * (765 - packet) : 0));
    expect(statistics.packetsLost).toBe(0);
    expect(statistics.samplesConcealed).toBeLessThanOrEqual(300 * 8);
    expect(Math.max(...delays.slice(820))).toBeLessThan(60);
  });

  it("follows a way that becomes 80 ms longer, and shorter again", () => {
    const { statistics, delays } = listen((packet) => (packet >= 500 && packet < 1_000 ? 80 : 0));
    expect(statistics.samplesConcealed).toBeLessThanOrEqual(120 * 8);
    expect(Math.max(...delays.slice(620, 990)) - 80).toBeLessThan(60);
    expect(Math.max(...delays.slice(1_120))).toBeLessThan(60);
  });

  it("stays where it is told to, whatever the network does", () => {
    const random = new Random(2);
    const late = Array.from({ length: 1_500 }, () => random.below(50));
    const { statistics, delays } = listen((packet) => late[packet]!, { minimumDelay: 60, maximumDelay: 60 });
    expect(statistics).toMatchObject({ playoutDelay: 60, packetsLost: 0 });
    expect(Math.max(...delays.slice(100)) - Math.min(...delays.slice(100))).toBeLessThan(21);
    expect(statistics.samplesConcealed).toBeLessThanOrEqual(160);
  });

  it("does not mind that packets become longer and shorter during the call", () => {
    const session = newSession({ readCapacity: 131_072 });
    session.configure(parameters());
    const talker = new Talker();
    let sent = 0;
    for (let frame = 0; frame < 600; frame++) {
      const length = frame < 200 ? 160 : frame < 400 ? 480 : 80;
      for (; sent <= frame * 160; sent += length) deliver(session, frame * 20_000, talker.speak(length));
      tick(session, frame * 20_000 + 3_000);
    }
    expect(session.statistics()).toMatchObject({ packetsLost: 0, packetsLate: 0 });
    expect(session.statistics().samplesConcealed).toBeLessThanOrEqual(3 * 160);
  });

  it("is what it was when the far end begins a new stream or new numbers: the network is the same", () => {
    const random = new Random(3);
    const session = newSession({ readCapacity: 131_072 });
    session.configure(parameters());
    const talker = new Talker();
    const arrivals = Array.from({ length: 1_000 }, (_, packet) => {
      if (packet === 500) Object.assign(talker, { ssrc: 77, sequence: 9, timestamp: 1 });
      if (packet === 750) Object.assign(talker, { sequence: 40_000, timestamp: 0x8000_0000 });
      return { at: packet * 20 + random.below(30), packet: talker.speak() };
    }).toSorted((a, b) => a.at - b.at);
    let next = 0;
    let before = 0;
    for (let frame = 0; frame < 1_000; frame++) {
      const now = frame * 20 + 3;
      for (; next < arrivals.length && arrivals[next]!.at <= now; next++) deliver(session, arrivals[next]!.at * 1_000, arrivals[next]!.packet);
      tick(session, now * 1_000);
      if (frame === 400) before = session.statistics().samplesConcealed;
    }
    expect(session.statistics().samplesConcealed - before).toBeLessThanOrEqual(4 * 160);
    expect(session.statistics().packetsLost).toBe(0);
  });

  it("counts nothing as made up in a stream that says nothing between its words", () => {
    // Words of 400 ms and pauses of 600, sent by voice activity detection: the sequence numbers go on, the timestamps pass the pause.
    const session = newSession({ readCapacity: 262_144 });
    session.configure(parameters());
    const talker = new Talker();
    for (let frame = 0; frame < 1_000; frame++) {
      if (frame % 50 < 20) deliver(session, frame * 20_000, talker.speak(160, { marker: frame % 50 === 0 }));
      else talker.pause(160);
      tick(session, frame * 20_000 + 3_000);
    }
    expect(session.statistics()).toMatchObject({ packetsLost: 0, packetsLate: 0, samplesConcealed: 0, samplesStretched: 0 });
    expect(readAll(session).length).toBeGreaterThan(160 * 990);
  });

  it("waits for no packet that is not audio", () => {
    const session = newSession();
    session.configure(parameters());
    deliver(session, 0, rtpPacket({ payloadType: 13, sequence: 1, timestamp: 0, payload: Uint8Array.of(60) }));
    tick(session, 20_000);
    expect(readAll(session).some((sample) => sample !== 0)).toBe(true);
  });
});
