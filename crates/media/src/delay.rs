//! How long to hold packets: the distribution of their delays, and the playout delay that costs the listener least.
//!
//! A delay is counted from the least transit time of late, so that a queue that builds up over seconds, a route that becomes longer
//! and two clocks that drift apart move the measure itself: playout follows by stretching, and waits only for what is irregular.

use std::mem::offset_of;

/// One bin is 2 ms: 256 ms in all, more than the greatest playout delay is worth.
const BINS: usize = 128;
const BIN_SHIFT: u32 = 4;
/// The least transit time is looked for over this one and the last window: 250 to 500 ms.
const WINDOW: i64 = 2_000;
/// Each packet weighs 1/512 more than the one before: what was 10 s ago counts for a third.
const GROWTH_SHIFT: u32 = 9;
const FIRST_WEIGHT: u32 = 1 << GROWTH_SHIFT;
const LAST_WEIGHT_SHIFT: u32 = 20;
/// A packet that was overtaken weighs more: what comes late in order can be waited for by stretching, this one is lost.
const OVERTAKEN: u32 = 3;
/// A sample made up is as bad as so many samples of waiting, each sample: 1 % made up is worth 31 ms.
const COST: u64 = 25_000;
/// A packet is doubtful when one in five of those as late as it came this much later still, or did not come until then.
const DOUBT: u64 = 5;

/// Learns from each packet's transit time: arrival less timestamp, both in samples.
///
/// In memory, first what each packet touches; see [`crate::Session::NEAR`].
#[derive(Debug)]
#[repr(C)]
pub struct DelayEstimator {
    minimum: i64,
    maximum: i64,
    started: bool,
    /// The least transit time in this window and in the one before, and when this one ends.
    current: i64,
    previous: i64,
    window_end: i64,
    /// The newest packet's timestamp.
    newest: i64,
    target: i64,
    weight: u32,
    total: u32,
    /// How much weight came how late; and the part of it that came in this window, whose measure may still prove wrong. Most calls know
    /// a few delays.
    bins: [u32; BINS],
    recent: [u32; BINS],
}

impl DelayEstimator {
    /// See [`crate::Session::NEAR`]: so much from the beginning, with the bins of those that are as late as most are.
    pub const NEAR: usize = offset_of!(Self, bins) + size_of::<[u32; 8]>();

    /// Bounds in samples.
    pub fn new(minimum: i64, maximum: i64) -> Self {
        Self {
            minimum,
            maximum,
            started: false,
            current: 0,
            previous: 0,
            window_end: 0,
            newest: 0,
            bins: [0; BINS],
            recent: [0; BINS],
            weight: FIRST_WEIGHT,
            total: 0,
            target: minimum,
        }
    }

    /// The timestamps begin anew, so transit times cannot be compared with those so far. The network is the same as before.
    pub fn restart(&mut self) {
        self.started = false;
    }

