import { describe, expect, it, onTestFinished } from "vitest";
import { run } from "../../ts/cli/run.ts";
import { VoIPCall } from "../../ts/index.ts";
import { sine } from "../phone/support.ts";
import { addressOf, PORTS, startPhone } from "./Account.ts";
import { FakeIO, finish } from "./FakeIO.ts";

class Humming extends VoIPCall {
  override async ringing(): Promise<void> {
    await this.answer();
    this.writeAudio(new Uint8Array(sine(440, 20, 16_384).buffer));
  }
}

/** What a terminal shows of a text: a carriage return goes back, and the sequence after it wipes the line. */
function screen(text: string): string {
  return text
    .split("\n")
    .map((line) => line.split("\r\u001B[K").at(-1))
    .join("\n");
}

describe("the progress line", () => {
  it("shows state, time, level and loss while a call is up, keeps out of the sentences' way, and leaves nothing", async () => {
    const bob = await startPhone("bob", { callClass: Humming, audioFormat: "s16le" });
    const io = new FakeIO(".");
    io.stderr.isTTY = true;
    io.stderr.columns = 50;
    const status = run(["call", addressOf(bob, "bob"), "--bind", "127.0.0.1", ...PORTS], io);
    onTestFinished(async () => {
      io.interrupt();
      await status;
    });
    await io.stderr.sees(/answered 00:0\d {2} -9 dB {2}0 lost \(0\.0 %\) {2}sip:bob@/);
    await io.stderr.sees(/answered 00:01/);
    io.interrupt();
    expect(await status).toBe(130);
    expect(io.stdout.text).toMatch(/: answered\n.*: hung up after/);
    expect(io.stdout.text).not.toContain("\r");
    expect(screen(io.stderr.text)).toBe("");
    const lines = io.stderr.text.split("\r\u001B[K");
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThan(50);
  });

  it("sums up several calls", async () => {
    const bob = await startPhone("bob", { callClass: Humming, audioFormat: "s16le" });
    const io = new FakeIO(".");
    io.stderr.isTTY = true;
    io.stderr.columns = 0;
    const status = run(["call", addressOf(bob, "bob"), "--bind", "127.0.0.1", "--calls", "3", ...PORTS], io);
    onTestFinished(async () => {
      io.interrupt();
      await status;
    });
    await io.stderr.sees(/3 calls {2}3 answered 00:0\d {2}0 lost \(0\.0 %\)/);
    io.interrupt();
    expect(await status).toBe(130);
  });

  it("is not there where stderr is a file or a pipe", async () => {
    const bob = await startPhone("bob", { callClass: Humming, audioFormat: "s16le" });
    const { io, status } = await finish(["call", addressOf(bob, "bob"), "--bind", "127.0.0.1", "--duration", "0.6", ...PORTS]);
    expect(status).toBe(0);
    expect(io.stderr.text).toBe("");
    expect(io.stdout.text).not.toContain("\r");
  });
});
