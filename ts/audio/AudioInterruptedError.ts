import { SidetoneError } from "../error.ts";

/** Why something stopped playing before its end. */
export type Interruption = "superseded" | "cleared" | "ended";

const WHY: Readonly<Record<Interruption, string>> = {
  superseded: "another source of audio took its place: one plays at a time, and the later wins",
  cleared: "clearAudio() was called",
  ended: "the call, or its RTP client, ended",
};

/** What `play` rejects with when it did not come to the end of its audio, and no signal of the caller's was the reason. */
export class AudioInterruptedError extends SidetoneError {
  /** `superseded`: by a later `play` or `writeAudio`; `cleared`: by `clearAudio`; `ended`: there is nobody left to hear it. */
  readonly interruption: Interruption;

  constructor(interruption: Interruption) {
    super("AUDIO_INTERRUPTED", `what played was interrupted: ${WHY[interruption]}`);
    this.interruption = interruption;
  }
}
