/** A call made of chance: streams with everything that networks and far ends do to them. The same seed makes the same call. */
import type { Direction, Encoding, SessionCore, SessionOptions, StreamParameters } from "../../ts/media/contract.ts";
import { encode } from "../../ts/media/typescript/g711.ts";
import { Control } from "../../ts/media/typescript/control.ts";
import { type Address, eventPayload, parameters, Random, REMOTE, rtpPacket, STRANGER } from "./farEnd.ts";

/** How a datagram goes by what the session sent before: a report that answers its last one, or a packet with its own SSRC. */
type Part = "answer" | "echo";

/** One call to a {@link SessionCore}. */
export type Step =
  | { readonly call: "configure"; readonly parameters: StreamParameters }
  | { readonly call: "receive"; readonly now: number; readonly from: Address; readonly datagram: Uint8Array; readonly as?: Part }
  | { readonly call: "receiveRtcp"; readonly now: number; readonly from: Address; readonly datagram: Uint8Array; readonly as?: Part }
  | { readonly call: "bye"; readonly now: number }
  | { readonly call: "tick"; readonly now: number; readonly skipped: number }
  | { readonly call: "write"; readonly samples: Int16Array }
  | { readonly call: "read"; readonly count: number }
  | { readonly call: "clear" }
  | { readonly call: "sendEvents"; readonly events: readonly number[]; readonly duration: number; readonly gap: number };

/** A session's options and what is done to it. */
export interface RandomCall {
  readonly options: SessionOptions;
  readonly steps: readonly Step[];
}

const SOURCES: readonly Address[] = [REMOTE, STRANGER, { address: "192.0.2.1", port: 4_002 }, { address: "2001:db8::7", port: 6_000 }];
const METRICS = {
  lossRate: 1,
  discardRate: 2,
  burstDensity: 3,
  gapDensity: 4,
  burstDuration: 5,
  gapDuration: 6,
  roundTripDelay: 7,
  endSystemDelay: 8,
  listeningQuality: 41,
  conversationalQuality: 40,
  nominalDelay: 40,
  maximumDelay: 60,
  absoluteMaximumDelay: 200,
};
const DIRECTIONS: readonly Direction[] = ["sendrecv", "sendrecv", "sendrecv", "sendonly", "recvonly", "inactive"];

/** How bad things are: percent. */
interface Trouble {
  readonly loss: number;
  readonly duplicate: number;
  readonly jitter: number;
  readonly stall: number;
  readonly upset: number;
  /** Packets of 1,000 before which nothing passes for a while, and how many ms of it at most. */
  readonly hold: number;
  readonly longest: number;
  /** How much faster the far end's clock runs than ours, ppm, at most; either way. */
  readonly drift: number;
}

/** Makes a call of `frames` frame intervals. */
export function randomCall(seed: number, frames: number): RandomCall {
  const random = new Random(seed);
  const options: SessionOptions = {
    ssrc: random.next(),
    sequence: random.pick([0, 65_530, random.below(65_536)]),
    timestamp: random.pick([0, 0xffff_ff00, random.next()]),
    ...(random.chance(30) ? { writeCapacity: random.pick([1, 256, 300, 1_024]), readCapacity: random.pick([1, 256, 300, 1_024]) } : {}),
    ...(random.chance(40) ? { minimumDelay: random.pick([0, 20, 33, 100]), maximumDelay: random.pick([0, 20, 60, 200, 500, 5_000]) } : {}),
    ...(random.chance(70) ? { cname: "x".repeat(random.below(20)), seed: random.next(), epoch: 1_700_000_000_000_000 + random.next() } : {}),
    ...(random.chance(50) ? { voipMetrics: true, toneDetection: true } : {}),
    ...(seed % 8 === 0 ? { symmetricRtp: false } : {}),
    ...(random.chance(50) ? { initialTimeout: random.pick([0, 1, 500, 2_000]), timeout: random.pick([0, 1, 300, 2_000]) } : {}),
  };
  return { options, steps: new Scene(random, options.ssrc).play(frames) };
}

/** A telephone-event that the far end is sending. */
interface KeyPress {
  readonly code: number;
  readonly start: number;
  elapsed: number;
  left: number;
  /** The far end is one of those that move the timestamp within an event. */
  readonly moving: boolean;
}

