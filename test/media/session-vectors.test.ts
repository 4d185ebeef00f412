import { readFileSync, writeFileSync } from "node:fs";
import process from "node:process";
import { describe, expect, it } from "vitest";
import type { MediaStatistics, SessionCore, SessionOptions, StreamParameters } from "../../ts/media/contract.ts";
import { Session } from "../../ts/media/typescript/session.ts";
import { crc32, parameters, Random, REMOTE, rtpPacket } from "./farEnd.ts";
import { type RandomCall, randomCall, type Step } from "./randomCall.ts";
import { events, newSession } from "./session.ts";

/** A step, and what comes of it: `out` is short for a packet or for samples, `events` are those polled after it. */
interface Line {
  readonly configure?: StreamParameters;
  /** Time, address, port, datagram. */
  readonly receive?: readonly [number, string, number, string];
  /** Likewise. */
  readonly receiveRtcp?: readonly [number, string, number, string];
  /** Time. */
  readonly bye?: number;
  /** Time, frames skipped. */
  readonly tick?: readonly [number, number];
  /** Samples, little-endian. */
  readonly write?: string;
  readonly read?: number;
  readonly clear?: true;
  /** Codes, duration, gap. */
  readonly sendEvents?: readonly [readonly number[], number, number];
  readonly out?: string;
  readonly events?: readonly string[];
}

interface Vector {
  readonly name: string;
  readonly options: SessionOptions;
  readonly steps: readonly Line[];
  readonly statistics: MediaStatistics;
}

const file = new URL("../vectors/media/session.json", import.meta.url);

/** Seeds whose calls differ in how bad they are. */
const CALLS = [
  { name: "hardly any trouble", seed: 21, frames: 50 },
  { name: "some loss and jitter", seed: 10, frames: 50 },
  { name: "much loss and jitter", seed: 55, frames: 50 },
  { name: "a far end that is elsewhere", seed: 30, frames: 50 },
  { name: "a far end that keeps beginning anew", seed: 35, frames: 50 },
  { name: "a disaster", seed: 13, frames: 50 },
];

if (process.env["UPDATE_VECTORS"] === "1") {
  const vectors = [
    ...CALLS.map(({ name, seed, frames }) => record(name, randomCall(seed, frames))),
    record("comfort noise both ways", quietCall()),
  ];
  const texts = vectors.map(({ steps, ...rest }) => {
    const lines = steps.map((step) => `    ${JSON.stringify(step)}`).join(",\n");
    return `  { "name": ${JSON.stringify(rest.name)}, "options": ${JSON.stringify(rest.options)}, "steps": [\n${lines}\n  ], "statistics": ${JSON.stringify(rest.statistics)} }`;
  });
  writeFileSync(file, `[\n${texts.join(",\n")}\n]\n`);
}

describe("a recorded session", () => {
  const vectors: readonly Vector[] = JSON.parse(readFileSync(file, "utf8"));

  it.each(vectors)("with $name plays again as it was recorded", ({ options, steps, statistics }) => {
    const session = newSession(options);
    steps.forEach((step, index) => {
      const { out, events: happened, ...call } = step;
      expect({ ...call, ...perform(session, call) }, `step ${index}`).toEqual({
        ...call,
        ...(out === undefined ? {} : { out }),
        ...(happened === undefined ? {} : { events: happened }),
      });
    });
    expect(session.statistics()).toEqual(statistics);
  });
});

