//! Telephone-events (RFC 4733): received whichever of their packets arrive, and sent.

use std::collections::VecDeque;

use crate::PER_MILLISECOND;
use crate::event::{Event, EventQueue, EventSource};

/// Bytes of a telephone-event payload.
pub const PAYLOAD_LENGTH: usize = 4;

/// 0–15 DTMF, 16 flash. The rest of the registry (fax and modem tones) is not for a phone.
const LAST_EVENT: u8 = 16;
/// §2.5.1.3: an event that lasts longer goes on in a new segment that starts this much later.
const LONGEST_SEGMENT: u32 = 0xffff;
/// Two presses of one key start at least 40 ms of tone and 40 ms of pause apart (ITU-T Q.24). Closer timestamps of one event, its
/// duration never falling, come from a sender that moves the timestamp within an event: many do.
const CLOSEST_EVENTS: u32 = 80 * PER_MILLISECOND;
/// A packet this much older than the newest event is a straggler; older yet, the sender's clock was set back.
const OLDEST_STRAGGLER: u32 = 10_000 * PER_MILLISECOND;
/// An event whose end does not come is over. Senders exist that keep silent between an event's first packet and its last, so this is
/// far above the few packet intervals that RFC 4733 has in mind; the start of the event is reported at once anyway.
const END_TIMEOUT: u64 = 500_000;

/// Puts the packets of telephone-events together.
///
/// ```text
///            new timestamp: DtmfStart
///   idle ────────────────────────────────► sounding ──┐ same timestamp: duration grows
///    ▲                                       │  ▲ └───┘ new timestamp: DtmfEnd, DtmfStart
///    └── E bit, 500 ms of nothing: DtmfEnd ──┘  └ next segment, or a moved timestamp: still the same event
/// ```
/// The marker bit decides nothing: the packet that carries it may be lost, and some senders never set it.
#[derive(Debug)]
pub struct EventReceiver {
    /// Whether any event was heard: what follows describes it.
    heard: bool,
    sounding: bool,
    event: u8,
    timestamp: u32,
    /// Duration in this segment, and in the segments before it.
    duration: u32,
    before: u32,
    /// When the event's last packet arrived, µs.
    last: u64,
}

impl EventReceiver {
    /// No event yet.
    #[allow(clippy::new_without_default, reason = "the twin has no Default; one way to make a thing")]
    pub fn new() -> Self {
        Self { heard: false, sounding: false, event: 0, timestamp: 0, duration: 0, before: 0, last: 0 }
    }

    /// Takes one packet's payload of at least [`PAYLOAD_LENGTH`] bytes.
    pub fn receive(&mut self, now: u64, timestamp: u32, payload: &[u8], events: &mut EventQueue) {
        let event = payload[0];
        let ended = payload[1] & 0x80 != 0;
        let duration = u32::from(payload[2]) << 8 | u32::from(payload[3]);
        if event > LAST_EVENT {
            return;
        }
        let step = timestamp.wrapping_sub(self.timestamp);
        if self.heard && event == self.event && self.follows(step, duration) {
            // After the end: one of its retransmissions, or an update that it overtook.
            if self.sounding {
                if step >= LONGEST_SEGMENT {
                    self.before += LONGEST_SEGMENT;
                    self.duration = 0;
                }
                self.duration = self.duration.max(duration);
                self.last = now;
                if ended {
                    self.end(events);
                }
            }
            self.timestamp = timestamp;
            return;
        }
        if self.heard && step.wrapping_neg().wrapping_sub(1) < OLDEST_STRAGGLER {
            return;
        }
        self.end(events);
        self.heard = true;
        self.sounding = true;
        self.event = event;
        self.timestamp = timestamp;
        self.duration = duration;
        self.before = 0;
        self.last = now;
        events.push(Event::DtmfStart { event, source: EventSource::Rtp });
        if ended {
            self.end(events);
        }
    }

    /// Ends an event whose end packets were all lost.
    pub fn expire(&mut self, now: u64, events: &mut EventQueue) {
        if self.sounding && now.saturating_sub(self.last) >= END_TIMEOUT {
            self.end(events);
        }
    }

    /// The source is another one now: its timestamps have nothing to do with those so far.
    pub fn reset(&mut self, events: &mut EventQueue) {
        self.end(events);
        self.heard = false;
    }

    /// Whether a packet of the same event code, `step` after the current timestamp, belongs to the current event.
    fn follows(&self, step: u32, duration: u32) -> bool {
        step == 0
            || (step < CLOSEST_EVENTS && duration >= self.duration)
            || (self.sounding && (step == LONGEST_SEGMENT || step == LONGEST_SEGMENT + 1) && self.duration > LONGEST_SEGMENT / 2)
    }

