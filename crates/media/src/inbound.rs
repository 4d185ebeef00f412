//! What comes from the far end: from a datagram to the samples that are read.

use std::mem::offset_of;
use std::net::SocketAddr;

use crate::dtmf::EventReceiver;
use crate::event::{Event, EventQueue};
use crate::latch::{Continuity, Latch, MAX_DATAGRAM, Verdict};
use crate::parameters::{SessionOptions, StreamParameters};
use crate::payloads::{Payload, Payloads};
use crate::playout::Playout;
use crate::presence::Presence;
use crate::reception::{Arrival, Reception};
use crate::ring::Ring;
use crate::rtp::Header;
use crate::tones::ToneDetector;
use crate::{FRAME, PER_MILLISECOND, UNIT};

/// After a stall at most this many missed frames (1 s) are played at once; what is older would be beyond any playout delay.
const MAX_CATCH_UP: u32 = 50;

/// The receiving half of a session.
#[derive(Debug)]
#[repr(C)]
pub struct Inbound {
    receiver: EventReceiver,
    tones: Option<Box<ToneDetector>>,
    /// What waits to be read.
    pub incoming: Ring,
    /// Whether [`Event::Source`] was given for the reception's SSRC.
    source_known: bool,
    /// Whether the far end is still there.
    pub presence: Presence,
    /// The playout delay's bound, and the greatest so far, ms.
    pub maximum_delay: u32,
    /// See `maximum_delay`.
    pub greatest_delay: u32,
    /// Accepted, and their payload bytes.
    pub packets_received: u64,
    /// See `packets_received`.
    pub bytes_received: u64,
    /// Of no use by what they say; what the latch refuses is not among them.
    pub packets_rejected: u64,
    /// Arrived again.
    pub packets_duplicate: u64,
    /// Samples that nobody read in time.
    pub samples_overrun: u64,
    /// What RFC 3550 keeps of the stream.
    pub reception: Reception,
    /// Whose packets count.
    pub latch: Latch,
    /// What is heard.
    pub playout: Playout,
    payloads: Payloads,
}

impl Inbound {
    /// See [`crate::Session::NEAR`]: where each piece begins and ends, but for `playout`. Of the payload types, those that telephones use.
    pub const NEAR: [(usize, usize); 2] =
        [(0, offset_of!(Self, latch) + Latch::NEAR), (offset_of!(Self, payloads), offset_of!(Self, payloads) + 16)];
    /// Where that lies.
    pub const PLAYOUT: usize = offset_of!(Self, playout);

    /// Nothing is accepted until it is configured.
    pub fn new(options: &SessionOptions) -> Self {
        let mut latch = Latch::new();
        latch.symmetric = options.symmetric_rtp;
        Self {
            payloads: Payloads::new(),
            latch,
            reception: Reception::new(),
            receiver: EventReceiver::new(),
            playout: Playout::new(options.minimum_delay, options.maximum_delay),
            tones: options.tone_detection.then(|| Box::new(ToneDetector::new())),
            incoming: Ring::new(options.read_capacity),
            source_known: false,
            presence: Presence::new(options.initial_timeout, options.timeout),
            maximum_delay: options.maximum_delay,
            greatest_delay: 0,
            packets_received: 0,
            bytes_received: 0,
            packets_rejected: 0,
            packets_duplicate: 0,
            samples_overrun: 0,
        }
    }

    /// Takes over what an offer/answer exchange settled.
    pub fn configure(&mut self, parameters: &StreamParameters, events: &mut EventQueue) {
        self.payloads.configure(parameters);
        self.latch.configure(parameters.remote);
        if parameters.direction.receives() {
            return;
        }
        if self.reception.started {
            // What arrives from now on is nobody's business, neither lost nor played.
            self.reception.pause();
            self.receiver.reset(events);
            self.playout.reset();
            self.silence_tones(events);
        }
        self.presence.pause();
    }

