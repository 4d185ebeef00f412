import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { eventPayload, parameters, REMOTE, rtpPacket } from "./farEnd.ts";
import { events, newSession, tick } from "./session.ts";

interface Vectors {
  readonly received: readonly {
    readonly name: string;
    readonly why: string;
    /** ms, sequence, timestamp, event, E, duration. */
    readonly packets: readonly (readonly [number, number, number, number, 0 | 1, number])[];
    readonly events: readonly (readonly ["start", number] | readonly ["end", number, number])[];
  }[];
  readonly sent: readonly {
    readonly name: string;
    readonly events: readonly number[];
    readonly duration: number;
    readonly gap: number;
    /** Marker, payload type, timestamp, event, E, duration; or a packet of audio. */
    readonly frames: readonly ("audio" | readonly [boolean, number, number, number, boolean, number])[];
  }[];
}

const vectors: Vectors = JSON.parse(readFileSync(new URL("../vectors/media/dtmf.json", import.meta.url), "utf8"));

describe("telephone-events received", () => {
  it.each(vectors.received)("$name", ({ packets, events: expected }) => {
    const session = newSession();
    session.configure(parameters());
    const heard: unknown[] = [];
    const frame = (now: number): void => {
      tick(session, now * 1_000);
      for (const event of events(session)) {
        if (event.type === "dtmf-start") heard.push(["start", event.event]);
        if (event.type === "dtmf-end") heard.push(["end", event.event, event.duration]);
      }
    };
    let now = 0;
    for (const [arrival, sequence, timestamp, event, ended, duration] of packets) {
      for (; now <= arrival; now += 20) frame(now);
      const packet = rtpPacket({ payloadType: 101, sequence, timestamp, payload: eventPayload(event, ended === 1, duration) });
      session.receive(arrival * 1_000, REMOTE.address, REMOTE.port, packet);
    }
    for (const end = now + 1_000; now < end; now += 20) frame(now);
    expect(heard).toEqual(expected);
  });
});

describe("telephone-events sent", () => {
  it.each(vectors.sent)("$name", ({ events: codes, duration, gap, frames }) => {
    const session = newSession();
    session.configure(parameters());
    expect(session.sendEvents(codes, duration, gap)).toBe(true);
    const sent = frames.map((_, index) => {
      const packet = tick(session, index * 20_000);
      expect(packet?.sequence, "one sequence for audio and events").toBe((65_534 + index) & 0xffff);
      if (packet?.payloadType !== 101) return "audio";
      const view = new DataView(packet.payload.buffer, packet.payload.byteOffset);
      return [packet.marker, 101, packet.timestamp, view.getUint8(0), view.getUint8(1) >= 0x80, view.getUint16(2)];
    });
    expect(sent).toEqual(frames);
    expect(events(session)).toEqual([{ type: "dtmf-sent" }]);
  });
});
