/** A session's counters, gathered from its parts. */

import type { MediaStatistics } from "../contract.ts";
import type { Conflicts } from "./collision.ts";
import type { Control } from "./control.ts";
import { opinion } from "./emodel.ts";
import { PER_MILLISECOND } from "./frame.ts";
import type { Inbound } from "./inbound.ts";
import type { Outbound } from "./outbound.ts";
import { ratings, roundTrip } from "./quality.ts";

/** What the parts of a session have counted so far. */
export function statisticsOf(inbound: Inbound, outbound: Outbound, control: Control, conflicts: Conflicts): MediaStatistics {
  const { rated } = ratings(inbound, control);
  return {
    packetsSent: outbound.packetsSent,
    bytesSent: outbound.bytesSent,
    framesSilent: outbound.framesSilent,
    framesSkipped: outbound.framesSkipped,
    packetsSuppressed: outbound.packetsSuppressed,
    packetsReceived: inbound.packetsReceived,
    bytesReceived: inbound.bytesReceived,
    packetsRejected: inbound.packetsRejected + inbound.latch.refused,
    packetsLost: inbound.reception.lost,
    packetsLate: inbound.playout.late,
    packetsDuplicate: inbound.packetsDuplicate,
    packetsLooped: conflicts.looped,
    samplesPlayed: inbound.playout.played,
    samplesConcealed: inbound.playout.concealed,
    samplesStretched: inbound.playout.tempo.stretched,
    samplesOverrun: inbound.samplesOverrun,
    rtcpPacketsSent: control.packetsSent,
    rtcpPacketsReceived: control.packetsReceived,
    jitter: inbound.reception.jitter,
    playoutDelay: Math.floor(inbound.playout.delay / PER_MILLISECOND),
    playoutTimestamp: inbound.playout.position,
    samplesReadable: inbound.incoming.length,
    samplesQueued: outbound.outgoing.length,
    rtt: roundTrip(control),
    remoteLoss: control.remoteFraction / 256,
    remotePacketsLost: control.remoteLost,
    remoteJitter: control.remoteJitter,
    rFactor: rated,
    mos: opinion(rated),
    remoteRFactor: control.remoteRating,
  };
}
