import type { SessionDescription } from "./types.ts";
import { writeSDP } from "./write.ts";

/**
 * Gives `next` the origin of what we sent before in the same session: the same identifier, and a version that is one higher
 * when anything else changed, the same when nothing did (RFC 3264 §5, §8).
 */
export function continueOrigin(previous: SessionDescription, next: SessionDescription): SessionDescription {
  // A machine that changed its address mid-call says so in c=; o= stays, it only names the session.
  const same = { ...next, origin: previous.origin };
  if (writeSDP(same) === writeSDP(previous)) return same;
  return { ...next, origin: { ...previous.origin, sessionVersion: increment(previous.origin.sessionVersion) } };
}

function increment(version: string): string {
  return String(BigInt(version) + 1n);
}