    /// Takes one packet.
    pub fn observe(&mut self, arrival: i64, timestamp: i64) {
        let transit = arrival - timestamp;
        let mut overtaken = false;
        if !self.started {
            self.started = true;
            self.current = transit;
            self.previous = transit;
            self.window_end = arrival + WINDOW;
            self.newest = timestamp;
            self.recent.fill(0);
        } else {
            overtaken = timestamp < self.newest;
            self.newest = self.newest.max(timestamp);
            if arrival >= self.window_end {
                self.roll(arrival, transit);
            } else {
                self.current = self.current.min(transit);
            }
        }
        let bin = ((transit - self.base()) >> BIN_SHIFT).min(BINS as i64 - 1) as usize;
        let weight = if overtaken { self.weight * OVERTAKEN } else { self.weight };
        self.bins[bin] += weight;
        self.recent[bin] += weight;
        self.total += weight;
        self.weight += self.weight >> GROWTH_SHIFT;
        if self.weight >= 1 << LAST_WEIGHT_SHIFT {
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

    /// What the next packet will count in besides. See [`crate::Session::ahead`].
    pub fn ahead(&self) -> &[u32] {
        &self.recent[..8]
    }

    /// Whether the delay may change at all.
    pub fn adapts(&self) -> bool {
        self.minimum < self.maximum
    }

    /// Whether a packet that is `late` by so many samples may well not come within `more`. A lateness never seen says nothing: the
    /// far end may have fallen silent.
    pub fn doubts(&self, late: i64, more: i64) -> bool {
        let from = (late >> BIN_SHIFT).min(BINS as i64 - 1) as usize;
        let to = ((late + more) >> BIN_SHIFT).min(BINS as i64 - 1) as usize;
        let sooner = u64::from(self.bins[from..to].iter().sum::<u32>());
        let later = u64::from(self.bins[to..].iter().sum::<u32>());
        later > 0 && later * DOUBT >= sooner + later
    }

    /// A window ends. Where the least transit time has risen, what was late by the old measure was not: the way became longer.
    fn roll(&mut self, arrival: i64, transit: i64) {
        let before = self.base();
        self.previous = self.current;
        self.current = transit;
        self.window_end = arrival + WINDOW;
        let risen = ((self.base() - before) >> BIN_SHIFT).clamp(0, BINS as i64 - 1) as usize;
        if risen > 0 {
            for bin in 0..BINS {
                self.bins[bin] -= self.recent[bin];
                self.bins[bin.saturating_sub(risen)] += self.recent[bin];
            }
        }
        self.recent.fill(0);
    }

    /// Weights only matter against each other: all are scaled down before they outgrow their type.
    fn fade(&mut self) {
        self.total = 0;
        for bin in 0..BINS {
            self.recent[bin] >>= LAST_WEIGHT_SHIFT - GROWTH_SHIFT;
            // What is recent must never be more than there is.
            self.bins[bin] = self.recent[bin].max(self.bins[bin] >> (LAST_WEIGHT_SHIFT - GROWTH_SHIFT));
            self.total += self.bins[bin];
        }
        self.weight >>= LAST_WEIGHT_SHIFT - GROWTH_SHIFT;
    }

    /// Weighs each delay against what would come later than it.
    fn aim(&mut self) {
        let total = u64::from(self.total);
        let mut later = total;
        let mut best = later * COST;
        let mut wanted = 0;
        let mut delay = 0;
        for &bin in &self.bins[..BINS - 1] {
            later -= u64::from(bin);
            delay += 1 << BIN_SHIFT;
            let waiting = delay * total;
            if waiting >= best {
                break;
            }
            if waiting + later * COST < best {
                best = waiting + later * COST;
                wanted = delay;
            }
        }
        self.target = (wanted as i64).clamp(self.minimum, self.maximum);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Packets of 20 ms with these delays. Returns when the last one arrived.
    fn observe(delay: &mut DelayEstimator, first: i64, delays: impl Iterator<Item = i64>) -> i64 {
        let mut timestamp = first;
        for late in delays {
            delay.observe(timestamp + late, timestamp);
            timestamp += 160;
        }
        timestamp
    }

    #[test]
    fn waits_for_what_is_common_and_not_for_what_is_rare() {
        let mut delay = DelayEstimator::new(160, 1_600);
        let next = observe(&mut delay, 0, (0..5_000).map(|packet| if packet % 20 == 19 { 400 } else { packet % 3 }));
        assert_eq!((delay.target(), delay.base()), (416, 0));
        // A twentieth of all is worth waiting for; one in two hundred is not.
        observe(&mut delay, next, (0..5_000).map(|packet| if packet % 200 == 199 { 400 } else { packet % 3 }));
        assert_eq!(delay.target(), 160);
    }

    #[test]
    fn a_way_that_becomes_longer_is_not_waited_for() {
        let mut delay = DelayEstimator::new(0, 1_600);
        observe(&mut delay, 0, (0..1_000).map(|packet| if packet < 900 { packet % 30 } else { 640 + packet % 30 }));
        assert_eq!(delay.base(), 640);
        assert_eq!(delay.target(), 32);
    }

    #[test]
    fn an_overtaken_packet_weighs_more_than_a_late_one() {
        let (mut late, mut overtaken) = (DelayEstimator::new(0, 1_600), DelayEstimator::new(0, 1_600));
        for packet in 0..4_000_i64 {
            let timestamp = 160 * packet;
            late.observe(timestamp + if packet % 100 == 99 { 300 } else { 0 }, timestamp);
            // The twin of each hundredth comes after its successor.
            if packet % 100 != 98 {
                overtaken.observe(timestamp, timestamp);
            }
            if packet % 100 == 99 {
                overtaken.observe(timestamp + 140, timestamp - 160);
            }
        }
        assert_eq!((late.target(), overtaken.target()), (16, 304));
    }

    #[test]
    fn doubts_only_what_it_has_seen() {
        let mut delay = DelayEstimator::new(0, 1_600);
        let next = observe(&mut delay, 0, (0..100).map(|packet| packet % 32));
        assert!(!delay.doubts(20, 160));
        assert!(!delay.doubts(200, 160));
        observe(&mut delay, next, (0..100).map(|packet| if packet % 20 == 0 { 800 } else { packet % 32 }));
        assert!(!delay.doubts(0, 160));
        assert!(delay.doubts(200, 160));
    }

    #[test]
    fn stays_where_it_is_told_to() {
        let mut delay = DelayEstimator::new(480, 480);
        observe(&mut delay, 0, (0..500).map(|packet| packet * 7 % 900));
        assert_eq!(delay.target(), 480);
        assert!(!delay.adapts());
    }
}
