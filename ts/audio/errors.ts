import { SidetoneError } from "../error.ts";

/** A WAV file cannot be read or written. */
export class WavError extends SidetoneError {
  /** The file, or how the data was named. */
  readonly path: string;

  constructor(code: "WAV_MISSING" | "WAV_UNREADABLE" | "WAV_FORMAT" | "WAV_WRITE", path: string, message: string, options?: ErrorOptions) {
    super(code, message, options);
    this.path = path;
  }
}

/** The operating system's word for what went wrong (`ENOSPC`), or the error's own text. */
export function systemCode(error: unknown): string {
  if (error instanceof Error && "code" in error && typeof error.code === "string") return error.code;
  return error instanceof Error ? error.message : String(error);
}
