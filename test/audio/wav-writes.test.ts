import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Recorder } from "../../ts/audio/record.ts";
import { sine } from "../../ts/audio/tone.ts";
import { readWav } from "../../ts/audio/wav.ts";
import { WavWriter } from "../../ts/audio/WavWriter.ts";
import { folder } from "./wavFiles.ts";

describe("writing a WAV file", () => {
  it("gives back what was written, whatever the chunks", async () => {
    const path = join(await folder(), "chunks.wav");
    await fc.assert(
      fc.asyncProperty(fc.array(fc.int16Array({ maxLength: 9000 }), { maxLength: 6 }), async (chunks) => {
        const wav = await WavWriter.open(path);
        for (const chunk of chunks) wav.write(chunk);
        await wav.close();
        expect(Array.from(await readWav(path))).toEqual(chunks.flatMap((chunk) => Array.from(chunk)));
      }),
      { numRuns: 30 },
    );
  });

  it("has a header that plays before it is closed", async () => {
    const path = join(await folder(), "early.wav");
    const wav = await WavWriter.open(path);
    expect(await readWav(path)).toHaveLength(0);
    wav.write(sine(440, 3));
    await expect.poll(async () => (await readWav(path)).length).toBe(24_000);
    await wav.close();
  });

  it("copies the samples, so that the caller may use the array again", async () => {
    const path = join(await folder(), "copied.wav");
    const wav = await WavWriter.open(path);
    const samples = Int16Array.of(1, 2, 3);
    wav.write(samples);
    samples.fill(0);
    await wav.close();
    expect(await readWav(path)).toEqual(Int16Array.of(1, 2, 3));
  });

  it("writes the header byte for byte as RIFF wants it", async () => {
    const path = join(await folder(), "header.wav");
    const wav = await WavWriter.open(path, 16_000);
    wav.write(Int16Array.of(-2));
    await wav.close();
    expect((await readFile(path)).toString("hex")).toBe(
      ["524946462600000057415645", "666d74201000000001000100803e0000007d000002001000", "6461746102000000", "feff"].join(""),
    );
  });

  it("creates the folder, and ignores what comes after the end", async () => {
    const path = join(await folder(), "new", "folder", "a.wav");
    const wav = await WavWriter.open(path);
    await wav.close();
    wav.write(Int16Array.of(1));
    await wav.close();
    expect(wav.samples).toBe(0);
    expect(await readWav(path)).toHaveLength(0);
  });

  it("says where it cannot write", async () => {
    const file = join(await folder(), "file");
    await writeFile(file, "");
    const path = join(file, "a.wav");
    await expect(WavWriter.open(path)).rejects.toMatchObject({ code: "WAV_WRITE", path, message: expect.stringContaining(path) });
  });

  it.runIf(process.platform === "linux")("tells of a full disk when it is closed", async () => {
    const wav = await WavWriter.open("/dev/full").catch((error: unknown) => error);
    // Opening already writes the header.
    expect(wav).toMatchObject({ code: "WAV_WRITE", message: expect.stringContaining("ENOSPC") });
  });

  it("records with a duration, and closes at the end of its block", async () => {
    const path = join(await folder(), "recorded.wav");
    {
      await using recorder = await Recorder.open(path);
      recorder.write(sine(440, 0.25));
      expect(recorder.duration).toBe(0.25);
    }
    expect(await readWav(path)).toEqual(sine(440, 0.25));
  });
});
