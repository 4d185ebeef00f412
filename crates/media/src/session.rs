//! One call's media: everything of this crate joined.

use std::net::SocketAddr;

use crate::dtmf::{self, EventReceiver, EventSender, Outgoing};
use crate::event::{Event, EventQueue};
use crate::g711::{self, Encoding};
use crate::jitter::MAX_PAYLOAD;
use crate::latch::{Continuity, Latch, MAX_DATAGRAM, Verdict};
use crate::parameters::{SessionOptions, StreamParameters};
use crate::playout::Playout;
use crate::reception::{Arrival, Reception};
use crate::ring::Ring;
use crate::rtp::{self, HEADER_LENGTH, Header};
use crate::statistics::Statistics;
use crate::{FRAME, PER_MILLISECOND};

/// After a stall at most this many missed frames (1 s) are played at once; what is older would be beyond any playout delay.
const MAX_CATCH_UP: u32 = 50;
/// Microseconds in a timestamp unit.
const UNIT: u64 = 1_000 / PER_MILLISECOND as u64;

/// What a payload type number stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Payload {
    Unknown,
    Audio(Encoding),
    Event,
}

/// One call's media as a sans-I/O machine. Times are microseconds on any monotonic clock.
///
/// Choices that the standards leave open:
/// - A frame is sent every interval while the direction allows it, silence when nothing is queued: NATs stay open, and the far
///   end's jitter buffer keeps its measure. A frame that is queued in part goes out at once, filled up with silence.
/// - After a stall (`skipped`) the timestamp has moved on as if the frames had been sent, the sequence number has not, and the
///   marker bit tells the far end that its jitter buffer may start afresh. Queued audio waits: it is later, not lost.
/// - While events are sent, and in the gaps after them, queued audio waits too.
/// - Received audio is played from the first packet on, one frame an interval, silence when there is none.
#[derive(Debug)]
pub struct Session {
    ssrc: u32,
    sequence: u16,
    timestamp: u32,
    parameters: Option<StreamParameters>,
    payloads: [Payload; 128],
    /// The next packet sent begins a talkspurt.
    marker: bool,
    latch: Latch,
    reception: Reception,
    receiver: EventReceiver,
    sender: EventSender,
    playout: Playout,
    outgoing: Ring,
    incoming: Ring,
    events: EventQueue,
    /// Whether [`Event::Source`] was given for the reception's SSRC.
    source_known: bool,
    packets_sent: u64,
    bytes_sent: u64,
    frames_silent: u64,
    frames_skipped: u64,
    packets_received: u64,
    bytes_received: u64,
    packets_rejected: u64,
    packets_duplicate: u64,
    samples_overrun: u64,
}

impl Session {
    /// A session that does nothing until it is configured.
    pub fn new(options: SessionOptions) -> Self {
        Self {
            ssrc: options.ssrc,
            sequence: options.sequence,
            timestamp: options.timestamp,
            parameters: None,
            payloads: [Payload::Unknown; 128],
            marker: true,
            latch: Latch::new(),
            reception: Reception::new(),
            receiver: EventReceiver::new(),
            sender: EventSender::new(),
            playout: Playout::new(options.minimum_delay, options.maximum_delay),
            outgoing: Ring::new(options.write_capacity),
            incoming: Ring::new(options.read_capacity),
            events: EventQueue::new(),
            source_known: false,
            packets_sent: 0,
            bytes_sent: 0,
            frames_silent: 0,
            frames_skipped: 0,
            packets_received: 0,
            bytes_received: 0,
            packets_rejected: 0,
            packets_duplicate: 0,
            samples_overrun: 0,
        }
    }

