import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { SessionCore, StreamParameters } from "../../ts/media/contract.ts";
import { parameters, Random, REMOTE } from "./farEnd.ts";
import { newSession, readAll } from "./session.ts";

const FRAME = 160;
const AGREED: Partial<StreamParameters> = { sendNoisePayloadType: 13 };

/** A packet, and in which interval it went out. */
interface Sent {
  readonly frame: number;
  readonly packet: Uint8Array;
  readonly payloadType: number;
  readonly marker: boolean;
  readonly sequence: number;
  readonly timestamp: number;
}

/** Noise like a quiet room's, in 16 bits. */
function room(random: Random, count: number, peak = 60): Int16Array {
  return Int16Array.from({ length: count }, () => random.below(2 * peak + 1) - peak);
}

/** Project's own speech (8,000 Hz, 16 bits), in a room. */
function speech(): Int16Array {
  const wav = readFileSync(new URL("../../assets/speech.wav", import.meta.url));
  const start = wav.indexOf("data", 12, "latin1") + 8;
  return Int16Array.from({ length: (wav.length - start) >> 1 }, (_, index) => wav.readInt16LE(start + 2 * index));
}

function say(session: SessionCore, samples: Int16Array, hear?: (now: number, packet: Uint8Array) => void): Sent[] {
  const sent: Sent[] = [];
  const packet = new Uint8Array(1_500);
  for (let frame = 0; (frame + 1) * FRAME <= samples.length; frame++) {
    session.write(samples.subarray(frame * FRAME, (frame + 1) * FRAME));
    for (let length = session.tick(frame * 20_000, 0, packet); length > 0; length = session.more(packet)) {
      const view = new DataView(packet.buffer);
      const [types, sequence, timestamp] = [packet[1]!, view.getUint16(2), view.getUint32(4)];
      sent.push({ frame, packet: packet.slice(0, length), payloadType: types & 0x7f, marker: types >= 0x80, sequence, timestamp });
    }
    for (const each of sent) if (each.frame === frame) hear?.(frame * 20_000, each.packet);
  }
  return sent;
}

