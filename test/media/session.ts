/** The session that the tests of the media core are about: the engine's that runs, and frames as tests like to see them. */
import process from "node:process";
import type { MediaEvent, SessionCore, SessionOptions } from "../../ts/media/contract.ts";
import { loadEngine } from "../../ts/media/load.ts";
import { dissect, type PacketFields } from "./farEnd.ts";

/** A session of the engine that this run of the tests is for; unconfigured. */
export function newSession(options: Partial<SessionOptions> = {}): SessionCore {
  const { engine } = loadEngine(process.env["SIDETONE_ENGINE"] ?? "typescript");
  return engine.core({ ssrc: 0xcafe, sequence: 65_534, timestamp: 1_000, ...options });
}

/** One frame interval. @returns the packet sent, if any */
export function tick(session: SessionCore, now: number, skipped = 0): Required<PacketFields> | undefined {
  const packet = new Uint8Array(1_500);
  const length = session.tick(now, skipped, packet);
  return length === 0 ? undefined : dissect(packet.slice(0, length));
}

/** Everything that happened. */
export function events(session: SessionCore): MediaEvent[] {
  const all: MediaEvent[] = [];
  for (let event = session.poll(); event !== undefined; event = session.poll()) {
    all.push(event);
  }
  return all;
}

/** Everything that waits to be read. */
export function readAll(session: SessionCore): Int16Array {
  const samples = new Int16Array(session.statistics().samplesReadable);
  session.read(samples);
  return samples;
}
