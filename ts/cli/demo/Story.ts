import type { Alignment } from "../../audio/correlate.ts";
import type { PiecewiseAlignment } from "../../audio/correlatePieces.ts";
import { type EngineInfo, engineInfo, type TraceEntry, type VoIPCall } from "../../index.ts";
import type { EventFields, Output } from "../output.ts";
import { version } from "../version.ts";
import { ladderOf } from "./ladder.ts";
import type { Listener } from "./Listener.ts";
import type { DemoReport, Direction, Mark } from "./report.ts";

/** What one direction of the call is made of, as far as the demo has come. */
export interface Speech {
  readonly speaker: string;
  readonly listener: string;
  readonly spokenIn: VoIPCall;
  readonly heardIn: VoIPCall;
  readonly ear: Listener;
  match?: Alignment;
  pieces?: PiecewiseAlignment;
}

/** Keeps what happens in the demo, and tells it while it happens. */
export class Story {
  readonly engine: EngineInfo;
  readonly trace: TraceEntry[] = [];
  readonly speeches: Speech[] = [];
  /** Tells Alice's messages from Bob's. */
  alicePort = 0;
  digitsSent = "";
  digitsHeard = "";
  readonly #output: Output;
  readonly #startedAt: Date = new Date();
  readonly #start: number = performance.now();
  readonly #marks: Mark[] = [];

  /** @throws EngineUnavailableError */
  constructor(engine: "native" | "typescript" | undefined, output: Output) {
    this.engine = engineInfo(engine);
    this.#output = output;
    const { refused, file } = this.engine;
    const why = engine === undefined ? file || (refused[0] ?? "") : "as asked";
    this.tell("engine", { engine: this.engine.engine, file, refused }, `${this.engine.engine} media engine (${why})`);
  }

  /** Something happened. */
  tell(event: string, fields: EventFields, text: string): void {
    this.#output.event(event, fields, `${this.#clock()}  ${text}`);
  }

  /** Somebody speaks or presses a key; that has a place on the page. */
  mark(lane: 0 | 2, text: string, digit?: string): void {
    this.#marks.push({ time: performance.now(), lane, text, ...(digit === undefined ? {} : { digit }) });
  }

  /** Begins a line that shows how loud it is while somebody listens; the function ends it. */
  meter(text: string, ear: Listener): () => void {
    this.#output.text(`${this.#clock()}  ${text}  `);
    let loudest = Number.NEGATIVE_INFINITY;
    ear.onHeard = ({ level }) => {
      loudest = Math.max(loudest, level);
      if (ear.heard.length % 2 === 1) return;
      this.#output.text(bar(loudest));
      loudest = Number.NEGATIVE_INFINITY;
    };
    return () => {
      ear.onHeard = undefined;
      this.#output.text("\n");
    };
  }

  report(failure: string | undefined): DemoReport {
    return {
      version: version(),
      engine: this.engine,
      startedAt: this.#startedAt,
      start: this.#start,
      // What came after the last message was arithmetic.
      end: this.trace.at(-1)?.time ?? performance.now(),
      ...(failure === undefined ? {} : { failure }),
      messages: ladderOf(this.trace, this.alicePort),
      marks: this.#marks,
      directions: this.speeches.map(({ speaker, listener, spokenIn, heardIn, ear, match, pieces }): Direction => ({
        speaker,
        listener,
        heard: ear.heard,
        samples: ear.samples(),
        sent: spokenIn.stats(),
        received: heardIn.stats(),
        ...(match === undefined ? {} : { correlation: (pieces ?? match).correlation }),
        shifts: pieces?.shifts ?? 0,
      })),
      digitsSent: this.digitsSent,
      digitsHeard: this.digitsHeard,
    };
  }

  #clock(): string {
    return `${((performance.now() - this.#start) / 1000).toFixed(2).padStart(6)} s`;
  }
}

/** A level as a bar one character wide: nothing below -60 dBov, full at -10. */
function bar(level: number): string {
  const bars = " ▁▂▃▄▅▆▇█";
  const step = Math.round(((level + 60) / 50) * (bars.length - 1));
  return bars.charAt(Math.max(0, Math.min(bars.length - 1, step)));
}
