import { parentPort, workerData } from "node:worker_threads";
import { decodeWav } from "./decodeWav.ts";
import { WavError } from "./errors.ts";

/** What {@link readWav} asks of the thread. */
export interface DecodeJob {
  readonly bytes: Uint8Array;
  readonly sampleRate: number;
  readonly name: string;
}

/** The thread's one answer: samples, or why not (an error's class does not cross threads). */
export type DecodeAnswer = { readonly samples: Int16Array } | { readonly error: string };

// What the one line in wav.ts that starts this thread hands over.
// oxlint-disable-next-line no-unsafe-type-assertion
const { bytes, sampleRate, name } = workerData as DecodeJob;

function answer(): DecodeAnswer {
  try {
    return { samples: decodeWav(bytes, sampleRate, name) };
  } catch (error) {
    if (error instanceof WavError) return { error: error.message };
    throw error;
  }
}

// The rule is about windows in browsers.
// oxlint-disable-next-line require-post-message-target-origin
parentPort?.postMessage(answer());
