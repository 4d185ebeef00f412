import { WavWriter } from "./WavWriter.ts";

/**
 * Records samples into a WAV file. It knows nothing of calls: whoever has samples hands them over with {@link write}.
 * @example
 * const recorder = await Recorder.open("call.wav");
 * recorder.write(samples);
 * await recorder.close();
 */
export class Recorder implements AsyncDisposable {
  readonly #wav: WavWriter;

  private constructor(wav: WavWriter) {
    this.#wav = wav;
  }

  /** Creates the file. @param channels 2: samples of left and right in turn @throws WavError (`WAV_WRITE`) when it cannot be created */
  static async open(path: string, sampleRate = 8000, channels: 1 | 2 = 1): Promise<Recorder> {
    return new Recorder(await WavWriter.open(path, sampleRate, channels));
  }

  get path(): string {
    return this.#wav.path;
  }

  /** Seconds recorded so far. */
  get duration(): number {
    return this.#wav.samples / this.#wav.channels / this.#wav.sampleRate;
  }

  /** Appends samples; they are copied before this returns, and ignored once closed. */
  write(samples: Int16Array): void {
    this.#wav.write(samples);
  }

  /** Ends the recording; settles when the file is whole. Again: the same promise. @throws WavError when it could not be written */
  close(): Promise<void> {
    return this.#wav.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
