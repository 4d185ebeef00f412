import { describe, expect, it } from "vitest";
import type { Transport } from "../../ts/sip/transport/transport.ts";
import { MemoryNetwork, type MemoryNetworkOptions } from "../../ts/testkit/MemoryNetwork.ts";
import { VirtualClock } from "../../ts/testkit/VirtualClock.ts";

interface Pair {
  clock: VirtualClock;
  network: MemoryNetwork;
  alice: Transport;
  bob: Transport;
  /** What bob got, as `time number`. */
  received: string[];
  send: (from: number, to: number) => Promise<void>;
}

async function pair(options: Partial<MemoryNetworkOptions> = {}, protocol: "UDP" | "TCP" = "UDP"): Promise<Pair> {
  const clock = new VirtualClock();
  const network = new MemoryNetwork({ clock, seed: 7, ...options });
  const alice = network.transport("192.0.2.1", 5060, protocol);
  const bob = network.transport("192.0.2.2", 5060, protocol);
  const received: string[] = [];
  bob.onMessage = (message) => received.push(`${clock.now()} ${message[0]}`);
  await alice.open();
  await bob.open();
  const send = async (from: number, to: number): Promise<void> => {
    for (let i = from; i < to; i++) await alice.send(Uint8Array.of(i), bob.local);
  };
  return { clock, network, alice, bob, received, send };
}

async function sendHundred(seed: number): Promise<string[]> {
  const { clock, received, send } = await pair({ seed, loss: 0.1, duplicate: 0.1, minimumDelay: 5, maximumDelay: 100 });
  await send(0, 100);
  await clock.advance(100);
  return received;
}

const order = (received: readonly string[]): number[] => received.map((line) => Number(line.split(" ")[1]));

describe("MemoryNetwork", () => {
  it("carries messages in order when its conditions are the best, never synchronously", async () => {
    const { clock, received, send } = await pair();
    await send(0, 5);
    expect(received).toEqual([]);
    await clock.advance(0);
    expect(received).toEqual(["0 0", "0 1", "0 2", "0 3", "0 4"]);
    expect(clock.pending).toBe(0);
  });

  it("delays", async () => {
    const { clock, received, send } = await pair({ minimumDelay: 20 });
    await send(0, 1);
    await clock.advance(100);
    expect(received).toEqual(["20 0"]);
  });

  it("loses about the share it is told to", async () => {
    const { clock, received, send } = await pair({ loss: 0.3 });
    for (let round = 0; round < 10; round++) await send(0, 200);
    await clock.advance(0);
    expect(received.length / 2000).toBeGreaterThan(0.66);
    expect(received.length / 2000).toBeLessThan(0.74);
  });

  it("repeats about the share it is told to", async () => {
    const { clock, received, send } = await pair({ duplicate: 0.2 });
    for (let round = 0; round < 10; round++) await send(0, 200);
    await clock.advance(0);
    expect(received.length / 2000).toBeGreaterThan(1.16);
    expect(received.length / 2000).toBeLessThan(1.24);
  });

  it("reorders when the delay varies, and does all of it again from the same seed", async () => {
    const first = await sendHundred(42);
    expect(order(first)).not.toEqual(order(first).toSorted((a, b) => a - b));
    expect(await sendHundred(42)).toEqual(first);
    expect(await sendHundred(43)).not.toEqual(first);
  });

  it("drops what it is told to, as often as it is told to, and shows it to the observer all the same", async () => {
    const { clock, network, received, send } = await pair();
    const seen: number[] = [];
    network.onDatagram = (message) => seen.push(message[0]!);
    network.drop((message) => message[0] === 1, 2);
    await send(0, 3);
    await send(0, 3);
    await send(0, 3);
    await clock.advance(0);
    expect(order(received)).toEqual([0, 2, 0, 2, 0, 1, 2]);
    expect(seen).toEqual([0, 1, 2, 0, 1, 2, 0, 1, 2]);
  });

  it("has other conditions in one direction when told to", async () => {
    const { clock, network, alice, bob, received, send } = await pair();
    network.override((from) => from.address === "192.0.2.1", { loss: 1 });
    let answers = 0;
    alice.onMessage = () => answers++;
    await send(0, 3);
    await bob.send(Uint8Array.of(9), alice.local);
    await clock.advance(0);
    expect(received).toEqual([]);
    expect(answers).toBe(1);
  });

  it("neither loses nor reorders on a reliable transport, and refuses when nobody is there", async () => {
    const { clock, alice, bob, received, send } = await pair({ loss: 0.9, duplicate: 0.9, minimumDelay: 1, maximumDelay: 100 }, "TCP");
    await send(0, 50);
    await clock.advance(1000);
    expect(order(received)).toEqual(Array.from({ length: 50 }, (_, i) => i));
    await bob.close();
    await expect(alice.send(Uint8Array.of(1), bob.local)).rejects.toMatchObject({ systemCode: "ECONNREFUSED" });
  });

  it("refuses a port that is taken, gives it again once closed, and chooses one for port 0", async () => {
    const { network, alice } = await pair();
    await expect(network.transport("192.0.2.1", 5060).open()).rejects.toMatchObject({ systemCode: "EADDRINUSE" });
    await alice.close();
    await network.transport("192.0.2.1", 5060).open();
    const any = network.transport("192.0.2.1", 0);
    await any.open();
    expect(any.local.port).toBeGreaterThan(0);
  });

  it("sends nothing from a transport that is not open", async () => {
    const { alice, bob } = await pair();
    await alice.close();
    await expect(alice.send(Uint8Array.of(1), bob.local)).rejects.toMatchObject({ code: "TRANSPORT_CLOSED" });
    await expect(alice.open()).rejects.toMatchObject({ code: "TRANSPORT_CLOSED" });
  });
});
