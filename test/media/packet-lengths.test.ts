import { describe, expect, it } from "vitest";
import { decode } from "../../ts/media/typescript/g711.ts";
import { dissect, eventPayload, type PacketFields, parameters } from "./farEnd.ts";
import { events, newSession } from "./session.ts";

/** All packets that a session sends in so many intervals of 20 ms, with the interval that they leave in. */
function sent(session: ReturnType<typeof newSession>, from: number, intervals: number): (Required<PacketFields> & { interval: number })[] {
  const packet = new Uint8Array(1_500);
  const all: (Required<PacketFields> & { interval: number })[] = [];
  for (let interval = from; interval < from + intervals; interval++) {
    for (let length = session.tick(interval * 20_000, 0, packet); length > 0; length = session.more(packet)) {
      all.push({ ...dissect(packet.slice(0, length)), interval });
    }
  }
  return all;
}

describe("packets of the length that the far end wants", () => {
  it.each([
    [10, 80, [0, 0, 1, 1, 2, 2]],
    [20, 160, [0, 1, 2, 3, 4, 5]],
    [30, 240, [1, 2, 4, 5, 7, 8]],
    [40, 320, [1, 3, 5, 7, 9, 11]],
    [50, 400, [2, 4, 7, 9, 12, 14]],
    [60, 480, [2, 5, 8, 11, 14, 17]],
    [25, 160, [0, 1, 2, 3, 4, 5]],
    [5, 80, [0, 0, 1, 1, 2, 2]],
    [200, 480, [2, 5, 8, 11, 14, 17]],
  ])("ptime %i: %i samples", (ptime, samples, intervals) => {
    const session = newSession();
    session.configure(parameters({ ptime }));
    const audio = Int16Array.from({ length: 8 * 480 }, (_, index) => (index * 37) % 20_000);
    session.write(audio);
    const packets = sent(session, 0, 20).slice(0, 6);
    expect(packets.map(({ interval }) => interval)).toEqual(intervals);
    packets.forEach((packet, index) => {
      expect(packet.timestamp).toBe(1_000 + index * samples);
      expect(packet.sequence).toBe((65_534 + index) & 0xffff);
      expect(packet.marker).toBe(index === 0);
      expect(packet.payload.length).toBe(samples);
    });
    // Every sample once and in order.
    const heard = new Int16Array(6 * samples);
    packets.forEach(({ payload }, index) => decode("PCMU", payload, heard.subarray(index * samples)));
    heard.forEach((sample, index) => expect(Math.abs(sample - (audio[index] ?? 0))).toBeLessThan(600));
  });

  it("may change in the middle of a call, without a gap or an overlap in the timestamps", () => {
    const session = newSession();
    let next = 1_000;
    let interval = 0;
    for (const ptime of [20, 60, 10, 30, 40, 20]) {
      session.configure(parameters({ ptime }));
      for (const packet of sent(session, interval, 7)) {
        expect(packet.timestamp).toBe(next);
        next += packet.payload.length;
      }
      interval += 7;
    }
    expect(next).toBeGreaterThan(1_000 + 160 * (interval - 3));
  });

  it("carry telephone-events too, their duration in step", () => {
    const session = newSession();
    session.configure(parameters({ ptime: 40 }));
    session.sendEvents([5], 100, 50);
    const packets = sent(session, 0, 12);
    const digits = packets.filter(({ payloadType }) => payloadType === 101);
    const end = eventPayload(5, true, 800);
    expect(digits.map(({ payload }) => payload)).toEqual([eventPayload(5, false, 320), eventPayload(5, false, 640), end, end, end]);
    expect(new Set(digits.map(({ timestamp }) => timestamp)).size).toBe(1);
    expect(events(session)).toContainEqual({ type: "dtmf-sent" });
  });
});
