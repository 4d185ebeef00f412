//! In what pattern packets are missing: scattered loss is mended unheard, runs are not. Feeds the E-model's burst ratio and the burst
//! metrics of RFC 3611 §4.7.2.

/// RFC 3611 §4.7.2: so many packets received in a row end a burst.
pub const GMIN: u64 = 16;

/// Counts, packet by packet in order, how received and missing ones alternate.
///
/// The transitions of RFC 3611 Appendix A.2: state 1 is a gap (loss is rare), received; 4 a lone loss within a gap; 3 a loss within
/// a burst; 2 received within a burst.
#[derive(Debug)]
pub struct LossPattern {
    /// Packets missing, and in how many runs.
    lost: u64,
    runs: u64,
    /// Received in a row since the last loss.
    received: u64,
    /// Losses in the burst that may be under way.
    burst: u64,
    c11: u64,
    c13: u64,
    c14: u64,
    c22: u64,
    c23: u64,
    c33: u64,
}

/// Densities in 1/256, durations in ms: RFC 3611 §4.7.2.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bursts {
    /// Share of packets missing within bursts, and within the gaps between them.
    pub burst_density: u8,
    /// See `burst_density`.
    pub gap_density: u8,
    /// Mean length of the bursts, and of the gaps.
    pub burst_duration: u16,
    /// See `burst_duration`.
    pub gap_duration: u16,
}

impl LossPattern {
    /// No packet yet.
    #[allow(clippy::new_without_default, reason = "the twin has no Default; one way to make a thing")]
    pub fn new() -> Self {
        Self { lost: 0, runs: 0, received: 0, burst: 0, c11: 0, c13: 0, c14: 0, c22: 0, c23: 0, c33: 0 }
    }

    /// The next packet came; `missing` before it did not.
    pub fn packet(&mut self, missing: u64) {
        if missing > 0 {
            self.lost += missing;
            self.runs += 1;
            if self.received >= GMIN {
                self.c14 += u64::from(self.burst == 1);
                self.c13 += u64::from(self.burst > 1);
                self.burst = 1;
                self.c11 += self.received;
            } else {
                self.burst += 1;
                if self.received == 0 {
                    self.c33 += 1;
                } else {
                    self.c23 += 1;
                    self.c22 += self.received - 1;
                }
            }
            // The others of the run follow a loss directly.
            self.burst += missing - 1;
            self.c33 += missing - 1;
            self.received = 0;
        }
        self.received += 1;
    }

    /// A packet that counted as missing came after all. Which neighbours of it are here tells what becomes of its run.
    pub fn found(&mut self, before: bool, after: bool) {
        self.lost = self.lost.saturating_sub(1);
        if before && after {
            self.runs = self.runs.saturating_sub(1);
        } else if !before && !after {
            self.runs += 1;
        }
    }

    /// G.107 §7.5: mean length of the runs of missing packets over what it would be if chance alone took as many, which is
    /// 1 ÷ (1 − loss). `loss` is the share that is missing, 0–1.
    pub fn burst_ratio(&self, loss: f64) -> f64 {
        if self.runs == 0 { 1.0 } else { self.lost as f64 / self.runs as f64 * (1.0 - loss) }
    }

    /// RFC 3611 Appendix A.2; `packet` is the length of one, in ms.
    pub fn bursts(&self, packet: f64) -> Bursts {
        // What is still going on counts as if it ended here.
        let c11 = (self.c11 + self.received) as f64;
        let c13 = (self.c13 + u64::from(self.burst > 1)) as f64;
        let c14 = (self.c14 + u64::from(self.burst == 1)) as f64;
        let (c22, c23, c33) = (self.c22 as f64, self.c23 as f64, self.c33 as f64);
        let (c31, c32) = (c13, c23);
        let total = c11 + c14 + c13 + c22 + c23 + c31 + c32 + c33;
        let p32 = if c32 + c31 + c33 > 0.0 { c32 / (c31 + c32 + c33) } else { 0.0 };
        let p23 = if c22 + c23 < 1.0 { 1.0 } else { 1.0 - c22 / (c22 + c23) };
        let gap = (c11 + c14 + c13) * packet / c13.max(1.0);
        let burst = if c13 > 0.0 { total * packet / c13 - gap } else { 0.0 };
        Bursts {
            burst_density: if c13 > 0.0 { octet(256.0 * p23 / (p23 + p32)) } else { 0 },
            gap_density: octet(256.0 * c14 / (c11 + c14).max(1.0)),
            burst_duration: burst.clamp(0.0, 65_535.0) as u16,
            gap_duration: gap.clamp(0.0, 65_535.0) as u16,
        }
    }
}

/// A fraction in 1/256 as RTCP carries it: 1 has no code.
pub fn octet(value: f64) -> u8 {
    value.clamp(0.0, 255.0) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `1` is a packet received, `0` a missing one.
    fn pattern(text: &str) -> LossPattern {
        let mut pattern = LossPattern::new();
        let mut missing = 0;
        for character in text.chars() {
            if character == '0' {
                missing += 1;
            } else {
                pattern.packet(missing);
                missing = 0;
            }
        }
        pattern
    }

    #[test]
    fn scattered_loss_has_a_burst_ratio_near_one() {
        let pattern = pattern(&"11111011".repeat(50));
        assert_eq!(pattern.burst_ratio(0.125), 0.875);
    }

    #[test]
    fn runs_raise_the_burst_ratio() {
        assert_eq!(pattern(&"1111000011111111".repeat(20)).burst_ratio(0.25), 3.0);
        assert_eq!(LossPattern::new().burst_ratio(0.0), 1.0);
    }

    #[test]
    fn a_packet_that_comes_late_shortens_splits_or_ends_its_run() {
        let mut pattern = pattern("10001");
        pattern.found(false, false);
        assert_eq!((pattern.lost, pattern.runs), (2, 2));
        pattern.found(true, true);
        assert_eq!((pattern.lost, pattern.runs), (1, 1));
        pattern.found(true, true);
        assert_eq!((pattern.lost, pattern.runs), (0, 0));
    }

    #[test]
    fn bursts_and_gaps_are_told_apart() {
        // 100 received, then 10 of which every second is missing, over and over.
        let text = format!("{}{}", "1".repeat(100), "01".repeat(5)).repeat(40);
        let bursts = pattern(&text).bursts(20.0);
        assert!((128..=150).contains(&bursts.burst_density), "{bursts:?}");
        assert_eq!(bursts.gap_density, 0);
        assert!((150..=260).contains(&bursts.burst_duration), "{bursts:?}");
        assert!((1_900..=2_100).contains(&bursts.gap_duration), "{bursts:?}");
    }

    #[test]
    fn lone_losses_belong_to_the_gap() {
        let bursts = pattern(&format!("{}0", "1".repeat(63)).repeat(20)).bursts(20.0);
        assert_eq!((bursts.burst_density, bursts.burst_duration), (0, 0), "{bursts:?}");
        assert!((3..=4).contains(&bursts.gap_density), "{bursts:?}");
    }
}
