import { describe, expect, it } from "vitest";
import { decode } from "../../ts/media/typescript/g711.ts";
import { parameters } from "./farEnd.ts";
import { events, newSession, readAll, tick } from "./session.ts";
import { deliver, Talker } from "./Talker.ts";

describe("sending", () => {
  it("counts sequence and timestamp on across their wraps, and marks the first packet", () => {
    const session = newSession({ sequence: 65_535, timestamp: 0xffff_ff80 });
    expect(tick(session, 0), "nothing before it is configured").toBeUndefined();
    session.configure(parameters());
    const packets = [1, 2, 3].map((frame) => tick(session, frame * 20_000)!);
    expect(packets.map(({ marker, sequence, timestamp, ssrc }) => [marker, sequence, timestamp, ssrc])).toEqual([
      [true, 65_535, 0xffff_ff80, 0xcafe],
      [false, 0, 0x20, 0xcafe],
      [false, 1, 0xc0, 0xcafe],
    ]);
  });

  it.each(["PCMU", "PCMA"] as const)("keeps the stream alive with silence when nothing is queued, in %s", (sendEncoding) => {
    const session = newSession();
    session.configure(parameters({ sendEncoding, sendPayloadType: 8 }));
    const packet = tick(session, 0)!;
    expect(packet.payloadType).toBe(8);
    expect(new Set(packet.payload)).toEqual(new Set([sendEncoding === "PCMU" ? 0xff : 0xd5]));
    expect(session.statistics()).toMatchObject({ packetsSent: 1, bytesSent: 160, framesSilent: 1 });
  });

  it("sends what was written, the last part filled up with silence", () => {
    const session = newSession();
    session.configure(parameters());
    expect(session.write(new Int16Array(200).fill(1_000))).toBe(200);
    const audio = [tick(session, 0)!, tick(session, 20_000)!, tick(session, 40_000)!].map(({ payload }) => {
      const samples = new Int16Array(160);
      decode("PCMU", payload, samples);
      return samples;
    });
    expect([audio[0]![0], audio[0]![159], audio[1]![39], audio[1]![40], audio[2]![0]]).toEqual([988, 988, 988, 0, 0]);
    expect(session.statistics()).toMatchObject({ framesSilent: 1, samplesQueued: 0 });
  });

  it("takes no more than fits, and drops what is queued when told", () => {
    const session = newSession({ writeCapacity: 512 });
    expect(session.write(new Int16Array(600))).toBe(512);
    expect(session.write(new Int16Array(1))).toBe(0);
    expect(session.clear()).toBe(512);
    expect(session.statistics().samplesQueued).toBe(0);
  });

  it("after a stall moves the timestamp on, but not the sequence number, marks the packet, and has lost no audio", () => {
    const session = newSession();
    session.configure(parameters());
    session.write(new Int16Array(320).fill(1_000));
    const before = tick(session, 0)!;
    const after = tick(session, 100_000, 4)!;
    expect(after.sequence).toBe((before.sequence + 1) & 0xffff);
    expect(after.timestamp).toBe(before.timestamp + 5 * 160);
    expect(after.marker).toBe(true);
    expect(new Set(after.payload)).toEqual(new Set(before.payload));
    expect(tick(session, 120_000)!.marker).toBe(false);
    expect(session.statistics()).toMatchObject({ framesSkipped: 4, framesSilent: 1 });
  });
});

describe("the direction", () => {
  it.each(["recvonly", "inactive"] as const)("%s sends nothing, and audio waits", (direction) => {
    const session = newSession();
    session.configure(parameters());
    tick(session, 0);
    session.configure(parameters({ direction }));
    session.write(new Int16Array(160).fill(1_000));
    expect(tick(session, 20_000)).toBeUndefined();
    session.configure(parameters());
    const packet = tick(session, 40_000)!;
    expect([packet.sequence, packet.timestamp, packet.marker]).toEqual([65_535, 1_320, true]);
    expect(packet.payload[0]).not.toBe(0xff);
  });

  it.each(["sendonly", "inactive"] as const)("%s takes no notice of what comes, and counts none of it as lost", (direction) => {
    const session = newSession();
    session.configure(parameters());
    const talker = new Talker();
    for (let frame = 0; frame < 150; frame++) {
      if (frame === 50) session.configure(parameters({ direction }));
      if (frame === 100) session.configure(parameters());
      deliver(session, frame * 20_000, talker.speak());
      tick(session, frame * 20_000 + 7_000);
    }
    expect(session.statistics()).toMatchObject({ packetsReceived: 100, packetsLost: 0, packetsRejected: 0, samplesConcealed: 0 });
    expect(events(session), "the source is the same").toEqual([{ type: "source", ssrc: 0x1234_5678 }]);
  });
});

describe("sending telephone-events", () => {
  it("is refused when the far end takes none, and when one of them is none", () => {
    const session = newSession();
    expect(session.sendEvents([1], 100, 50)).toBe(false);
    session.configure(parameters({ sendEventPayloadType: -1 }));
    expect(session.sendEvents([1], 100, 50)).toBe(false);
    session.configure(parameters());
    expect(session.sendEvents([17], 100, 50)).toBe(false);
    expect(session.sendEvents([16], 100, 50)).toBe(true);
  });

  it("replaces the audio, which waits, and the audio's timestamp has gone on meanwhile", () => {
    const session = newSession();
    session.configure(parameters());
    session.write(new Int16Array(320).fill(1_000));
    const first = tick(session, 0)!;
    session.sendEvents([5], 60, 40);
    const packets = Array.from({ length: 7 }, (_, frame) => tick(session, 20_000 * (frame + 1))!);
    expect(packets.map(({ payloadType }) => payloadType)).toEqual([101, 101, 101, 101, 101, 0, 0]);
    expect(packets[5]!.timestamp).toBe(first.timestamp + 6 * 160);
    expect(packets[5]!.payload).toEqual(first.payload);
    expect(events(session)).toEqual([{ type: "dtmf-sent" }]);
  });

  it("ends, and says so, when the far end takes events no longer", () => {
    const session = newSession();
    session.configure(parameters());
    session.sendEvents([1, 2, 3], 100, 50);
    tick(session, 0);
    session.configure(parameters({ sendEventPayloadType: -1 }));
    expect(events(session)).toEqual([{ type: "dtmf-sent" }]);
    expect(tick(session, 20_000)!.payloadType).toBe(0);
  });
});

describe("reading", () => {
  it("drops the oldest samples, and counts them, when nobody reads", () => {
    const session = newSession({ readCapacity: 1_024 });
    session.configure(parameters());
    const talker = new Talker();
    for (let frame = 0; frame < 50; frame++) {
      deliver(session, frame * 20_000, talker.speak());
      tick(session, frame * 20_000 + 7_000);
    }
    const { samplesReadable, samplesOverrun, samplesPlayed } = session.statistics();
    expect(samplesReadable).toBe(1_024);
    expect(samplesOverrun).toBe(samplesPlayed - 1_024);
    expect(readAll(session)).toHaveLength(1_024);
  });
});