/** A room, a word, the room again, a digit; and the far end's silence, described. */
function quietCall(): RandomCall {
  const random = new Random(3);
  const steps: Step[] = [{ call: "configure", parameters: parameters({ sendNoisePayloadType: 13, ptime: 40 }) }];
  for (let frame = 0; frame < 120; frame++) {
    const peak = frame >= 50 && frame < 56 ? 4_000 : 40;
    steps.push({ call: "write", samples: Int16Array.from({ length: 160 }, () => random.below(2 * peak) - peak) });
    if (frame === 90) steps.push({ call: "sendEvents", events: [5], duration: 80, gap: 40 });
    if (frame % 50 === 1) {
      const payload = Uint8Array.of(50, 150, 110 + frame / 50);
      const datagram = rtpPacket({ payloadType: 13, sequence: frame / 50, timestamp: 160 * frame, payload });
      steps.push({ call: "receive", now: frame * 20_000, from: REMOTE, datagram });
    }
    steps.push({ call: "tick", now: frame * 20_000, skipped: 0 });
  }
  return { options: { ssrc: 1, sequence: 9, timestamp: 0 }, steps: [...steps, { call: "read", count: 20_000 }] };
}

function record(name: string, call: RandomCall): Vector {
  const session = new Session(call.options);
  const steps = call.steps.map((step) => {
    const line = asLine(step);
    return { ...line, ...perform(session, line) };
  });
  return { name, options: call.options, steps, statistics: session.statistics() };
}

function asLine(step: Step): Line {
  switch (step.call) {
    case "configure":
      return { configure: step.parameters };
    case "receive":
      return { receive: [step.now, step.from.address, step.from.port, Buffer.from(step.datagram).toString("hex")] };
    case "receiveRtcp":
      return { receiveRtcp: [step.now, step.from.address, step.from.port, Buffer.from(step.datagram).toString("hex")] };
    case "bye":
      return { bye: step.now };
    case "tick":
      return { tick: [step.now, step.skipped] };
    case "write":
      return { write: Buffer.from(step.samples.buffer).toString("hex") };
    case "read":
      return { read: step.count };
    case "clear":
      return { clear: true };
    case "sendEvents":
      break;
  }
  return { sendEvents: [step.events, step.duration, step.gap] };
}

function hex(packet: Uint8Array, length: number): string {
  return Buffer.from(packet.subarray(0, length)).toString("hex");
}

function perform(session: SessionCore, line: Line): Pick<Line, "out" | "events"> {
  let out: string | undefined;
  if (line.configure !== undefined) {
    session.configure(line.configure);
    out = session.destination();
  } else if (line.receive !== undefined) {
    const [now, address, port, datagram] = line.receive;
    session.receive(now, address, port, Buffer.from(datagram, "hex"));
  } else if (line.receiveRtcp !== undefined) {
    const [now, address, port, datagram] = line.receiveRtcp;
    session.receiveRtcp(now, address, port, Buffer.from(datagram, "hex"));
  } else if (line.tick !== undefined) {
    const packet = new Uint8Array(1_500);
    const seen: string[] = [];
    let length = session.tick(line.tick[0], line.tick[1], packet);
    do {
      seen.push(`${hex(packet, Math.min(length, 12))} ${length} ${crc32(packet.subarray(0, length))}`);
      length = session.more(packet);
    } while (length > 0);
    const report = session.tickRtcp(line.tick[0], packet);
    if (report > 0) seen.push(hex(packet, report));
    out = seen.join(" ");
  } else if (line.bye !== undefined) {
    const packet = new Uint8Array(1_500);
    out = hex(packet, session.bye(line.bye, packet));
  } else if (line.write !== undefined) {
    const bytes = Buffer.from(line.write, "hex");
    out = `${session.write(Int16Array.from({ length: bytes.length / 2 }, (_, index) => bytes.readInt16LE(2 * index)))}`;
  } else if (line.read !== undefined) {
    const samples = new Int16Array(line.read);
    const count = session.read(samples);
    out = `${count} ${crc32(new Uint8Array(samples.buffer, 0, 2 * count))}`;
  } else if (line.clear !== undefined) {
    out = `${session.clear()}`;
  } else if (line.sendEvents !== undefined) {
    out = `${session.sendEvents(...line.sendEvents)}`;
  }
  const happened = events(session).map((event) => {
    const { type, ...values } = event;
    return [type, ...Object.values(values)].join(" ");
  });
  return { ...(out === undefined ? {} : { out }), ...(happened.length === 0 ? {} : { events: happened }) };
}
