//! How many datagrams to ask a socket for. A far end that sends evenly has one packet there for every tick, and the system call that
//! takes one is cheaper than the call that takes several, because that one has to find out that there is no second: a tenth of a
//! call-tick.

use crate::inbox::BATCH;

/// A packet every 20 ms, give or take these, µs.
const SPACING: std::ops::RangeInclusive<u64> = 16_000..=24_000;
/// A packet that waited longer than this, µs, has its successor behind it. A shorter wait tells too little: where the far end's phase is such
/// that its packets come just after our tick, all of them wait that long, and hardly any has one behind it.
const OLD: u64 = 20_000;

/// ```text
///          one packet, in time, young
///   ask for many ────────────────────► ask for one ──┐ the same again
///    ▲                                     │    ▲────┘
///    └── none, or early, late or old ◄─────┘
/// ```
/// A burst begins with a packet that is late. So whoever sends one is asked for many at once, in that same tick. A packet that comes a
/// little early, just before the tick that takes the one before it, waits for the next tick, and that one takes all: it is played no
/// earlier than 20 ms after it came, unless the playout delay is set to less.
pub struct Pace {
    even: bool,
    last: u64,
    /// Of this round: asked for how many, whether all came, how many came, and whether those were even.
    most: usize,
    full: bool,
    count: usize,
    all_even: bool,
}

impl Pace {
    pub fn new() -> Self {
        Self { even: false, last: 0, most: BATCH, full: false, count: 0, all_even: true }
    }

    /// Whether one is asked for, and no more.
    pub fn is_even(&self) -> bool {
        self.even
    }

    /// How many to ask for.
    pub fn most(&self) -> usize {
        if self.even { 1 } else { BATCH }
    }

    /// `most` were asked for, and the socket gave so many, or fewer.
    pub fn begin(&mut self, most: usize, full: bool) {
        (self.most, self.full, self.count, self.all_even) = (most, full, 0, true);
    }

    /// One of them arrived then.
    pub fn note(&mut self, now: u64, arrival: u64) {
        self.count += 1;
        self.all_even &= SPACING.contains(&arrival.saturating_sub(self.last)) && now.saturating_sub(arrival) < OLD;
        self.last = arrival;
    }

    /// Whether to ask again in this tick.
    pub fn expects_more(&mut self) -> bool {
        self.even = self.count == 1 && self.all_even;
        self.full && !(self.most == 1 && self.even)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A tick at `now` in which packets wait that arrived at `arrivals`; tells what was asked for.
    fn tick(pace: &mut Pace, now: u64, mut arrivals: &[u64]) -> Vec<usize> {
        let mut asked = Vec::new();
        loop {
            let most = pace.most();
            asked.push(most);
            let (taken, rest) = arrivals.split_at(most.min(arrivals.len()));
            arrivals = rest;
            pace.begin(most, taken.len() == most);
            taken.iter().for_each(|&arrival| pace.note(now, arrival));
            if !pace.expects_more() {
                return asked;
            }
        }
    }

    #[test]
    fn an_even_sender_is_asked_for_one() {
        let mut pace = Pace::new();
        assert_eq!(tick(&mut pace, 25_000, &[20_000]), [BATCH]);
        assert_eq!(tick(&mut pace, 45_000, &[40_000]), [1]);
        assert_eq!(tick(&mut pace, 65_000, &[61_000]), [1]);
        assert_eq!(tick(&mut pace, 85_000, &[]), [1]);
        assert_eq!(tick(&mut pace, 105_000, &[90_000, 100_000]), [BATCH]);
    }

    #[test]
    fn a_late_packet_brings_those_behind_it_in_the_same_tick() {
        let mut pace = Pace::new();
        tick(&mut pace, 25_000, &[20_000]);
        assert_eq!(tick(&mut pace, 45_000, &[40_000]), [1]);
        assert_eq!(tick(&mut pace, 85_000, &[70_000, 71_000, 80_000]), [1, BATCH]);
        assert_eq!(tick(&mut pace, 105_000, &[]), [BATCH]);
    }

    #[test]
    fn a_packet_just_missed_is_not_left_behind_for_long() {
        let mut pace = Pace::new();
        tick(&mut pace, 25_000, &[20_000]);
        // Two at once, without a late one first (repeated ends of an event): the second waits one tick.
        assert_eq!(tick(&mut pace, 45_000, &[40_000]), [1]);
        assert_eq!(tick(&mut pace, 65_000, &[40_001, 60_000]), [1, BATCH]);
    }
}
