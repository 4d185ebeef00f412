import { type FileHandle, mkdir, open } from "node:fs/promises";
import { endianness } from "node:os";
import { dirname, resolve } from "node:path";
import { systemCode, WavError } from "./errors.ts";
import { HEADER_BYTES, wavHeader } from "./wavHeader.ts";

/** One second at 8 kHz: the file on the disk is never further behind than that. */
const BLOCK_BYTES = 16_000;
/** A RIFF size field holds no more (74 hours at 8 kHz). */
const LARGEST = 0xffff_ffff - HEADER_BYTES;

/**
 * Writes a 16-bit PCM WAV file while the samples still come.
 *
 * {@link write} only copies: the disk works behind it, a block at a time. The header is rewritten after each block, so that the
 * file plays even when the process dies before {@link close}.
 * @example
 * const wav = await WavWriter.open("call.wav");
 * wav.write(samples);
 * await wav.close();
 */
export class WavWriter {
  readonly path: string;
  readonly sampleRate: number;
  /** 1, or 2 whose samples come in turn: left, right. */
  readonly channels: number;
  readonly #file: FileHandle;
  #block: Buffer = Buffer.allocUnsafe(BLOCK_BYTES);
  #filled = 0;
  #accepted = 0;
  /** Bytes of samples that the disk has. */
  #stored = 0;
  /** The writes under way, one after the other. */
  #work: Promise<void> = Promise.resolve();
  #closing: Promise<void> | undefined;

  private constructor(path: string, sampleRate: number, channels: number, file: FileHandle) {
    this.path = path;
    this.sampleRate = sampleRate;
    this.channels = channels;
    this.#file = file;
  }

  /**
   * Creates the file, and its folder where there is none; an existing file is replaced.
   * @throws WavError (`WAV_WRITE`) when it cannot be created
   */
  static async open(path: string, sampleRate = 8000, channels: 1 | 2 = 1): Promise<WavWriter> {
    let file: FileHandle | undefined;
    try {
      await mkdir(dirname(resolve(path)), { recursive: true });
      file = await open(path, "w");
      await file.write(wavHeader(sampleRate, 0, channels), 0, HEADER_BYTES, 0);
      return new WavWriter(path, sampleRate, channels, file);
    } catch (error) {
      await file?.close();
      throw writeError(path, error);
    }
  }

  /** Samples taken so far, of all channels. */
  get samples(): number {
    return this.#accepted / 2;
  }

  /** Appends samples; they are copied before this returns. After {@link close} they are ignored. */
  write(samples: Int16Array): void {
    if (this.#closing !== undefined) return;
    let rest = littleEndian(samples).subarray(0, LARGEST - this.#accepted);
    this.#accepted += rest.length;
    while (rest.length > 0) {
      const taken = Math.min(rest.length, BLOCK_BYTES - this.#filled);
      this.#block.set(rest.subarray(0, taken), this.#filled);
      this.#filled += taken;
      rest = rest.subarray(taken);
      if (this.#filled === BLOCK_BYTES) this.#flush();
    }
  }

  /**
   * Writes what is left and closes the file. Again: the same promise.
   * @throws WavError (`WAV_WRITE`) when a write failed, now or before
   */
  close(): Promise<void> {
    this.#closing ??= this.#finish();
    return this.#closing;
  }

  async #finish(): Promise<void> {
    this.#flush();
    try {
      await this.#work;
    } catch (error) {
      throw writeError(this.path, error);
    } finally {
      await this.#file.close();
    }
  }

  #flush(): void {
    if (this.#filled === 0) return;
    const block = this.#block.subarray(0, this.#filled);
    this.#block = Buffer.allocUnsafe(BLOCK_BYTES);
    this.#filled = 0;
    this.#work = this.#work.then(() => this.#store(block));
    // close() reports it; until then a full disk is nobody's unhandled rejection.
    this.#work.catch(() => {});
  }

  async #store(block: Buffer): Promise<void> {
    await this.#file.write(block, 0, block.length, HEADER_BYTES + this.#stored);
    this.#stored += block.length;
    await this.#file.write(wavHeader(this.sampleRate, this.#stored, this.channels), 0, HEADER_BYTES, 0);
  }
}

function writeError(path: string, cause: unknown): WavError {
  const why = systemCode(cause);
  return new WavError("WAV_WRITE", path, `cannot write ${path}: ${why}; check the folder, its permissions and the space on the disk`, {
    cause,
  });
}

function littleEndian(samples: Int16Array): Buffer {
  const bytes = Buffer.from(samples.buffer, samples.byteOffset, samples.byteLength);
  return endianness() === "LE" ? bytes : Buffer.from(bytes).swap16();
}
