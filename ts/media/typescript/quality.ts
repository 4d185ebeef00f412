/** How a call sounds on our side: what was lost and late, rated by the E-model, and told to the far end (RFC 3611 §4.7). */

import type { Control } from "./control.ts";
import { opinion, rating } from "./emodel.ts";
import { PER_MILLISECOND } from "./frame.ts";
import type { Inbound } from "./inbound.ts";
import { octet } from "./loss.ts";
import type { VoipMetrics } from "./metrics.ts";

/** Milliseconds. */
export function roundTrip(control: Control): number {
  return (control.roundTrip * 1_000) / 65_536;
}

/** The E-model's rating of what we hear, and the same without regard to delay. */
export function ratings(inbound: Inbound, control: Control): { readonly rated: number; readonly listening: number } {
  const delay = roundTrip(control) / 2 + Math.floor(inbound.playout.delay / PER_MILLISECOND);
  const { lost, late } = shares(inbound);
  const bursts = inbound.reception.pattern.burstRatio(lost);
  const loss = Math.min(lost + late, 1) * 100;
  return { rated: rating(delay, loss, bursts), listening: rating(0, loss, bursts) };
}

/** What we hear, for the far end to know. `packetTime`: how long its packets are, ms. */
export function metrics(inbound: Inbound, control: Control, packetTime: number): VoipMetrics {
  const { lost, late } = shares(inbound);
  const { rated, listening } = ratings(inbound, control);
  const bursts = inbound.reception.pattern.bursts(packetTime);
  const delay = Math.floor(inbound.playout.delay / PER_MILLISECOND);
  return {
    ssrc: inbound.reception.ssrc,
    lossRate: octet(lost * 256),
    discardRate: octet(late * 256),
    ...bursts,
    roundTripDelay: Math.floor(Math.min(roundTrip(control), 65_535)),
    endSystemDelay: Math.min(delay, 65_535),
    rating: Math.floor(rated),
    listeningQuality: Math.floor(opinion(listening) * 10),
    conversationalQuality: Math.floor(opinion(rated) * 10),
    nominalDelay: Math.min(delay, 65_535),
    maximumDelay: Math.min(inbound.greatestDelay, 65_535),
    absoluteMaximumDelay: Math.min(inbound.maximumDelay, 65_535),
  };
}

/** Of the packets expected, the share that was lost and the share that came too late, 0–1. */
function shares(inbound: Inbound): { readonly lost: number; readonly late: number } {
  const { expected, lost } = inbound.reception;
  if (expected <= 0) {
    return { lost: 0, late: 0 };
  }
  const share = (count: number): number => Math.min(Math.max(count / expected, 0), 1);
  return { lost: share(lost), late: share(inbound.playout.late) };
}
