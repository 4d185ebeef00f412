//! What RFC 3550 keeps of a synchronization source: sequence numbers without their wrap (A.1), loss (A.3) and jitter (A.8).

use crate::loss::LossPattern;
use crate::rtcp::ReportBlock;

/// A.1: a step forward of less than this is loss, of more a sender that began anew.
const MAX_DROPOUT: u16 = 3_000;
/// A.1: a step back of at most this is reordering.
const MAX_MISORDER: u16 = 100;

/// What a sequence number says of its packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrival {
    /// Newer than any before it.
    InOrder,
    /// Older than the newest, and here for the first time.
    Reordered,
    /// Was here before.
    Duplicate,
}

/// The books on one synchronization source, and the loss of those before it.
#[derive(Debug)]
pub struct Reception {
    /// Whether a source has been heard at all since the last [`Self::pause`].
    pub started: bool,
    /// The source.
    pub ssrc: u32,
    /// Sequence numbers without their wrap: the lowest, the highest, and the one taken last.
    first: i64,
    highest: i64,
    /// The packet that [`Self::take`] saw last.
    pub extended: i64,
    received: i64,
    lost_before: i64,
    /// Packets expected of the sources before this one.
    expected_before: i64,
    /// Expected and received when the last report was made.
    expected_prior: i64,
    received_prior: i64,
    /// How loss is spread, over all sources so far.
    pub pattern: LossPattern,
    /// One bit for each of the last 128 sequence numbers.
    seen: [u32; 4],
    has_transit: bool,
    transit: u32,
    jitter: u32,
}

impl Reception {
    /// Nothing heard yet.
    #[allow(clippy::new_without_default, reason = "the twin has no Default; one way to make a thing")]
    pub fn new() -> Self {
        Self {
            started: false,
            ssrc: 0,
            first: 0,
            highest: 0,
            extended: 0,
            received: 0,
            lost_before: 0,
            expected_before: 0,
            expected_prior: 0,
            received_prior: 0,
            pattern: LossPattern::new(),
            seen: [0; 4],
            has_transit: false,
            transit: 0,
            jitter: 0,
        }
    }

    /// A source begins, or begins anew, with this packet, which is still to be taken. Loss so far is kept.
    pub fn start(&mut self, ssrc: u32, sequence: u16) {
        self.lost_before = self.lost();
        self.expected_before = self.expected();
        self.started = true;
        self.ssrc = ssrc;
        // One cycle up, so that a packet from before the first one stays positive.
        self.first = 0x1_0000 + i64::from(sequence);
        self.highest = self.first - 1;
        self.extended = self.highest;
        self.received = 0;
        self.expected_prior = 0;
        self.received_prior = 0;
        self.seen = [0; 4];
        self.has_transit = false;
        self.jitter = 0;
    }

    /// Nobody listens from now on: what is sent meanwhile is not lost. The next packet must [`Self::start`] again.
    pub fn pause(&mut self) {
        self.lost_before = self.lost();
        self.expected_before = self.expected();
        self.started = false;
        self.received = 0;
    }

    /// Whether a sequence number may follow those before it. If not, the sender began anew, or the packet is not the far end's.
    pub fn fits(&self, sequence: u16) -> bool {
        let step = sequence.wrapping_sub(self.highest as u16);
        step < MAX_DROPOUT || step >= 0_u16.wrapping_sub(MAX_MISORDER)
    }

    /// Takes a packet whose sequence number [`Self::fits`].
    pub fn take(&mut self, sequence: u16) -> Arrival {
        self.received += 1;
        let step = sequence.wrapping_sub(self.highest as u16);
        if step != 0 && step < MAX_DROPOUT {
            for passed in 1..=i64::from(step).min(128) {
                self.forget(self.highest + passed);
            }
            self.pattern.packet(u64::from(step) - 1);
            // A step over more than the window leaves no old bit in it.
            self.highest += i64::from(step);
            self.extended = self.highest;
            self.note(self.highest);
            return Arrival::InOrder;
        }
        self.extended = self.highest - i64::from(0_u16.wrapping_sub(step));
        if self.saw(self.extended) {
            return Arrival::Duplicate;
        }
        if self.extended >= self.first {
            self.pattern.found(self.saw(self.extended - 1), self.saw(self.extended + 1));
        }
        self.note(self.extended);
        // The first packet to arrive need not have been the first one sent.
        self.first = self.first.min(self.extended);
        Arrival::Reordered
    }

    /// A.8, with the sender's clock and ours both in timestamp units. `fresh`: the packet begins a talkspurt, so that the silence
    /// before it says nothing of the network.
    pub fn measure(&mut self, arrival: u32, timestamp: u32, fresh: bool) {
        let transit = arrival.wrapping_sub(timestamp);
        if self.has_transit && !fresh {
            let distance = (transit.wrapping_sub(self.transit) as i32).unsigned_abs();
            // A jump of the sender's timestamps is no jitter: more than 2^16 (8 s) would drown the estimate for minutes.
            if distance < 0x1_0000 {
                self.jitter = self.jitter + distance - ((self.jitter + 8) >> 4);
            }
        }
        self.has_transit = true;
        self.transit = transit;
    }