    fn end(&mut self, events: &mut EventQueue) {
        if self.sounding {
            self.sounding = false;
            events.push(Event::DtmfEnd { event: self.event, duration: self.before + self.duration, source: EventSource::Rtp });
        }
    }
}

/// What a packet carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outgoing {
    /// Audio: no event is under way.
    Audio,
    /// Silence: the gap after an event.
    Silence,
    /// A packet of an event with this timestamp.
    Event {
        /// When the event began.
        timestamp: u32,
        /// Its first packet.
        marker: bool,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Idle,
    Sounding,
    Ending,
    Gap,
}

/// Sends queued telephone-events, one packet in the place of each one of audio.
///
/// ```text
///         queue      duration reached: E        3 packets with E        gap over: next, or DtmfSent
///   idle ──────► sounding ──────────────► ending ──────────────► gap ──────────────────────────────► idle
/// ```
/// The gap counts from the event's end, so the two repetitions of its last packet (§2.5.1.4) lie within it.
#[derive(Debug)]
pub struct EventSender {
    /// Event code, duration and gap, both in timestamp units.
    queue: VecDeque<(u8, u32, u32)>,
    phase: Phase,
    event: u8,
    duration: u32,
    gap: u32,
    start: u32,
    /// Repetitions of the last packet still to be sent.
    repetitions: u32,
}

/// The loudness that RFC 4733 senders commonly state: -10 dBm0.
const VOLUME: u8 = 10;
/// Bounds of what may be asked for, ms. 8 s fit one segment.
const DURATIONS: (u32, u32) = (40, 8_000);
const LONGEST_GAP: u32 = 8_000;
/// Events that may wait: a number that no dialled string reaches.
const LONGEST_QUEUE: usize = 1_024;

impl EventSender {
    /// Nothing queued.
    #[allow(clippy::new_without_default, reason = "the twin has no Default; one way to make a thing")]
    pub fn new() -> Self {
        Self { queue: VecDeque::new(), phase: Phase::Idle, event: 0, duration: 0, gap: 0, start: 0, repetitions: 0 }
    }

    /// Queues events; duration and gap in ms. Refuses all of them if one is no event of a phone, or if too many wait.
    pub fn queue(&mut self, events: &[u8], duration: u32, gap: u32) -> bool {
        if self.queue.len() + events.len() > LONGEST_QUEUE || events.iter().any(|&event| event > LAST_EVENT) {
            return false;
        }
        let duration = duration.clamp(DURATIONS.0, DURATIONS.1) * PER_MILLISECOND;
        let gap = gap.min(LONGEST_GAP) * PER_MILLISECOND;
        self.queue.extend(events.iter().map(|&event| (event, duration, gap)));
        true
    }

    /// Whether anything waits or is under way.
    pub fn busy(&self) -> bool {
        self.phase != Phase::Idle || !self.queue.is_empty()
    }

    /// What the packet of `length` samples at `timestamp` carries; an event's payload is written into `payload`.
    pub fn next(&mut self, timestamp: u32, length: u32, payload: &mut [u8], events: &mut EventQueue) -> Outgoing {
        let mut marker = false;
        let elapsed = timestamp.wrapping_sub(self.start);
        if self.phase == Phase::Gap {
            if elapsed < self.duration + self.gap {
                return Outgoing::Silence;
            }
            self.phase = Phase::Idle;
            if self.queue.is_empty() {
                events.push(Event::DtmfSent);
            }
        }
        if self.phase == Phase::Idle {
            let Some((event, duration, gap)) = self.queue.pop_front() else { return Outgoing::Audio };
            self.phase = Phase::Sounding;
            self.event = event;
            self.duration = duration;
            self.gap = gap;
            self.start = timestamp;
            marker = true;
        }
        // Durations count from the event's start to the end of this packet, so a stall of ours shows in them.
        let duration = timestamp.wrapping_sub(self.start).wrapping_add(length);
        if self.phase == Phase::Ending {
            self.repetitions -= 1;
            if self.repetitions == 0 {
                self.phase = Phase::Gap;
            }
            self.write(payload, true, self.duration);
        } else if duration >= self.duration {
            self.phase = Phase::Ending;
            self.repetitions = 2;
            self.write(payload, true, self.duration);
        } else {
            self.write(payload, false, duration);
        }
        Outgoing::Event { timestamp: self.start, marker }
    }

    /// Nothing may be sent for now: what is under way is lost, what waits keeps waiting.
    pub fn interrupt(&mut self, events: &mut EventQueue) {
        if self.phase != Phase::Idle {
            self.phase = Phase::Idle;
            if self.queue.is_empty() {
                events.push(Event::DtmfSent);
            }
        }
    }

    /// The far end takes no events any more: all are dropped.
    pub fn cancel(&mut self, events: &mut EventQueue) {
        if self.busy() {
            self.queue.clear();
            self.phase = Phase::Idle;
            events.push(Event::DtmfSent);
        }
    }

