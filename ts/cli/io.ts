import type { ReadStream } from "node:tty";

/** Where text goes: a stream, or a test's list. */
export interface TextSink {
  write(text: string): unknown;
  /** Whether a person may be watching. */
  readonly isTTY?: boolean;
  /** The terminal's width. */
  readonly columns?: number;
}

/** What a command has of the world; `main.ts` gives it the process's own. */
export interface CommandIO {
  readonly stdout: TextSink;
  readonly stderr: TextSink;
  readonly stdin: NodeJS.ReadableStream & Partial<Pick<ReadStream, "isTTY">>;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The folder to which relative paths belong. */
  readonly cwd: string;
  /** Aborts on Ctrl-C: hang up, deregister, go. */
  readonly signal: AbortSignal;
}