describe("with comfort noise agreed (RFC 3389)", () => {
  it("speech goes out whole, silence does not, and the far end misses nothing", () => {
    const random = new Random(5);
    const spoken = speech();
    const quiet = 3 * 8_000;
    const samples = room(random, quiet + spoken.length + quiet, 20).map((noise, index) => noise + (spoken[index - quiet] ?? 0));
    const [near, far] = [newSession({ ssrc: 1 }), newSession({ ssrc: 2 })];
    near.configure(parameters(AGREED));
    far.configure(parameters({ direction: "recvonly" }));
    const sent = say(near, samples, (now, packet) => {
      far.receive(now + 5_000, REMOTE.address, REMOTE.port, packet);
      far.tick(now + 9_000, 0, new Uint8Array(1_500));
    });

    const audio = new Set(sent.filter(({ payloadType }) => payloadType === 0).map(({ frame }) => frame));
    const frames = Math.floor(samples.length / FRAME);
    for (let frame = 0; frame < frames; frame++) {
      const power = samples.subarray(frame * FRAME, (frame + 1) * FRAME).reduce((sum, sample) => sum + sample * sample, 0) / FRAME;
      if (power > 60 ** 2) expect(audio, `frame ${frame} is speech`).toContain(frame);
    }
    const { packetsSent, packetsSuppressed } = near.statistics();
    expect(packetsSent + packetsSuppressed).toBe(frames);
    // All but 700 ms at first and 200 ms behind the last word.
    expect(packetsSuppressed).toBeGreaterThan(0.75 * ((2 * quiet) / FRAME));
    for (const [index, { frame, sequence, timestamp }] of sent.entries()) {
      expect(sequence, "no gap in the numbers").toBe((65_534 + index) & 0xffff);
      expect(timestamp, "and the timestamp goes on").toBe(1_000 + frame * FRAME);
    }
    expect(far.statistics()).toMatchObject({ packetsLost: 0, packetsLate: 0, packetsRejected: 0, samplesConcealed: 0 });
  });

  it("describes the noise once a second, and marks the speech that follows", () => {
    const random = new Random(7);
    const session = newSession();
    session.configure(parameters(AGREED));
    const loud = Int16Array.from({ length: 800 }, (_, index) => ((index % 40) - 20) * 200);
    const sent = say(session, Int16Array.from([...room(random, 4 * 8_000), ...loud, ...room(random, 8_000)]));
    const noise = sent.filter(({ payloadType }) => payloadType === 13);
    expect(noise.map(({ frame }) => frame)).toEqual([35, 85, 135, 185, 216]);
    // Evenly distributed up to 60: 35 in the mean, 59 dB below the loudest.
    for (const { packet, marker } of noise) {
      expect([packet.length, marker]).toEqual([23, false]);
      expect(Math.abs(packet[12]! - 59)).toBeLessThanOrEqual(1);
    }
    expect(sent.filter(({ marker }) => marker).map(({ frame }) => frame)).toEqual([0, 200]);
  });

  it("what the far end makes of it is as loud as the room", () => {
    const random = new Random(9);
    const [near, far] = [newSession({ ssrc: 1 }), newSession({ ssrc: 2 })];
    near.configure(parameters(AGREED));
    far.configure(parameters({ direction: "recvonly" }));
    say(near, room(random, 8 * 8_000), (now, packet) => far.receive(now, REMOTE.address, REMOTE.port, packet));
    for (let frame = 0; frame < 400; frame++) far.tick(8_000_000 + frame * 20_000, 0, new Uint8Array(1_500));
    const heard = readAll(far).subarray(-16_000);
    const power = heard.reduce((sum, sample) => sum + sample * sample, 0) / heard.length;
    expect(Math.abs(10 * Math.log10(power / (60 ** 2 / 3)))).toBeLessThan(1);
  });

  it("nothing queued is silence, too, said with the least of levels", () => {
    const session = newSession();
    session.configure(parameters({ sendNoisePayloadType: 97 }));
    const packet = new Uint8Array(1_500);
    const sent = Array.from({ length: 100 }, (_, frame) => (session.tick(frame * 20_000, 0, packet) === 0 ? "" : `${packet[1]! & 0x7f} ${packet[12]}`));
    expect(sent.slice(0, 25)).toEqual(Array.from({ length: 25 }, () => "0 255"));
    expect(sent.slice(25).filter((each) => each !== "")).toEqual(["97 127", "97 127"]);
    expect(session.statistics()).toMatchObject({ packetsSent: 27, packetsSuppressed: 73, framesSilent: 25 });
  });

  it("a digit goes out all the same, and the silence after it is described anew", () => {
    const session = newSession();
    session.configure(parameters(AGREED));
    const packet = new Uint8Array(1_500);
    const types = Array.from({ length: 60 }, (_, frame) => {
      if (frame === 40) session.sendEvents([5], 60, 80);
      return session.tick(frame * 20_000, 0, packet) === 0 ? -1 : packet[1]! & 0x7f;
    });
    expect(types.slice(38, 50)).toEqual([-1, -1, 101, 101, 101, 101, 101, 0, 0, 13, -1, -1]);
  });

  it.each([10, 30, 60])("packets of %s ms are suppressed one by one", (ptime) => {
    const random = new Random(11);
    const session = newSession();
    session.configure(parameters({ ...AGREED, ptime }));
    const sent = say(session, room(random, 16_000));
    const { packetsSent, packetsSuppressed } = session.statistics();
    expect(packetsSent).toBe(sent.length);
    expect(packetsSent + packetsSuppressed).toBe(Math.floor(2_000 / ptime));
    expect(packetsSuppressed).toBeGreaterThan(1_100 / ptime);
    for (const { timestamp } of sent) expect((timestamp - 1_000) % (8 * ptime)).toBe(0);
  });

  it("a new far end hears audio first, and one that does not take comfort noise hears nothing else", () => {
    const session = newSession();
    session.configure(parameters(AGREED));
    const packet = new Uint8Array(1_500);
    const types = Array.from({ length: 120 }, (_, frame) => {
      if (frame === 40) session.configure(parameters({ ...AGREED, remotePort: 5_000 }));
      if (frame === 80) session.configure(parameters());
      return session.tick(frame * 20_000, 0, packet) === 0 ? -1 : packet[1]! & 0x7f;
    });
    expect(types.slice(26, 40).every((type) => type === -1)).toBe(true);
    expect(types.slice(40, 65).every((type) => type === 0)).toBe(true);
    expect(types[65]).toBe(13);
    expect(types.slice(80).every((type) => type === 0)).toBe(true);
  });
});
