//! When RTCP is sent (RFC 3550 §6.3, A.7): intervals that nobody's packets fall into step with.

/// §6.2: the least mean interval, s; the first one is half as long.
const MINIMUM: f64 = 5.0;
/// §6.3.1: reconsideration makes intervals longer than drawn; this, e − 3/2, makes up for it.
const COMPENSATION: f64 = 1.218_28;
/// §6.2: RTCP may take 5 % of the session's bandwidth, here G.711's 64 kbit/s with its headers at 20 ms; senders have a quarter of it.
/// Bits a second, as b=RS and b=RR count (RFC 3556).
pub const USUAL_BANDWIDTH: Bandwidth = Bandwidth { senders: 1_000, receivers: 3_000 };
/// Bits in an octet.
const OCTET: f64 = 8.0;
/// §6.3.2: what the average size begins with is the probable size of the first packet: IP, UDP, report, description.
const FIRST_SIZE: f64 = 128.0;
/// IPv4's and UDP's headers count as well (§6.2).
const LOWER_HEADERS: f64 = 28.0;
/// Microseconds in a second.
const SECOND: f64 = 1_000_000.0;

/// What RTCP may take, bits a second (RFC 3556): those who send RTP, and those who only listen. Who has none sends no RTCP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bandwidth {
    /// b=RS.
    pub senders: u32,
    /// b=RR.
    pub receivers: u32,
}

impl Bandwidth {
    /// Whether one may send RTCP at all.
    fn allows(self, we_sent: bool) -> bool {
        (if we_sent { self.senders } else { self.receivers }) > 0
    }
}

/// A.7: seconds until the next packet of one who has some bandwidth. `random` is 0 up to, not including, 1; `average` the mean size of
/// RTCP packets, octets.
pub fn rtcp_interval(members: u32, senders: u32, bandwidth: Bandwidth, we_sent: bool, average: f64, initial: bool, random: f64) -> f64 {
    let minimum = if initial { MINIMUM / 2.0 } else { MINIMUM };
    let whole = f64::from(bandwidth.senders) + f64::from(bandwidth.receivers);
    let mut participants = f64::from(members);
    let mut share = whole;
    // RFC 3556 §2: while the senders are no larger a part of the participants than of the bandwidth, each group shares its own.
    if f64::from(senders) * whole <= participants * f64::from(bandwidth.senders) {
        if we_sent {
            share = f64::from(bandwidth.senders);
            participants = f64::from(senders);
        } else {
            share = f64::from(bandwidth.receivers);
            participants -= f64::from(senders);
        }
    }
    let share = share / OCTET;
    (average * participants / share).max(minimum) * (random + 0.5) / COMPENSATION
}

/// The transmission timer of §6.3, with reconsideration.
///
/// ```text
///             first due()                    at `next`, drawn anew: still in the past
///   stopped ──────────────► waiting ◄──┐ ───────────────────────────────────────────► send, sent()
///                              │       │ drawn anew: in the future (reconsideration)       │
///                              └───────┘◄──────────────────────────────────────────────────┘
/// ```
#[derive(Debug)]
pub struct Schedule {
    running: bool,
    initial: bool,
    /// When the last packet was sent, and when the next may be, µs.
    last: u64,
    next: u64,
    members: u32,
    /// Mean size of the RTCP packets sent and received, octets.
    average: f64,
    random: u32,
    /// Agreed on for this stream.
    pub bandwidth: Bandwidth,
}

impl Schedule {
    /// Not running yet. `seed` makes the intervals differ from everybody else's.
    pub fn new(seed: u32) -> Self {
        Self {
            running: false,
            initial: true,
            last: 0,
            next: 0,
            members: 1,
            average: FIRST_SIZE,
            random: if seed == 0 { 1 } else { seed },
            bandwidth: USUAL_BANDWIDTH,
        }
    }

    /// Whether a packet is to be sent now. The first call starts the timer.
    pub fn due(&mut self, now: u64, members: u32, senders: u32, we_sent: bool) -> bool {
        if !self.bandwidth.allows(we_sent) {
            return false;
        }
        if !self.running {
            self.running = true;
            self.last = now;
            self.next = now + self.draw(members, senders, we_sent);
            self.members = members;
            return false;
        }
        if members < self.members {
            self.reverse(now, members);
        }
        self.members = members;
        if now < self.next {
            return false;
        }
        let next = self.last + self.draw(members, senders, we_sent);
        if next > now {
            self.next = next;
            return false;
        }
        true
    }

    /// A packet of `length` octets was sent at `now`.
    pub fn sent(&mut self, now: u64, length: usize, senders: u32, we_sent: bool) {
        self.received(length);
        self.last = now;
        self.initial = false;
        if self.bandwidth.allows(we_sent) {
            self.next = now + self.draw(self.members, senders, we_sent);
        }
    }

    /// A packet of `length` octets came (§6.3.3).
    pub fn received(&mut self, length: usize) {
        self.average = (length as f64 + LOWER_HEADERS) / 16.0 + self.average * 15.0 / 16.0;
    }

