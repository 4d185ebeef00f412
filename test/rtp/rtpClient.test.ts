import { createSocket } from "node:dgram";
import { EventEmitter, once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it, onTestFinished } from "vitest";
import { readWav } from "../../ts/audio/wav.ts";
import { NoPortsAvailableError, PayloadType, RTPClient, type RTPClientOptions, RTPMessage, RTPParseError, SidetoneError, TransmitType } from "../../ts/index.ts";
import { shareAt, sine, within } from "../phone/support.ts";

const ASSOC = new Map([[8, PayloadType.PCMA], [96, PayloadType.EVENT]]);

async function freePort(): Promise<number> {
  const socket = createSocket("udp4").bind(0, "127.0.0.1");
  await once(socket, "listening");
  const { port } = socket.address();
  socket.close();
  await once(socket, "close");
  return port;
}

const clients: RTPClient[] = [];
afterEach(() => Promise.all(clients.splice(0).map((each) => each.stop())));

/** Two clients that talk with each other. */
async function pair(first: Partial<RTPClientOptions> = {}, second: Partial<RTPClientOptions> = {}): Promise<[RTPClient, RTPClient]> {
  const [a, b] = [await freePort(), await freePort()];
  const ours = new RTPClient({ assoc: ASSOC, inIp: "127.0.0.1", inPort: a, outIp: "127.0.0.1", outPort: b, audioFormat: "s16le", ...first });
  const theirs = new RTPClient({ assoc: ASSOC, inIp: "127.0.0.1", inPort: b, outIp: "127.0.0.1", outPort: a, audioFormat: "s16le", ...second });
  clients.push(ours, theirs);
  await Promise.all([ours.start(), theirs.start()]);
  return [ours, theirs];
}

const bytesOf = (samples: Int16Array): Uint8Array => new Uint8Array(samples.buffer);
const samplesOf = (bytes: Uint8Array): Int16Array => new Int16Array(bytes.slice().buffer);

describe("RTPClient, without a phone", () => {
  it("RTPClient.write is heard by RTPClient.read of the other", async () => {
    const [ours, theirs] = await pair();
    ours.write(bytesOf(sine(1000, 3)));
    const heard = await within(10_000, "a second of audio", theirs.read(16_000));
    expect(shareAt(1000, samplesOf(heard).subarray(4_000))).toBeGreaterThan(0.9);
    expect(theirs.stats().packetsReceived).toBeGreaterThan(20);
  });

  it("RTPClient.read without blocking never waits, in 8-bit linear by default", async () => {
    const [ours] = await pair({ audioFormat: "u8" });
    expect(await ours.read(160, false)).toEqual(new Uint8Array(160).fill(0x80));
  });

  it("sends nothing when it only receives, and tells its type as TransmitType does", async () => {
    const [ours, theirs] = await pair({ sendrecv: TransmitType.RECVONLY });
    theirs.write(bytesOf(sine(1000, 2)));
    await within(10_000, "audio", ours.read(8_000));
    expect(ours.stats().packetsSent).toBe(0);
    expect(ours.sendrecv).toBe("recvonly");
  });

  it("RTPClient tells its dtmf callback of each key", async () => {
    const heard: string[] = [];
    const keys = new EventEmitter();
    const done = once(keys, "both");
    const [, theirs] = await pair({ sendrecv: TransmitType.INACTIVE }, {
      dtmf: (digit) => {
        heard.push(digit);
        if (heard.length === 2) keys.emit("both");
      },
    });
    // Keys come from a telephone: here a socket that sends its packets, in the middle of a stream of them.
    const phone = createSocket("udp4");
    onTestFinished(() => void phone.close());
    for (const [i, event] of [1, 11].entries()) {
      for (let n = 0; n < 4; n++) {
        const packet = Buffer.alloc(16);
        packet.set([0x80, n === 0 ? 0x80 | 96 : 96]);
        packet.writeUInt16BE(10 * i + n, 2);
        packet.writeUInt32BE(8000 * i, 4);
        packet.writeUInt32BE(42, 8);
        packet.set([event, n === 3 ? 0x8a : 0x0a], 12);
        packet.writeUInt16BE(160 * (n + 1), 14);
        phone.send(packet, theirs.inPort, "127.0.0.1");
      }
    }
    await within(5_000, "both keys", done);
    expect(heard.join("")).toBe("1#");
  });

  it("plays, and records both sides: left what it heard, right what it sent", async () => {
    const folder = await mkdtemp(join(tmpdir(), "sidetone-"));
    onTestFinished(() => rm(folder, { recursive: true }));
    const [ours, theirs] = await pair();
    const recordings = await Promise.all([
      ours.record(join(folder, "stereo.wav"), { tracks: "stereo" }),
      ours.record(join(folder, "mixed.wav"), { tracks: "mixed" }),
      ours.record(join(folder, "received.wav")),
    ]);
    theirs.write(bytesOf(sine(1000, 2)));
    await within(15_000, "playing", ours.play(sine(440, 1.5)));
    await Promise.all(recordings.map((recording) => recording.stop()));
    const [stereo, mixed, received] = await Promise.all(["stereo", "mixed", "received"].map((name) => readChannels(join(folder, `${name}.wav`))));
    expect([stereo?.length, mixed?.length, received?.length]).toEqual([2, 1, 1]);
    expect(shareAt(1000, middle(stereo?.[0]))).toBeGreaterThan(0.9);
    expect(shareAt(440, middle(stereo?.[1]))).toBeGreaterThan(0.9);
    expect(shareAt(1000, middle(received?.[0]))).toBeGreaterThan(0.9);
    expect(shareAt(1000, middle(mixed?.[0]))).toBeGreaterThan(0.35);
    expect(shareAt(440, middle(mixed?.[0]))).toBeGreaterThan(0.35);
  });

  it("RTPClient.start fails with a typed error on a taken port; RTPClient.stop frees it", async () => {
    const [ours] = await pair();
    const second = new RTPClient({ assoc: ASSOC, inIp: "127.0.0.1", inPort: ours.inPort, outIp: "127.0.0.1", outPort: 9 });
    await expect(second.start()).rejects.toThrow(NoPortsAvailableError);
    await expect(ours.start()).rejects.toMatchObject({ code: "INVALID_STATE" });
    expect(() => second.write(new Uint8Array(1))).toThrow(SidetoneError);
    await ours.stop();
    await second.start();
    await second.stop();
    expect(() => new RTPClient({ assoc: new Map([[3, PayloadType.GSM]]), inIp: "", inPort: 1, outIp: "", outPort: 1 })).toThrow(/PCMU or PCMA/);
  });
});

