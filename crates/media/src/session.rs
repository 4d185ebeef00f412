//! One call's media: everything of this crate joined.

use std::net::SocketAddr;

use crate::collision::Conflicts;
use crate::control::{Control, Facts};
use crate::dtmf::{self, EventReceiver, EventSender, Outgoing};
use crate::emodel;
use crate::event::{Event, EventQueue};
use crate::g711::{self, Encoding};
use crate::jitter::MAX_PAYLOAD;
use crate::latch::{Continuity, Latch, MAX_DATAGRAM, Verdict};
use crate::loss;
use crate::parameters::{SessionOptions, StreamParameters};
use crate::playout::Playout;
use crate::reception::{Arrival, Reception};
use crate::ring::Ring;
use crate::rtcp::{self, VoipMetrics};
use crate::rtp::{self, HEADER_LENGTH, Header};
use crate::statistics::Statistics;
use crate::suppression::{Outcome, Suppression};
use crate::tones::ToneDetector;
use crate::{FRAME, PER_MILLISECOND};

/// After a stall at most this many missed frames (1 s) are played at once; what is older would be beyond any playout delay.
const MAX_CATCH_UP: u32 = 50;
/// Microseconds in a timestamp unit.
const UNIT: u64 = 1_000 / PER_MILLISECOND as u64;
/// Packets hold 10 to 60 ms of audio.
const PACKET_STEP: u32 = 10;
const LONGEST_PACKET: usize = 480;
/// A far end that sent RTP within this time, µs, is a sender for RTCP: two of its intervals (RFC 3550 §6.3.5).
const SENDS_OF_LATE: u64 = 10_000_000;

/// Comfort noise at 8,000 Hz (RFC 3389 §5).
const NOISE_PAYLOAD_TYPE: u8 = 13;

/// What a payload type number stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Payload {
    Unknown,
    Audio(Encoding),
    Event,
    Noise,
}

