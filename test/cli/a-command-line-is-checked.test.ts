import { describe, expect, it } from "vitest";
import { ExitStatus } from "../../ts/cli/exit.ts";
import { COMMANDS, OPTIONS, parseCommand } from "../../ts/cli/options.ts";
import { finish } from "./FakeIO.ts";

describe("a command line", () => {
  it("is read whole", () => {
    const line =
      "call 4711 --server pbx.example.com:5070 --user alice --bind [::1]:5080 --rtp-ports 4000-4099 --engine typescript --play a.wav";
    const during = "--dtmf 12#a --hold 2 --transfer carol --duration 1.5 --calls 3";
    expect(parseCommand([...line.split(" "), ...during.split(" "), "--json", "--trace"])).toEqual({
      command: "call",
      number: "4711",
      server: { host: "pbx.example.com", port: 5070 },
      user: "alice",
      bind: { address: "::1", port: 5080 },
      rtpPorts: { low: 4000, high: 4099 },
      engine: "typescript",
      registerOnly: false,
      play: "a.wav",
      echo: false,
      dtmf: "12#A",
      hold: 2,
      transfer: "carol",
      duration: 1.5,
      calls: 3,
      trace: true,
      json: true,
    });
  });

  it.each([
    ["192.0.2.1", { host: "192.0.2.1" }],
    ["192.0.2.1:5070", { host: "192.0.2.1", port: 5070 }],
    ["2001:db8::1", { host: "2001:db8::1" }],
    ["[2001:db8::1]:5070", { host: "2001:db8::1", port: 5070 }],
  ])("takes %s for a server", (text, server) => {
    expect(parseCommand(["register", "--user", "a", "--server", text])).toMatchObject({ server });
  });

  it.each([
    [[], "no command"],
    [["dance"], '"dance"'],
    [["call"], "call needs a number"],
    [["call", "1", "2", "--server", "x", "--user", "y"], 'what is "2"'],
    [["call", "bob"], "--server"],
    [["answer", "bob"], '"bob"'],
    [["register"], "--server"],
    [["register", "--server", "x"], "--user"],
    [["register", "--server", "x:99999", "--user", "y"], "99999"],
    [["register", "--server", "x", "--user", "y", "--echo"], "--echo means nothing to register"],
    [["answer", "--bind", "example.com"], "example.com"],
    [["answer", "--rtp-ports", "1000"], "LOW-HIGH"],
    [["answer", "--rtp-ports", "1000-70000"], "70000"],
    [["answer", "--engine", "steam"], "steam"],
    [["answer", "--dtmf", "12x"], "12x"],
    [["answer", "--duration", "soon"], "soon"],
    [["answer", "--duration", "-1"], "--duration"],
    [["answer", "--calls", "0"], "--calls 0"],
    [["answer", "--colour"], "--colour"],
    [["demo", "--trace"], "--trace means nothing to demo"],
    [["doctor", "--user", "x"], "--user means nothing to doctor"],
    [["message"], "message needs a number"],
    [["message", "bob", "--server", "x", "--user", "y"], "message needs its text"],
    [["message", "bob", "two", "words", "--server", "x", "--user", "y"], 'what is "words"'],
    [["message", "bob", "hello"], "--server"],
    [["message", "sip:bob@192.0.2.1", "hello", "--play", "a.wav"], "--play means nothing to message"],
    [["answer", "--hold", "long"], "--hold long"],
    [["call", "sip:bob@192.0.2.1", "--transfer", "carol"], '--transfer "carol" needs a --server'],
    [["answer", "--register-only"], "--register-only needs --server"],
    [["call", "bob", "--server", "x"], "--user"],
    [["demo", "--register-only"], "--register-only means nothing to demo"],
  ])("%j is refused with a word on it", async (argv, words) => {
    const { io, status } = await finish(argv);
    expect(status).toBe(2);
    expect(io.stderr.text).toContain(words);
    expect(io.stdout.text).toBe("");
  });

  it.each(["--password", "--password=secret", "--pass", "-password"])("never takes a password (%s)", async (arg) => {
    const { io, status } = await finish(["register", "--server", "x", "--user", "y", arg, "hunter2"]);
    expect(status).toBe(2);
    expect(io.stderr.text).toContain("SIDETONE_PASSWORD");
    expect(io.stderr.text).not.toContain("hunter2");
  });

  it("tells mistakes to programs as well", async () => {
    const { io, status } = await finish(["dance", "--json"]);
    expect(status).toBe(2);
    expect(io.event("error")).toMatchObject({ code: "USAGE", message: expect.stringContaining("dance") });
  });

  it("has help that names every command, option and exit status, and fits a terminal", async () => {
    const { io, status } = await finish(["--help"]);
    expect(status).toBe(0);
    const options = Object.keys(OPTIONS).map((name) => `--${name}`).join(" ");
    for (const word of [...COMMANDS, ...options.split(" "), ...Object.values(ExitStatus).map(String)]) expect(io.stdout.text).toContain(word);
    expect(Math.max(...io.stdout.text.split("\n").map((line) => line.length))).toBeLessThanOrEqual(100);
  });

  it("knows its version", async () => {
    const { io, status } = await finish(["--version"]);
    expect(status).toBe(0);
    expect(io.stdout.text).toMatch(/^\d+\.\d+\.\d+\n$/);
  });
});
