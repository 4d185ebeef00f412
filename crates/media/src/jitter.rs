//! The jitter buffer's store: packets by sequence number, until they are played or given up. When to play what is
//! [`crate::playout`]'s business, how long to wait [`crate::delay`]'s.
//!
//! Packets lie in places, of which there are as many as ever waited at once, each as long as the longest payload so far. The place given
//! up last is the next to be filled: a call whose packets come evenly uses two or three of them over and over, and they stay in the
//! processor's cache. Memory is taken when more packets wait, or longer ones, than ever before: 4, 8, … 64 places. Never for a packet
//! as such.

use crate::g711::Encoding;

/// Packets that may wait: a power of two. 1.28 s of 20 ms packets, far more than the greatest delay, for bursts after a stall.
pub const SLOTS: usize = 64;
/// The longest payload: 120 ms.
pub const MAX_PAYLOAD: usize = 960;
/// The places there are at first.
const FIRST_PLACES: usize = 4;
/// The length of a place is a multiple of this: 10 ms.
const STEP: usize = 80;
/// No place: nothing waits under this number.
const NOWHERE: u8 = u8::MAX;

/// One packet that waits.
#[derive(Clone, Copy, Debug)]
pub struct Slot {
    /// Extended sequence number.
    sequence: i64,
    /// Extended timestamp of the first sample.
    pub timestamp: i64,
    /// Samples: at most [`MAX_PAYLOAD`].
    length: u16,
    /// None: a packet without audio (a telephone-event), which only shows that its number is not lost.
    pub encoding: Option<Encoding>,
}

impl Slot {
    /// Samples.
    pub fn length(&self) -> i64 {
        i64::from(self.length)
    }
}

