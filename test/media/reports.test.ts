import { describe, expect, it } from "vitest";
import type { SessionCore, StreamParameters } from "../../ts/media/contract.ts";
import { compose, LONGEST, parseCompound } from "../../ts/media/typescript/rtcp.ts";
import { parameters, REMOTE, rtpPacket, STRANGER } from "./farEnd.ts";
import { events, newSession } from "./session.ts";

const EPOCH = 1_700_000_000_000_000;
const NEAR = { address: "192.0.2.50", port: 6_000 };

/** Two sessions joined by a link that takes so long each way, µs, and loses what `loses` says; `now` goes on in both. */
class Line {
  readonly near = newSession({ ssrc: 1, seed: 11, epoch: EPOCH, cname: "near" });
  readonly far = newSession({ ssrc: 2, seed: 22, epoch: EPOCH + 12_345_678, cname: "far", voipMetrics: true });
  readonly reports: { readonly time: number; readonly from: SessionCore; readonly packet: Uint8Array }[] = [];
  #now = 1_000_000;
  #count = 0;
  readonly #wire: { due: number; to: SessionCore; control: boolean; packet: Uint8Array }[] = [];
  readonly #delay: number;
  readonly #mux: boolean;

  constructor(delay: number, changes: Partial<StreamParameters> = {}) {
    this.#delay = delay;
    this.#mux = changes.rtcpMux === true;
    this.near.configure(parameters({ remoteAddress: REMOTE.address, remotePort: REMOTE.port, ...changes }));
    this.far.configure(parameters({ remoteAddress: NEAR.address, remotePort: NEAR.port, ...changes }));
  }

