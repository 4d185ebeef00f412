//! How long to hold packets: the distribution of their delays, and the playout delay that all but about one in sixty keep within.

/// One bin is 2 ms: 256 ms in all, more than the greatest playout delay is worth.
const BINS: usize = 128;
const BIN_SHIFT: u32 = 4;
/// The window over which the least transit time is the measure of all others, in samples: 2 to 4 s. Long enough that a queue which
/// builds up is seen as delay, short enough that the drift between two clocks (100 ppm: 0.4 ms in 4 s) is not.
const WINDOW: i64 = 16_000;
/// Each packet weighs 1/512 more than the one before: what was 10 s ago counts for a third.
const GROWTH_SHIFT: u32 = 9;
const FIRST_WEIGHT: u32 = 1 << GROWTH_SHIFT;
const LAST_WEIGHT: u32 = 1 << 20;
/// The share of packets that may come later than the playout delay: 1/64.
const LATE_SHIFT: u32 = 6;

/// Learns from each packet's transit time: arrival less timestamp, both in samples.
#[derive(Debug)]
pub struct DelayEstimator {
    minimum: i64,
    maximum: i64,
    started: bool,
    /// The least transit time in this window and in the one before, and when this one ends.
    current: i64,
    previous: i64,
    window_end: i64,
    bins: [u32; BINS],
    weight: u32,
    total: u32,
    target: i64,
}

impl DelayEstimator {
    /// Bounds in samples.
    pub fn new(minimum: i64, maximum: i64) -> Self {
        Self {
            minimum,
            maximum,
            started: false,
            current: 0,
            previous: 0,
            window_end: 0,
            bins: [0; BINS],
            weight: FIRST_WEIGHT,
            total: 0,
            target: minimum,
        }
    }

    /// The timestamps begin anew, so transit times cannot be compared with those so far. The network is the same as before.
    pub fn restart(&mut self) {
        self.started = false;
    }

    /// Takes one packet. `phase` is how far into a frame its first sample is played: so much earlier it is needed.
    pub fn observe(&mut self, arrival: i64, transit: i64, phase: i64) {
        if !self.started {
            self.started = true;
            self.current = transit;
            self.previous = transit;
            self.window_end = arrival + WINDOW;
        } else if arrival >= self.window_end {
            self.previous = self.current;
            self.current = transit;
            self.window_end = arrival + WINDOW;
        } else {
            self.current = self.current.min(transit);
        }
        let bin = ((transit - self.base() + phase) >> BIN_SHIFT).min(BINS as i64 - 1) as usize;
        self.bins[bin] += self.weight;
        self.total += self.weight;
        self.weight += self.weight >> GROWTH_SHIFT;
        if self.weight >= LAST_WEIGHT {
            self.fade();
        }
        self.aim();
    }

    /// The least transit time of late: a packet that took this long met no delay.
    pub fn base(&self) -> i64 {
        self.current.min(self.previous)
    }

    /// The playout delay to aim for, in samples.
    pub fn target(&self) -> i64 {
        self.target
    }

    /// The greatest playout delay allowed, in samples.
    pub fn maximum(&self) -> i64 {
        self.maximum
    }

    /// Weights only matter against each other: all are scaled down before they outgrow their type.
    fn fade(&mut self) {
        self.total = 0;
        for bin in &mut self.bins {
            *bin >>= 20 - GROWTH_SHIFT;
            self.total += *bin;
        }
        self.weight >>= 20 - GROWTH_SHIFT;
    }

    fn aim(&mut self) {
        let allowed = self.total >> LATE_SHIFT;
        let mut later = 0;
        let mut bin = BINS - 1;
        while bin > 0 {
            later += self.bins[bin];
            if later > allowed {
                break;
            }
            bin -= 1;
        }
        // The last bin holds all that came later still: nobody knows how much.
        let wanted = if bin == BINS - 1 { self.maximum } else { (bin as i64 + 1) << BIN_SHIFT };
        self.target = wanted.clamp(self.minimum, self.maximum);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aims_for_the_delay_that_nearly_all_packets_keep_within() {
        let mut delay = DelayEstimator::new(160, 1_600);
        let mut arrival = 0;
        for packet in 0..50_000_i64 {
            arrival = 160 * packet + if packet % 20 == 0 { 400 } else { packet % 3 };
            delay.observe(arrival, arrival - 160 * packet, 0);
        }
        assert_eq!(delay.target(), 416);
        assert_eq!(delay.base(), 0);
        for packet in 50_000..50_500_i64 {
            arrival = 160 * packet;
            delay.observe(arrival, 0, 0);
        }
        assert_eq!(delay.target(), 416, "a twentieth of the past is still more than a sixtieth of all");
        for packet in 50_500..54_000_i64 {
            delay.observe(160 * packet, 0, 0);
        }
        assert_eq!(delay.target(), 160);
        delay.observe(arrival + 500_000, 100_000, 0);
        assert!(delay.target() <= 1_600);
    }

    #[test]
    fn follows_a_base_that_moves_up_within_two_windows() {
        let mut delay = DelayEstimator::new(160, 1_600);
        for packet in 0..1_000_i64 {
            delay.observe(160 * packet, if packet < 500 { 0 } else { 300 }, 0);
        }
        assert_eq!(delay.base(), 300);
    }
}
