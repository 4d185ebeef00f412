import { readFile } from "node:fs/promises";
import { Worker } from "node:worker_threads";
import { decodeWav } from "./decodeWav.ts";
import type { DecodeAnswer, DecodeJob } from "./decodeWorker.ts";
import { systemCode, WavError } from "./errors.ts";

/**
 * Above this many bytes a file is decoded on a thread of its own. Resampling costs 20 ms a second of 48 kHz audio, in which
 * this thread would feed no call; 256 KiB is 16 s of 8 kHz audio, which needs no resampling and decodes in 10 ms.
 */
const INLINE_BYTES = 262_144;

/**
 * Reads a WAV file as mono 16-bit samples.
 * @param sampleRate in Hz; a file of another rate is resampled
 * @throws WavError: `WAV_MISSING` no such file, `WAV_UNREADABLE` it cannot be opened, `WAV_FORMAT` it is not a WAV that we can play
 * @example
 * const samples = await readWav("announcement.wav");
 */
export async function readWav(path: string, sampleRate = 8000): Promise<Int16Array> {
  const bytes = await readBytes(path);
  if (bytes.length <= INLINE_BYTES) return decodeWav(bytes, sampleRate, path);
  return decodeOnThread({ bytes, sampleRate, name: path });
}

async function readBytes(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (error) {
    const code = systemCode(error);
    const missing = code === "ENOENT";
    const message = missing
      ? "there is no such file; check the path"
      : `it cannot be read (${code}); check that it is a file, and its permissions`;
    throw new WavError(missing ? "WAV_MISSING" : "WAV_UNREADABLE", path, `cannot play ${path}: ${message}`, { cause: error });
  }
}

function decodeOnThread(job: DecodeJob): Promise<Int16Array> {
  return new Promise((resolve, reject) => {
    // Written out so that bundlers see it. Where the file is not beside us after all (a bundle that left it out, the
    // sources under a test runner), the thread reports that it cannot start and the work is done here.
    // Flags of the process are not for it: --input-type would keep it from starting.
    const worker = new Worker(new URL("./decodeWorker.js", import.meta.url), { workerData: job, execArgv: [] });
    worker.once("message", (answer: DecodeAnswer) => {
      if ("samples" in answer) resolve(answer.samples);
      else reject(new WavError("WAV_FORMAT", job.name, answer.error));
    });
    worker.once("error", () => {
      try {
        resolve(decodeWav(job.bytes, job.sampleRate, job.name));
      } catch (error) {
        reject(error instanceof Error ? error : new Error(String(error)));
      }
    });
  });
}
