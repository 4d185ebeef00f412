import dgram from "node:dgram";
import { once } from "node:events";
import { describe, expect, it, onTestFinished } from "vitest";
import { SidetoneError } from "../../ts/error.ts";
import type { OpenOptions } from "../../ts/media/contract.ts";
import { MediaSocketError, NoPortsAvailableError } from "../../ts/media/errors.ts";
import { portCandidates } from "../../ts/media/typescript/ports.ts";
import { freePorts } from "../phone/support.ts";
import { engine, open, parametersTowards } from "./engine.ts";

async function errorOf(options: Partial<OpenOptions>): Promise<unknown> {
  return open(options).then(
    () => undefined,
    (error: unknown) => error,
  );
}

describe("a session's port", () => {
  it("is even, within the range, and not always the same", async () => {
    const sessions = await Promise.all(Array.from({ length: 8 }, () => open({ portLow: 41_001, portHigh: 49_001 })));
    const ports = sessions.map((session) => session.localPort);
    for (const port of ports) {
      expect(port % 2).toBe(0);
      expect(port).toBeGreaterThanOrEqual(41_001);
      expect(port).toBeLessThanOrEqual(49_001);
    }
    expect(new Set(ports).size).toBe(ports.length);
    expect(sessions[0]?.localAddress).toBe("127.0.0.1");
  });

  it("is odd when no even one is free", async () => {
    const { low } = await freePorts(4);
    // Alone in its range, it takes no second port for RTCP.
    await open({ portLow: low + 2, portHigh: low + 2 });
    const range = { portLow: low + 1, portHigh: low + 3 };
    const [second, third] = [await open(range), await open(range)];
    expect(new Set([second.localPort, third.localPort])).toEqual(new Set([range.portLow, range.portHigh]));
    expect(await errorOf(range)).toBeInstanceOf(NoPortsAvailableError);
  });

  it("is free again once the session is closed, running or not", async () => {
    const first = await open();
    const range = { portLow: first.localPort, portHigh: first.localPort };
    await first.close();
    for (let round = 0; round < 5; round += 1) {
      const session = await open(range);
      expect(session.localPort).toBe(range.portLow);
      session.configure(parametersTowards("127.0.0.1", 9));
      await session.close();
    }
    const plain = dgram.createSocket("udp4");
    onTestFinished(() => void plain.close());
    plain.bind(range.portLow, "127.0.0.1");
    await once(plain, "listening");
  });

  it("may be the same for IPv4 and IPv6", async () => {
    const four = await open({ address: "127.0.0.1" });
    const six = await open({ address: "::1", portLow: four.localPort, portHigh: four.localPort });
    expect(six.localPort).toBe(four.localPort);
  });
});

describe("opening fails", () => {
  it("with the range when every port is taken", async () => {
    const { localPort: port } = await open();
    const error = await errorOf({ portLow: port, portHigh: port });
    expect(error).toBeInstanceOf(NoPortsAvailableError);
    expect(error).toMatchObject({ code: "NO_PORTS_AVAILABLE", address: "127.0.0.1", portLow: port, portHigh: port });
  });

  it("at once with the address when that is not ours", async () => {
    const error = await errorOf({ address: "192.0.2.1", portLow: 1_024, portHigh: 65_535 });
    expect(error).toBeInstanceOf(MediaSocketError);
    expect(error).toMatchObject({ code: "MEDIA_SOCKET", address: "192.0.2.1" });
  });

  it("when the address is no IP address", async () => {
    expect(await errorOf({ address: "localhost" })).toBeInstanceOf(MediaSocketError);
  });

  it.each([0, 65_536, 10.5, Number.NaN])("when %s is given as a port", async (port) => {
    const error = await errorOf({ portLow: port, portHigh: 20_000 });
    expect(error).toBeInstanceOf(SidetoneError);
    expect(error).toMatchObject({ code: "INVALID_PORT" });
  });
});

function order(low: number, high: number, start: number): number[] {
  return [...portCandidates(low, high, start)];
}

describe("the order in which ports are tried", () => {
  // The same cases as in crates/engine/src/ports.rs.
  it("begins at a random even port, wraps, and ends with the odd ones", () => {
    expect(order(10_000, 10_005, 1)).toEqual([10_002, 10_004, 10_000, 10_003, 10_005, 10_001]);
    expect(order(10_001, 10_004, 7)).toEqual([10_004, 10_002, 10_003, 10_001]);
    expect(order(10_001, 10_001, 9)).toEqual([10_001]);
    expect(order(10_000, 10_000, 9)).toEqual([10_000]);
    expect(order(65_535, 65_535, 2 ** 32 - 1)).toEqual([65_535]);
    expect(order(5, 4, 0)).toEqual([]);
  });

  it("has every port once", () => {
    expect(order(1, 65_535, 12_345).toSorted((a, b) => a - b)).toEqual(Array.from({ length: 65_535 }, (_, index) => index + 1));
  });
});

it("a session's start values are random unless given", async () => {
  const first = await open({ session: { ssrc: 7, sequence: 65_535, timestamp: 2 ** 32 - 1 } });
  const ear = dgram.createSocket("udp4");
  onTestFinished(() => void ear.close());
  ear.bind(0, "127.0.0.1");
  await once(ear, "listening");
  first.configure(parametersTowards("127.0.0.1", ear.address().port));
  const [given]: Buffer[] = await once(ear, "message");
  expect([given?.readUInt16BE(2), given?.readUInt32BE(4), given?.readUInt32BE(8)]).toEqual([65_535, 2 ** 32 - 1, 7]);
  await first.close();
  const starts = new Set<string>();
  for (let round = 0; round < 4; round += 1) {
    const session = await open();
    session.configure(parametersTowards("127.0.0.1", ear.address().port));
    const [packet]: Buffer[] = await once(ear, "message");
    starts.add(packet?.toString("hex", 2, 12) ?? "");
    await session.close();
  }
  expect(starts.size).toBe(4);
  expect(engine.name).toMatch(/native|typescript/);
});
