import { rm } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { root, run } from "./installed.ts";

describe("the examples", () => {
  it("answer-and-hang-up answers its friend, and hangs up", async () => {
    const { status, stdout, stderr } = await run(process.execPath, ["examples/run.mjs", "answer-and-hang-up"], root);
    expect(stderr).not.toMatch(/Error/);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^REGISTERED; call example\nsip:friend@.* calls\n/m);
    expect(stdout).toContain("answered and hung up: ENDED\n");
    expect(stdout).toMatch(/friend: heard \d\.\d s, then the call ended \(bye\)\n/);
    expect(stdout).toMatch(/INACTIVE\n$/);
  });

  it("answer-and-play is heard by its friend to the end", async () => {
    const { status, stdout, stderr } = await run(process.execPath, ["examples/run.mjs", "answer-and-play"], root);
    expect(stderr).not.toMatch(/Error/);
    expect(status).toBe(0);
    expect(stdout).toMatch(/friend@.* calls\n(.*\n)*friend: heard [67]\.\d s, then the call ended \(bye\)/);
  });

  it("place-a-call is answered, and records", async () => {
    onTestFinished(() => rm(join(root, "demo-out/place-a-call.wav"), { force: true }));
    const { status, stdout } = await run(process.execPath, ["examples/run.mjs", "place-a-call"], root);
    expect(status).toBe(0);
    expect(stdout).toMatch(/it rings\n(.*\n)*friend: heard digit 1\nfriend: heard digit 2\nfriend: heard digit #\n/);
    expect(stdout).toContain("listen to demo-out/place-a-call.wav");
  });

  it("place-a-call tells when nobody has the number", async () => {
    const { status, stdout } = await run(process.execPath, ["examples/run.mjs", "place-a-call", "nobody"], root);
    expect(status).toBe(1);
    expect(stdout).toContain("not answered: rejected 404");
  });

  it("dtmf-menu does what the keys say", async () => {
    const { status, stdout } = await run(process.execPath, ["examples/run.mjs", "dtmf-menu"], root);
    expect(status).toBe(0);
    expect(stdout.split("\n").filter((line) => !line.startsWith("friend"))).toEqual([
      "call example and press 1, 2 or #",
      "speaking",
      "key 1",
      "playing the reply",
      "key 2",
      "speaking",
      "key #",
      "",
    ]);
  });

  it("reception passes callers on, to a user and to a URI", async () => {
    const { status, stdout } = await run(process.execPath, ["examples/run.mjs", "reception"], root);
    expect(status).toBe(0);
    expect(stdout).toContain("to sales: true, ENDED");
    expect(stdout).toContain("friend: speaks with sip:sales");
    expect(stdout).toContain("to <sip:support@127.0.0.1>: true, ENDED");
    expect(stdout).toContain("friend: speaks with sip:support");
  });

  it("call-states shows every state, and an action at the wrong time", async () => {
    const { status, stdout } = await run(process.execPath, ["examples/run.mjs", "call-states"], root);
    expect(status).toBe(0);
    expect(stdout.split("\n").map((line) => line.trim())).toEqual([
      "phone: REGISTERING",
      "phone: REGISTERED",
      "a call that is answered, and hung up",
      "DIALING",
      "too early to hang up: the call is DIALING",
      "ANSWERED",
      "hook: answered",
      "ENDED",
      "a call that we give up",
      "DIALING",
      "CANCELING",
      "ENDED",
      "a call to nobody",
      "DIALING",
      "ENDED",
      "hook: notFound, SIP/2.0 404 Not Found",
      "ended: rejected 404",
      "phone: DEREGISTERING",
      "phone: INACTIVE",
      "",
    ]);
  });

  it("an unknown one is met with the list of all", async () => {
    const { status, stderr } = await run(process.execPath, ["examples/run.mjs", "dance"], root);
    expect(status).toBe(2);
    expect(stderr).toContain("answer-and-play|call-states|dtmf-menu|place-a-call|reception");
  });
});