    /// Takes over what an offer/answer exchange settled. May be called again during the call; buffers and counters stay.
    pub fn configure(&mut self, parameters: StreamParameters) {
        self.payloads = [Payload::Unknown; 128];
        for &(payload_type, encoding) in &parameters.receive {
            self.payloads[usize::from(payload_type & 0x7f)] = Payload::Audio(encoding);
        }
        if let Some(payload_type) = parameters.receive_event_payload_type {
            self.payloads[usize::from(payload_type & 0x7f)] = Payload::Event;
        }
        self.latch.configure(parameters.remote);
        if !parameters.direction.receives() && self.reception.started {
            // What arrives from now on is nobody's business, neither lost nor played.
            self.reception.pause();
            self.receiver.reset(&mut self.events);
            self.playout.reset();
        }
        if parameters.send_event_payload_type.is_none() {
            self.sender.cancel(&mut self.events);
        }
        self.parameters = Some(parameters);
    }

    /// Takes one datagram that arrived at `now` from `source`. Anything at all may come in.
    pub fn receive(&mut self, now: u64, source: SocketAddr, datagram: &[u8]) {
        if !self.parameters.as_ref().is_some_and(|parameters| parameters.direction.receives()) {
            return;
        }
        let Some(header) = self.admit(datagram) else {
            self.packets_rejected += 1;
            return;
        };
        let continuity = if !self.reception.started {
            Continuity::Fresh
        } else if self.continues(&header) {
            Continuity::Continues
        } else {
            Continuity::Breaks
        };
        match self.latch.judge(now, source, header.ssrc, header.sequence, continuity, datagram) {
            Verdict::Accept => self.accept(now, &header, datagram),
            Verdict::Promote { latched } => {
                if latched {
                    self.events.push(Event::Latched { source });
                }
                self.accept_held();
            }
            Verdict::Hold | Verdict::Refuse => {}
        }
    }

    /// One frame interval (20 ms): plays one frame out of the jitter buffer into the read buffer, and writes the RTP packet of this
    /// interval into `packet` (at least 172 bytes). `skipped` is how many intervals the caller missed since the last call: so many
    /// more frames are played. Returns the packet's length, 0 when nothing is to be sent.
    pub fn tick(&mut self, now: u64, skipped: u32, packet: &mut [u8]) -> usize {
        let Some(direction) = self.parameters.as_ref().map(|parameters| parameters.direction) else { return 0 };
        self.receiver.expire(now, &mut self.events);
        if direction.receives() && self.playout.heard {
            let mut frame = [0; FRAME];
            let units = (now / UNIT) as i64;
            for missed in (0..=skipped.min(MAX_CATCH_UP)).rev() {
                self.playout.play(units - i64::from(missed) * FRAME as i64, &mut frame);
                self.samples_overrun += self.incoming.push(&frame) as u64;
            }
        }
        self.timestamp = self.timestamp.wrapping_add(skipped.wrapping_mul(FRAME as u32));
        let length = if direction.sends() && packet.len() >= HEADER_LENGTH + FRAME {
            self.frames_skipped += u64::from(skipped);
            self.marker |= skipped > 0;
            self.send(packet)
        } else {
            self.sender.interrupt(&mut self.events);
            self.marker = true;
            0
        };
        self.timestamp = self.timestamp.wrapping_add(FRAME as u32);
        length
    }

    /// Where the packet goes; None before `configure`.
    pub fn destination(&self) -> Option<SocketAddr> {
        self.latch.destination()
    }

    /// Queues samples for sending. Returns how many were taken; the rest found the buffer full.
    pub fn write(&mut self, samples: &[i16]) -> usize {
        self.outgoing.write(samples)
    }

    /// Moves received samples to the caller. Returns how many were there, up to the slice's length.
    pub fn read(&mut self, samples: &mut [i16]) -> usize {
        self.incoming.read(samples)
    }

    /// Drops what is queued for sending (barge-in). Returns how many samples were dropped.
    pub fn clear(&mut self) -> usize {
        self.outgoing.clear()
    }

    /// Queues telephone-events (RFC 4733) after those already queued; they replace the audio while they last. Duration (40–8,000)
    /// and gap in ms. False when the far end takes no telephone-event, or one of them is none.
    pub fn send_events(&mut self, events: &[u8], duration_ms: u32, gap_ms: u32) -> bool {
        let taken = self.parameters.as_ref().is_some_and(|parameters| parameters.send_event_payload_type.is_some());
        taken && self.sender.queue(events, duration_ms, gap_ms)
    }

