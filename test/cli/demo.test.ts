import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { start } from "./FakeIO.ts";

// The whole of it, page and recording, runs from the packed tarball: test/package.
describe("sidetone demo", () => {
  it("registers two phones and lets one call the other, and stops on Ctrl-C", async () => {
    const { io, status } = await start(["demo", "--json"]);
    await io.stdout.sees(/"ringing".*\n/);
    expect(io.events().map(({ event, user }) => user ?? event)).toEqual(["engine", "registrar", "alice", "bob", "calling", "ringing"]);
    io.interrupt();
    expect(await status).toBe(130);
    expect(io.event("error")).toBeUndefined();
    expect(existsSync(join(io.cwd, "demo-out/call.html"))).toBe(false);
  });
});
