import type { Alarm, Clock } from "../../time/clock.ts";
import type { Endpoint, TransportProtocol } from "../transport/transport.ts";
import type { Machine } from "./machine.ts";
import type { Timers } from "./timers.ts";
import type { ReturnPath } from "./via.ts";

/** What the layer lends to each of its transactions. */
export interface Surroundings {
  readonly clock: Clock;
  readonly timers: Timers;
  isReliable(protocol: TransportProtocol): boolean;
  send(message: Uint8Array, to: Endpoint, patience?: number): Promise<void>;
  /** Sends a response on its way back. */
  sendBack(message: Uint8Array, way: ReturnPath): Promise<void>;
  /** No response has come from there to a request sent at `since`. */
  suspect(destination: Endpoint, since: number): void;
  /** Calls a user's callback so that nothing it throws goes further. */
  tell(callback: () => unknown, during: string): void;
}

/** A machine with its one alarm and its way to the wire: what client and server transactions share. */
export abstract class Shell<Action, M extends Machine<Action>> {
  protected readonly machine: M;
  protected readonly surroundings: Surroundings;
  #alarm: Alarm | undefined;
  #alarmTime: number | undefined;
  #closed = false;

  protected constructor(machine: M, surroundings: Surroundings) {
    this.machine = machine;
    this.surroundings = surroundings;
  }

  get state(): M["state"] {
    return this.machine.state;
  }

  /** Lets go of everything, telling nobody. */
  close(): void {
    this.#closed = true;
    this.#alarm?.cancel();
    this.#alarm = undefined;
  }

  protected abstract perform(action: Action): void;

  /** Does what the machine has asked for, then waits for the machine's next timer. */
  protected run(actions: readonly Action[]): void {
    for (const action of actions) {
      if (this.#closed) return;
      this.perform(action);
    }
    this.setAlarm();
  }

  /** If sending fails, now or later, the machine hears of it; unless `counts` says that it is none of its business. */
  protected watch(sending: Promise<void>, counts?: (error: unknown) => boolean): void {
    sending.catch((reason: unknown) => {
      if (counts?.(reason) !== false) this.fail(reason instanceof Error ? reason : new Error(String(reason)));
    });
  }

  protected fail(error: Error): void {
    if (!this.#closed) this.run(this.machine.fail(error, this.surroundings.clock.now()));
  }

  protected setAlarm(): void {
    const time = this.#closed ? undefined : this.machine.nextTimeout;
    if (time === this.#alarmTime) return;
    this.#alarm?.cancel();
    this.#alarmTime = time;
    this.#alarm = time === undefined ? undefined : this.surroundings.clock.at(time, () => this.#ring());
  }

  #ring(): void {
    this.#alarm = undefined;
    this.#alarmTime = undefined;
    if (!this.#closed) this.run(this.machine.elapse(this.surroundings.clock.now()));
  }
}