class Scene {
  readonly #random: Random;
  readonly #steps: Step[] = [];
  readonly #wire: { due: number; from: Address; datagram: Uint8Array; control?: boolean; as?: Part }[] = [];
  readonly #near32: number;
  #control: Control;
  #sent = 0;
  #trouble: Trouble;
  #now: number;
  #delay: number;
  // The far end's sender.
  #from: Address = REMOTE;
  #ssrc: number;
  #sequence: number;
  #timestamp: number;
  #encoding: Encoding = "PCMU";
  #frame = 160;
  #clock = 0;
  #silentFor = 0;
  #event: KeyPress | undefined;
  #phase = 0;
  readonly #drift: number;
  /** The far end's voice: its pitch period, and how loud tone and noise are. */
  #period: number;
  #loudness: number;
  readonly #noise: number;
  /** The far end's packets have our SSRC, whatever that is. */
  #echoes = false;
  /** How loud this side's caller is: as loud as can be, or almost silent. */
  #voice = 65_536;
  /** Until then nothing passes the network. */
  #heldUntil = 0;

  constructor(random: Random, ours: number) {
    this.#random = random;
    this.#near32 = ours;
    this.#trouble = random.pick([
      { loss: 0, duplicate: 0, jitter: 2, stall: 0, upset: 0, hold: 0, longest: 0, drift: 0 },
      { loss: 0, duplicate: 0, jitter: 8, stall: 0, upset: 0, hold: 20, longest: 120, drift: 5_000 },
      { loss: 1, duplicate: 0, jitter: 20, stall: 0, upset: 0.1, hold: 40, longest: 60, drift: 500 },
      { loss: 3, duplicate: 1, jitter: 30, stall: 0.5, upset: 0.3, hold: 10, longest: 300, drift: 2_000 },
      { loss: 10, duplicate: 3, jitter: 120, stall: 1, upset: 1, hold: 10, longest: 500, drift: 0 },
      { loss: 30, duplicate: 10, jitter: 400, stall: 3, upset: 5, hold: 0, longest: 0, drift: 0 },
    ]);
    this.#drift = random.below(2 * this.#trouble.drift + 1) - this.#trouble.drift;
    this.#period = random.pick([71, 45, 113, 160, 400]);
    this.#loudness = random.pick([300, 300, 30, 2, 0]);
    this.#noise = random.pick([600, 60, 8_000, 1]);
    this.#now = random.pick([0, 1_000_000, 2 ** 40]) + random.below(20_000);
    this.#delay = random.below(100_000);
    this.#ssrc = random.next();
    this.#control = new Control(this.#ssrc, "far", 1_600_000_000_000_000, random.next());
    this.#sequence = random.pick([0, 65_520, random.below(65_536)]);
    this.#timestamp = random.pick([0, 0xffff_f000, random.next()]);
    this.#frame = random.pick([160, 160, 160, 80, 240, 320, 480, 161]);
  }

  play(frames: number): readonly Step[] {
    // Most calls begin as calls do, or they would test nothing but refusals.
    if (this.#random.chance(85)) {
      this.#steps.push({ call: "configure", parameters: parameters() });
    } else if (this.#random.chance(90)) {
      this.#configure();
    }
    for (let frame = 0; frame < frames; frame++) {
      this.#farEnd();
      this.#upset();
      this.#report();
      this.#near();
      let skipped = 0;
      let interval = 20_000;
      if (this.#random.chance(this.#trouble.stall)) {
        skipped = this.#random.pick([1, 2, 5, 20, 70]);
        interval *= 1 + skipped;
        this.#clock -= 160 * skipped;
      }
      this.#deliver(this.#now + interval);
      this.#now += interval + (this.#random.chance(20) ? this.#random.below(4_000) - 2_000 : 0);
      this.#steps.push({ call: "tick", now: this.#now, skipped });
    }
    this.#steps.push({ call: "bye", now: this.#now });
    return this.#steps;
  }

  /** What the far end sends in one frame interval. */
  #farEnd(): void {
    const random = this.#random;
    this.#clock += 160;
    if (this.#silentFor > 0) {
      this.#silentFor -= 1;
      this.#timestamp = (this.#timestamp + 160) >>> 0;
      this.#clock -= 160;
      return;
    }
    while (this.#clock > 0) {
      this.#clock -= this.#frame;
      if (this.#event !== undefined) {
        this.#sendEvent(this.#event);
      } else {
        this.#send({ payloadType: this.#encoding === "PCMU" ? 0 : 8, timestamp: this.#timestamp, payload: this.#audio() });
      }
      this.#timestamp = (this.#timestamp + this.#frame) >>> 0;
    }
    if (this.#event === undefined && random.chance(1)) {
      const moving = random.chance(20);
      this.#event = { code: random.below(18), start: this.#timestamp, elapsed: 0, left: 2 + random.below(12), moving };
    }
    if (random.chance(1)) {
      this.#period = random.pick([71, 45, 113, 160, 400]);
      this.#loudness = random.pick([300, 300, 30, 2, 0]);
    }
    if (random.chance(0.5)) {
      this.#silentFor = random.pick([1, 3, 20, 110, 150]);
      if (random.chance(50)) {
        // What it says of its silence (RFC 3389).
        const payload = Uint8Array.from({ length: 1 + random.pick([0, 0, 4, 10, 30]) }, () => random.below(256));
        this.#send({ payloadType: 13, timestamp: this.#timestamp, payload });
      }
    }
  }

  #sendEvent(event: KeyPress): void {
    event.elapsed = Math.min(event.elapsed + (this.#random.chance(2) ? 40_000 : 160), 0xffff);
    event.left -= 1;
    const ended = event.left < 3;
    const timestamp = event.moving ? this.#timestamp : event.start;
    this.#send({ payloadType: 101, timestamp, payload: eventPayload(event.code, ended, event.elapsed) });
    if (event.left === 0) {
      this.#event = undefined;
    }
  }

  /** The far end reports, well or badly. */
  #report(): void {
    const random = this.#random;
    if (!random.chance(2)) {
      return;
    }
    if (random.chance(10)) {
      this.#control = new Control(this.#ssrc, "far", random.next() * 1_000_000, random.next());
    }
    const packet = new Uint8Array(1_500);
    const about = random.chance(90) ? this.#near32 : random.next();
    const length = this.#control.write(
      this.#now,
      {
        timestamp: this.#timestamp,
        packets: this.#sent,
        octets: this.#sent * 160,
        report: random.chance(80)
          ? {
              ssrc: about,
              fractionLost: random.below(256),
              lost: random.below(2 ** 24) - 2 ** 23,
              highest: random.next(),
              jitter: random.below(1_000),
              lastReport: random.next(),
              delay: random.below(1_000_000),
            }
          : undefined,
        metrics: random.chance(20) ? { ...METRICS, ssrc: about, rating: random.pick([93, 127, 50]) } : undefined,
        bye: random.chance(10),
      },
      packet,
    );
    const datagram = packet.slice(0, length);
    if (random.chance(20)) {
      datagram[random.below(datagram.length)] = random.below(256);
    }
    const from = random.chance(80) ? { address: this.#from.address, port: this.#from.port + 1 } : random.pick(SOURCES);
    this.#wire.push({ due: this.#now + this.#delay, from, datagram, control: random.chance(60), ...(random.chance(70) ? { as: "answer" } : {}) });
  }

  #send(fields: { payloadType: number; timestamp: number; payload: Uint8Array }): void {
    const random = this.#random;
    if (random.chance(this.#trouble.hold / 10)) {
      this.#heldUntil = this.#now + this.#delay + random.below(this.#trouble.longest * 1_000);
    }
    const marker = random.chance(2);
    const datagram = rtpPacket({ ...fields, marker, sequence: this.#sequence, ssrc: this.#ssrc });
    this.#sequence = (this.#sequence + 1) & 0xffff;
    this.#sent += 1;
    for (let copies = random.chance(this.#trouble.duplicate) ? 2 : 1; copies > 0; copies--) {
      if (!random.chance(this.#trouble.loss)) {
        const jitter = random.chance(20) ? random.below(this.#trouble.jitter * 1_000) : random.below(2_000);
        const due = this.#now + this.#delay - Math.floor((this.#now % 1e9) * this.#drift * 1e-6) + jitter;
        this.#wire.push({ due: Math.max(due, this.#heldUntil), from: this.#from, datagram, ...(this.#echoes ? { as: "echo" } : {}) });
      }
    }
  }

  /** A rough tone with noise on it, so that there is a pitch to find. */
  #audio(): Uint8Array {
    const samples = new Int16Array(this.#frame);
    for (let index = 0; index < samples.length; index++) {
      this.#phase = (this.#phase + 1) % this.#period;
      samples[index] = (this.#phase - this.#period / 2) * this.#loudness + this.#random.below(this.#noise);
    }
    const payload = new Uint8Array(samples.length);
    encode(this.#encoding, samples, payload);
    return payload;
  }

  /** Things that happen once in a while. */
  #upset(): void {
    const random = this.#random;
    if (!random.chance(this.#trouble.upset)) {
      return;
    }
    const happenings: readonly (() => void)[] = [
      () => this.#configure(),
      () => (this.#ssrc = random.next()),
      () => (this.#echoes = !this.#echoes),
      () => {
        // Somebody drew our SSRC.
        this.#ssrc = this.#near32;
        this.#control = new Control(this.#ssrc, "far", 1_600_000_000_000_000, random.next());
      },
      () => (this.#sequence = random.below(65_536)),
      () => (this.#sequence = (this.#sequence + random.pick([3, 70, 200, 2_999, 3_000, 65_430])) & 0xffff),
      () => (this.#timestamp = random.next()),
      () => (this.#timestamp = (this.#timestamp + random.pick([80, 160, 7_000, 9_000, 0xffff_fff0])) >>> 0),
      () => (this.#from = random.pick(SOURCES)),
      () => (this.#frame = random.pick([160, 80, 240, 320, 480, 1, 0, 960, 961])),
      () => {
        // Somebody is silent for longer than a timeout.
        this.#silentFor = 30 + random.below(120);
      },
      () => (this.#encoding = random.pick(["PCMU", "PCMA"] as const)),
      () => (this.#delay = random.below(300_000)),
      () => this.#wire.push({ due: this.#now, from: random.pick(SOURCES), datagram: this.#garbage() }),
      () => {
        // A stranger who tries to take the call over.
        const from = random.pick(SOURCES);
        const ssrc = random.chance(50) ? this.#ssrc : random.next();
        const sequence = random.below(65_536);
        for (let index = 0; index < 6; index++) {
          const datagram = rtpPacket({ sequence: sequence + index, timestamp: 160 * index, ssrc, payload: new Uint8Array(160) });
          this.#wire.push({ due: this.#now + index * 5_000, from, datagram });
        }
      },
    ];
    random.pick(happenings)();
    // A frame of no samples would never fill its interval.
    if (this.#frame === 0) {
      this.#send({ payloadType: 0, timestamp: this.#timestamp, payload: new Uint8Array(0) });
      this.#frame = 160;
    }
  }

  #garbage(): Uint8Array {
    const random = this.#random;
    const bytes = new Uint8Array(random.pick([0, 1, 11, 12, 13, 40, 172, 1_500, 1_501]));
    for (let index = 0; index < bytes.length; index++) {
      bytes[index] = random.below(256);
    }
    if (bytes.length > 0 && random.chance(70)) {
      bytes[0] = 0x80 | random.below(64);
    }
    if (bytes.length > 1 && random.chance(50)) {
      bytes[1] = random.pick([0, 8, 101, 0x80, 200, 201, 202, 207]);
    }
    return bytes;
  }

  #configure(): void {
    const random = this.#random;
    const remote = random.chance(70) ? REMOTE : random.pick(SOURCES);
    const changes: Partial<StreamParameters> = {
      direction: random.pick(DIRECTIONS),
      remoteAddress: remote.address,
      remotePort: remote.port,
      sendEventPayloadType: random.chance(15) ? -1 : 101,
      receiveEventPayloadType: random.chance(10) ? -1 : 101,
    };
    if (random.chance(30)) {
      Object.assign(changes, { sendEncoding: "PCMA", sendPayloadType: 8 });
    }
    if (random.chance(10)) {
      Object.assign(changes, { receivePayloadTypes: [8], receiveEncodings: ["PCMA"] });
    }
    if (random.chance(60)) {
      Object.assign(changes, { ptime: random.pick([10, 20, 30, 40, 50, 60, 0, 25, 1_000]) });
    }
    if (random.chance(40)) {
      Object.assign(changes, { sendNoisePayloadType: random.pick([13, 97, -1]), receiveNoisePayloadType: random.pick([13, 97, -1]) });
    }
    if (random.chance(30)) {
      const [rtcpSenderBandwidth, rtcpReceiverBandwidth] = random.pick([[0, 0], [0, 3_000], [1_000, 0], [100, 300], [64_000, 1], [4_294_967_295, 1]]);
      Object.assign(changes, { rtcpSenderBandwidth, rtcpReceiverBandwidth, voipMetrics: random.chance(50) });
    }
    if (random.chance(50)) {
      Object.assign(changes, { rtcpMux: random.chance(50), rtcpReducedSize: random.chance(50) });
    }
    if (random.chance(20)) {
      const remoteRtcpAddress = random.pick(["192.0.2.1", "2001:db8:0::7", "0.0.0.0"]);
      Object.assign(changes, { remoteRtcpPort: random.pick([0, 4_000, 4_001, 65_535]), remoteRtcpAddress });
    }
    this.#steps.push({ call: "configure", parameters: parameters(changes) });
  }

  /** What this side's caller does. */
  #near(): void {
    const random = this.#random;
    if (random.chance(2)) {
      this.#voice = random.pick([65_536, 4, 60, 200]);
    }
    if (random.chance(30)) {
      const samples = new Int16Array(random.pick([160, 160, 320, 1, 100, 1_000]));
      for (let index = 0; index < samples.length; index++) {
        samples[index] = random.below(this.#voice) - (this.#voice >> 1);
      }
      this.#steps.push({ call: "write", samples });
    }
    if (random.chance(40)) {
      this.#steps.push({ call: "read", count: random.pick([160, 160, 480, 1, 0, 2_000]) });
    }
    if (random.chance(1)) {
      this.#steps.push({ call: "clear" });
    }
    if (random.chance(2)) {
      const events = Array.from({ length: random.below(4) }, () => random.below(18));
      this.#steps.push({ call: "sendEvents", events, duration: random.pick([0, 40, 50, 100, 250, 9_000]), gap: random.pick([0, 50, 70]) });
    }
  }

  #deliver(until: number): void {
    const due = this.#wire.filter((packet) => packet.due < until).toSorted((a, b) => a.due - b.due);
    const later = this.#wire.filter((packet) => packet.due >= until);
    this.#wire.splice(0, this.#wire.length, ...later);
    for (const { due: now, from, datagram, control, as } of due) {
      const call = control === true ? "receiveRtcp" : "receive";
      this.#steps.push({ call, now: Math.max(now, this.#now), from, datagram, ...(as === undefined ? {} : { as }) });
    }
  }
}

/** What each core sent last: the middle of a sender report's time, and its SSRC. */
const reported = new WeakMap<SessionCore, number>();
const named = new WeakMap<SessionCore, number>();

/** A far end's datagram as it arrives: a report's first block then names the last report that came from this core. */
function arriving(core: SessionCore, { datagram, as }: { readonly datagram: Uint8Array; readonly as?: Part }): Uint8Array {
  const [at, value] = as === "echo" ? [8, named.get(core)] : [datagram[1] === 200 ? 44 : 24, reported.get(core)];
  if (as === undefined || value === undefined || datagram.length < at + 4) return datagram;
  const copy = datagram.slice();
  new DataView(copy.buffer).setUint32(at, value);
  return copy;
}

/** Does one step. @returns everything that can be seen of it, as something to compare */
export function perform(core: SessionCore, step: Step): readonly unknown[] {
  switch (step.call) {
    case "configure":
      core.configure(step.parameters);
      return [core.destination()];
    case "receive":
      core.receive(step.now, step.from.address, step.from.port, arriving(core, step));
      return [];
    case "receiveRtcp":
      core.receiveRtcp(step.now, step.from.address, step.from.port, arriving(core, step));
      return [];
    case "bye": {
      const packet = new Uint8Array(1_500);
      return [hex(packet, core.bye(step.now, packet)), core.rtcpDestination()];
    }
    case "tick": {
      const packet = new Uint8Array(1_500);
      const seen: string[] = [];
      for (let length = core.tick(step.now, step.skipped, packet); length > 0; length = core.more(packet)) {
        seen.push(hex(packet, length));
        named.set(core, new DataView(packet.buffer).getUint32(8));
      }
      const report = core.tickRtcp(step.now, packet);
      // The middle of its NTP time, where it is a sender report.
      if (report > 0 && packet[1] === 200) reported.set(core, new DataView(packet.buffer).getUint32(10));
      return [...seen, core.destination(), hex(packet, report), core.rtcpDestination()];
    }
    case "write":
      return [core.write(step.samples)];
    case "read": {
      const samples = new Int16Array(step.count);
      const count = core.read(samples);
      return [count, Buffer.from(samples.buffer, 0, 2 * count).toString("hex")];
    }
    case "clear":
      return [core.clear()];
    case "sendEvents":
      break;
  }
  return [core.sendEvents(step.events, step.duration, step.gap)];
}

function hex(packet: Uint8Array, length: number): string {
  return Buffer.from(packet.subarray(0, length)).toString("hex");
}

/** All events that wait. */
export function drain(core: SessionCore): readonly unknown[] {
  const events: unknown[] = [];
  for (let event = core.poll(); event !== undefined; event = core.poll()) {
    events.push(event);
  }
  return events;
}
