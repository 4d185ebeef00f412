import { mkdtemp, writeFile } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeWav } from "../../ts/audio/decodeWav.ts";
import { WavError } from "../../ts/audio/errors.ts";
import { readWav } from "../../ts/audio/wav.ts";
import { folder, wavBytes, wavFile } from "./wavFiles.ts";

describe("reading what is no WAV file", () => {
  it("names a file that is not there", async () => {
    const path = join(await folder(), "missing.wav");
    await expect(readWav(path)).rejects.toMatchObject({
      name: "WavError",
      code: "WAV_MISSING",
      path,
      message: expect.stringContaining(path),
    });
  });

  it("names a folder", async () => {
    const path = await mkdtemp(join(await folder(), "folder-"));
    await expect(readWav(path)).rejects.toMatchObject({ code: "WAV_UNREADABLE", message: expect.stringContaining("EISDIR") });
  });

  it("refuses other formats, and says what they are", async () => {
    const path = join(await folder(), "song.mp3");
    await writeFile(path, "ID3 and so on, long enough to hold a header");
    await expect(readWav(path)).rejects.toMatchObject({ code: "WAV_FORMAT", message: expect.stringContaining("RIFF") });
    await expect(readWav(await wavFile({ tag: 2, bits: 4 }, new Uint8Array(256)))).rejects.toThrow("format 2 with 4 bits");
  });

  it("refuses an empty file", async () => {
    const path = join(await folder(), "empty.wav");
    await writeFile(path, "");
    await expect(readWav(path)).rejects.toThrow("it is empty");
  });

  it("throws nothing but WavError, whatever the bytes", () => {
    const good = wavBytes({ tag: 1, bits: 16 }, new Uint8Array(64));
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { maxLength: 8 }), fc.nat(good.length), (edits, length) => {
        const bytes = Uint8Array.from(good.subarray(0, length));
        for (const [at, value] of edits) if (at < length) bytes[at] = value;
        try {
          decodeWav(bytes, 8000, "fuzz.wav");
        } catch (error) {
          expect(error).toBeInstanceOf(WavError);
        }
      }),
      { numRuns: 2000 },
    );
  });
});
