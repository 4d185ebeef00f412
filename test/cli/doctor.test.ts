import { describe, expect, it } from "vitest";
import { finish } from "./FakeIO.ts";

describe("sidetone doctor", () => {
  it("tells which engine runs, and why not the other", async () => {
    const { io, status } = await finish(["doctor", "--engine", "typescript"]);
    expect(status).toBe(0);
    expect(io.stdout.text).toContain("engine    typescript");
    expect(io.stdout.text).toContain("not native: SIDETONE_ENGINE=typescript");
    expect(io.stdout.text).toContain(process.versions.node);
  });

  it("tells programs", async () => {
    const { io, status } = await finish(["doctor", "--json", "--rtp-ports", "24000-24999"]);
    expect(status).toBe(0);
    expect(io.event("doctor")).toMatchObject({
      engine: process.env["SIDETONE_ENGINE"],
      node: process.versions.node,
      port: expect.any(Number),
    });
  });

  it("ends with 8 where RTP cannot be bound", async () => {
    const { io, status } = await finish(["doctor", "--bind", "192.0.2.1"]);
    expect(status).toBe(8);
    expect(io.stderr.text).toContain("192.0.2.1");
  });
});
