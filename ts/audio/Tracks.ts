import type { Recorder } from "./record.ts";
import { SampleQueue } from "./SampleQueue.ts";

/** What to record of a call: what the far end says, both sides mixed into one channel, or both as left (far end) and right (ours). */
export type RecordedTracks = "received" | "mixed" | "stereo";

/**
 * How far one side may run ahead, in samples, before the other counts as silent: the counters by which both are known are a frame or two apart
 * now and then, and filling that up each time would push the sides apart.
 */
const LEAD = 480;

/** Brings what was received and what was sent side by side, and writes it to a file as the caller wants it. */
export class Tracks {
  readonly #recorder: Recorder;
  readonly #tracks: RecordedTracks;
  readonly #received = new SampleQueue();
  readonly #sent = new SampleQueue();

  constructor(recorder: Recorder, tracks: RecordedTracks) {
    this.#recorder = recorder;
    this.#tracks = tracks;
  }

  /** The next stretch of time: about as much of each side. The arrays must not change any more. */
  write(received: Int16Array, sent: Int16Array): void {
    if (this.#tracks === "received") {
      this.#recorder.write(received);
      return;
    }
    this.#received.push(received);
    this.#sent.push(sent);
    this.#flush(LEAD);
  }

  /** Writes what is left, and closes the file. @throws WavError when the disk did not take it all */
  close(): Promise<void> {
    this.#flush(0);
    return this.#recorder.close();
  }

  #flush(lead: number): void {
    const [received, sent] = [this.#received, this.#sent];
    if (Math.abs(received.length - sent.length) > lead) {
      const short = received.length < sent.length ? received : sent;
      short.push(new Int16Array(Math.abs(received.length - sent.length)));
    }
    const length = Math.min(received.length, sent.length);
    const [left, right] = [new Int16Array(length), new Int16Array(length)];
    received.shift(left);
    sent.shift(right);
    this.#recorder.write(this.#tracks === "stereo" ? interleave(left, right) : mix(left, right));
  }
}

function interleave(left: Int16Array, right: Int16Array): Int16Array {
  const both = new Int16Array(2 * left.length);
  left.forEach((sample, i) => {
    both[2 * i] = sample;
    both[2 * i + 1] = right[i] ?? 0;
  });
  return both;
}

/** The sum, as in a room; what is louder than 16 bits hold is clipped. */
export function mix(left: Int16Array, right: Int16Array): Int16Array {
  return left.map((sample, i) => Math.max(-32_768, Math.min(32_767, sample + (right[i] ?? 0))));
}
