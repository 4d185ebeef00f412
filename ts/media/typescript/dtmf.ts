/** Telephone-events (RFC 4733): received whichever of their packets arrive, and sent. */

import type { EventQueue } from "./event.ts";
import { PER_MILLISECOND } from "./frame.ts";

/** Bytes of a telephone-event payload. */
export const PAYLOAD_LENGTH = 4;

/** 0–15 DTMF, 16 flash. The rest of the registry (fax and modem tones) is not for a phone. */
const LAST_EVENT = 16;
/** §2.5.1.3: an event that lasts longer goes on in a new segment that starts this much later. */
const LONGEST_SEGMENT = 0xffff;
/**
 * Two presses of one key start at least 40 ms of tone and 40 ms of pause apart (ITU-T Q.24). Closer timestamps of one event, its
 * duration never falling, come from a sender that moves the timestamp within an event: many do.
 */
const CLOSEST_EVENTS = 80 * PER_MILLISECOND;
/** A packet this much older than the newest event is a straggler; older yet, the sender's clock was set back. */
const OLDEST_STRAGGLER = 10_000 * PER_MILLISECOND;
/**
 * An event whose end does not come is over. Senders exist that keep silent between an event's first packet and its last, so this is
 * far above the few packet intervals that RFC 4733 has in mind; the start of the event is reported at once anyway.
 */
const END_TIMEOUT = 500_000;

/**
 * Puts the packets of telephone-events together.
 *
 * ```text
 *            new timestamp: dtmf-start
 *   idle ────────────────────────────────► sounding ──┐ same timestamp: duration grows
 *    ▲                                       │  ▲ └───┘ new timestamp: dtmf-end, dtmf-start
 *    └── E bit, 500 ms of nothing: dtmf-end ─┘  └ next segment, or a moved timestamp: still the same event
 * ```
 * The marker bit decides nothing: the packet that carries it may be lost, and some senders never set it.
 */
export class EventReceiver {
  /** Whether any event was heard: what follows describes it. */
  #heard = false;
  #sounding = false;
  #event = 0;
  #timestamp = 0;
  /** Duration in this segment, and in the segments before it. */
  #duration = 0;
  #before = 0;
  /** When the event's last packet arrived, µs. */
  #last = 0;