    fn write(&self, payload: &mut [u8], ended: bool, duration: u32) {
        payload[0] = self.event;
        payload[1] = u8::from(ended) << 7 | VOLUME;
        payload[2] = (duration >> 8) as u8;
        payload[3] = duration as u8;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packet(event: u8, ended: bool, duration: u16) -> [u8; 4] {
        let [high, low] = duration.to_be_bytes();
        [event, u8::from(ended) << 7 | 10, high, low]
    }

    /// Each packet: ms, timestamp, event, E, duration.
    fn heard(packets: &[(u64, u32, u8, bool, u16)]) -> Vec<Event> {
        let mut receiver = EventReceiver::new();
        let mut events = EventQueue::new();
        for &(now, timestamp, event, ended, duration) in packets {
            receiver.expire(now * 1_000, &mut events);
            receiver.receive(now * 1_000, timestamp, &packet(event, ended, duration), &mut events);
        }
        receiver.expire(u64::MAX, &mut events);
        std::iter::from_fn(|| events.poll()).collect()
    }

    fn start(event: u8) -> Event {
        Event::DtmfStart { event, source: EventSource::Rtp }
    }

    fn end(event: u8, duration: u32) -> Event {
        Event::DtmfEnd { event, duration, source: EventSource::Rtp }
    }

    #[test]
    fn three_end_packets_are_one_end() {
        let packets = [(0, 800, 5, false, 160), (20, 800, 5, true, 320), (40, 800, 5, true, 320), (60, 800, 5, true, 320)];
        assert_eq!(heard(&packets), [start(5), end(5, 320)]);
    }

    #[test]
    fn any_one_packet_is_enough() {
        assert_eq!(heard(&[(0, 800, 5, true, 320)]), [start(5), end(5, 320)]);
        assert_eq!(heard(&[(0, 800, 5, false, 320)]), [start(5), end(5, 320)]);
    }

    #[test]
    fn the_same_key_twice_is_two_though_the_ends_are_lost() {
        let packets = [(0, 800, 5, false, 160), (20, 800, 5, false, 320), (100, 1_600, 5, false, 160), (120, 1_600, 5, true, 320)];
        assert_eq!(heard(&packets), [start(5), end(5, 320), start(5), end(5, 320)]);
    }

    #[test]
    fn a_timestamp_that_moves_within_one_key_is_one_key() {
        let mut packets: Vec<_> = (0..8_u16).map(|i| (u64::from(i) * 20, 800 + 160 * u32::from(i), 2, false, 160 * (i + 1))).collect();
        for i in 8..11_u32 {
            packets.push((u64::from(i) * 20, 800 + 160 * i, 2, true, 1_440));
        }
        assert_eq!(heard(&packets), [start(2), end(2, 1_440)]);
    }

    #[test]
    fn stragglers_change_nothing() {
        let packets = [
            (0, 800, 5, false, 480),
            (1, 800, 5, false, 160),
            (20, 800, 5, true, 640),
            (30, 2_400, 6, true, 320),
            (31, 800, 5, false, 320),
        ];
        assert_eq!(heard(&packets), [start(5), end(5, 640), start(6), end(6, 320)]);
    }

    #[test]
    fn a_long_event_goes_on_in_its_next_segment() {
        let packets = [(0, 0, 1, false, 65_440), (20, 0xffff, 1, false, 65), (40, 0xffff, 1, true, 225)];
        assert_eq!(heard(&packets), [start(1), end(1, 0xffff + 225)]);
    }

    #[test]
    fn sends_updates_three_ends_and_the_gap() {
        let mut sender = EventSender::new();
        let mut events = EventQueue::new();
        let mut payload = [0; 4];
        assert!(sender.queue(&[1, 11], 50, 60));
        assert!(!sender.queue(&[17], 50, 60));
        let mut sent = Vec::new();
        for tick in 0..13_u32 {
            match sender.next(1_000 + 160 * tick, 160, &mut payload, &mut events) {
                Outgoing::Event { timestamp, marker } => sent.push(format!(
                    "{}{timestamp} {}{} {}",
                    if marker { "M " } else { "" },
                    payload[0],
                    if payload[1] & 0x80 != 0 { "E" } else { "" },
                    u16::from_be_bytes([payload[2], payload[3]])
                )),
                other => sent.push(format!("{other:?}")),
            }
        }
        assert_eq!(
            sent,
            [
                "M 1000 1 160",
                "1000 1 320",
                "1000 1E 400",
                "1000 1E 400",
                "1000 1E 400",
                "Silence",
                "M 1960 11 160",
                "1960 11 320",
                "1960 11E 400",
                "1960 11E 400",
                "1960 11E 400",
                "Silence",
                "Audio"
            ]
        );
        assert_eq!(events.poll(), Some(Event::DtmfSent));
    }
}
