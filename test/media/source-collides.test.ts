import { describe, expect, it } from "vitest";
import { parseCompound } from "../../ts/media/typescript/rtcp.ts";
import { parameters, REMOTE, rtpPacket, STRANGER } from "./farEnd.ts";
import { events, newSession, readAll, tick } from "./session.ts";
import { deliver, Talker } from "./Talker.ts";

const OURS = 0xcafe;

describe("a far end with our own SSRC (RFC 3550 §8.2)", () => {
  it("makes us say goodbye for it and take another, once", () => {
    const session = newSession({ seed: 99 });
    session.configure(parameters());
    const talker = new Talker();
    talker.ssrc = OURS;
    const packet = new Uint8Array(1_500);
    const seen = new Set<number>();
    const reports: Uint8Array[] = [];
    for (let frame = 0; frame < 500; frame++) {
      if (frame >= 5) deliver(session, frame * 20_000, talker.speak());
      const sent = tick(session, frame * 20_000)!;
      seen.add(sent.ssrc);
      expect(sent.sequence).toBe((65_534 + frame) & 0xffff);
      const length = session.tickRtcp(frame * 20_000, packet);
      if (length > 0) reports.push(packet.slice(0, length));
    }
    const [first, second, ...rest] = seen;
    expect([first, rest]).toEqual([OURS, []]);
    expect(second).not.toBe(OURS);
    // A receiver report without blocks, the name, and the goodbye (§6.1: it stands at the end).
    const goodbye = reports[0]!;
    expect([...goodbye.subarray(0, 8)]).toEqual([0x80, 201, 0, 1, 0, 0, 0xca, 0xfe]);
    expect([...goodbye.subarray(-8)]).toEqual([0x81, 203, 0, 1, 0, 0, 0xca, 0xfe]);
    expect(parseCompound(reports[1]!, false, OURS, 0)).toMatchObject({ sender: second });
    expect(session.statistics()).toMatchObject({ packetsReceived: 495, packetsLost: 0, packetsLooped: 0 });
  });

  it("counts in its reports only what the new source has sent", () => {
    const session = newSession({ seed: 4 });
    session.configure(parameters());
    const packet = new Uint8Array(1_500);
    let last: Uint8Array | undefined;
    for (let frame = 0; frame < 1_000; frame++) {
      if (frame === 100) deliver(session, frame * 20_000, rtpPacket({ sequence: 1, timestamp: 0, ssrc: OURS, payload: new Uint8Array(160) }));
      tick(session, frame * 20_000);
      const length = session.tickRtcp(frame * 20_000, packet);
      if (length > 0) last = packet.slice(0, length);
    }
    const { info } = parseCompound(last!, false, 0, 0)!;
    const { packetsSent, bytesSent } = session.statistics();
    expect(packetsSent).toBe(1_000);
    expect(info!.packets).toBeLessThanOrEqual(900);
    expect(info!.packets).toBeGreaterThan(550);
    expect(info!.octets).toBe(info!.packets * 160);
    expect(bytesSent).toBe(160_000);
  });

  it("that sends back what we send is a loop, counted and heard", () => {
    const session = newSession({ seed: 7 });
    session.configure(parameters());
    const packet = new Uint8Array(1_500);
    const ssrcs = new Set<number>();
    session.write(new Int16Array(16_000).fill(5_000));
    for (let frame = 0; frame < 100; frame++) {
      const length = session.tick(frame * 20_000, 0, packet);
      ssrcs.add(new DataView(packet.buffer).getUint32(8));
      deliver(session, frame * 20_000 + 3_000, packet.slice(0, length));
    }
    expect(ssrcs.size, "one change, not one a packet").toBe(2);
    expect(session.statistics()).toMatchObject({ packetsReceived: 100, packetsLooped: 99, packetsRejected: 0 });
    expect(readAll(session).filter((sample) => Math.abs(sample - 5_000) < 200).length).toBeGreaterThan(14_000);
  });

  it("whose reports come back is looped, too, and does not report to itself", () => {
    const session = newSession({ seed: 7 });
    session.configure(parameters());
    const packet = new Uint8Array(1_500);
    for (let frame = 0; frame < 1_500; frame++) {
      tick(session, frame * 20_000);
      const length = session.tickRtcp(frame * 20_000, packet);
      if (length > 0) session.receiveRtcp(frame * 20_000 + 1_000, REMOTE.address, REMOTE.port + 1, packet.slice(0, length));
    }
    const { rtt, rtcpPacketsSent, packetsLooped, remotePacketsLost } = session.statistics();
    expect([rtt, remotePacketsLost]).toEqual([0, 0]);
    // The first report is the collision, the second the goodbye of the former source.
    expect(packetsLooped).toBe(rtcpPacketsSent - 2);
    expect(events(session)).toEqual([]);
  });

  it("from a stranger's address changes nothing", () => {
    const session = newSession();
    session.configure(parameters());
    deliver(session, 0, rtpPacket({ sequence: 1, timestamp: 0, ssrc: OURS, payload: new Uint8Array(160) }), STRANGER);
    expect(tick(session, 0)!.ssrc).toBe(OURS);
    expect(session.statistics().packetsLooped).toBe(0);
  });
});
