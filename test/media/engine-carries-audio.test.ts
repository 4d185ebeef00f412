import { describe, expect, it } from "vitest";
import { open, openPair, parametersTowards } from "./engine.ts";

/** A tone of 500 Hz: 16 samples a period. */
const tone = Int16Array.from({ length: 8_000 }, (_, index) => Math.round(8_000 * Math.sin((2 * Math.PI * index) / 16)));

/** How much of the samples' energy is at 500 Hz, 0 to 1. */
function shareOfTone(samples: Int16Array): number {
  let [real, imaginary, energy] = [0, 0, 0];
  for (const [index, sample] of samples.entries()) {
    real += sample * Math.cos((2 * Math.PI * index) / 16);
    imaginary += sample * Math.sin((2 * Math.PI * index) / 16);
    energy += sample * sample;
  }
  return energy === 0 ? 0 : (2 * (real * real + imaginary * imaginary)) / (samples.length * energy);
}

describe("two sessions on loopback", () => {
  it.each(["127.0.0.1", "::1"])("carry a tone from one to the other over %s", async (address) => {
    const [near, far] = await openPair(address);
    expect(near.write(tone)).toBe(tone.length);
    // Silence may lead the tone; half a second into what is heard, it is there.
    expect(await far.whenReadable(4_000)).toBe(true);
    const heard = new Int16Array(4_000);
    expect(far.read(heard)).toBe(4_000);
    let best = 0;
    for (let start = 0; start + 800 <= heard.length; start += 160) best = Math.max(best, shareOfTone(heard.subarray(start, start + 800)));
    expect(best).toBeGreaterThan(0.99);
  });

  it("tell when all is sent, and count what they sent", async () => {
    const [near, far] = await openPair();
    near.write(tone.subarray(0, 1_600));
    expect(near.statistics().samplesQueued).toBeGreaterThan(0);
    expect(await near.whenQueued(0)).toBe(true);
    expect(near.statistics()).toMatchObject({ samplesQueued: 0 });
    expect(near.statistics().packetsSent).toBeGreaterThanOrEqual(10);
    // All ten arrive; when, is the machine's business, and what is heard before may have been stretched over a late one.
    const heard = new Int16Array(1_600);
    while (far.statistics().packetsReceived < 10) {
      expect(await far.whenReadable(160)).toBe(true);
      far.read(heard);
    }
  });

  it("drop what is queued when told to", async () => {
    const session = await open();
    session.write(tone);
    expect(session.clear()).toBe(tone.length);
    expect(session.statistics().samplesQueued).toBe(0);
    expect(await session.whenQueued(0)).toBe(true);
  });

  it("have nothing to wait for when any number may be queued", async () => {
    const session = await open();
    session.write(tone);
    expect(await session.whenQueued(Infinity)).toBe(true);
  });
});

describe("those who wait for samples", () => {
  it("are each told when theirs are there", async () => {
    const [, far] = await openPair();
    const order: number[] = [];
    const wait = async (samples: number) => {
      expect(await far.whenReadable(samples)).toBe(true);
      order.push(samples);
      expect(far.statistics().samplesReadable).toBeGreaterThanOrEqual(samples);
    };
    await Promise.all([wait(800), wait(160), wait(320)]);
    expect(order).toEqual([160, 320, 800]);
  });

  it("are told no when the session closes first, and yes when the samples are there all the same", async () => {
    const [near, far] = await openPair();
    await far.whenReadable(320);
    const [neverReadable, neverQueued] = [far.whenReadable(60_000), near.write(tone) === tone.length && near.whenQueued(0)];
    await Promise.all([near.close(), far.close()]);
    expect(await Promise.all([neverReadable, neverQueued])).toEqual([false, false]);
    expect(await far.whenReadable(60_000)).toBe(false);
    expect(await far.whenReadable(320)).toBe(true);
    expect(far.read(new Int16Array(320))).toBe(320);
  });

  it("do not wait for more than the buffer holds", async () => {
    const near = await open();
    const far = await open({ session: { readCapacity: 1_024 } });
    near.configure(parametersTowards(far.localAddress, far.localPort));
    far.configure(parametersTowards(near.localAddress, near.localPort));
    expect(await far.whenReadable(1_000_000)).toBe(true);
    expect(far.statistics().samplesReadable).toBeGreaterThan(0);
  });
});

it("a closed session takes no more samples and keeps its counters", async () => {
  const [near] = await openPair();
  near.write(tone.subarray(0, 160));
  await near.whenQueued(0);
  await near.close();
  await near.close();
  const { packetsSent } = near.statistics();
  expect(packetsSent).toBeGreaterThan(0);
  expect(near.write(tone)).toBe(0);
  expect(near.sendEvents([1], 100, 50)).toBe(false);
});