/// One call's media as a sans-I/O machine. Times are microseconds on any monotonic clock.
///
/// Choices that the standards leave open:
/// - A frame is sent every interval while the direction allows it, silence when nothing is queued: NATs stay open, and the far
///   end's jitter buffer keeps its measure. A frame that is queued in part goes out at once, filled up with silence.
/// - Where the far end wants packets of another length, the interval stays: a packet goes out in the first interval that completes it.
/// - After a stall (`skipped`) the timestamp has moved on as if the frames had been sent, the sequence number has not, and the
///   marker bit tells the far end that its jitter buffer may start afresh. Queued audio waits: it is later, not lost.
/// - While events are sent, and in the gaps after them, queued audio waits too.
/// - Received audio is played from the first packet on, one frame an interval, silence when there is none.
/// - A far end is silent when no RTP came since we began to listen, later when neither RTP nor RTCP did: who suppresses silence
///   still reports.
/// - A far end that has our SSRC makes us take another (RFC 3550 §8.2). What then still comes back with ours is a loop: counted, but heard,
///   for an echo test is just that.
/// - With comfort noise agreed, nothing is sent while nobody speaks but a description of the noise once a second: NATs stay open.
/// - Tones are not looked for any more once a telephone-event came: who sends both would dial every digit twice.
#[derive(Debug)]
pub struct Session {
    ssrc: u32,
    conflicts: Conflicts,
    sequence: u16,
    timestamp: u32,
    parameters: Option<StreamParameters>,
    payloads: [Payload; 128],
    /// The next packet sent begins a talkspurt.
    marker: bool,
    /// Samples in a packet that we send, and how many wait for one to be complete.
    packet_length: u32,
    waiting: u32,
    /// When the last frame began, µs.
    ticked_at: u64,
    latch: Latch,
    reception: Reception,
    receiver: EventReceiver,
    sender: EventSender,
    /// While comfort noise is agreed.
    suppression: Option<Box<Suppression>>,
    playout: Playout,
    tones: Option<Box<ToneDetector>>,
    control: Control,
    outgoing: Ring,
    incoming: Ring,
    events: EventQueue,
    /// Whether [`Event::Source`] was given for the reception's SSRC.
    source_known: bool,
    /// Timeouts, µs, and what they depend on: since when we listen, when we last heard, whether RTP, and whether it was told.
    initial_timeout: u64,
    timeout: u64,
    listening: bool,
    heard_at: u64,
    rtp_at: u64,
    heard_rtp: bool,
    timed_out: bool,
    voip_metrics: bool,
    voip_metrics_usual: bool,
    maximum_delay: u32,
    greatest_delay: u32,
    packets_sent: u64,
    bytes_sent: u64,
    frames_silent: u64,
    frames_skipped: u64,
    packets_suppressed: u64,
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
            conflicts: Conflicts::new(options.seed ^ options.ssrc),
            sequence: options.sequence,
            timestamp: options.timestamp,
            parameters: None,
            payloads: [Payload::Unknown; 128],
            marker: true,
            packet_length: FRAME as u32,
            waiting: 0,
            ticked_at: 0,
            latch: Latch::new(),
            reception: Reception::new(),
            receiver: EventReceiver::new(),
            sender: EventSender::new(),
            suppression: None,
            playout: Playout::new(options.minimum_delay, options.maximum_delay),
            tones: options.tone_detection.then(|| Box::new(ToneDetector::new())),
            control: Control::new(options.ssrc, &options.cname, options.epoch, options.seed),
            outgoing: Ring::new(options.write_capacity),
            incoming: Ring::new(options.read_capacity),
            events: EventQueue::new(),
            source_known: false,
            initial_timeout: u64::from(options.initial_timeout) * 1_000,
            timeout: u64::from(options.timeout) * 1_000,
            listening: false,
            heard_at: 0,
            rtp_at: 0,
            heard_rtp: false,
            timed_out: false,
            voip_metrics: options.voip_metrics,
            voip_metrics_usual: options.voip_metrics,
            maximum_delay: options.maximum_delay,
            greatest_delay: 0,
            packets_sent: 0,
            bytes_sent: 0,
            frames_silent: 0,
            frames_skipped: 0,
            packets_suppressed: 0,
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
        // Static (RFC 3551): it comes from far ends that never offered it.
        self.payloads[usize::from(NOISE_PAYLOAD_TYPE)] = Payload::Noise;
        if let Some(payload_type) = parameters.receive_noise_payload_type {
            self.payloads[usize::from(payload_type & 0x7f)] = Payload::Noise;
        }
        for &(payload_type, encoding) in &parameters.receive {
            self.payloads[usize::from(payload_type & 0x7f)] = Payload::Audio(encoding);
        }
        if let Some(payload_type) = parameters.receive_event_payload_type {
            self.payloads[usize::from(payload_type & 0x7f)] = Payload::Event;
        }
        self.latch.configure(parameters.remote);
        self.control.configure(parameters.remote_rtcp, parameters.rtcp_reduced_size, parameters.rtcp_bandwidth);
        self.voip_metrics = parameters.voip_metrics.unwrap_or(self.voip_metrics_usual);
        self.packet_length = (parameters.ptime / PACKET_STEP).clamp(1, 6) * PACKET_STEP * PER_MILLISECOND;
        if !parameters.direction.receives() && self.reception.started {
            // What arrives from now on is nobody's business, neither lost nor played.
            self.reception.pause();
            self.receiver.reset(&mut self.events);
            self.playout.reset();
            self.silence_tones();
        }
        if !parameters.direction.receives() {
            self.listening = false;
        }
        if parameters.send_event_payload_type.is_none() {
            self.sender.cancel(&mut self.events);
        }
        if parameters.send_noise_payload_type.is_none() {
            self.suppression = None;
        } else {
            self.suppression.get_or_insert_with(|| Box::new(Suppression::new())).restart();
        }
        self.parameters = Some(parameters);
    }

    /// Takes one datagram that arrived at `now` from `source`. Anything at all may come in.
    pub fn receive(&mut self, now: u64, source: SocketAddr, datagram: &[u8]) {
        if rtcp::is_rtcp(datagram) && self.parameters.as_ref().is_some_and(|parameters| parameters.rtcp_mux) {
            self.receive_rtcp(now, source, datagram);
            return;
        }
        if !self.parameters.as_ref().is_some_and(|parameters| parameters.direction.receives()) {
            return;
        }
        let Some(header) = self.admit(datagram) else {
            self.packets_rejected += 1;
            return;
        };
        if header.ssrc == self.ssrc && self.knows(source) {
            self.collide(source);
        }
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

    /// Takes one datagram that arrived at the port for RTCP.
    pub fn receive_rtcp(&mut self, now: u64, source: SocketAddr, datagram: &[u8]) {
        if self.parameters.is_none() {
            return;
        }
        let theirs = self.reception.started.then_some(self.reception.ssrc);
        // A port of its own, which NATs change: so the address decides.
        let compound = if self.knows(source) { self.control.receive(now, source, datagram, theirs) } else { None };
        let Some(compound) = compound else {
            self.packets_rejected += 1;
            return;
        };
        if compound.sender == self.ssrc {
            self.collide(source);
            return;
        }
        if self.heard_rtp {
            self.hear(now);
        }
        if compound.bye {
            self.events.push(Event::Bye { ssrc: self.reception.ssrc });
        }
    }

    /// One frame interval (20 ms): plays one frame out of the jitter buffer into the read buffer, and writes the RTP packet of this
    /// interval into `packet` (at least 1,500 bytes). `skipped` is how many intervals the caller missed since the last call: so many
    /// more frames are played. Returns the packet's length, 0 when nothing is to be sent. With short packets there are
    /// [`Self::more`].
    pub fn tick(&mut self, now: u64, skipped: u32, packet: &mut [u8]) -> usize {
        let Some(direction) = self.parameters.as_ref().map(|parameters| parameters.direction) else { return 0 };
        self.receiver.expire(now, &mut self.events);
        self.watch(now, direction.receives());
        if direction.receives() && self.playout.heard {
            let mut frame = [0; FRAME];
            let units = (now / UNIT) as i64;
            for missed in (0..=skipped.min(MAX_CATCH_UP)).rev() {
                self.playout.play(units - i64::from(missed) * FRAME as i64, &mut frame);
                self.samples_overrun += self.incoming.push(&frame) as u64;
                if let Some(tones) = &mut self.tones {
                    tones.listen(&frame, &mut self.events);
                }
            }
            self.greatest_delay = self.greatest_delay.max(self.playout.delay() / PER_MILLISECOND);
        }
        self.ticked_at = now;
        self.timestamp = self.timestamp.wrapping_add(skipped.wrapping_mul(FRAME as u32));
        if direction.sends() && packet.len() >= HEADER_LENGTH + LONGEST_PACKET {
            self.frames_skipped += u64::from(skipped);
            self.marker |= skipped > 0;
            self.waiting += FRAME as u32;
        } else {
            self.sender.interrupt(&mut self.events);
            self.interrupt_suppression();
            self.marker = true;
            self.timestamp = self.timestamp.wrapping_add(self.waiting + FRAME as u32);
            self.waiting = 0;
        }
        self.more(packet)
    }

    /// After [`Self::tick`]: the next packet of the same interval. Returns its length, 0 when there is none.
    pub fn more(&mut self, packet: &mut [u8]) -> usize {
        if packet.len() < HEADER_LENGTH + LONGEST_PACKET {
            return 0;
        }
        while self.has_more() {
            let length = self.send(packet);
            self.waiting -= self.packet_length;
            self.timestamp = self.timestamp.wrapping_add(self.packet_length);
            if length > 0 {
                return length;
            }
        }
        0
    }

    /// Whether [`Self::more`] would give a packet, unless it held nothing but silence that need not be sent.
    pub fn has_more(&self) -> bool {
        self.waiting >= self.packet_length
    }

    /// Once an interval, after [`Self::tick`]: writes an RTCP packet into `packet` (at least [`rtcp::LONGEST`] bytes) when one is due.
    /// Returns its length, 0 when none is.
    pub fn tick_rtcp(&mut self, now: u64, packet: &mut [u8]) -> usize {
        let Some(destination) = self.control.destination() else { return 0 };
        let started = self.reception.started;
        let sends = started && now.saturating_sub(self.rtp_at) < SENDS_OF_LATE;
        if destination.ip().is_unspecified() {
            return 0;
        }
        let goodbye = self.control.write_goodbye(packet);
        if goodbye > 0 {
            return goodbye;
        }
        if !self.control.due(now, self.packets_sent, started, sends) {
            return 0;
        }
        self.report(now, false, packet)
    }

    /// The session ends: writes the RTCP packet that says so (RFC 3550 §6.3.7; among two nobody need wait). Returns its length, 0 when
    /// none is to be sent.
    pub fn bye(&mut self, now: u64, packet: &mut [u8]) -> usize {
        match self.control.destination() {
            Some(destination) if !destination.ip().is_unspecified() && !self.control.mute() && self.control.known(self.packets_sent) => {
                self.report(now, true, packet)
            }
            _ => 0,
        }
    }

    /// Tells of the memory, beyond this object's own, that the next packet and the next tick will touch: where it begins and how many bytes.
    /// Whoever runs many sessions can have it fetched while another has its turn.
    pub fn ahead(&self, fetch: &mut impl FnMut(*const u8, usize)) {
        self.playout.ahead(fetch);
        let [_, played] = self.incoming.ahead(FRAME);
        let [sent, _] = self.outgoing.ahead(self.packet_length as usize);
        [played, sent].into_iter().for_each(|samples| fetch(samples.as_ptr().cast(), size_of_val(samples)));
    }

    /// Where RTCP packets go; None before `configure`.
    pub fn rtcp_destination(&self) -> Option<SocketAddr> {
        if self.parameters.as_ref().is_some_and(|parameters| parameters.rtcp_mux) {
            return self.latch.destination();
        }
        self.control.destination()
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
        let (r_factor, _) = self.ratings();
        Statistics {
            packets_sent: self.packets_sent,
            bytes_sent: self.bytes_sent,
            frames_silent: self.frames_silent,
            frames_skipped: self.frames_skipped,
            packets_suppressed: self.packets_suppressed,
            packets_received: self.packets_received,
            bytes_received: self.bytes_received,
            packets_rejected: self.packets_rejected + self.latch.refused,
            packets_lost: self.reception.lost(),
            packets_late: self.playout.late(),
            packets_duplicate: self.packets_duplicate,
            packets_looped: self.conflicts.looped,
            samples_played: self.playout.played,
            samples_concealed: self.playout.concealed,
            samples_stretched: self.playout.stretched,
            samples_overrun: self.samples_overrun,
            rtcp_packets_sent: self.control.packets_sent,
            rtcp_packets_received: self.control.packets_received,
            jitter: self.reception.jitter(),
            playout_delay: self.playout.delay() / PER_MILLISECOND,
            playout_timestamp: self.playout.position(),
            samples_readable: self.incoming.length() as u32,
            samples_queued: self.outgoing.length() as u32,
            rtt: self.round_trip(),
            remote_loss: f64::from(self.control.remote_fraction) / 256.0,
            remote_packets_lost: self.control.remote_lost,
            remote_jitter: self.control.remote_jitter,
            r_factor,
            mos: emodel::opinion(r_factor),
            remote_r_factor: u32::from(self.control.remote_rating),
        }
    }

    /// Milliseconds.
    fn round_trip(&self) -> f64 {
        f64::from(self.control.round_trip) * 1_000.0 / 65_536.0
    }

    /// The E-model's rating of what we hear, and the same without regard to delay.
    fn ratings(&self) -> (f64, f64) {
        let delay = self.round_trip() / 2.0 + f64::from(self.playout.delay() / PER_MILLISECOND);
        let (lost, late) = self.shares();
        let bursts = self.reception.pattern.burst_ratio(lost);
        let loss = (lost + late).min(1.0) * 100.0;
        (emodel::rating(delay, loss, bursts), emodel::rating(0.0, loss, bursts))
    }

    /// Of the packets expected, the share that was lost and the share that came too late, 0–1.
    fn shares(&self) -> (f64, f64) {
        let expected = self.reception.expected();
        if expected <= 0 {
            return (0.0, 0.0);
        }
        let share = |count: f64| (count / expected as f64).clamp(0.0, 1.0);
        (share(self.reception.lost() as f64), share(self.playout.late() as f64))
    }

    /// RFC 3611 §4.7: what we hear, for the far end to know.
    fn metrics(&self) -> VoipMetrics {
        let (lost, late) = self.shares();
        let (rating, listening) = self.ratings();
        // How long the far end's packets are is not in question here: theirs are mostly as ours.
        let bursts = self.reception.pattern.bursts(f64::from(self.packet_length / PER_MILLISECOND));
        let delay = self.playout.delay() / PER_MILLISECOND;
        VoipMetrics {
            ssrc: self.reception.ssrc,
            loss_rate: loss::octet(lost * 256.0),
            discard_rate: loss::octet(late * 256.0),
            burst_density: bursts.burst_density,
            gap_density: bursts.gap_density,
            burst_duration: bursts.burst_duration,
            gap_duration: bursts.gap_duration,
            round_trip_delay: self.round_trip().min(65_535.0) as u16,
            end_system_delay: delay.min(65_535) as u16,
            rating: rating as u8,
            listening_quality: (emodel::opinion(listening) * 10.0) as u8,
            conversational_quality: (emodel::opinion(rating) * 10.0) as u8,
            nominal_delay: delay.min(65_535) as u16,
            maximum_delay: self.greatest_delay.min(65_535) as u16,
            absolute_maximum_delay: self.maximum_delay.min(65_535) as u16,
        }
    }

    fn report(&mut self, now: u64, bye: bool, packet: &mut [u8]) -> usize {
        let elapsed = (now.saturating_sub(self.ticked_at) / UNIT) as u32;
        let report = self.reception.report();
        let facts = Facts {
            // The last frame's first sample was due at the last tick.
            timestamp: self.timestamp.wrapping_add(self.waiting).wrapping_sub(FRAME as u32).wrapping_add(elapsed),
            packets: self.packets_sent,
            octets: self.bytes_sent,
            report,
            metrics: (self.voip_metrics && report.is_some()).then(|| self.metrics()),
            bye,
        };
        self.control.write(now, &facts, packet)
    }

    /// Looks whether the far end has been silent for too long.
    fn watch(&mut self, now: u64, receives: bool) {
        if !receives {
            return;
        }
        if !self.listening {
            self.listening = true;
            self.heard_at = now;
            self.heard_rtp = false;
            self.timed_out = false;
        }
        let limit = if self.heard_rtp { self.timeout } else { self.initial_timeout };
        if !self.timed_out && limit > 0 && now.saturating_sub(self.heard_at) >= limit {
            self.timed_out = true;
            self.events.push(Event::Timeout { initial: !self.heard_rtp });
        }
    }

    /// The far end is there.
    fn hear(&mut self, now: u64) {
        self.heard_at = now;
        if self.timed_out {
            self.timed_out = false;
            self.events.push(Event::Resumed);
        }
    }

    fn silence_tones(&mut self) {
        if let Some(tones) = &mut self.tones {
            tones.reset(&mut self.events);
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
            Payload::Noise => (1..=MAX_PAYLOAD).contains(&length),
            Payload::Event => length >= dtmf::PAYLOAD_LENGTH,
        };
        known.then_some(header)
    }

    /// Whether it is an address of the far end's.
    fn knows(&self, source: SocketAddr) -> bool {
        let known = [self.latch.destination(), self.control.negotiated(), self.control.destination()];
        known.iter().flatten().any(|address| address.ip() == source.ip())
    }

    /// A packet of the far end's bears our SSRC.
    fn collide(&mut self, source: SocketAddr) {
        let Some(ssrc) = self.conflicts.meet(source, self.ssrc) else { return };
        self.ssrc = ssrc;
        self.control.rename(self.ssrc, self.packets_sent, self.bytes_sent);
        self.marker = true;
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
        self.rtp_at = now;
        self.heard_rtp = true;
        self.hear(now);
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
            Payload::Noise => self.playout.receive_noise(self.reception.extended, payload),
            Payload::Event => {
                self.silence_tones();
                self.tones = None;
                self.receiver.receive(now, header.timestamp, payload, &mut self.events);
                self.playout.receive_event(self.reception.extended);
            }
            Payload::Audio(encoding) => {
                self.reception.measure(units as u32, header.timestamp, header.marker);
                self.playout.receive(units as i64, self.reception.extended, header.timestamp, encoding, payload);
            }
        }
    }

    /// Writes a packet. Returns its length, 0 when it would hold nothing but silence.
    fn send(&mut self, packet: &mut [u8]) -> usize {
        let Some(parameters) = &self.parameters else { return 0 };
        let event_payload_type = parameters.send_event_payload_type.unwrap_or(0);
        let samples = self.packet_length as usize;
        let payload = &mut packet[HEADER_LENGTH..HEADER_LENGTH + samples];
        let length = match self.sender.next(self.timestamp, self.packet_length, payload, &mut self.events) {
            Outgoing::Event { timestamp, marker } => {
                self.interrupt_suppression();
                rtp::write_header(packet, marker, event_payload_type, self.sequence, timestamp, self.ssrc);
                dtmf::PAYLOAD_LENGTH
            }
            Outgoing::Audio => self.send_audio(packet),
            Outgoing::Silence => {
                self.interrupt_suppression();
                self.write_audio(packet, &[])
            }
        };
        if length == 0 {
            self.packets_suppressed += 1;
            return 0;
        }
        self.sequence = self.sequence.wrapping_add(1);
        self.packets_sent += 1;
        self.bytes_sent += length as u64;
        HEADER_LENGTH + length
    }

    /// Writes what is queued, or what is to be said of its silence. Returns the payload's length, 0 when nothing is to be sent.
    fn send_audio(&mut self, packet: &mut [u8]) -> usize {
        let mut audio = [0; LONGEST_PACKET];
        let audio = &mut audio[..self.packet_length as usize];
        let count = self.outgoing.read(audio);
        if let (Some(suppression), Some(parameters)) = (&mut self.suppression, &self.parameters) {
            let silent = suppression.silent();
            match suppression.decide(audio, &mut packet[HEADER_LENGTH..]) {
                Outcome::Speech => self.marker |= silent,
                Outcome::Description(length) => {
                    let payload_type = parameters.send_noise_payload_type.unwrap_or(NOISE_PAYLOAD_TYPE);
                    rtp::write_header(packet, false, payload_type, self.sequence, self.timestamp, self.ssrc);
                    return length;
                }
                Outcome::Nothing => return 0,
            }
        }
        self.frames_silent += u64::from(count == 0);
        self.write_audio(packet, &audio[..count])
    }

    /// Writes a packet of audio, filled up with silence. Returns its payload's length.
    fn write_audio(&mut self, packet: &mut [u8], audio: &[i16]) -> usize {
        let Some(parameters) = &self.parameters else { return 0 };
        let samples = self.packet_length as usize;
        let payload = &mut packet[HEADER_LENGTH..HEADER_LENGTH + samples];
        g711::encode(parameters.send_encoding, audio, payload);
        payload[audio.len()..].fill(g711::silence(parameters.send_encoding));
        rtp::write_header(packet, self.marker, parameters.send_payload_type, self.sequence, self.timestamp, self.ssrc);
        self.marker = false;
        samples
    }

    fn interrupt_suppression(&mut self) {
        if let Some(suppression) = &mut self.suppression {
            suppression.interrupt();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::interval::USUAL_BANDWIDTH;
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
            send_noise_payload_type: None,
            receive_noise_payload_type: None,
            ptime: 20,
            remote_rtcp: StreamParameters::usual_rtcp(remote(), false),
            rtcp_mux: false,
            rtcp_reduced_size: false,
            rtcp_bandwidth: USUAL_BANDWIDTH,
            voip_metrics: None,
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
        assert_eq!(session.tick(0, 0, &mut [0; 491]), 0);
        assert_eq!(session.tick(0, 0, &mut [0; 492]), 172);
        assert_eq!(session.statistics().packets_sent, 1);
    }
}
