import { afterEach, describe, expect, it } from "vitest";

import { within } from "./peers/deadline.ts";
import { decodeMulaw } from "./peers/mulaw.ts";
import { Peers } from "./peers/Peers.ts";
import { type HeardPacket, RTPEar } from "./peers/RTPEar.ts";
import { listenFor, tone } from "./peers/tone.ts";
import { answered, expectTone, startPhone } from "./phone.ts";

describe("the phone's RTP", () => {
  const peers = new Peers();
  afterEach(() => peers.stop());

  // pyVoIP 2.0 sends from another socket than the one in its SDP, which no NAT forgives, and its packets come every 20.24 to 20.8 ms.
  it("leaves from the port of its SDP, every 20 ms, in one unbroken stream", async () => {
    const audio = tone(440, 6).samples;
    const ear = peers.keep(await RTPEar.open());
    const sipp = await peers.sipp("uas-with-media-elsewhere", { keys: { ear: ear.port } });
    const phone = await startPhone(peers);
    const call = await phone.call(`sip:service@127.0.0.1:${sipp.port}`);
    await answered(call);
    call.play(audio).catch(() => undefined);
    const packets = (await ear.packets(200)).slice(0, 200);
    await within(call.hangup(), "the far end to confirm the BYE");
    await sipp.succeeded();

    const invite = (await sipp.messages()).find(({ text }) => text.startsWith("INVITE "))!.text;
    const offered = Number(/^m=audio (\d+) /m.exec(invite)![1]);
    expect(new Set(packets.map(({ from }) => from))).toEqual(new Set([`127.0.0.1:${offered}`]));
    expect(new Set(packets.map(({ payloadType }) => payloadType))).toEqual(new Set([0]));
    expect(new Set(packets.map(({ source }) => source)).size).toBe(1);
    const first = packets[0]!;
    expect(packets.map(({ sequence }) => (sequence - first.sequence) & 0xffff)).toEqual(packets.map((_, n) => n));
    const ticks = packets.map(({ timestamp }) => (timestamp - first.timestamp) >>> 0);
    expect(new Set(ticks.map((tick) => tick % 160))).toEqual(new Set([0]));
    // Its pace: the machine may hold a packet up, but never hurry one, so the quickest of the first and of the last second tell.
    const quickest = (some: readonly HeardPacket[]): { sent: number; transit: number } =>
      some
        .map(({ timestamp, arrived }) => ({
          sent: ((timestamp - first.timestamp) >>> 0) / 8,
          transit: arrived - ((timestamp - first.timestamp) >>> 0) / 8,
        }))
        .reduce((best, other) => (other.transit < best.transit ? other : best));
    const [early, late] = [quickest(packets.slice(0, 50)), quickest(packets.slice(-50))];
    const frame = 20 * (1 + (late.transit - early.transit) / (late.sent - early.sent));
    expect(frame).toBeGreaterThan(19.95);
    expect(frame).toBeLessThan(20.05);

    const samples = Int16Array.from(packets.flatMap(({ payload }) => [...decodeMulaw(payload)]));
    const heard = listenFor(440, { samples, sampleRate: 8000 });
    expectTone(heard, 3, call);
  });
});
