//! One call's media: everything of this crate joined.

use std::mem::offset_of;
use std::net::SocketAddr;

use crate::collision::Conflicts;
use crate::control::{Control, Facts};
use crate::event::{Event, EventQueue};
use crate::inbound::Inbound;
use crate::outbound::Outbound;
use crate::parameters::{SessionOptions, StreamParameters};
use crate::playout::Playout;
use crate::quality;
use crate::rtcp;
use crate::statistics::Statistics;
use crate::{FRAME, PER_MILLISECOND};

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
#[repr(C)]
pub struct Session {
    parameters: Option<StreamParameters>,
    events: EventQueue,
    outbound: Outbound,
    control: Control,
    inbound: Inbound,
    conflicts: Conflicts,
    /// Whether reports say how the call sounds: as agreed, and where nothing was.
    voip_metrics: bool,
    voip_metrics_usual: bool,
}

impl Session {
    /// What each tick touches of this object, in bytes from its beginning: where each piece begins and ends. Among thousands of sessions each
    /// is out of the processor's cache when its turn comes; whoever runs them can fetch this ahead, without the rest.
    pub const NEAR: [(usize, usize); 5] = {
        let inbound = offset_of!(Self, inbound);
        let [scalars, payloads] = Inbound::NEAR;
        let playout = inbound + Inbound::PLAYOUT;
        let [first, second] = Playout::NEAR;
        [
            (0, offset_of!(Self, control) + Control::NEAR),
            (inbound + scalars.0, inbound + scalars.1),
            (inbound + payloads.0, inbound + payloads.1),
            (playout + first.0, playout + first.1),
            (playout + second.0, playout + second.1),
        ]
    };

    /// A session that does nothing until it is configured.
    pub fn new(options: SessionOptions) -> Self {
        let mut control = Control::new(options.ssrc, &options.cname, options.epoch, options.seed);
        control.symmetric = options.symmetric_rtp;
        Self {
            parameters: None,
            conflicts: Conflicts::new(options.seed ^ options.ssrc),
            inbound: Inbound::new(&options),
            outbound: Outbound::new(&options),
            control,
            events: EventQueue::new(),
            voip_metrics: options.voip_metrics,
            voip_metrics_usual: options.voip_metrics,
        }
    }

    /// Takes over what an offer/answer exchange settled. May be called again during the call; buffers and counters stay.
    pub fn configure(&mut self, parameters: StreamParameters) {
        self.control.configure(parameters.remote_rtcp, parameters.rtcp_reduced_size, parameters.rtcp_bandwidth);
        self.voip_metrics = parameters.voip_metrics.unwrap_or(self.voip_metrics_usual);
        self.inbound.configure(&parameters, &mut self.events);
        self.outbound.configure(&parameters, &mut self.events);
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
        let Some(header) = self.inbound.admit(datagram) else { return };
        if header.ssrc == self.outbound.ssrc && self.knows(source) {
            self.collide(source);
        }
        self.inbound.receive(now, source, &header, datagram, &mut self.events);
    }

    /// Takes one datagram that arrived at the port for RTCP.
    pub fn receive_rtcp(&mut self, now: u64, source: SocketAddr, datagram: &[u8]) {
        if self.parameters.is_none() {
            return;
        }
        let reception = &self.inbound.reception;
        let theirs = reception.started.then_some(reception.ssrc);
        // A port of its own, which NATs change: so the address decides.
        let compound = if self.knows(source) { self.control.receive(now, source, datagram, theirs) } else { None };
        let Some(compound) = compound else {
            self.inbound.packets_rejected += 1;
            return;
        };
        if compound.sender == self.outbound.ssrc {
            self.collide(source);
            return;
        }
        if self.inbound.presence.heard_rtp {
            self.inbound.presence.hear(now, &mut self.events);
        }
        if compound.bye {
            self.events.push(Event::Bye { ssrc: self.inbound.reception.ssrc });
        }
    }

    /// One frame interval (20 ms): plays one frame out of the jitter buffer into the read buffer, and writes the RTP packet of this
    /// interval into `packet` (at least 1,500 bytes). `skipped` is how many intervals the caller missed since the last call: so many
    /// more frames are played. Returns the packet's length, 0 when nothing is to be sent. With short packets there are
    /// [`Self::more`].
    pub fn tick(&mut self, now: u64, skipped: u32, packet: &mut [u8]) -> usize {
        let Some(parameters) = &self.parameters else { return 0 };
        self.inbound.tick(now, skipped, parameters.direction.receives(), &mut self.events);
        self.outbound.tick(now, skipped, parameters.direction.sends(), packet, &mut self.events);
        self.outbound.more(parameters, packet, &mut self.events)
    }

    /// After [`Self::tick`]: the next packet of the same interval. Returns its length, 0 when there is none.
    pub fn more(&mut self, packet: &mut [u8]) -> usize {
        let Some(parameters) = &self.parameters else { return 0 };
        self.outbound.more(parameters, packet, &mut self.events)
    }

    /// Whether [`Self::more`] would give a packet, unless it held nothing but silence that need not be sent.
    pub fn has_more(&self) -> bool {
        self.outbound.has_more()
    }

    /// Once an interval, after [`Self::tick`]: writes an RTCP packet into `packet` (at least [`rtcp::LONGEST`] bytes) when one is due.
    /// Returns its length, 0 when none is.
    pub fn tick_rtcp(&mut self, now: u64, packet: &mut [u8]) -> usize {
        let Some(destination) = self.control.destination() else { return 0 };
        let started = self.inbound.reception.started;
        let sends = started && self.inbound.presence.sends(now);
        if destination.ip().is_unspecified() {
            return 0;
        }
        let goodbye = self.control.write_goodbye(packet);
        if goodbye > 0 {
            return goodbye;
        }
        if !self.control.due(now, self.outbound.packets_sent, started, sends) {
            return 0;
        }
        self.report(now, false, packet)
    }

