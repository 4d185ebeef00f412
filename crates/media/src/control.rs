//! A session's side of RTCP (RFC 3550 §6): when to report and what, and what the far end's reports say of our stream.

use std::mem::offset_of;
use std::net::SocketAddr;

use crate::interval::{Bandwidth, Schedule};
use crate::metrics::VoipMetrics;
use crate::rtcp::{self, Compound, Outgoing, ReportBlock, SenderInfo};

/// Seconds from NTP's 1900 to Unix's 1970.
const NTP_EPOCH: u64 = 2_208_988_800;
/// Microseconds in a second.
const SECOND: u64 = 1_000_000;
/// So many of our last sender reports are remembered: a round trip is believed only from a report that answers one of them.
const REMEMBERED: usize = 4;
/// An R factor that its sender does not know (RFC 3611 §4.7.5).
const UNKNOWN_RATING: u8 = 127;

/// What the session knows when a report is due.
#[derive(Clone, Copy, Debug)]
pub struct Facts {
    /// The RTP timestamp of this moment.
    pub timestamp: u32,
    /// RTP packets sent, and their payload bytes.
    pub packets: u64,
    /// See `packets`.
    pub octets: u64,
    /// About the far end's stream.
    pub report: Option<ReportBlock>,
    /// Likewise, where they are to be sent.
    pub metrics: Option<VoipMetrics>,
    /// We leave.
    pub bye: bool,
}

/// The state of it.
///
/// In memory, first what each tick touches; see [`crate::Session::NEAR`].
#[derive(Debug)]
#[repr(C)]
pub struct Control {
    destination: Option<SocketAddr>,
    schedule: Schedule,
    /// RTP packets that we had sent at the last report and at the one before.
    marks: [u64; 2],
    /// The source that we were until it collided with another, not yet said goodbye for; and what had been sent then.
    former: Option<u32>,
    ssrc: u32,
    /// Whether our packets go where the far end's come from; else, always where the SDP says.
    pub symmetric: bool,
    name: Vec<u8>,
    /// Unix time in µs at 0 of the session's clock.
    epoch: u64,
    negotiated: Option<SocketAddr>,
    /// RFC 5506 was negotiated.
    pub reduced_size: bool,
    /// Whose sender report came last, its time's middle 32 bits, and when it came, µs.
    reporter: u32,
    last_report: u32,
    reported_at: u64,
    /// The middle 32 bits of our last sender reports.
    sent: [u32; REMEMBERED],
    sent_next: usize,
    former_packets: u64,
    former_octets: u64,
    /// Compound packets.
    pub packets_sent: u64,
    /// See `packets_sent`.
    pub packets_received: u64,
    /// Round trip, in 1/65,536 s.
    pub round_trip: u32,
    /// Our stream as the far end reports it: loss since the report before in 1/256, in all, and jitter in timestamp units.
    pub remote_fraction: u8,
    /// See `remote_fraction`.
    pub remote_lost: i32,
    /// See `remote_fraction`.
    pub remote_jitter: u32,
    /// The R factor that it gives; 0: none.
    pub remote_rating: u8,
}

impl Control {
    /// See [`crate::Session::NEAR`]: so much from the beginning.
    pub const NEAR: usize = offset_of!(Self, ssrc);

    /// Nothing sent, nothing heard.
    pub fn new(ssrc: u32, name: &str, epoch: u64, seed: u32) -> Self {
        Self {
            symmetric: true,
            ssrc,
            name: name.as_bytes().to_vec(),
            epoch,
            schedule: Schedule::new(seed),
            negotiated: None,
            destination: None,
            reduced_size: false,
            reporter: 0,
            last_report: 0,
            reported_at: 0,
            sent: [0; REMEMBERED],
            sent_next: 0,
            marks: [0; 2],
            former: None,
            former_packets: 0,
            former_octets: 0,
            packets_sent: 0,
            packets_received: 0,
            round_trip: 0,
            remote_fraction: 0,
            remote_lost: 0,
            remote_jitter: 0,
            remote_rating: 0,
        }
    }

    /// Takes over the SDP's address for RTCP. The same as before leaves everything as it is.
    pub fn configure(&mut self, remote: SocketAddr, reduced_size: bool, bandwidth: Bandwidth) {
        self.reduced_size = reduced_size;
        self.schedule.bandwidth = bandwidth;
        if self.negotiated != Some(remote) {
            self.negotiated = Some(remote);
            self.destination = Some(remote);
        }
    }

