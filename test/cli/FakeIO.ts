import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { onTestFinished } from "vitest";
import type { CommandIO, TextSink } from "../../ts/cli/io.ts";
import { run } from "../../ts/cli/run.ts";

/** Text as it comes, and promises for what is to come. */
export class Sink implements TextSink {
  text = "";
  isTTY?: boolean;
  columns?: number;
  #waiting: { pattern: RegExp; settle: (match: string) => void }[] = [];

  write(text: string): void {
    this.text += text;
    for (const { pattern, settle } of this.#waiting) {
      const [match] = pattern.exec(this.text) ?? [];
      if (match !== undefined) settle(match);
    }
  }

  /** Settles once the pattern has appeared; rejects after ten seconds. */
  async sees(pattern: RegExp): Promise<string> {
    let timer: NodeJS.Timeout | undefined;
    try {
      return await new Promise<string>((settle, reject) => {
        timer = setTimeout(() => reject(new Error(`${String(pattern)} did not appear in:\n${this.text}`)), 10_000);
        this.#waiting.push({ pattern, settle });
        this.write("");
      });
    } finally {
      clearTimeout(timer);
    }
  }
}

/** A terminal, or a pipe, and somebody at it. */
export class FakeIO implements CommandIO {
  readonly stdout: Sink = new Sink();
  readonly stderr: Sink = new Sink();
  readonly stdin: PassThrough & { isTTY?: boolean; setRawMode?: (on: boolean) => void } = new PassThrough();
  readonly env: Record<string, string | undefined>;
  readonly cwd: string;
  readonly #interrupt = new AbortController();
  readonly signal: AbortSignal = this.#interrupt.signal;

  constructor(cwd: string, env: Record<string, string> = {}) {
    this.cwd = cwd;
    this.env = env;
  }

  /** Ctrl-C. */
  interrupt(): void {
    this.#interrupt.abort();
  }

  /** The events of `--json`. */
  events(): Record<string, unknown>[] {
    return this.stdout.text
      .split("\n")
      .filter(Boolean)
      .map((line): Record<string, unknown> => JSON.parse(line));
  }

  /** The first event of that name. */
  event(name: string): Record<string, unknown> | undefined {
    return this.events().find(({ event }) => event === name);
  }
}

/** A command under way. */
export interface Running {
  readonly io: FakeIO;
  readonly status: Promise<number>;
}

/** Runs a command in a folder of its own, which goes away with the test; the command is interrupted then. */
export async function start(argv: readonly string[], env: Record<string, string> = {}): Promise<Running> {
  const cwd = await mkdtemp(join(tmpdir(), "sidetone-cli-"));
  const io = new FakeIO(cwd, env);
  const status = run(argv, io);
  onTestFinished(async () => {
    io.interrupt();
    await status;
    await rm(cwd, { recursive: true, force: true });
  });
  return { io, status };
}

/** Runs a command to its end. */
export async function finish(argv: readonly string[], env: Record<string, string> = {}): Promise<{ io: FakeIO; status: number }> {
  const { io, status } = await start(argv, env);
  return { io, status: await status };
}