/// A ring of packets.
#[derive(Debug)]
pub struct JitterBuffer {
    /// Each number's place.
    ring: [u8; SLOTS],
    places: Vec<Slot>,
    /// The payloads, `stride` bytes for each place.
    bytes: Vec<u8>,
    stride: usize,
    /// The places that are free: the first `spares`, the last of them is taken first.
    spare: [u8; SLOTS],
    spares: usize,
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
            ring: [NOWHERE; SLOTS],
            places: Vec::new(),
            bytes: Vec::new(),
            stride: 0,
            spare: [0; SLOTS],
            spares: 0,
            started: false,
            consumed: false,
            next: 0,
            highest: 0,
            late: 0,
        }
    }

    /// Forgets everything but the count.
    pub fn reset(&mut self) {
        for index in 0..SLOTS {
            self.vacate(index);
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
        let place = self.occupy(sequence as usize & (SLOTS - 1), payload.len());
        self.places[place] = Slot { sequence, timestamp, length: payload.len() as u16, encoding };
        self.bytes[place * self.stride..][..payload.len()].copy_from_slice(payload);
    }

    /// The packet with this number.
    pub fn get(&self, sequence: i64) -> Option<Slot> {
        let place = self.ring[sequence as usize & (SLOTS - 1)];
        self.places.get(usize::from(place)).filter(|slot| slot.sequence == sequence).copied()
    }

    /// The payload of a packet that is there, from an offset on.
    pub fn payload(&self, sequence: i64, offset: usize) -> &[u8] {
        let place = usize::from(self.ring[sequence as usize & (SLOTS - 1)]);
        &self.bytes[place * self.stride + offset..][..usize::from(self.places[place].length) - offset]
    }

    /// The first packet there, and its number.
    pub fn first(&self) -> Option<(i64, Slot)> {
        if !self.started {
            return None;
        }
        (self.next..=self.highest).find_map(|sequence| self.get(sequence).map(|slot| (sequence, slot)))
    }

    /// The packets' places, and of their payloads where the next will lie and which will be played next. See [`crate::Session::ahead`].
    pub fn ahead(&self) -> (&[Slot], [&[u8]; 2]) {
        let payload = |place: u8| self.bytes.chunks_exact(self.stride.max(1)).nth(place.into()).unwrap_or_default();
        let spare = if self.spares > 0 { self.spare[self.spares - 1] } else { NOWHERE };
        (&self.places, [payload(spare), payload(self.ring[self.next as usize & (SLOTS - 1)])])
    }

    /// Whether nothing is there that was sent after this timestamp.
    pub fn exhausted(&self, timestamp: i64) -> bool {
        self.get(self.highest).is_none_or(|slot| slot.timestamp < timestamp)
    }

    /// The packet whose turn it is has been played.
    pub fn release(&mut self) {
        self.vacate(self.next as usize & (SLOTS - 1));
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

    /// A place for a payload of this length. It is the slot's until [`Self::vacate`].
    fn occupy(&mut self, index: usize, length: usize) -> usize {
        if length > self.stride {
            self.widen(length.next_multiple_of(STEP));
        }
        if self.ring[index] == NOWHERE {
            if self.spares == 0 {
                self.grow();
            }
            self.spares -= 1;
            self.ring[index] = self.spare[self.spares];
        }
        usize::from(self.ring[index])
    }

    fn vacate(&mut self, index: usize) {
        let place = std::mem::replace(&mut self.ring[index], NOWHERE);
        if place != NOWHERE {
            self.spare[self.spares] = place;
            self.spares += 1;
        }
    }

    /// All places are taken: as many more.
    fn grow(&mut self) {
        let before = self.places.len();
        let after = (2 * before).max(FIRST_PLACES);
        for place in (before..after).rev() {
            self.spare[self.spares] = place as u8;
            self.spares += 1;
        }
        self.places.resize(after, Slot { sequence: -1, timestamp: 0, length: 0, encoding: None });
        self.bytes.resize(after * self.stride, 0);
    }

    /// Makes each place `stride` bytes long.
    fn widen(&mut self, stride: usize) {
        let mut bytes = vec![0; self.places.len() * stride];
        if self.stride > 0 {
            for (wide, narrow) in bytes.chunks_exact_mut(stride).zip(self.bytes.chunks_exact(self.stride)) {
                wide[..self.stride].copy_from_slice(narrow);
            }
        }
        self.bytes = bytes;
        self.stride = stride;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first(buffer: &JitterBuffer) -> Option<i64> {
        buffer.first().map(|(sequence, _)| sequence)
    }

    #[test]
    fn keeps_packets_by_number_and_counts_those_that_are_late() {
        let mut buffer = JitterBuffer::new();
        buffer.insert(101, 160, Some(Encoding::Pcmu), &[1, 2]);
        buffer.insert(100, 0, Some(Encoding::Pcmu), &[3]);
        assert_eq!(first(&buffer), Some(100));
        assert_eq!(buffer.payload(101, 1), [2]);
        buffer.release();
        buffer.insert(99, -160, Some(Encoding::Pcmu), &[4]);
        buffer.insert(98, 0, None, &[]);
        assert_eq!(buffer.late, 1);
        assert_eq!(first(&buffer), Some(101));
        buffer.insert(165, 999, Some(Encoding::Pcma), &[5]);
        assert_eq!(buffer.late, 2);
        assert_eq!(buffer.next, 102);
        assert_eq!(first(&buffer), Some(165));
    }

    #[test]
    fn takes_memory_only_when_more_packets_wait_or_longer_ones_than_ever_before() {
        let mut buffer = JitterBuffer::new();
        assert_eq!((buffer.places.capacity(), buffer.bytes.capacity()), (0, 0));
        for sequence in 0..1_000 {
            buffer.insert(sequence, 160 * sequence, Some(Encoding::Pcmu), &[sequence as u8; 160]);
            assert_eq!(buffer.payload(sequence, 159), [sequence as u8]);
            if sequence >= 2 {
                buffer.release();
            }
        }
        assert_eq!((buffer.places.len(), buffer.bytes.len()), (4, 640));
        for sequence in 1_000..1_070 {
            buffer.insert(sequence, 160 * sequence, Some(Encoding::Pcmu), &[sequence as u8; 161]);
        }
        assert_eq!((buffer.places.len(), buffer.bytes.len()), (SLOTS, SLOTS * 240));
        for sequence in 1_006..1_070 {
            assert_eq!(buffer.payload(sequence, 0), [sequence as u8; 161]);
        }
        buffer.reset();
        assert_eq!((buffer.spares, buffer.late), (SLOTS, 8));
        buffer.insert(5, 0, Some(Encoding::Pcmu), &[1; MAX_PAYLOAD]);
        assert_eq!(buffer.payload(5, 0), [1; MAX_PAYLOAD]);
        // The same number again takes the same place.
        buffer.insert(5, 0, None, &[]);
        assert_eq!((buffer.spares, buffer.payload(5, 0).len()), (SLOTS - 1, 0));
    }

    #[test]
    fn a_jump_far_ahead_gives_up_what_was_there_and_no_more() {
        let mut buffer = JitterBuffer::new();
        buffer.insert(10, 0, Some(Encoding::Pcmu), &[1]);
        buffer.insert(3_000, 0, Some(Encoding::Pcmu), &[1]);
        assert_eq!(buffer.late, 1);
        assert_eq!(first(&buffer), Some(3_000));
        buffer.reset();
        assert_eq!(first(&buffer), None);
    }
}
