import { defaultTimers } from "../../../ts/sip/transaction/timers.ts";
import type { Machine } from "../../../ts/sip/transaction/machine.ts";

/** A response as far as a machine can see. */
export interface Response {
  readonly statusCode: number;
}

export interface Request {
  readonly method: string;
}

export const response = (statusCode: number): Response => ({ statusCode });

export const request = (method: string): Request => ({ method });

export const T1: number = defaultTimers.t1;

interface Action {
  readonly kind: string;
  readonly response?: Response;
}

/** `send`, `send 180`, `deliver 200`, in order: what a test compares. */
export function names(actions: readonly Action[]): string[] {
  return actions.map(({ kind, response: about }) => (about ? `${kind} ${about.statusCode}` : kind));
}

/** Fires the machine's timers, each at its own time, until `end`; tells `time action` for each action. */
export function passTime(machine: Machine<Action>, end: number): string[] {
  const happened: string[] = [];
  while (machine.nextTimeout !== undefined && machine.nextTimeout <= end) {
    const now = machine.nextTimeout;
    const before = machine.nextTimeout;
    happened.push(...names(machine.elapse(now)).map((name) => `${now} ${name}`));
    if (machine.nextTimeout === before) throw new Error(`elapse(${now}) left the timer due at ${now}`);
  }
  return happened;
}
