import type { CommandIO } from "./io.ts";

/** What the line shows of a call. */
export interface CallProgress {
  readonly remote: string;
  readonly state: string;
  /** Since when it is in that state, ms on `performance.now()`. */
  readonly since: number;
  /** What is heard, dB relative to overload; none before there is audio. */
  readonly level?: number;
  /** Packets received, and lost. */
  readonly received: number;
  readonly lost: number;
}

/** How often the line is written anew, ms. */
const PACE = 250;
/** To the line's beginning, and away with what stands there. */
const CLEAR = "\r\u001B[K";

/**
 * One line at the bottom of a terminal that shows how calls go, while they go. It stands on stderr, so that a program can read stdout;
 * where stderr is no terminal there is none.
 */
export class ProgressLine {
  readonly #io: CommandIO;
  readonly #calls = new Set<() => CallProgress>();
  #timer: NodeJS.Timeout | undefined;

  constructor(io: CommandIO) {
    this.#io = io;
  }

  /** Whether anybody sees it. */
  get live(): boolean {
    return this.#io.stderr.isTTY === true;
  }

  /** Shows a call from now on. @returns takes it off again */
  show(call: () => CallProgress): () => void {
    if (!this.live) return () => {};
    this.#calls.add(call);
    this.#timer ??= setInterval(() => this.#draw(), PACE).unref();
    this.#draw();
    return () => {
      if (!this.#calls.delete(call)) return;
      this.#io.stderr.write(CLEAR);
      if (this.#calls.size > 0) return this.#draw();
      clearInterval(this.#timer);
      this.#timer = undefined;
    };
  }

  /** Lets something else be written: the line goes away, and comes back below. */
  makeWay(write: () => void): void {
    if (this.#calls.size === 0) {
      write();
      return;
    }
    this.#io.stderr.write(CLEAR);
    write();
    this.#draw();
  }

  #draw(): void {
    const calls = [...this.#calls].map((call) => call());
    const [first] = calls;
    if (first === undefined) return;
    const text = calls.length === 1 ? ofOne(first) : ofMany(calls);
    // A line that is too long would wrap, and could not be taken back. A terminal that does not know its width says 0.
    const { columns = 0 } = this.#io.stderr;
    this.#io.stderr.write(CLEAR + text.slice(0, (columns > 0 ? columns : 80) - 1));
  }
}

function ofOne({ remote, state, since, level, received, lost }: CallProgress): string {
  const heard = level === undefined ? "" : `  ${level.toFixed(0).padStart(3)} dB  ${lossText(lost, received)}`;
  // The address last: it is what may be cut off.
  return `${state} ${clockTime(performance.now() - since)}${heard}  ${remote}`;
}

function ofMany(calls: readonly CallProgress[]): string {
  const answered = calls.filter(({ state }) => state === "answered");
  const longest = performance.now() - Math.min(...calls.map(({ since }) => since));
  const [received, lost] = [sum(calls.map((call) => call.received)), sum(calls.map((call) => call.lost))];
  return `${calls.length} calls  ${answered.length} answered ${clockTime(longest)}  ${lossText(lost, received)}`;
}

function lossText(lost: number, received: number): string {
  const expected = Math.max(received + lost, 1);
  return `${lost} lost (${((100 * lost) / expected).toFixed(1)} %)`;
}

/** `07:05`, `1:07:05`. */
function clockTime(milliseconds: number): string {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  const [hours, minutes, rest] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  return `${hours > 0 ? `${hours}:` : ""}${twoDigits(minutes)}:${twoDigits(rest)}`;
}

function twoDigits(value: number): string {
  return String(value).padStart(2, "0");
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