    /// We are another source from now on (RFC 3550 §8.2), after so many packets and octets.
    pub fn rename(&mut self, ssrc: u32, packets: u64, octets: u64) {
        self.former = Some(self.ssrc);
        self.former_packets = packets;
        self.former_octets = octets;
        self.ssrc = ssrc;
        // Reports that answer ours are about a source that is no more.
        self.sent = [0; REMEMBERED];
    }

    /// Writes the goodbye of the source that we no longer are. Returns its length; 0 when there is none to say.
    pub fn write_goodbye(&mut self, packet: &mut [u8]) -> usize {
        let Some(former) = self.former.take() else { return 0 };
        if self.mute() || self.former_packets == 0 && self.packets_sent == 0 {
            return 0;
        }
        let length = rtcp::compose(packet, &Outgoing { ssrc: former, bye: true, ..Outgoing::default() }, &self.name);
        self.packets_sent += u64::from(length > 0);
        length
    }

    /// Neither who sends nor who listens may send RTCP.
    pub fn mute(&self) -> bool {
        self.schedule.bandwidth == Bandwidth { senders: 0, receivers: 0 }
    }

    /// Where our reports go.
    pub fn destination(&self) -> Option<SocketAddr> {
        self.destination
    }

    /// What the SDP said.
    pub fn negotiated(&self) -> Option<SocketAddr> {
        self.negotiated
    }

    /// Takes a datagram from a `source` that may be the far end's. `theirs` is its stream's SSRC, if one was heard. None when it is no
    /// RTCP.
    pub fn receive(&mut self, now: u64, source: SocketAddr, datagram: &[u8], theirs: Option<u32>) -> Option<Compound> {
        let mut compound = rtcp::parse(datagram, self.reduced_size, self.ssrc, theirs.unwrap_or(0))?;
        compound.bye &= theirs.is_some();
        self.packets_received += 1;
        self.schedule.received(datagram.len());
        if compound.sender == self.ssrc {
            // Our own, come back, or a source that must take another name: it tells us nothing.
            compound.bye = false;
            return Some(compound);
        }
        if self.symmetric && theirs == Some(compound.sender) {
            // Its packets show where it is, as those of RTP do (RFC 4961).
            self.destination = Some(source);
        }
        if let Some(info) = compound.info {
            self.reporter = compound.sender;
            self.last_report = info.middle();
            self.reported_at = now;
        }
        if let Some(report) = compound.report {
            self.remote_fraction = report.fraction_lost;
            self.remote_lost = report.lost;
            self.remote_jitter = report.jitter;
            if report.last_report != 0 && self.sent.contains(&report.last_report) {
                let (seconds, fraction) = self.ntp(now);
                let arrival = seconds << 16 | fraction >> 16;
                let trip = arrival.wrapping_sub(report.last_report).wrapping_sub(report.delay) as i32;
                // A far end whose clock runs fast may claim to have held the report longer than we waited for it.
                self.round_trip = trip.max(0) as u32;
            }
        }
        if let Some(metrics) = compound.metrics
            && metrics.rating < UNKNOWN_RATING
        {
            self.remote_rating = metrics.rating;
        }
        Some(compound)
    }

    /// Whether a report is due. `packets`: RTP packets sent so far; `heard`: the far end has a stream, `sends`: of late.
    pub fn due(&mut self, now: u64, packets: u64, heard: bool, sends: bool) -> bool {
        let we_sent = self.we_sent(packets);
        self.schedule.due(now, 1 + u32::from(heard), u32::from(sends) + u32::from(we_sent), we_sent)
    }

    /// Whether anything was ever sent: who never did leaves without a word (§6.3.7).
    pub fn known(&self, packets: u64) -> bool {
        packets > 0 || self.packets_sent > 0
    }

    /// Writes a report into `packet`. Returns its length; 0 when there is no room for it.
    pub fn write(&mut self, now: u64, facts: &Facts, packet: &mut [u8]) -> usize {
        let we_sent = self.we_sent(facts.packets);
        let (ntp_seconds, ntp_fraction) = self.ntp(now);
        let info = SenderInfo {
            ntp_seconds,
            ntp_fraction,
            timestamp: facts.timestamp,
            packets: (facts.packets - self.former_packets) as u32,
            octets: (facts.octets - self.former_octets) as u32,
        };
        let report = facts.report.map(|report| {
            if report.ssrc != self.reporter || self.last_report == 0 {
                return report;
            }
            ReportBlock { last_report: self.last_report, delay: delay(now.saturating_sub(self.reported_at)), ..report }
        });
        let outgoing = Outgoing { ssrc: self.ssrc, info: we_sent.then_some(info), report, metrics: facts.metrics, bye: facts.bye };
        let length = rtcp::compose(packet, &outgoing, &self.name);
        if length == 0 {
            return 0;
        }
        if we_sent {
            self.sent[self.sent_next] = info.middle();
            self.sent_next = (self.sent_next + 1) % REMEMBERED;
        }
        self.packets_sent += 1;
        self.marks = [facts.packets, self.marks[0]];
        self.schedule.sent(now, length, u32::from(we_sent) + u32::from(report.is_some()), we_sent);
        length
    }

