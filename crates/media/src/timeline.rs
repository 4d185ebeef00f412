//! Where RTP timestamps, of 32 bits, lie among extended ones, which never wrap and survive a sender that sets its clock.

/// A timestamp further than 1 s from where sequence number and time of arrival both put it shows that the sender's clock was set.
const CLOCK_SET: i64 = 8_000;

/// The newest packet's place: its number, both timestamps, length and transit time. Times are samples.
#[derive(Debug)]
pub struct Timeline {
    mapped: bool,
    last_sequence: i64,
    last_rtp: u32,
    last_timestamp: i64,
    last_length: i64,
    last_transit: i64,
    /// Older packets than this have timestamps from before the sender's clock was set.
    rebased: i64,
}

impl Timeline {
    /// No packet is known.
    pub fn new() -> Self {
        Self { mapped: false, last_sequence: 0, last_rtp: 0, last_timestamp: 0, last_length: 0, last_transit: 0, rebased: 0 }
    }

    /// Another stream begins.
    pub fn reset(&mut self) {
        self.mapped = false;
    }

    /// The RTP timestamp of what lies at the extended one.
    pub fn rtp(&self, timestamp: i64) -> u32 {
        self.last_rtp.wrapping_add((timestamp - self.last_timestamp) as u32)
    }

    /// Takes a timestamp out of its 32 bits. None: the packet was overtaken, and where its timestamp lies is unknown.
    pub fn extend(&mut self, arrival: i64, sequence: i64, rtp: u32, length: i64) -> Option<i64> {
        if !self.mapped {
            self.mapped = true;
            self.rebased = 0;
            self.last_sequence = sequence;
            self.last_rtp = rtp;
            self.last_timestamp = 0;
            self.last_length = length;
            self.last_transit = arrival;
            return Some(0);
        }
        let step = i64::from(rtp.wrapping_sub(self.last_rtp) as i32);
        let mut timestamp = self.last_timestamp + step;
        let by_sequence = step - (sequence - self.last_sequence) * self.last_length;
        if sequence < self.last_sequence {
            return (sequence >= self.rebased && by_sequence.abs() <= CLOCK_SET).then_some(timestamp);
        }
        let by_arrival = arrival - timestamp - self.last_transit;
        if by_arrival.abs() > CLOCK_SET && by_sequence.abs() > CLOCK_SET {
            timestamp = (arrival - self.last_transit).max(self.last_timestamp + self.last_length);
            self.rebased = sequence;
        }
        self.last_sequence = sequence;
        self.last_rtp = rtp;
        self.last_timestamp = timestamp;
        self.last_length = length;
        self.last_transit = arrival - timestamp;
        Some(timestamp)
    }
}

impl Default for Timeline {
    fn default() -> Self {
        Self::new()
    }
}