  /** Takes one packet whose payload of at least {@link PAYLOAD_LENGTH} bytes begins at `start`. */
  receive(now: number, timestamp: number, datagram: Uint8Array, start: number, events: EventQueue): void {
    const event = datagram[start]!;
    const ended = (datagram[start + 1]! & 0x80) !== 0;
    const duration = (datagram[start + 2]! << 8) | datagram[start + 3]!;
    if (event > LAST_EVENT) {
      return;
    }
    const step = (timestamp - this.#timestamp) >>> 0;
    if (this.#heard && event === this.#event && this.#follows(step, duration)) {
      // After the end: one of its retransmissions, or an update that it overtook.
      if (this.#sounding) {
        if (step >= LONGEST_SEGMENT) {
          this.#before += LONGEST_SEGMENT;
          this.#duration = 0;
        }
        this.#duration = Math.max(this.#duration, duration);
        this.#last = now;
        if (ended) {
          this.#end(events);
        }
      }
      this.#timestamp = timestamp;
      return;
    }
    if (this.#heard && (-step - 1) >>> 0 < OLDEST_STRAGGLER) {
      return;
    }
    this.#end(events);
    this.#heard = true;
    this.#sounding = true;
    this.#event = event;
    this.#timestamp = timestamp;
    this.#duration = duration;
    this.#before = 0;
    this.#last = now;
    events.push({ type: "dtmf-start", event, source: "rtp" });
    if (ended) {
      this.#end(events);
    }
  }

  /** Ends an event whose end packets were all lost. */
  expire(now: number, events: EventQueue): void {
    if (this.#sounding && now - this.#last >= END_TIMEOUT) {
      this.#end(events);
    }
  }

  /** The source is another one now: its timestamps have nothing to do with those so far. */
  reset(events: EventQueue): void {
    this.#end(events);
    this.#heard = false;
  }

  /** Whether a packet of the same event code, `step` after the current timestamp, belongs to the current event. */
  #follows(step: number, duration: number): boolean {
    return (
      step === 0 ||
      (step < CLOSEST_EVENTS && duration >= this.#duration) ||
      (this.#sounding && (step === LONGEST_SEGMENT || step === LONGEST_SEGMENT + 1) && this.#duration > LONGEST_SEGMENT >> 1)
    );
  }

  #end(events: EventQueue): void {
    if (this.#sounding) {
      this.#sounding = false;
      events.push({ type: "dtmf-end", event: this.#event, duration: this.#before + this.#duration, source: "rtp" });
    }
  }
}

/** What a packet carries: audio (no event is under way), silence (the gap after an event), or a packet of an event. */
export type Outgoing = "audio" | "silence" | "event";

type Phase = "idle" | "sounding" | "ending" | "gap";

/** The loudness that RFC 4733 senders commonly state: -10 dBm0. */
const VOLUME = 10;
/** Bounds of what may be asked for, ms. 8 s fit one segment. */
const DURATIONS = { least: 40, most: 8_000 } as const;
const LONGEST_GAP = 8_000;
/** Events that may wait: a number that no dialled string reaches. */
const LONGEST_QUEUE = 1_024;

/** One event that waits; duration and gap in timestamp units. */
interface QueuedEvent {
  readonly event: number;
  readonly duration: number;
  readonly gap: number;
}

/**
 * Sends queued telephone-events, one packet in the place of each one of audio.
 *
 * ```text
 *         queue      duration reached: E        3 packets with E        gap over: next, or dtmf-sent
 *   idle ──────► sounding ──────────────► ending ──────────────► gap ───────────────────────────────► idle
 * ```
 * The gap counts from the event's end, so the two repetitions of its last packet (§2.5.1.4) lie within it.
 */
export class EventSender {
  readonly #queue: QueuedEvent[] = [];
  #phase: Phase = "idle";
  #event = 0;
  #duration = 0;
  #gap = 0;
  #start = 0;
  /** Repetitions of the last packet still to be sent. */
  #repetitions = 0;
  /** Of the packet that {@link next} made: its timestamp, when the event began, and whether it is the event's first. */
  timestamp = 0;
  marker = false;

  /** Queues events; duration and gap in ms. Refuses all of them if one is no event of a phone, or if too many wait. */
  queue(events: readonly number[], duration: number, gap: number): boolean {
    if (this.#queue.length + events.length > LONGEST_QUEUE || !events.every(isEvent)) {
      return false;
    }
    const units = Math.min(Math.max(duration, DURATIONS.least), DURATIONS.most) * PER_MILLISECOND;
    const gapUnits = Math.min(gap, LONGEST_GAP) * PER_MILLISECOND;
    for (const event of events) {
      this.#queue.push({ event, duration: units, gap: gapUnits });
    }
    return true;
  }

  /** Whether anything waits or is under way. */
  get busy(): boolean {
    return this.#phase !== "idle" || this.#queue.length > 0;
  }

  /** What the packet of `length` samples at `timestamp` carries; an event's payload is written into `packet` from `start` on. */
  next(timestamp: number, length: number, packet: Uint8Array, start: number, events: EventQueue): Outgoing {
    this.marker = false;
    const elapsed = (timestamp - this.#start) >>> 0;
    if (this.#phase === "gap") {
      if (elapsed < this.#duration + this.#gap) {
        return "silence";
      }
      this.#phase = "idle";
      if (this.#queue.length === 0) {
        events.push({ type: "dtmf-sent" });
      }
    }
    if (this.#phase === "idle") {
      const queued = this.#queue.shift();
      if (queued === undefined) {
        return "audio";
      }
      this.#phase = "sounding";
      this.#event = queued.event;
      this.#duration = queued.duration;
      this.#gap = queued.gap;
      this.#start = timestamp;
      this.marker = true;
    }
    // Durations count from the event's start to the end of this packet, so a stall of ours shows in them.
    const duration = (timestamp - this.#start + length) >>> 0;
    if (this.#phase === "ending") {
      this.#repetitions -= 1;
      if (this.#repetitions === 0) {
        this.#phase = "gap";
      }
      this.#write(packet, start, true, this.#duration);
    } else if (duration >= this.#duration) {
      this.#phase = "ending";
      this.#repetitions = 2;
      this.#write(packet, start, true, this.#duration);
    } else {
      this.#write(packet, start, false, duration);
    }
    this.timestamp = this.#start;
    return "event";
  }

  /** Nothing may be sent for now: what is under way is lost, what waits keeps waiting. */
  interrupt(events: EventQueue): void {
    if (this.#phase !== "idle") {
      this.#phase = "idle";
      if (this.#queue.length === 0) {
        events.push({ type: "dtmf-sent" });
      }
    }
  }

  /** The far end takes no events any more: all are dropped. */
  cancel(events: EventQueue): void {
    if (this.busy) {
      this.#queue.length = 0;
      this.#phase = "idle";
      events.push({ type: "dtmf-sent" });
    }
  }

  #write(packet: Uint8Array, start: number, ended: boolean, duration: number): void {
    packet[start] = this.#event;
    packet[start + 1] = (ended ? 0x80 : 0) | VOLUME;
    packet[start + 2] = duration >>> 8;
    packet[start + 3] = duration;
  }
}

function isEvent(event: number): boolean {
  return Number.isInteger(event) && event >= 0 && event <= LAST_EVENT;
}