    /// The session ends: writes the RTCP packet that says so (RFC 3550 §6.3.7; among two nobody need wait). Returns its length, 0 when
    /// none is to be sent.
    pub fn bye(&mut self, now: u64, packet: &mut [u8]) -> usize {
        match self.control.destination() {
            Some(destination)
                if !destination.ip().is_unspecified() && !self.control.mute() && self.control.known(self.outbound.packets_sent) =>
            {
                self.report(now, true, packet)
            }
            _ => 0,
        }
    }

    /// Tells of the memory, beyond this object's own, that the next packet and the next tick will touch: where it begins and how many bytes.
    /// Whoever runs many sessions can have it fetched while another has its turn.
    pub fn ahead(&self, fetch: &mut impl FnMut(*const u8, usize)) {
        self.inbound.playout.ahead(fetch);
        let [_, played] = self.inbound.incoming.ahead(FRAME);
        let [sent, _] = self.outbound.outgoing.ahead(self.outbound.packet_length as usize);
        [played, sent].into_iter().for_each(|samples| fetch(samples.as_ptr().cast(), size_of_val(samples)));
    }

    /// Where RTCP packets go; None before `configure`.
    pub fn rtcp_destination(&self) -> Option<SocketAddr> {
        if self.parameters.as_ref().is_some_and(|parameters| parameters.rtcp_mux) {
            return self.inbound.latch.destination();
        }
        self.control.destination()
    }

    /// Where the packet goes; None before `configure`.
    pub fn destination(&self) -> Option<SocketAddr> {
        self.inbound.latch.destination()
    }

    /// Queues samples for sending. Returns how many were taken; the rest found the buffer full.
    pub fn write(&mut self, samples: &[i16]) -> usize {
        self.outbound.outgoing.write(samples)
    }

    /// Moves received samples to the caller. Returns how many were there, up to the slice's length.
    pub fn read(&mut self, samples: &mut [i16]) -> usize {
        self.inbound.incoming.read(samples)
    }

    /// Drops what is queued for sending (barge-in). Returns how many samples were dropped.
    pub fn clear(&mut self) -> usize {
        self.outbound.outgoing.clear()
    }

    /// Queues telephone-events (RFC 4733) after those already queued; they replace the audio while they last. Duration (40–8,000)
    /// and gap in ms. False when the far end takes no telephone-event, or one of them is none.
    pub fn send_events(&mut self, events: &[u8], duration_ms: u32, gap_ms: u32) -> bool {
        let taken = self.parameters.as_ref().is_some_and(|parameters| parameters.send_event_payload_type.is_some());
        taken && self.outbound.send_events(events, duration_ms, gap_ms)
    }

    /// The next thing that happened.
    pub fn poll(&mut self) -> Option<Event> {
        self.events.poll()
    }

    /// Samples that wait to be read.
    pub fn readable(&self) -> usize {
        self.inbound.incoming.length()
    }

    /// Samples that wait to be sent.
    pub fn queued(&self) -> usize {
        self.outbound.outgoing.length()
    }

    /// The counters as they are now.
    pub fn statistics(&self) -> Statistics {
        Statistics::of(&self.inbound, &self.outbound, &self.control, &self.conflicts)
    }

    fn report(&mut self, now: u64, bye: bool, packet: &mut [u8]) -> usize {
        let report = self.inbound.reception.report();
        // How long the far end's packets are is not in question here: theirs are mostly as ours.
        let packet_time = self.outbound.packet_length / PER_MILLISECOND;
        let facts = Facts {
            timestamp: self.outbound.timestamp_at(now),
            packets: self.outbound.packets_sent,
            octets: self.outbound.bytes_sent,
            report,
            metrics: (self.voip_metrics && report.is_some()).then(|| quality::metrics(&self.inbound, &self.control, packet_time)),
            bye,
        };
        self.control.write(now, &facts, packet)
    }

    /// Whether it is an address of the far end's.
    fn knows(&self, source: SocketAddr) -> bool {
        let known = [self.inbound.latch.destination(), self.control.negotiated(), self.control.destination()];
        known.iter().flatten().any(|address| address.ip() == source.ip())
    }

    /// A packet of the far end's bears our SSRC.
    fn collide(&mut self, source: SocketAddr) {
        let Some(ssrc) = self.conflicts.meet(source, self.outbound.ssrc) else { return };
        self.control.rename(ssrc, self.outbound.packets_sent, self.outbound.bytes_sent);
        self.outbound.rename(ssrc);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::g711::Encoding;
    use crate::parameters::Direction;

    fn remote() -> SocketAddr {
        SocketAddr::from(([192, 0, 2, 1], 4_000))
    }

    fn session(direction: Direction) -> Session {
        let mut session = Session::new(SessionOptions { sequence: 65_535, timestamp: 0xffff_ff80, ..SessionOptions::default() });
        session.configure(StreamParameters {
            direction,
            send_payload_type: 8,
            send_encoding: Encoding::Pcma,
            receive: vec![(0, Encoding::Pcmu), (8, Encoding::Pcma)],
            ..StreamParameters::plain(remote())
        });
        session
    }

    #[test]
    fn two_sessions_hear_each_other() {
        let mut packet = [0; 1_500];
        let mut sender = session(Direction::SendOnly);
        sender.write(&[1_000; 1_600]);
        let mut listener = session(Direction::RecvOnly);
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
