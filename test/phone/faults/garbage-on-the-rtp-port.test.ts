import { describe, expect, it } from "vitest";
import { next } from "../support.ts";
import { callBeside } from "./beside.ts";
import { mediaPortOf, startPhone } from "./calls.ts";
import { noise, random, seed } from "./garbage.ts";
import { agree } from "./speaker.ts";
import { Stranger } from "./Stranger.ts";

/** What comes at a port that somebody scans: noise, other people's RTP, RTP with fields that cannot be, empty datagrams. */
function junk(): Uint8Array {
  const kind = random.below(4);
  if (kind === 0) return noise(1_400);
  const rtp = Buffer.alloc(172, 0x55);
  rtp.set(noise(12).subarray(0, 12));
  // Version 2; then a count of sources, an extension or padding longer than the packet; then one that only its sender gives away.
  rtp[0] = kind === 1 ? 0xbf : kind === 2 ? 0x90 : 0x80;
  rtp[1] = kind === 3 ? 0 : random.below(256);
  return kind === 1 ? rtp.subarray(0, random.below(40)) : rtp;
}

describe(`garbage on the RTP port (seed ${seed})`, () => {
  it("from strangers, at the ports of RTP and RTCP: the call does not hear it", async () => {
    const alice = await startPhone("alice");
    const beside = await callBeside(alice);
    const stranger = await Stranger.open();
    const port = mediaPortOf(String(beside.call.request));
    for (let burst = 0; burst < 50; burst++) {
      // Twenty a frame: a thousand a second. More at once would not be garbage but a flood, for which the socket has no room.
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      await Promise.all(Array.from({ length: 20 }, (_, index) => stranger.send(junk(), port + (index % 4 === 0 ? 1 : 0))));
      // oxlint-disable-next-line no-await-in-loop
      await beside.hears(0.02);
    }
    await beside.unharmed();
  });

  it("from the far end itself: counted as packetsRejected, the call stays, and so does the one beside", async () => {
    const alice = await startPhone("alice");
    const beside = await callBeside(alice);
    const [stranger, media] = await Promise.all([Stranger.open(), Stranger.open()]);
    agree(stranger, media.port);
    const call = await alice.call(`sip:stranger@127.0.0.1:${stranger.port}`);
    await next(call, "answered");
    const port = mediaPortOf(await stranger.sees(/^INVITE /));
    const sent = 500;
    for (let count = 0; count < sent; count++) {
      // Version 1 is never RTP.
      // oxlint-disable-next-line no-await-in-loop -- as fast as one socket sends
      await media.send(Uint8Array.of(0x40, ...noise(300)), port);
    }
    await expect.poll(() => call.stats().packetsRejected, { timeout: 5_000 }).toBeGreaterThan(sent / 10);
    expect(call.stats().packetsRejected).toBeLessThanOrEqual(sent);
    expect(call.stats().packetsReceived).toBe(0);
    expect(call.state).toBe("ANSWERED");
    await beside.unharmed();
    await call.hangup();
  });
});
