import { describe, expect, it } from "vitest";
import type { StreamParameters } from "../../ts/media/contract.ts";
import { rtcpInterval, USUAL_BANDWIDTH } from "../../ts/media/typescript/interval.ts";
import { parameters } from "./farEnd.ts";
import { newSession, tick } from "./session.ts";
import { deliver, Talker } from "./Talker.ts";

/** RTCP packets that a session sends in so many seconds of a call with little audio, and the length of its goodbye. */
function reports(seconds: number, changes: Partial<StreamParameters>): { count: number; goodbye: number } {
  const session = newSession({ seed: 5, cname: "near" });
  session.configure(parameters(changes));
  const talker = new Talker();
  const packet = new Uint8Array(1_500);
  let count = 0;
  for (let frame = 0; frame < seconds * 50; frame++) {
    if (frame % 50 === 0) {
      deliver(session, frame * 20_000, talker.speak());
      tick(session, frame * 20_000);
    }
    count += session.tickRtcp(frame * 20_000, packet) > 0 ? 1 : 0;
  }
  return { count, goodbye: session.bye(seconds * 1_000_000, packet) };
}

describe("RTCP", () => {
  it("comes about every 5 s with the usual bandwidth (RFC 3550 §6.2)", () => {
    const { count, goodbye } = reports(120, {});
    expect(count).toBeGreaterThan(18);
    expect(count).toBeLessThan(32);
    expect(goodbye).toBeGreaterThan(0);
  });

  it("comes more seldom where b=RS and b=RR leave it less (RFC 3556)", () => {
    // About 110 octets with lower headers from each of two: 1,760 bits in 100 bit/s, a packet each 17.6 s.
    const { count } = reports(1_200, { rtcpSenderBandwidth: 25, rtcpReceiverBandwidth: 75 });
    expect(count).toBeGreaterThan(40);
    expect(count).toBeLessThan(100);
  });

  it("does not come at all with b=RS:0 and b=RR:0, not even to say goodbye", () => {
    expect(reports(60, { rtcpSenderBandwidth: 0, rtcpReceiverBandwidth: 0 })).toEqual({ count: 0, goodbye: 0 });
  });

  it("does not come from senders with b=RS:0, but from those who only listen", () => {
    expect(reports(60, { rtcpSenderBandwidth: 0 }).count).toBe(0);
    expect(reports(60, { rtcpSenderBandwidth: 0, direction: "recvonly" }).count).toBeGreaterThan(5);
    expect(reports(60, { rtcpReceiverBandwidth: 0, direction: "recvonly" }).count).toBe(0);
  });
});

describe("the interval of RFC 3550 A.7", () => {
  it.each([
    // Members, senders, we send, mean octets, initial: seconds without the random part.
    [2, 2, true, 128, false, 5],
    [2, 2, true, 128, true, 2.5],
    [1_000, 1, false, 100, false, (999 * 800) / 3_000],
    [1_000, 100, true, 100, false, (100 * 800) / 1_000],
    [1_000, 900, true, 100, false, (1_000 * 800) / 4_000],
  ])("of %s members with %s senders (we: %s)", (members, senders, weSent, average, initial, expected) => {
    expect(rtcpInterval(members, senders, USUAL_BANDWIDTH, weSent, average, initial, 0.5) * 1.218_28).toBeCloseTo(expected, 6);
  });

  it("gives each group the bandwidth that RFC 3556 gives it", () => {
    const narrow = { senders: 800, receivers: 200 };
    expect(rtcpInterval(20, 10, narrow, true, 100, false, 0.5) * 1.218_28).toBeCloseTo(10, 6);
    expect(rtcpInterval(20, 10, narrow, false, 100, false, 0.5) * 1.218_28).toBeCloseTo(40, 6);
    expect(rtcpInterval(20, 20, narrow, true, 100, false, 0.5) * 1.218_28).toBeCloseTo(16, 6);
  });
});
