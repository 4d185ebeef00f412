import { afterEach, describe, expect, it } from "vitest";

import { within } from "./peers/deadline.ts";
import { decodeMulaw } from "./peers/mulaw.ts";
import { Peers } from "./peers/Peers.ts";
import { RTPEar } from "./peers/RTPEar.ts";
import { listenFor, tone } from "./peers/tone.ts";
import { answered, startPhone } from "./phone.ts";

describe("the phone's RTP", () => {
  const peers = new Peers();
  afterEach(() => peers.stop());

  // pyVoIP 2.0 sends from another socket than the one in its SDP, which no NAT forgives, and its packets come every 20.24 to 20.8 ms.
  it("leaves from the port of its SDP, every 20 ms, in one unbroken stream", async () => {
    const ear = peers.keep(await RTPEar.open());
    const sipp = await peers.sipp("uas-with-media-elsewhere", { keys: { ear: ear.port } });
    const phone = await startPhone(peers);
    const call = await phone.call(`sip:service@127.0.0.1:${sipp.port}`);
    await answered(call);
    call.play(tone(440, 6).samples).catch(() => undefined);
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
    // A timestamp that moves on by 160 for each 20 ms that pass is the pace; a stall of the machine may skip frames, never add any.
    const elapsed = packets.at(-1)!.arrived - first.arrived;
    expect(elapsed / (ticks.at(-1)! / 160)).toBeCloseTo(20, 0.7);

    const samples = Int16Array.from(packets.flatMap(({ payload }) => [...decodeMulaw(payload)]));
    const heard = listenFor(440, { samples, sampleRate: 8000 });
    expect(heard.seconds).toBeGreaterThanOrEqual(3);
    expect(heard.share).toBeGreaterThanOrEqual(0.9);
  });
});