    /// The next thing that happened.
    pub fn poll(&mut self) -> Option<Event> {
        self.events.poll()
    }

    /// Samples that wait to be read.
    pub fn readable(&self) -> usize {
        self.incoming.length()
    }

    /// Samples that wait to be sent.
    pub fn queued(&self) -> usize {
        self.outgoing.length()
    }

    /// The counters as they are now.
    pub fn statistics(&self) -> Statistics {
        Statistics {
            packets_sent: self.packets_sent,
            bytes_sent: self.bytes_sent,
            frames_silent: self.frames_silent,
            frames_skipped: self.frames_skipped,
            packets_received: self.packets_received,
            bytes_received: self.bytes_received,
            packets_rejected: self.packets_rejected + self.latch.refused,
            packets_lost: self.reception.lost(),
            packets_late: self.playout.late(),
            packets_duplicate: self.packets_duplicate,
            samples_played: self.playout.played,
            samples_concealed: self.playout.concealed,
            samples_stretched: self.playout.stretched,
            samples_overrun: self.samples_overrun,
            jitter: self.reception.jitter(),
            playout_delay: self.playout.delay() / PER_MILLISECOND,
            playout_timestamp: self.playout.position(),
            samples_readable: self.incoming.length() as u32,
            samples_queued: self.outgoing.length() as u32,
        }
    }

    /// The header of a datagram that could be the far end's by what it says.
    fn admit(&self, datagram: &[u8]) -> Option<Header> {
        if datagram.len() > MAX_DATAGRAM {
            return None;
        }
        let header = rtp::parse(datagram)?;
        let length = header.payload_end - header.payload_start;
        let known = match self.payloads[usize::from(header.payload_type)] {
            Payload::Unknown => false,
            Payload::Audio(_) => length <= MAX_PAYLOAD,
            Payload::Event => length >= dtmf::PAYLOAD_LENGTH,
        };
        known.then_some(header)
    }

    fn continues(&self, header: &Header) -> bool {
        self.reception.started && header.ssrc == self.reception.ssrc && self.reception.fits(header.sequence)
    }

    /// A source passed its probation: its packets were held back, none is lost.
    fn accept_held(&mut self) {
        let mut datagram = [0; MAX_DATAGRAM];
        let mut index = 0;
        while let Some((arrival, length)) = self.latch.take_held(index, &mut datagram) {
            // The payload types may have been configured anew since.
            match self.admit(&datagram[..length]) {
                Some(header) => self.accept(arrival, &header, &datagram[..length]),
                None => self.packets_rejected += 1,
            }
            index += 1;
        }
    }

    /// Takes a packet of the far end.
    fn accept(&mut self, now: u64, header: &Header, datagram: &[u8]) {
        if !self.continues(header) {
            if !self.source_known || self.reception.ssrc != header.ssrc {
                self.source_known = true;
                self.events.push(Event::Source { ssrc: header.ssrc });
            }
            self.reception.start(header.ssrc, header.sequence);
            self.receiver.reset(&mut self.events);
            self.playout.reset();
        }
        let payload = &datagram[header.payload_start..header.payload_end];
        self.packets_received += 1;
        self.bytes_received += payload.len() as u64;
        if self.reception.take(header.sequence) == Arrival::Duplicate {
            self.packets_duplicate += 1;
            return;
        }
        let units = now / UNIT;
        match self.payloads[usize::from(header.payload_type)] {
            Payload::Unknown => {}
            Payload::Event => {
                self.receiver.receive(now, header.timestamp, payload, &mut self.events);
                self.playout.receive_event(self.reception.extended);
            }
            Payload::Audio(encoding) => {
                self.reception.measure(units as u32, header.timestamp, header.marker);
                self.playout.receive(units as i64, self.reception.extended, header.timestamp, encoding, payload);
            }
        }
    }

