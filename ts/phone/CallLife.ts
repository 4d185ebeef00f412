import { CallState } from "./CallState.ts";
import { InvalidStateError } from "./errors.ts";

/** Where a call stands, and what that allows. */
export class CallLife {
  #state: CallState;
  readonly #remote: string;
  /** Told of each change. */
  onChange: ((state: CallState) => void) | undefined;

  /** @param remote the far end, for errors */
  constructor(state: CallState, remote: string) {
    this.#state = state;
    this.#remote = remote;
  }

  get state(): CallState {
    return this.#state;
  }

  /** Nobody has answered yet. */
  get pending(): boolean {
    return this.#state === CallState.DIALING || this.#state === CallState.RINGING || this.#state === CallState.PROGRESS;
  }

  become(state: CallState): void {
    if (this.#state === state) return;
    this.#state = state;
    this.onChange?.(state);
  }

  wrong(action: string): InvalidStateError {
    return new InvalidStateError(`${action}() is not possible: the call with ${this.#remote} is ${this.#state}`, this.#state);
  }

  /** @throws InvalidStateError in any other state */
  require(action: string, ...states: CallState[]): void {
    if (!states.includes(this.#state)) throw this.wrong(action);
  }

  /** @throws InvalidStateError when the call is over, or as good as over */
  requireLive(action: string): void {
    if (this.#state === CallState.ENDED || this.#state === CallState.CANCELING) throw this.wrong(action);
  }
}