    /// §6.4: who sent RTP since the report before the last one sends sender reports.
    fn we_sent(&self, packets: u64) -> bool {
        packets > self.marks[1]
    }

    /// The wall clock at `now`, as NTP counts it.
    fn ntp(&self, now: u64) -> (u32, u32) {
        let unix = self.epoch + now;
        let fraction = (unix % SECOND) * 0x1_0000_0000 / SECOND;
        ((unix / SECOND + NTP_EPOCH) as u32, fraction as u32)
    }
}

/// Microseconds as a report block counts its delay: 1/65,536 s, at most 18 h.
fn delay(microseconds: u64) -> u32 {
    if microseconds >= 0x1_0000 * SECOND { u32::MAX } else { (microseconds * 0x1_0000 / SECOND) as u32 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rtcp::LONGEST;

    fn far() -> SocketAddr {
        SocketAddr::from(([192, 0, 2, 1], 4_001))
    }

    fn facts(packets: u64, about: u32) -> Facts {
        let report = Some(ReportBlock { ssrc: about, fraction_lost: 26, lost: 12, jitter: 5, ..ReportBlock::default() });
        Facts { timestamp: 800, packets, octets: packets * 160, report, metrics: None, bye: false }
    }

    #[test]
    fn two_sides_measure_the_round_trip_whatever_their_clocks_say() {
        let mut one = Control::new(1, "one", 1_700_000_000_000_000, 3);
        let mut other = Control::new(2, "other", 5_000_000, 4);
        let mut packet = [0; LONGEST];
        let length = one.write(1_000_000, &facts(10, 2), &mut packet);
        other.receive(77_030_000, far(), &packet[..length], Some(1)).expect("a report");
        assert_eq!((other.remote_lost, other.remote_fraction, other.remote_jitter), (12, 26, 5));
        assert_eq!(other.round_trip, 0, "nobody answered us yet");
        let length = other.write(79_030_000, &facts(10, 1), &mut packet);
        one.receive(3_070_000, far(), &packet[..length], Some(2)).expect("a report");
        let trip = f64::from(one.round_trip) / 65.536;
        assert!((69.9..70.1).contains(&trip), "{trip} ms: 30 there, 2,000 held, 40 back");
    }

    #[test]
    fn a_round_trip_is_never_negative_and_never_from_a_report_that_we_did_not_send() {
        let mut one = Control::new(1, "one", 1_700_000_000_000_000, 3);
        let mut packet = [0; LONGEST];
        let length = one.write(1_000_000, &facts(10, 2), &mut packet);
        let info = rtcp::parse(&packet[..length], false, 0, 0).and_then(|compound| compound.info).expect("a sender report");
        let mut answer = |last_report, delay| {
            let report = ReportBlock { ssrc: 1, last_report, delay, ..ReportBlock::default() };
            let length = rtcp::compose(&mut packet, &Outgoing { ssrc: 2, report: Some(report), ..Outgoing::default() }, b"");
            one.receive(1_500_000, far(), &packet[..length], Some(2));
            one.round_trip
        };
        assert_eq!(answer(info.middle(), 0), 0x8000);
        assert_eq!(answer(info.middle().wrapping_sub(1), 0), 0x8000);
        assert_eq!(answer(info.middle(), 0x9000), 0);
    }

    #[test]
    fn a_listener_sends_receiver_reports() {
        let mut control = Control::new(1, "one", 0, 3);
        let mut packet = [0; LONGEST];
        assert!(control.write(0, &facts(0, 2), &mut packet) > 0);
        assert_eq!(packet[1], 201);
        for expected in [200, 200, 201] {
            control.write(0, &facts(10, 2), &mut packet);
            assert_eq!(packet[1], expected);
        }
    }

    #[test]
    fn ntp_time_is_exact() {
        let control = Control::new(1, "", 1_000_000_250_000, 1);
        assert_eq!(control.ntp(250_000), (2_209_988_800, 0x8000_0000));
    }
}
