import { describe, expect, it } from "vitest";
import type { Direction } from "../../ts/media/contract.ts";
import { encode } from "../../ts/media/typescript/g711.ts";
import { eventPayload, parameters, REMOTE, rtpPacket } from "./farEnd.ts";
import { events, newSession, readAll, tick } from "./session.ts";
import { deliver, Talker } from "./Talker.ts";

/** A 20 ms frame of one loud sample value, in an encoding. */
function frame(encoding: "PCMU" | "PCMA", value = 8_000): Uint8Array {
  const payload = new Uint8Array(160);
  encode(encoding, new Int16Array(160).fill(value), payload);
  return payload;
}

describe("a direction", () => {
  it.each<[Direction, boolean, boolean]>([
    ["sendrecv", true, true],
    ["sendonly", true, false],
    ["recvonly", false, true],
    ["inactive", false, false],
  ])("%s: sends %s, hears %s", (direction, sends, hears) => {
    const session = newSession();
    session.configure(parameters({ direction }));
    const talker = new Talker();
    let packets = 0;
    for (let now = 0; now < 400_000; now += 20_000) {
      deliver(session, now, talker.speak());
      if (tick(session, now) !== undefined) packets += 1;
    }
    expect(packets).toBe(sends ? 20 : 0);
    expect(readAll(session).some((sample) => sample !== 0)).toBe(hears);
    expect(session.statistics()).toMatchObject({ packetsReceived: hears ? 20 : 0, packetsLost: 0, packetsRejected: 0 });
  });

  it("that holds and resumes keeps the timestamps going, begins with the marker, and counts no loss", () => {
    const session = newSession();
    const talker = new Talker();
    const packets: (ReturnType<typeof tick> & object)[] = [];
    let now = 0;
    for (const direction of ["sendrecv", "inactive", "sendrecv"] as const) {
      session.configure(parameters({ direction }));
      for (let round = 0; round < 50; round++, now += 20_000) {
        deliver(session, now, talker.speak());
        const packet = tick(session, now);
        if (packet !== undefined) packets.push(packet);
      }
    }
    expect(packets).toHaveLength(100);
    const [before, after] = [packets[49], packets[50]];
    expect(((after?.timestamp ?? 0) - (before?.timestamp ?? 0)) / 160).toBe(51);
    expect((after?.sequence ?? 0) - (before?.sequence ?? 0)).toBe(1);
    expect([before?.marker, after?.marker]).toEqual([false, true]);
    expect(session.statistics()).toMatchObject({ packetsReceived: 100, packetsLost: 0, packetsLate: 0 });
  });
});

describe("payload types", () => {
  it("may stand for other things each way", () => {
    const session = newSession();
    session.configure(
      parameters({
        sendPayloadType: 96,
        sendEncoding: "PCMA",
        sendEventPayloadType: 97,
        receivePayloadTypes: [97, 96],
        receiveEncodings: ["PCMA", "PCMU"],
        receiveEventPayloadType: 110,
      }),
    );
    for (let index = 0; index < 20; index++) {
      const payloadType = index < 10 ? 97 : 96;
      const payload = frame(index < 10 ? "PCMA" : "PCMU");
      const arriving = rtpPacket({ payloadType, sequence: index, timestamp: index * 160, payload });
      session.receive(index * 20_000, REMOTE.address, REMOTE.port, arriving);
      session.write(new Int16Array(160).fill(8_000));
      const packet = tick(session, index * 20_000);
      expect(packet?.payloadType).toBe(96);
      expect(packet?.payload).toEqual(frame("PCMA"));
    }
    // A-law and µ-law come out at nearly the same value.
    const loud = readAll(session).filter((sample) => sample > 7_000 && sample < 9_000);
    expect(loud.length).toBeGreaterThan(160 * 15);
    const digit = rtpPacket({ payloadType: 110, sequence: 20, timestamp: 3_200, payload: eventPayload(7, true, 800) });
    session.receive(400_000, REMOTE.address, REMOTE.port, digit);
    expect(events(session)).toContainEqual({ type: "dtmf-start", event: 7, source: "rtp" });
    session.sendEvents([1], 40, 0);
    expect(tick(session, 400_000)?.payloadType).toBe(97);
    expect(session.statistics()).toMatchObject({ packetsRejected: 0, packetsLost: 0 });
  });

  it("that were not agreed are refused", () => {
    const session = newSession();
    session.configure(parameters({ receivePayloadTypes: [0], receiveEncodings: ["PCMU"], receiveEventPayloadType: -1 }));
    for (const payloadType of [8, 101, 96, 127]) {
      session.receive(0, REMOTE.address, REMOTE.port, rtpPacket({ payloadType, sequence: 1, timestamp: 0, payload: frame("PCMA") }));
    }
    expect(session.statistics()).toMatchObject({ packetsReceived: 0, packetsRejected: 4 });
  });
});

it("the codec changes in the middle of a call, ours by a new offer, theirs from one packet to the next", () => {
  const session = newSession();
  session.configure(parameters());
  for (let index = 0; index < 60; index++) {
    if (index === 30) session.configure(parameters({ sendEncoding: "PCMA", sendPayloadType: 8 }));
    const isALaw = index >= 20 && index < 40;
    const payload = frame(isALaw ? "PCMA" : "PCMU");
    const packet = rtpPacket({ payloadType: isALaw ? 8 : 0, sequence: index, timestamp: index * 160, payload });
    session.receive(index * 20_000, REMOTE.address, REMOTE.port, packet);
    session.write(new Int16Array(160).fill(-3_000));
    const sent = tick(session, index * 20_000);
    expect(sent).toMatchObject({ payloadType: index < 30 ? 0 : 8, timestamp: 1_000 + 160 * index });
    expect(sent?.payload).toEqual(frame(index < 30 ? "PCMU" : "PCMA", -3_000));
  }
  const heard = readAll(session);
  const first = heard.findIndex((sample) => sample > 7_000);
  expect(heard.subarray(first).every((sample) => sample > 7_000 && sample < 9_000)).toBe(true);
  expect(session.statistics()).toMatchObject({ samplesConcealed: 0, packetsLost: 0, packetsRejected: 0 });
});
