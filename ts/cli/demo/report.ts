import type { CallStatistics, EngineInfo } from "../../index.ts";
import type { Heard } from "./Listener.ts";
import type { LadderMessage } from "./ladder.ts";

/** Something that happened in the media: it has its place on the ladder and on the plots. */
export interface Mark {
  readonly time: number;
  readonly text: string;
  /** Who did it: 0 Alice, 2 Bob. */
  readonly lane: 0 | 2;
  /** A digit, which is shown on the plots. */
  readonly digit?: string;
}

/** One direction of the call's speech. */
export interface Direction {
  readonly speaker: string;
  readonly listener: string;
  /** What the listener heard, a tenth of a second each. */
  readonly heard: readonly Heard[];
  readonly samples: Int16Array;
  /** The speaker's and the listener's counters at the end. */
  readonly sent?: CallStatistics;
  readonly received?: CallStatistics;
  /** Of what was said with what was heard, after alignment; none when it was not compared. */
  readonly correlation?: number;
  /** How often what was heard had to be aligned anew, because a pause or a cut had come into it. */
  readonly shifts: number;
}

/** All there is to tell about one run of the demo. */
export interface DemoReport {
  readonly version: string;
  readonly engine: EngineInfo;
  /** Wall clock, and the same moment on the clock of all other times (ms). */
  readonly startedAt: Date;
  readonly start: number;
  readonly end: number;
  /** Why it failed. */
  readonly failure?: string;
  readonly messages: readonly LadderMessage[];
  readonly marks: readonly Mark[];
  readonly directions: readonly Direction[];
  readonly digitsSent: string;
  readonly digitsHeard: string;
}
