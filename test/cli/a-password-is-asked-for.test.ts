import { describe, expect, it } from "vitest";
import { readPassword } from "../../ts/cli/password.ts";
import { FakeIO } from "./FakeIO.ts";

function terminal(): FakeIO {
  const io = new FakeIO(".");
  io.stdin.isTTY = true;
  io.stdin.setRawMode = () => {};
  return io;
}

describe("the password", () => {
  it("comes from the environment, even when it is empty", async () => {
    expect(await readPassword(new FakeIO(".", { SIDETONE_PASSWORD: "secret" }), "alice", "pbx")).toBe("secret");
    expect(await readPassword(new FakeIO(".", { SIDETONE_PASSWORD: "" }), "alice", "pbx")).toBe("");
  });

  it("is asked for in a terminal, and not shown", async () => {
    const io = terminal();
    const password = readPassword(io, "alice", "pbx.example.com");
    await io.stderr.sees(/Password of alice at pbx\.example\.com: /);
    // Typed, with one slip taken back.
    io.stdin.write("secrex\x7ft\r");
    expect(await password).toBe("secret");
    expect(io.stdout.text + io.stderr.text).not.toContain("secr");
  });

  it("is not asked for where nobody can type it", async () => {
    await expect(readPassword(new FakeIO("."), "alice", "pbx")).rejects.toMatchObject({
      code: "USAGE",
      message: expect.stringContaining("SIDETONE_PASSWORD"),
    });
  });

  it.each([
    ["Ctrl-C", "half\x03"],
    ["Ctrl-D", "\x04"],
  ])("is given up with %s", async (_name, key) => {
    const io = terminal();
    const password = readPassword(io, "alice", "pbx");
    await io.stderr.sees(/Password/);
    io.stdin.write(key);
    await expect(password).rejects.toMatchObject({ name: "AbortError" });
  });
});