    /// A.3: expected less received, over all sources so far.
    pub fn lost(&self) -> i64 {
        if self.started { self.lost_before + (self.highest - self.first + 1) - self.received } else { self.lost_before }
    }

    /// Packets that should have come, over all sources so far.
    pub fn expected(&self) -> i64 {
        if self.started { self.expected_before + (self.highest - self.first + 1) } else { self.expected_before }
    }

    /// A.3: what a report says of the source, and the interval since the last one ends. When its sender reports came is for the
    /// caller to fill in. None before a packet came.
    pub fn report(&mut self) -> Option<ReportBlock> {
        if !self.started || self.highest < self.first {
            return None;
        }
        let expected = self.highest - self.first + 1;
        let interval = expected - self.expected_prior;
        let lost = interval - (self.received - self.received_prior);
        self.expected_prior = expected;
        self.received_prior = self.received;
        Some(ReportBlock {
            ssrc: self.ssrc,
            fraction_lost: if interval <= 0 || lost <= 0 { 0 } else { ((lost << 8) / interval).min(255) as u8 },
            lost: (expected - self.received).clamp(-0x80_0000, 0x7f_ffff) as i32,
            highest: (self.highest - 0x1_0000) as u32,
            jitter: self.jitter(),
            last_report: 0,
            delay: 0,
        })
    }

    /// A.8 in timestamp units.
    pub fn jitter(&self) -> u32 {
        self.jitter >> 4
    }

    fn saw(&self, extended: i64) -> bool {
        self.seen[(extended as usize >> 5) & 3] >> (extended & 31) & 1 != 0
    }

    fn note(&mut self, extended: i64) {
        self.seen[(extended as usize >> 5) & 3] |= 1 << (extended & 31);
    }

    fn forget(&mut self, extended: i64) {
        self.seen[(extended as usize >> 5) & 3] &= !(1 << (extended & 31));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_on_across_the_wrap() {
        let mut reception = Reception::new();
        reception.start(1, 65_534);
        for sequence in [65_534, 65_535, 0, 1] {
            assert!(reception.fits(sequence));
            assert_eq!(reception.take(sequence), Arrival::InOrder);
        }
        assert_eq!(reception.extended, 0x1_0000 + 65_537);
        assert_eq!(reception.lost(), 0);
        assert_eq!(reception.take(65_535), Arrival::Duplicate);
        assert_eq!(reception.lost(), -1);
        assert_eq!(reception.take(65_533), Arrival::Reordered);
        assert_eq!(reception.lost(), -1);
    }

    #[test]
    fn loss_is_what_is_missing_and_late_packets_make_it_good() {
        let mut reception = Reception::new();
        reception.start(1, 10);
        reception.take(10);
        reception.take(14);
        assert_eq!(reception.lost(), 3);
        assert_eq!(reception.take(12), Arrival::Reordered);
        assert_eq!(reception.lost(), 2);
        reception.pause();
        assert_eq!(reception.lost(), 2);
        reception.start(1, 900);
        reception.take(900);
        assert_eq!(reception.lost(), 2);
    }

    #[test]
    fn a_report_tells_the_loss_since_the_last_one() {
        let mut reception = Reception::new();
        assert_eq!(reception.report(), None);
        reception.start(7, 65_535);
        for sequence in [65_535, 0, 2, 3] {
            reception.take(sequence);
        }
        let report = reception.report().unwrap_or_default();
        assert_eq!((report.ssrc, report.fraction_lost, report.lost, report.highest), (7, 51, 1, 0x1_0003));
        assert_eq!(reception.report().map(|report| (report.fraction_lost, report.lost)), Some((0, 1)));
        for _ in 0..3 {
            reception.take(3);
        }
        assert_eq!(reception.report().map(|report| (report.fraction_lost, report.lost)), Some((0, -2)), "duplicates are no loss");
        reception.take(1);
        reception.take(2_003);
        let report = reception.report().unwrap_or_default();
        assert_eq!((report.fraction_lost, report.lost), (255, 1_996));
    }

    #[test]
    fn a_cumulative_loss_stays_within_24_bits() {
        let mut reception = Reception::new();
        reception.start(7, 0);
        reception.take(0);
        let mut sequence = 0_u16;
        for _ in 0..3_000 {
            sequence = sequence.wrapping_add(2_999);
            reception.take(sequence);
        }
        assert_eq!(reception.report().map(|report| report.lost), Some(0x7f_ffff));
    }

    #[test]
    fn a_step_beyond_reason_does_not_fit() {
        let mut reception = Reception::new();
        reception.start(1, 1_000);
        reception.take(1_000);
        assert!(reception.fits(3_999));
        assert!(!reception.fits(4_000));
        assert!(reception.fits(900));
        assert!(!reception.fits(899));
    }

    #[test]
    fn jitter_follows_the_recommended_filter() {
        let mut reception = Reception::new();
        reception.start(1, 0);
        reception.measure(0, 1_000, false);
        reception.measure(160 + 80, 1_160, false);
        assert_eq!(reception.jitter(), 80 >> 4);
        reception.measure(50_000, 1_320, true);
        assert_eq!(reception.jitter(), 80 >> 4);
    }
}