    /// §6.3.4: somebody left, so that the others' packets may come sooner.
    fn reverse(&mut self, now: u64, members: u32) {
        let ratio = f64::from(members) / f64::from(self.members);
        self.next = now + (ratio * self.next.saturating_sub(now) as f64) as u64;
        self.last = now.saturating_sub((ratio * now.saturating_sub(self.last) as f64) as u64);
    }

    /// Microseconds.
    fn draw(&mut self, members: u32, senders: u32, we_sent: bool) -> u64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 17;
        self.random ^= self.random << 5;
        let random = f64::from(self.random) / 4_294_967_296.0;
        (rtcp_interval(members, senders, self.bandwidth, we_sent, self.average, self.initial, random) * SECOND) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_of_two_reports_every_five_seconds_give_or_take_half() {
        for (random, expected) in [(0.0, 2.5), (0.5, 5.0), (0.999_999, 7.5)] {
            let interval = rtcp_interval(2, 2, USUAL_BANDWIDTH, true, 128.0, false, random);
            assert!((interval - expected / COMPENSATION).abs() < 1e-4);
            assert!((rtcp_interval(2, 2, USUAL_BANDWIDTH, true, 128.0, true, random) - expected / 2.0 / COMPENSATION).abs() < 1e-4);
        }
    }

    #[test]
    fn a_crowd_shares_the_bandwidth_and_senders_have_a_quarter_of_it() {
        assert!((rtcp_interval(1_000, 1, USUAL_BANDWIDTH, false, 100.0, false, 0.5) - 999.0 * 100.0 / 375.0 / COMPENSATION).abs() < 1e-6);
        assert!((rtcp_interval(1_000, 100, USUAL_BANDWIDTH, true, 100.0, false, 0.5) - 100.0 * 100.0 / 125.0 / COMPENSATION).abs() < 1e-6);
        assert!(
            (rtcp_interval(1_000, 900, USUAL_BANDWIDTH, true, 100.0, false, 0.5) - 1_000.0 * 100.0 / 500.0 / COMPENSATION).abs() < 1e-6
        );
    }

    #[test]
    fn bandwidth_that_was_agreed_on_is_kept() {
        // RFC 3556: senders 800 bit/s, receivers 200 bit/s; 100 octets are 800 bits.
        let narrow = Bandwidth { senders: 800, receivers: 200 };
        assert!((rtcp_interval(20, 10, narrow, true, 100.0, false, 0.5) - 10.0 / COMPENSATION).abs() < 1e-9);
        assert!((rtcp_interval(20, 10, narrow, false, 100.0, false, 0.5) - 40.0 / COMPENSATION).abs() < 1e-9);
        assert!((rtcp_interval(20, 20, narrow, true, 100.0, false, 0.5) - 16.0 / COMPENSATION).abs() < 1e-9);
        let mut schedule = Schedule::new(5);
        schedule.bandwidth = Bandwidth { senders: 0, receivers: 3_000 };
        let mut count = |from: u64, we_sent| {
            (from..from + 60).filter(|second| schedule.due(second * 1_000_000, 2, u32::from(we_sent), we_sent)).map(|_| 1).sum::<u32>()
        };
        assert_eq!(count(0, true), 0, "b=RS:0 keeps senders quiet");
        assert!(count(60, false) > 0);
    }

    /// Times at which packets are sent when somebody looks every 20 ms, s.
    fn sent(seed: u32, seconds: u64, members: impl Fn(u64) -> u32) -> Vec<f64> {
        let mut schedule = Schedule::new(seed);
        let mut times = Vec::new();
        for now in (0..seconds * 1_000_000).step_by(20_000) {
            if schedule.due(now, members(now), 2, true) {
                schedule.sent(now, 100, 2, true);
                times.push(now as f64 / 1e6);
            }
        }
        times
    }

    #[test]
    fn intervals_differ_keep_their_bounds_and_their_mean() {
        let times = sent(7, 20_000, |_| 2);
        let steps: Vec<f64> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
        assert!(times[0] >= 1.0 && times[0] < 3.1, "the first comes after half an interval: {}", times[0]);
        assert!(steps.iter().all(|&step| (2.0..6.2).contains(&step)));
        let mean = steps.iter().sum::<f64>() / steps.len() as f64;
        assert!((4.6..5.4).contains(&mean), "{mean}");
        assert!(steps.windows(2).any(|pair| (pair[0] - pair[1]).abs() > 1.0));
        assert_ne!(sent(8, 100, |_| 2), sent(9, 100, |_| 2));
    }

    #[test]
    fn packets_come_sooner_when_others_leave() {
        let left = sent(3, 4_000, |now| if now < 1_000_000_000 { 10_000 } else { 2 });
        assert!(left.iter().any(|&time| (1_000.0..1_007.0).contains(&time)), "{left:?}");
    }
}
