import { SidetoneError } from "../index.ts";
import type { CommandIO } from "./io.ts";
import { ProgressLine } from "./ProgressLine.ts";

/** What an event carries beside its name. */
export type EventFields = Readonly<Record<string, unknown>>;

/** A command's voice: sentences for people, or with `--json` one object a line. */
export class Output {
  /** Calls that are under way, for somebody at a terminal. */
  readonly progress: ProgressLine;
  readonly #io: CommandIO;
  readonly #json: boolean;

  constructor(io: CommandIO, json: boolean) {
    this.#io = io;
    this.#json = json;
    this.progress = new ProgressLine(io);
  }

  /** Whether nobody reads but programs. */
  get json(): boolean {
    return this.#json;
  }

  /** Something happened: `fields` for programs, `text` for people. */
  event(name: string, fields: EventFields, text: string): void {
    const line = this.#json ? JSON.stringify({ event: name, time: new Date().toISOString(), ...fields }) : text;
    this.progress.makeWay(() => this.#io.stdout.write(`${line}\n`));
  }

  /** Something for people only, without a line end. */
  text(text: string): void {
    if (!this.#json) this.#io.stdout.write(text);
  }

  /** What went wrong. People read it on stderr. */
  error(error: unknown): void {
    const message = error instanceof Error ? error.message : String(error);
    const code = error instanceof SidetoneError ? error.code : "UNEXPECTED";
    if (this.#json) this.event("error", { code, message }, "");
    else this.aside(`sidetone: ${message}\n`);
  }

  /** What would spoil stdout: a trace. */
  aside(text: string): void {
    this.progress.makeWay(() => this.#io.stderr.write(text));
  }
}
