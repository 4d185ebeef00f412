import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { encode } from "../../ts/media/typescript/g711.ts";
import { eventPayload, parameters, Random, REMOTE, rtpPacket } from "./farEnd.ts";
import { events, newSession } from "./session.ts";

const ROWS = [697, 770, 852, 941];
const COLUMNS = [1_209, 1_336, 1_477, 1_633];
const KEYS = "123A456B789C*0#D";
const SYMBOLS = "0123456789*#ABCD";

/** The keys, each for `on` samples with `off` of silence after it; row and column as loud as said. */
function dial(keys: string, { on = 800, off = 800, row = 6_000, column = 6_000, detune = 1 } = {}): Float64Array {
  const sound = new Float64Array(keys.length * (on + off) + 800);
  for (let press = 0; press < keys.length; press++) {
    const place = KEYS.indexOf(keys.charAt(press));
    const [low, high] = [ROWS[place >> 2] ?? 0, COLUMNS[place & 3] ?? 0];
    for (let index = 0; index < on; index++) {
      const angle = (2 * Math.PI * detune * index) / 8_000;
      sound[press * (on + off) + index] = row * Math.sin(angle * low) + column * Math.sin(angle * high);
    }
  }
  return sound;
}

/** What a session hears when this comes as G.711. */
function heard(sound: ArrayLike<number>, encoding: "PCMU" | "PCMA" = "PCMU"): { keys: string; ended: number } {
  const session = newSession({ toneDetection: true });
  session.configure(parameters());
  let keys = "";
  let ended = 0;
  const frames = Math.floor(sound.length / 160) + 20;
  for (let frame = 0; frame < frames; frame++) {
    const samples = Int16Array.from({ length: 160 }, (_, index) => Math.max(-32_768, Math.min(32_767, sound[frame * 160 + index] ?? 0)));
    const payload = new Uint8Array(160);
    encode(encoding, samples, payload);
    const packet = rtpPacket({ payloadType: encoding === "PCMU" ? 0 : 8, sequence: frame, timestamp: frame * 160, payload });
    session.receive(frame * 20_000, REMOTE.address, REMOTE.port, packet);
    session.tick(frame * 20_000, 0, new Uint8Array(1_500));
    for (const event of events(session)) {
      if (event.type === "dtmf-start") {
        expect(event.source).toBe("inband");
        keys += SYMBOLS[event.event] ?? "?";
      } else if (event.type === "dtmf-end") ended += 1;
    }
  }
  return { keys, ended };
}

function noisy(sound: Float64Array, loudness: number): Float64Array {
  const random = new Random(7);
  // The sum of twelve is near enough to a normal distribution.
  const noise = (): number => Array.from({ length: 12 }, () => random.below(2_001) - 1_000).reduce((sum, part) => sum + part, 0) / 2_000;
  return sound.map((sample) => sample + loudness * noise());
}

const wav = (name: string): Int16Array => {
  const bytes = readFileSync(new URL(`../../assets/${name}`, import.meta.url));
  return Int16Array.from({ length: (bytes.length - 44) >> 1 }, (_, index) => bytes.readInt16LE(44 + 2 * index));
};

describe("digits that come as sound", () => {
  it.each(["PCMU", "PCMA"] as const)("are heard, all sixteen, in %s", (encoding) => {
    expect(heard(dial(KEYS), encoding)).toEqual({ keys: KEYS, ended: 16 });
  });

  it("are heard at 45 ms of tone and 45 of pause", () => {
    expect(heard(dial("1999#70*", { on: 360, off: 360 })).keys).toBe("1999#70*");
  });

  it("are heard soft and loud, with twist, and with tones a little off", () => {
    expect(heard(dial("159D", { row: 500, column: 500 })).keys).toBe("159D");
    expect(heard(dial("159D", { row: 16_000, column: 16_000 })).keys).toBe("159D");
    expect(heard(dial("159D", { row: 4_000, column: 8_000 })).keys).toBe("159D");
    expect(heard(dial("159D", { row: 8_000, column: 4_000 })).keys).toBe("159D");
    expect(heard(dial("159D", { detune: 1.012 })).keys).toBe("159D");
    expect(heard(dial("159D", { detune: 0.988 })).keys).toBe("159D");
  });

  it("are heard in noise 15 dB below", () => {
    expect(heard(noisy(dial("0123456789"), 1_500)).keys).toBe("0123456789");
  });

  it("are not heard in noise, or in one tone", () => {
    expect(heard(noisy(new Float64Array(8_000 * 20), 6_000)).keys).toBe("");
    expect(heard(dial("111", { column: 0 })).keys).toBe("");
  });

  it.each(["speech.wav", "reply.wav"])("are not heard in speech: %s, soft and loud, in noise and not, at every speed", (name) => {
    const speech = Float64Array.from(wav(name));
    for (const gain of [0.5, 1, 3]) {
      expect(heard(speech.map((sample) => sample * gain)).keys).toBe("");
      expect(heard(noisy(speech.map((sample) => sample * gain), 400)).keys).toBe("");
    }
    // Other voices: the same speech, higher and lower.
    for (const speed of [0.7, 0.8, 0.9, 1.1, 1.25, 1.5, 1.8]) {
      const other = Float64Array.from({ length: Math.floor(speech.length / speed) }, (_, index) => speech[Math.floor(index * speed)] ?? 0);
      expect(heard(other).keys, `at ${speed}`).toBe("");
    }
  });

  it("are not heard without the option", () => {
    const session = newSession();
    session.configure(parameters());
    const sound = dial("5");
    for (let frame = 0; frame < 20; frame++) {
      const payload = new Uint8Array(160);
      encode("PCMU", Int16Array.from(sound.subarray(frame * 160, frame * 160 + 160)), payload);
      session.receive(frame * 20_000, REMOTE.address, REMOTE.port, rtpPacket({ sequence: frame, timestamp: frame * 160, payload }));
      session.tick(frame * 20_000, 0, new Uint8Array(1_500));
    }
    expect(events(session).map(({ type }) => type)).toEqual(["source"]);
  });

  it("are not heard twice from a far end that sends telephone-events as well", () => {
    const session = newSession({ toneDetection: true });
    session.configure(parameters());
    const sound = dial("55", { on: 1_600, off: 1_600 });
    const told: unknown[] = [];
    let sequence = 0;
    for (let frame = 0; frame < 50; frame++) {
      const payload = new Uint8Array(160);
      encode("PCMU", Int16Array.from(sound.subarray(frame * 160, frame * 160 + 160)), payload);
      session.receive(frame * 20_000, REMOTE.address, REMOTE.port, rtpPacket({ sequence: sequence++, timestamp: frame * 160, payload }));
      const press = Math.floor(frame / 20);
      if (frame % 20 < 10 && press < 2) {
        const event = eventPayload(5, frame % 20 === 9, 160 * ((frame % 20) + 1));
        const packet = rtpPacket({ payloadType: 101, sequence: sequence++, timestamp: press * 3_200, payload: event });
        session.receive(frame * 20_000, REMOTE.address, REMOTE.port, packet);
      }
      session.tick(frame * 20_000, 0, new Uint8Array(1_500));
      for (const event of events(session)) if (event.type === "dtmf-start") told.push([event.event, event.source]);
    }
    expect(told).toEqual([[5, "rtp"], [5, "rtp"]]);
  });
});
