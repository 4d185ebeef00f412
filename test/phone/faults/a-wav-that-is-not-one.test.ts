import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { WavError } from "../../../ts/index.ts";
import { Answering } from "../calls.ts";
import { next, uriOf } from "../support.ts";
import { callBeside } from "./beside.ts";
import { startPhone } from "./calls.ts";

/** What people mistake for a WAV, and what a broken disk makes of one. */
const FILES: readonly (readonly [string, string, Uint8Array])[] = [
  ["an MP3", "song.mp3", Buffer.from("ID3\x04\0\0\0\0\0\x23TSSE\0\0\0\x0f\0\0\x03Lavf58", "latin1")],
  ["an empty file", "empty.wav", new Uint8Array()],
  ["half a header", "short.wav", Buffer.from("RIFF\x24\x08\0\0WAVEfmt ", "latin1")],
  ["a page of text", "page.wav", Buffer.from("<html>404 Not Found</html>".repeat(40))],
];

describe("a WAV that is not one", () => {
  it.each(FILES)("%s: play() says so, its call goes on and can play another, and so does the call beside", async (_what, name, bytes) => {
    const folder = await mkdtemp(join(tmpdir(), "sidetone-wav-"));
    onTestFinished(() => rm(folder, { recursive: true }));
    const path = join(folder, name);
    await writeFile(path, bytes);
    const [alice, bob] = await Promise.all([startPhone("alice"), startPhone("bob", { callClass: Answering })]);
    const beside = await callBeside(alice);
    const call = await alice.call(uriOf(bob, "bob"));
    await next(call, "answered");

    const failure: unknown = await call.play(path).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(WavError);
    expect(failure).toMatchObject({ code: "WAV_FORMAT", message: expect.stringContaining(name) });

    expect(call.state).toBe("ANSWERED");
    await call.play(new Int16Array(800));
    await beside.unharmed();
    await call.hangup();
  });
});
