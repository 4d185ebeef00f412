//! The jitter buffer's store: packets by sequence number, until they are played or given up. When to play what is
//! [`crate::playout`]'s business, how long to wait [`crate::delay`]'s.

use crate::g711::Encoding;

/// Packets that may wait: a power of two. 1.28 s of 20 ms packets, far more than the greatest delay, for bursts after a stall.
pub const SLOTS: usize = 64;
/// The longest payload: 120 ms.
pub const MAX_PAYLOAD: usize = 960;

/// One packet that waits.
#[derive(Clone, Copy, Debug)]
pub struct Slot {
    /// Extended sequence number; -1: empty.
    sequence: i64,
    /// Extended timestamp of the first sample.
    pub timestamp: i64,
    /// Samples.
    pub length: i64,
    /// None: a packet without audio (a telephone-event), which only shows that its number is not lost.
    pub encoding: Option<Encoding>,
}

/// A ring of packets.
#[derive(Debug)]
pub struct JitterBuffer {
    slots: Vec<Slot>,
    bytes: Vec<u8>,
    /// Whether anything came since the last reset, and whether anything was played or given up.
    started: bool,
    consumed: bool,
    /// The sequence number whose turn it is, and the highest that came.
    pub next: i64,
    highest: i64,
    /// Packets that came too late or were given up.
    pub late: u64,
}

impl JitterBuffer {
    /// An empty buffer.
    #[allow(clippy::new_without_default, reason = "the twin has no Default; one way to make a thing")]
    pub fn new() -> Self {
        Self {
            slots: vec![Slot { sequence: -1, timestamp: 0, length: 0, encoding: None }; SLOTS],
            bytes: vec![0; SLOTS * MAX_PAYLOAD],
            started: false,
            consumed: false,
            next: 0,
            highest: 0,
            late: 0,
        }
    }

    /// Forgets everything but the count.
    pub fn reset(&mut self) {
        for slot in &mut self.slots {
            slot.sequence = -1;
        }
        self.started = false;
        self.consumed = false;
    }

    /// Takes a packet of at most [`MAX_PAYLOAD`] bytes that did not come before; `encoding` None: one without audio.
    pub fn insert(&mut self, sequence: i64, timestamp: i64, encoding: Option<Encoding>, payload: &[u8]) {
        if !self.started {
            self.started = true;
            self.next = sequence;
            self.highest = sequence;
        }
        if sequence < self.next {
            // Before anything is played, a packet that was overtaken still finds its place.
            if self.consumed || self.highest - sequence >= SLOTS as i64 {
                self.late += u64::from(encoding.is_some());
                return;
            }
            self.next = sequence;
        }
        if sequence - self.next >= SLOTS as i64 {
            self.advance(sequence - SLOTS as i64 + 1);
        }
        self.highest = self.highest.max(sequence);
        let index = sequence as usize & (SLOTS - 1);
        self.slots[index] = Slot { sequence, timestamp, length: payload.len() as i64, encoding };
        self.bytes[index * MAX_PAYLOAD..][..payload.len()].copy_from_slice(payload);
    }

    /// The packet with this number.
    pub fn get(&self, sequence: i64) -> Option<Slot> {
        let slot = self.slots[sequence as usize & (SLOTS - 1)];
        (slot.sequence == sequence).then_some(slot)
    }

    /// The payload of a packet that is there, from an offset on.
    pub fn payload(&self, sequence: i64, offset: usize) -> &[u8] {
        let index = sequence as usize & (SLOTS - 1);
        &self.bytes[index * MAX_PAYLOAD + offset..][..self.slots[index].length as usize - offset]
    }

    /// The number of the first packet there.
    pub fn first(&self) -> Option<i64> {
        if !self.started {
            return None;
        }
        (self.next..=self.highest).find(|&sequence| self.get(sequence).is_some())
    }

    /// Whether nothing is there that was sent after this timestamp.
    pub fn exhausted(&self, timestamp: i64) -> bool {
        self.get(self.highest).is_none_or(|slot| slot.timestamp < timestamp)
    }

    /// The packet whose turn it is has been played.
    pub fn release(&mut self) {
        self.slots[self.next as usize & (SLOTS - 1)].sequence = -1;
        self.next += 1;
        self.consumed = true;
    }

    /// Gives up what comes before `sequence`; audio that was there counts as late.
    pub fn advance(&mut self, sequence: i64) {
        while self.next < sequence && self.next <= self.highest {
            self.late += u64::from(self.get(self.next).is_some_and(|slot| slot.encoding.is_some()));
            self.release();
        }
        self.next = self.next.max(sequence);
        self.consumed = true;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_packets_by_number_and_counts_those_that_are_late() {
        let mut buffer = JitterBuffer::new();
        buffer.insert(101, 160, Some(Encoding::Pcmu), &[1, 2]);
        buffer.insert(100, 0, Some(Encoding::Pcmu), &[3]);
        assert_eq!(buffer.first(), Some(100));
        assert_eq!(buffer.payload(101, 1), [2]);
        buffer.release();
        buffer.insert(99, -160, Some(Encoding::Pcmu), &[4]);
        buffer.insert(98, 0, None, &[]);
        assert_eq!(buffer.late, 1);
        assert_eq!(buffer.first(), Some(101));
        buffer.insert(165, 999, Some(Encoding::Pcma), &[5]);
        assert_eq!(buffer.late, 2);
        assert_eq!(buffer.next, 102);
        assert_eq!(buffer.first(), Some(165));
    }

    #[test]
    fn a_jump_far_ahead_gives_up_what_was_there_and_no_more() {
        let mut buffer = JitterBuffer::new();
        buffer.insert(10, 0, Some(Encoding::Pcmu), &[1]);
        buffer.insert(3_000, 0, Some(Encoding::Pcmu), &[1]);
        assert_eq!(buffer.late, 1);
        assert_eq!(buffer.first(), Some(3_000));
        buffer.reset();
        assert_eq!(buffer.first(), None);
    }
}
