import { createSocket } from "node:dgram";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect } from "vitest";

import { SIPClient, type SIPClientOptions, type VoIPCall, type VoIPPhone } from "../../ts/index.ts";
import { type Clock, systemClock } from "../../ts/time/clock.ts";
import { within } from "./peers/deadline.ts";
import { answered } from "./phone.ts";

const WAVE = 20;

/** What a process and its phones hold at some moment. */
export interface Census {
  readonly calls: number;
  readonly sessions: number;
  readonly dialogs: number;
  readonly transactions: number;
  readonly alarms: number;
  readonly listeners: number;
  /** Sockets and timers of Node's event loop. */
  readonly resources: number;
  /** Of the whole process, the native engine's sockets included. */
  readonly files: number;
}

/** Phones under observation: make each with {@link sipClass}, then {@link watch} it. */
export class Observed {
  readonly #phones: VoIPPhone[] = [];
  readonly #clients: SIPClient[] = [];
  #alarms = 0;

  /** A SIPClient whose alarms are counted. */
  sipClass(): new (options: SIPClientOptions) => SIPClient {
    const clients = this.#clients;
    const clock = this.#clock();
    return class extends SIPClient {
      constructor(options: SIPClientOptions) {
        super({ ...options, clock });
        clients.push(this);
      }
    };
  }

  #clock(): Clock {
    return {
      now: () => systemClock.now(),
      at: (time, callback) => {
        let waiting = true;
        const over = (): void => {
          if (waiting) this.#alarms -= 1;
          waiting = false;
        };
        this.#alarms += 1;
        const alarm = systemClock.at(time, () => {
          over();
          callback();
        });
        return {
          cancel: () => {
            over();
            alarm.cancel();
          },
        };
      },
    };
  }

  watch(phone: VoIPPhone): void {
    this.#phones.push(phone);
  }

  census(): Census {
    return {
      calls: sum(this.#phones.map(({ calls }) => calls.size)),
      sessions: sum(this.#clients.map(({ sessions }) => sessions.size)),
      dialogs: sum(this.#clients.map(({ dialogs }) => dialogs)),
      transactions: sum(this.#clients.map(({ layer }) => layer.size)),
      alarms: this.#alarms,
      listeners: sum(this.#phones.flatMap((phone) => phone.eventNames().map((name) => phone.listenerCount(name)))),
      resources: process.getActiveResourcesInfo().filter((kind) => /UDP|TCP|Timeout|GetAddrInfo/.test(kind)).length,
      files: readdirSync("/proc/self/fd").length,
    };
  }

  /** The census at rest, taken in the way that {@link restored} takes it: with one timer of vitest's own. */
  async atRest(): Promise<Census> {
    let census = this.census();
    const known = expect.poll(() => (census = this.census()).transactions, { timeout: 60_000, interval: 250 });
    await known.toBe(0);
    return census;
  }

  /** Settles when everything is as it was, the last transaction gone; rejects with what is left. */
  async restored(before: Census, milliseconds: number): Promise<void> {
    await expect.poll(() => this.census(), { timeout: milliseconds, interval: 250 }).toEqual(before);
  }
}

/** One call from its INVITE to the answer to its BYE, with some audio heard in between. */
export async function oneCall(phone: VoIPPhone, number: string): Promise<WeakRef<VoIPCall>> {
  const call = await phone.call(number);
  await answered(call);
  await within(call.readAudio(320), `${number} to be heard`);
  await within(call.hangup(), "the far end to confirm the BYE");
  return new WeakRef(call);
}

/** What calls heard together, in packets, and how many of them heard nothing. */
export interface Heard {
  readonly received: number;
  readonly lost: number;
  /** Frames that our side came too late to send. */
  readonly skipped: number;
  readonly deaf: number;
}

/** Calls that are all up at the same time, and read a second of audio each. */
export async function callsAtOnce(phone: VoIPPhone, number: string, count: number): Promise<Heard> {
  const calls: VoIPCall[] = [];
  while (calls.length < count) {
    // Placed in waves: two hundred INVITEs in one millisecond test how many datagrams a socket's buffer holds.
    // oxlint-disable-next-line no-await-in-loop -- one wave after the other
    const wave = await Promise.all(Array.from({ length: Math.min(WAVE, count - calls.length) }, () => phone.call(number)));
    // oxlint-disable-next-line no-await-in-loop
    await Promise.all(wave.map((call) => answered(call)));
    calls.push(...wave);
  }
  expect(phone.calls.size).toBe(count);
  await within(Promise.all(calls.map((call) => call.readAudio(16_000))), "a second of audio in each call", 60_000);
  const statistics = calls.map((call) => call.stats());
  for (let done = 0; done < count; done += WAVE) {
    const wave = calls.slice(done, done + WAVE).map((call) => call.hangup());
    // oxlint-disable-next-line no-await-in-loop -- in waves, too: a BYE that is lost five times leaves its call to the far end
    await within(Promise.all(wave), "the far ends to confirm the BYEs", 60_000);
  }
  return {
    received: sum(statistics.map(({ packetsReceived }) => packetsReceived)),
    lost: sum(statistics.map(({ packetsLost }) => packetsLost)),
    skipped: sum(statistics.map(({ framesSkipped }) => framesSkipped)),
    deaf: statistics.filter(({ packetsReceived }) => packetsReceived === 0).length,
  };
}

/** @throws Error when a port of the range cannot be bound: somebody still has it */
export async function expectFree({ low, high }: { low: number; high: number }): Promise<void> {
  for (let port = low; port <= high; port++) {
    const socket = createSocket("udp4");
    socket.bind(port, "127.0.0.1");
    // oxlint-disable-next-line no-await-in-loop -- an error event rejects
    await once(socket, "listening");
    // oxlint-disable-next-line no-await-in-loop
    await new Promise<void>((closed) => socket.close(closed));
  }
}

function sum(counts: readonly number[]): number {
  return counts.reduce((total, count) => total + count, 0);
}

setFlagsFromString("--expose-gc");
const collectGarbage: unknown = runInNewContext("gc");

/** Memory after a collection, MiB. V8 gives pages back when it likes, so the least of several looks counts. */
export async function memory(): Promise<{ rss: number; heap: number }> {
  const looks: NodeJS.MemoryUsage[] = [];
  for (let look = 0; look < 8; look++) {
    // What has just been let go of is still on the stack of this turn.
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    await delay(50);
    if (typeof collectGarbage === "function") collectGarbage();
    looks.push(process.memoryUsage());
  }
  return { rss: least(looks.map(({ rss }) => rss)), heap: least(looks.map(({ heapUsed, external }) => heapUsed + external)) };
}

/** In MiB, with one decimal. */
function least(bytes: readonly number[]): number {
  return Math.round((Math.min(...bytes) / 2 ** 20) * 10) / 10;
}
