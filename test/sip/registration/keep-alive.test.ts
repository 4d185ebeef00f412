import { describe, expect, it } from "vitest";
import type { SIPRequest } from "../../../ts/sip/message/SIPRequest.ts";
import { NOTHING_LEFT, type Peer, World } from "../client/World.ts";

/** When a registered client pinged its registrar in the first four minutes, seconds. */
async function pings(registrarAddress: string, answered: [string, string][] = [], keepAlive?: number): Promise<number[]> {
  const world = new World();
  const pbx: Peer = await world.peer("pbx", registrarAddress);
  pbx.onRequest = (request: SIPRequest) => pbx.respond(request, 200, { contact: request.headers.get("Contact") ?? false, headers: answered });
  const options = keepAlive === undefined ? {} : { keepAlive };
  const client = world.client({ user: "alice", address: "10.0.0.1", server: registrarAddress, ...options });
  await world.during(client.start());
  const began = world.clock.now();
  const times: number[] = [];
  const observe = world.network.onDatagram;
  world.network.onDatagram = (bytes, from, to) => {
    if (Buffer.from(bytes).toString() === "\r\n\r\n") times.push((world.clock.now() - began) / 1000);
    observe?.(bytes, from, to);
  };
  await world.clock.advance(240_000);
  expect(await world.end()).toEqual(NOTHING_LEFT);
  return times.map(Math.round);
}

describe("keep-alives over UDP while registered", () => {
  it("go to a registrar on the internet every 80 to 100 % of 29 s (RFC 5626 §4.4.1)", async () => {
    const times = await pings("198.51.100.9");
    expect(times).toHaveLength(9);
    expect(times.slice(0, 3)).toEqual([26, 52, 78]);
  });

  it("go more often when the registrar's Flow-Timer wants it", async () => {
    expect((await pings("198.51.100.9", [["Flow-Timer", "10"]])).slice(0, 3)).toEqual([9, 18, 27]);
  });

  it("go as often as they are told to, and not at all at 0", async () => {
    expect((await pings("198.51.100.9", [], 60)).slice(0, 2)).toEqual([54, 108]);
    expect(await pings("198.51.100.9", [], 0)).toEqual([]);
  });

  it("do not go to a registrar in our own network: nothing stands between that could forget us", async () => {
    expect(await pings("10.0.0.2")).toEqual([]);
  });
});