    /// Writes this interval's packet.
    fn send(&mut self, packet: &mut [u8]) -> usize {
        let Some(parameters) = &self.parameters else { return 0 };
        let event_payload_type = parameters.send_event_payload_type.unwrap_or(0);
        let (payload_type, encoding) = (parameters.send_payload_type, parameters.send_encoding);
        let payload = &mut packet[HEADER_LENGTH..HEADER_LENGTH + FRAME];
        let outgoing = self.sender.next(self.timestamp, payload, &mut self.events);
        let length = if let Outgoing::Event { timestamp, marker } = outgoing {
            rtp::write_header(packet, marker, event_payload_type, self.sequence, timestamp, self.ssrc);
            dtmf::PAYLOAD_LENGTH
        } else {
            let mut frame = [0; FRAME];
            let count = if outgoing == Outgoing::Audio { self.outgoing.read(&mut frame) } else { 0 };
            g711::encode(encoding, &frame[..count], payload);
            payload[count..].fill(g711::silence(encoding));
            self.frames_silent += u64::from(count == 0 && outgoing == Outgoing::Audio);
            rtp::write_header(packet, self.marker, payload_type, self.sequence, self.timestamp, self.ssrc);
            self.marker = false;
            FRAME
        };
        self.sequence = self.sequence.wrapping_add(1);
        self.packets_sent += 1;
        self.bytes_sent += length as u64;
        HEADER_LENGTH + length
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parameters::Direction;

    fn remote() -> SocketAddr {
        SocketAddr::from(([192, 0, 2, 1], 4_000))
    }

    fn session(direction: Direction) -> Session {
        let mut session = Session::new(SessionOptions { sequence: 65_535, timestamp: 0xffff_ff80, ..SessionOptions::default() });
        session.configure(StreamParameters {
            direction,
            remote: remote(),
            send_payload_type: 8,
            send_encoding: Encoding::Pcma,
            send_event_payload_type: None,
            receive: vec![(0, Encoding::Pcmu)],
            receive_event_payload_type: None,
        });
        session
    }

    #[test]
    fn two_sessions_hear_each_other() {
        let mut packet = [0; 1_500];
        let mut sender = session(Direction::SendOnly);
        sender.write(&[1_000; 1_600]);
        let mut listener = session(Direction::RecvOnly);
        listener.payloads[8] = Payload::Audio(Encoding::Pcma);
        for frame in 0..12_u64 {
            let length = sender.tick(frame * 20_000, 0, &mut packet);
            listener.receive(frame * 20_000 + 500, remote(), &packet[..length]);
            assert_eq!(listener.tick(frame * 20_000 + 7_000, 0, &mut packet), 0);
        }
        let mut heard = [0; 2_000];
        let count = listener.read(&mut heard);
        assert!(heard[..count].iter().filter(|&&sample| sample == 1_008).count() == 1_600, "{:?}", &heard[..count]);
        assert_eq!(listener.poll(), Some(Event::Source { ssrc: 0 }));
        assert_eq!(listener.statistics().packets_lost, 0);
    }

    #[test]
    fn a_datagram_of_any_length_and_kind_is_survived() {
        let mut session = session(Direction::SendRecv);
        let mut random = 1_u32;
        for length in 0..1_600 {
            let mut datagram = vec![0; length];
            for byte in &mut datagram {
                random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                *byte = (random >> 24) as u8;
            }
            if length > 1 {
                datagram[0] = 0x80 | (datagram[0] & 0x3f);
                datagram[1] = 0;
            }
            session.receive(length as u64 * 1_000, remote(), &datagram);
            session.tick(length as u64 * 1_000, length as u32, &mut [0; 1_500]);
        }
        assert!(session.statistics().packets_rejected > 0);
    }

    #[test]
    fn a_packet_buffer_too_short_for_a_frame_takes_none() {
        let mut session = session(Direction::SendRecv);
        assert_eq!(session.tick(0, 0, &mut [0; 171]), 0);
        assert_eq!(session.tick(0, 0, &mut [0; 172]), 172);
        assert_eq!(session.statistics().packets_sent, 1);
    }
}