const packet = (type: number, payload: Uint8Array): Uint8Array => Uint8Array.of(0x80, type, 0, 1, 0, 0, 0, 0, 0, 0, 0, 9, ...payload);

function client(options: Partial<RTPClientOptions> = {}): RTPClient {
  return new RTPClient({ assoc: new Map([[0, PayloadType.PCMU], ...ASSOC]), inIp: "127.0.0.1", inPort: 1, outIp: "127.0.0.1", outPort: 1, ...options });
}

describe("the steps of the codecs", () => {
  it("RTPClient.encodePacket and RTPClient.parsePacket undo each other, within the codec's precision", () => {
    for (const [number, assoc] of [[0, new Map([[0, PayloadType.PCMU]])], [8, ASSOC]] as const) {
      const either = client({ assoc, audioFormat: "s16le" });
      const audio = bytesOf(sine(1000, 0.02));
      const back = samplesOf(either.parsePacket(packet(number, either.encodePacket(audio))));
      expect(Math.max(...back.map((sample, i) => Math.abs(sample - (samplesOf(audio)[i] ?? 0))))).toBeLessThan(300);
    }
  });

  it("RTPClient.parsePcmu, parsePcma, encodePcmu and encodePcma speak 8-bit unsigned linear by default: silence is 0x80", () => {
    const silence = new Uint8Array(4).fill(0x80);
    expect(client().encodePcmu(silence)).toEqual(new Uint8Array(4).fill(0xff));
    expect(client().encodePcma(silence)).toEqual(new Uint8Array(4).fill(0xd5));
    expect(client().parsePcmu(new RTPMessage(packet(0, new Uint8Array(4).fill(0xff))))).toEqual(silence);
    expect(client().parsePcma(new RTPMessage(packet(8, new Uint8Array(4).fill(0xd5))))).toEqual(silence);
  });

  it("RTPClient.parseTelephoneEvent reads key, end, volume and duration", () => {
    const message = new RTPMessage(packet(96, Uint8Array.of(11, 0x8a, 3, 0x20)), ASSOC);
    expect(client().parseTelephoneEvent(message)).toEqual({ event: 11, digit: "#", end: true, volume: 10, duration: 800 });
    expect(client().parsePacket(message.raw)).toHaveLength(0);
    expect(() => client().parseTelephoneEvent(new RTPMessage(packet(96, Uint8Array.of(1)), ASSOC))).toThrow(RTPParseError);
    expect(() => client().parsePacket(packet(3, Uint8Array.of(1)))).toThrow(/GSM/);
  });
});

/** 600 ms from the middle of a recording. */
function middle(samples: Int16Array | undefined): Int16Array {
  return samples?.subarray(samples.length / 2 - 2_400, samples.length / 2 + 2_400) ?? new Int16Array(0);
}

/** A recording's channels. */
async function readChannels(path: string): Promise<Int16Array[]> {
  const file = await readFile(path);
  const channels = file.readUInt16LE(22);
  if (channels === 1) return [await readWav(path)];
  const frames = (file.length - 44) / 2 / channels;
  return Array.from({ length: channels }, (_, channel) =>
    Int16Array.from({ length: frames }, (__, frame) => file.readInt16LE(44 + 2 * (frame * channels + channel))),
  );
}
