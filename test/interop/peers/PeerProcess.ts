import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";

import { patience, within } from "./deadline.ts";

interface Waiter {
  readonly pattern: RegExp;
  readonly resolve: (match: RegExpExecArray) => void;
  readonly reject: (error: Error) => void;
}

const running = new Set<ChildProcess>();
process.once("exit", () => {
  for (const child of running) signal(child, "SIGKILL");
});

/** Signals the group that the child leads: Kamailio is several processes. */
function signal(child: ChildProcess, name: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, name);
  } catch (error) {
    const gone = error instanceof Error && "code" in error && error.code === "ESRCH";
    if (!gone) throw error;
  }
}

/**
 * One peer's process: its output as lines that can be waited for, its end, and a way to end it that always works.
 * `setpriv --pdeathsig` ends it even when the test process is killed and no hook runs any more.
 */
export class PeerProcess {
  readonly name: string;
  /** Everything it has written to stdout and stderr. */
  readonly lines: string[] = [];
  /** Its exit code; undefined when a signal ended it. */
  readonly exited: Promise<number | undefined>;
  readonly #child: ChildProcess;
  readonly #waiters = new Set<Waiter>();

  constructor(name: string, command: string, args: readonly string[], options: { cwd: string; env?: NodeJS.ProcessEnv; input?: boolean }) {
    this.name = name;
    this.#child = spawn("setpriv", ["--pdeathsig", "KILL", "--", command, ...args], {
      cwd: options.cwd,
      env: { ...process.env, PATH: `${process.env["PATH"] ?? ""}:/usr/sbin:/sbin`, LC_ALL: "C", ...options.env },
      stdio: [options.input ? "pipe" : "ignore", "pipe", "pipe"],
      detached: true,
    });
    running.add(this.#child);
    // It may end before it has read everything.
    this.#child.stdin?.on("error", () => undefined);
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      if (stream) createInterface({ input: stream }).on("line", (line) => this.#take(line));
    }
    this.exited = new Promise((resolve) => {
      const end = (code: number | undefined, reason: string): void => {
        running.delete(this.#child);
        for (const waiter of this.#waiters) waiter.reject(new Error(`${name} ${reason} before it said ${waiter.pattern}\n${this.tail()}`));
        this.#waiters.clear();
        resolve(code);
      };
      this.#child.once("error", (error) => end(undefined, `did not start (${error.message})`));
      this.#child.once("close", (code, by) => end(code ?? undefined, `ended (${code ?? by})`));
    });
  }

  /** The first line, written already or still to come, that matches. */
  line(pattern: RegExp, milliseconds: number = patience): Promise<RegExpExecArray> {
    for (const line of this.lines) {
      const match = pattern.exec(line);
      if (match) return Promise.resolve(match);
    }
    return this.nextLine(pattern, milliseconds);
  }

  /** The first line still to come that matches: ask before it is caused. */
  nextLine(pattern: RegExp, milliseconds: number = patience): Promise<RegExpExecArray> {
    const found = new Promise<RegExpExecArray>((resolve, reject) => {
      this.#waiters.add({ pattern, resolve, reject });
    });
    return within(found, `${this.name} to say ${pattern}`, milliseconds, () => this.tail());
  }

  /** Writes a line to its standard input; for one that was started with `input`. */
  say(line: string): void {
    this.#child.stdin?.write(`${line}\n`);
  }

  /** Waits for a sign of life; a process that does not give it is ended before this throws. */
  async started<T>(sign: Promise<T>): Promise<T> {
    try {
      return await sign;
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  /** The last lines of its output, for the words of a failure. */
  tail(): string {
    return [`--- the last words of ${this.name}:`, ...this.lines.slice(-30)].join("\n");
  }

  /** SIGTERM, and SIGKILL for what is still there after `grace` ms. Settles when it is gone. */
  async stop(grace: number = 5_000): Promise<void> {
    if (!running.has(this.#child)) return;
    signal(this.#child, "SIGTERM");
    const timer = setTimeout(() => signal(this.#child, "SIGKILL"), grace);
    await this.exited;
    clearTimeout(timer);
  }

  #take(line: string): void {
    this.lines.push(line);
    for (const waiter of this.#waiters) {
      const match = waiter.pattern.exec(line);
      if (!match) continue;
      this.#waiters.delete(waiter);
      waiter.resolve(match);
    }
  }
}