    /// The header of a datagram that could be the far end's by what it says. Counts the others.
    pub fn admit(&mut self, datagram: &[u8]) -> Option<Header> {
        let header = self.payloads.admit(datagram);
        self.packets_rejected += u64::from(header.is_none());
        header
    }

    /// Takes a datagram that was admitted, if its source is the far end.
    pub fn receive(&mut self, now: u64, source: SocketAddr, header: &Header, datagram: &[u8], events: &mut EventQueue) {
        let continuity = if !self.reception.started {
            Continuity::Fresh
        } else if self.continues(header) {
            Continuity::Continues
        } else {
            Continuity::Breaks
        };
        match self.latch.judge(now, source, header.ssrc, header.sequence, continuity, datagram) {
            Verdict::Accept => self.accept(now, header, datagram, events),
            Verdict::Promote { latched } => {
                if latched {
                    events.push(Event::Latched { source });
                }
                self.accept_held(events);
            }
            Verdict::Hold | Verdict::Refuse => {}
        }
    }

    /// One frame interval: plays a frame, and before it as many as were skipped. `receives`: whether the direction lets us listen.
    pub fn tick(&mut self, now: u64, skipped: u32, receives: bool, events: &mut EventQueue) {
        self.receiver.expire(now, events);
        if !receives {
            return;
        }
        self.presence.watch(now, events);
        if self.playout.heard {
            let mut frame = [0; FRAME];
            let units = (now / UNIT) as i64;
            for missed in (0..=skipped.min(MAX_CATCH_UP)).rev() {
                self.playout.play(units - i64::from(missed) * FRAME as i64, &mut frame);
                self.samples_overrun += self.incoming.push(&frame) as u64;
                if let Some(tones) = &mut self.tones {
                    tones.listen(&frame, events);
                }
            }
            self.greatest_delay = self.greatest_delay.max(self.playout.delay() / PER_MILLISECOND);
        }
    }

    fn continues(&self, header: &Header) -> bool {
        self.reception.started && header.ssrc == self.reception.ssrc && self.reception.fits(header.sequence)
    }

    /// A source passed its probation: its packets were held back, none is lost.
    fn accept_held(&mut self, events: &mut EventQueue) {
        let mut datagram = [0; MAX_DATAGRAM];
        let mut index = 0;
        while let Some((arrival, length)) = self.latch.take_held(index, &mut datagram) {
            // The payload types may have been configured anew since.
            if let Some(header) = self.admit(&datagram[..length]) {
                self.accept(arrival, &header, &datagram[..length], events);
            }
            index += 1;
        }
    }

    /// Takes a packet of the far end.
    fn accept(&mut self, now: u64, header: &Header, datagram: &[u8], events: &mut EventQueue) {
        if !self.continues(header) {
            if !self.source_known || self.reception.ssrc != header.ssrc {
                self.source_known = true;
                events.push(Event::Source { ssrc: header.ssrc });
            }
            self.reception.start(header.ssrc, header.sequence);
            self.receiver.reset(events);
            self.playout.reset();
        }
        self.presence.hear_rtp(now, events);
        let payload = &datagram[header.payload_start..header.payload_end];
        self.packets_received += 1;
        self.bytes_received += payload.len() as u64;
        if self.reception.take(header.sequence) == Arrival::Duplicate {
            self.packets_duplicate += 1;
            return;
        }
        let units = now / UNIT;
        match self.payloads.of(header) {
            Payload::Unknown => {}
            Payload::Noise => self.playout.receive_noise(self.reception.extended, payload),
            Payload::Event => {
                self.silence_tones(events);
                self.tones = None;
                self.receiver.receive(now, header.timestamp, payload, events);
                self.playout.receive_event(self.reception.extended);
            }
            Payload::Audio(encoding) => {
                self.reception.measure(units as u32, header.timestamp, header.marker);
                self.playout.receive(units as i64, self.reception.extended, header.timestamp, encoding, payload);
            }
        }
    }

    fn silence_tones(&mut self, events: &mut EventQueue) {
        if let Some(tones) = &mut self.tones {
            tones.reset(events);
        }
    }
}