  run(seconds: number, loses: (count: number) => boolean = () => false): void {
    const packet = new Uint8Array(1_500);
    for (const end = this.#now + seconds * 1_000_000; this.#now < end; this.#now += 20_000) {
      for (const item of this.#wire.splice(0).toSorted((a, b) => a.due - b.due)) {
        if (item.due > this.#now) this.#wire.push(item);
        else this.#deliver(item);
      }
      for (const [from, to] of [[this.near, this.far], [this.far, this.near]] as const) {
        const length = from.tick(this.#now, 0, packet);
        this.#count += 1;
        if (length > 0 && !(from === this.near && loses(this.#count >> 1))) this.#send(to, false, packet.slice(0, length));
        const report = from.tickRtcp(this.#now, packet);
        if (report === 0) continue;
        this.reports.push({ time: this.#now, from, packet: packet.slice(0, report) });
        this.#send(to, true, packet.slice(0, report));
      }
    }
  }

  leave(): void {
    const packet = new Uint8Array(1_500);
    const length = this.near.bye(this.#now, packet);
    this.#send(this.far, true, packet.slice(0, length));
  }

  #send(to: SessionCore, control: boolean, packet: Uint8Array): void {
    this.#wire.push({ due: this.#now + this.#delay, to, control, packet });
  }

  #deliver({ due, to, control, packet }: { due: number; to: SessionCore; control: boolean; packet: Uint8Array }): void {
    const from = to === this.far ? NEAR : REMOTE;
    if (control && !this.#mux) to.receiveRtcp(due, from.address, from.port + 1, packet);
    else to.receive(due, from.address, from.port, packet);
  }
}

describe("two sessions that report to each other", () => {
  it("learn the round trip, and how the other hears them", () => {
    const line = new Line(40_000);
    line.run(60, (count) => count % 10 === 0);
    const [near, far] = [line.near.statistics(), line.far.statistics()];
    expect(near.rtt).toBeGreaterThan(79.9);
    expect(near.rtt).toBeLessThan(80.1);
    expect(far.rtt).toBeCloseTo(80, 0);
    expect(near.remoteLoss).toBeGreaterThan(0.08);
    expect(near.remoteLoss).toBeLessThan(0.12);
    expect(near.remotePacketsLost).toBeGreaterThan(200);
    expect(far.remoteLoss).toBe(0);
    expect(near.rtcpPacketsSent).toBeGreaterThanOrEqual(9);
    expect(near.rtcpPacketsReceived).toBe(far.rtcpPacketsSent);
    expect(far.packetsRejected + near.packetsRejected).toBe(0);
    // Ten percent of loss is heard; the other way nothing is wrong but 40 ms and the playout delay.
    expect(near.mos).toBeGreaterThan(4.3);
    expect(far.mos).toBeLessThan(3.8);
    expect(near.remoteRFactor).toBe(Math.floor(far.rFactor));
  });

  it("do so on one port where that is agreed", () => {
    const line = new Line(15_000, { rtcpMux: true });
    line.run(20);
    expect(line.near.statistics().rtt).toBeCloseTo(30, 0);
    expect(line.near.rtcpDestination()).toBe("192.0.2.1:4000");
    expect(line.far.statistics()).toMatchObject({ packetsRejected: 0, packetsLost: 0 });
  });

  it("send at intervals that differ, with their names, wall clock and RTP clock", () => {
    const line = new Line(1_000);
    line.run(100);
    const times = line.reports.filter(({ from }) => from === line.near).map(({ time }) => time);
    const steps = times.slice(1).map((time, index) => (time - (times[index] ?? 0)) / 1e6);
    expect(Math.min(...steps)).toBeGreaterThan(2);
    expect(Math.max(...steps)).toBeLessThan(6.3);
    expect(new Set(steps).size).toBeGreaterThan(5);
    const last = line.reports.findLast(({ from }) => from === line.near);
    const read = parseCompound(last?.packet ?? new Uint8Array(), false, 2, 1);
    expect(Buffer.from(last?.packet ?? []).toString("latin1", read?.nameStart, read?.nameEnd)).toBe("near");
    const unix = (last?.time ?? 0) + EPOCH;
    expect(read?.info?.ntpSeconds).toBe(Math.floor(unix / 1e6) + 2_208_988_800);
    expect(read?.info?.timestamp).toBe((1_000 + ((last?.time ?? 0) - 1_000_000) / 125) >>> 0);
    expect(read?.report).toMatchObject({ ssrc: 2, fractionLost: 0, lost: 0 });
  });

  it("say goodbye", () => {
    const line = new Line(1_000);
    line.run(2);
    line.leave();
    events(line.far);
    line.run(1);
    expect(events(line.far)).toContainEqual({ type: "bye", ssrc: 1 });
  });

  it("go on reporting while the call is on hold", () => {
    const line = new Line(1_000, { direction: "inactive" });
    line.run(30);
    expect(line.near.statistics()).toMatchObject({ packetsSent: 0, packetsReceived: 0 });
    expect(line.near.statistics().rtcpPacketsReceived).toBeGreaterThan(3);
  });
});

describe("a report", () => {
  const about = { ssrc: 0xcafe, fractionLost: 99, lost: 7, highest: 1, jitter: 5, lastReport: 0, delay: 0 };
  const report = (): Uint8Array => {
    const packet = new Uint8Array(LONGEST);
    const outgoing = { ssrc: 0x1234_5678, info: undefined, report: about, metrics: undefined, bye: true };
    return packet.slice(0, compose(packet, outgoing, new Uint8Array(0)));
  };

  it("from a stranger's address is refused", () => {
    const session = newSession();
    session.configure(parameters());
    session.receiveRtcp(0, STRANGER.address, STRANGER.port, report());
    expect(session.statistics()).toMatchObject({ rtcpPacketsReceived: 0, remotePacketsLost: 0, packetsRejected: 1 });
  });

  it("on RTP's port is refused unless that is agreed", () => {
    const session = newSession();
    session.configure(parameters());
    session.receive(0, REMOTE.address, REMOTE.port, report());
    expect(session.statistics()).toMatchObject({ rtcpPacketsReceived: 0, packetsRejected: 1 });
    session.configure(parameters({ rtcpMux: true }));
    session.receive(0, REMOTE.address, REMOTE.port, report());
    expect(session.statistics()).toMatchObject({ rtcpPacketsReceived: 1, packetsRejected: 1, remotePacketsLost: 7, remoteJitter: 5 });
  });

  it("shows by its port where ours must go, once its sender is known by its RTP", () => {
    const session = newSession();
    session.configure(parameters());
    expect(session.rtcpDestination()).toBe("192.0.2.1:4001");
    session.receiveRtcp(0, REMOTE.address, 7_777, report());
    expect(session.rtcpDestination()).toBe("192.0.2.1:4001");
    session.receive(0, REMOTE.address, REMOTE.port, rtpPacket({ sequence: 1, timestamp: 0, payload: new Uint8Array(160) }));
    session.receiveRtcp(0, REMOTE.address, 7_777, report());
    expect(session.rtcpDestination()).toBe("192.0.2.1:7777");
  });

  it("goes where a=rtcp says, and nowhere while the address is unspecified", () => {
    const session = newSession();
    session.configure(parameters({ remoteRtcpPort: 9_000, remoteRtcpAddress: "192.0.2.77" }));
    expect(session.rtcpDestination()).toBe("192.0.2.77:9000");
    session.configure(parameters({ remoteAddress: "0.0.0.0" }));
    const packet = new Uint8Array(1_500);
    let sent = 0;
    for (let now = 0; now < 20_000_000; now += 20_000) sent += session.tickRtcp(now, packet);
    expect(sent).toBe(0);
  });

  it("is not sent by one who never sent anything and leaves", () => {
    const session = newSession();
    session.configure(parameters());
    expect(session.bye(0, new Uint8Array(1_500))).toBe(0);
  });
});
