import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type CallStatistics, type MediaOptions, VoIPCall, type VoIPPhone } from "../../ts/index.ts";
import type { Registrar } from "../../ts/testkit/index.ts";
import { Answering, talk } from "./calls.ts";
import { newPhone, next, sine, startRegistrar } from "./support.ts";

/** Long enough for the first report of RTCP and its answer on a busy machine. */
const DEADLINE = { timeout: 20_000, interval: 50 };

describe("a call between phones", { timeout: 40_000 }, () => {
  let registrar: Registrar;
  const phones: VoIPPhone[] = [];

  async function connect(ours: MediaOptions, theirs: MediaOptions): Promise<[VoIPCall, VoIPCall]> {
    const [alice, bob] = [newPhone("alice", registrar, ours), newPhone("bob", registrar, { callClass: Answering, ...theirs })];
    phones.push(alice, bob);
    await Promise.all([alice.start(), bob.start()]);
    const [call, answered] = await talk(alice, bob, "bob");
    return [call, answered];
  }

  beforeEach(async () => {
    registrar = await startRegistrar();
  });

  afterEach(async () => {
    await Promise.all(phones.splice(0).map((each) => each.stop()));
    await registrar.stop();
  });

  it("that both take comfort noise sends no silence, and nobody counts it as lost", async () => {
    const calls = await connect({ comfortNoise: true }, { comfortNoise: true });
    const both = (): CallStatistics[] => calls.map((call) => call.stats());
    await expect.poll(() => Math.min(...both().map(({ packetsSuppressed }) => packetsSuppressed)), DEADLINE).toBeGreaterThan(30);
    for (const statistics of both()) expect(statistics).toMatchObject({ packetsLost: 0, packetsRejected: 0 });
  });

  it("of which one does not take comfort noise sends all of its silence", async () => {
    const [call, answered] = await connect({ comfortNoise: true }, {});
    await expect.poll(() => Math.min(call.stats().packetsSent, answered.stats().packetsSent), DEADLINE).toBeGreaterThan(60);
    expect([call.stats().packetsSuppressed, answered.stats().packetsSuppressed]).toEqual([0, 0]);
  });

  it("tells by VoIP metrics how it is heard, on RTP's own port, where both want that", async () => {
    const [call, answered] = await connect({ voipMetrics: true, rtcpMux: true }, { voipMetrics: true });
    await expect.poll(() => Math.min(call.stats().remoteRFactor, answered.stats().remoteRFactor), DEADLINE).toBeGreaterThan(50);
  });

  it("hears a digit's sound where the phone is told to, and only there", async () => {
    const [call, answered] = await connect({}, { toneDetection: true });
    const heard = next(answered, "dtmf");
    let unheard = 0;
    call.on("dtmf", () => (unheard += 1));
    const [low, high] = [sine(770, 2, 6_000), sine(1_336, 2, 6_000)];
    const five = low.map((sample, index) => sample + (high[index] ?? 0));
    void call.play(five).catch(() => {});
    void answered.play(five).catch(() => {});
    expect(await heard).toEqual(["5", "inband"]);
    expect(unheard).toBe(0);
  });
});
