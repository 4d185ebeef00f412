//! Reads true audio out of the jitter buffer, from the next sample to be played on.

use crate::FRAME_TIME;
use crate::g711;
use crate::jitter::JitterBuffer;

/// The jitter buffer, and where in it playout is.
#[derive(Debug)]
pub struct Cursor {
    /// The packets that wait.
    pub buffer: JitterBuffer,
    /// Extended timestamp of the next sample to be played.
    pub at: i64,
}

impl Cursor {
    /// Nothing waits.
    pub fn new() -> Self {
        Self { buffer: JitterBuffer::new(), at: 0 }
    }

    /// Samples from the cursor on without a gap, as far as two frames.
    pub fn available(&self) -> i64 {
        let mut end = self.at;
        let mut sequence = self.buffer.next;
        while end - self.at < 2 * FRAME_TIME {
            match self.buffer.get(sequence) {
                Some(slot) if slot.encoding.is_none() => {}
                Some(slot) if slot.timestamp <= end => end = end.max(slot.timestamp + slot.length()),
                _ => break,
            }
            sequence += 1;
        }
        (end - self.at).min(2 * FRAME_TIME)
    }

    /// Decodes what [`Self::available`] counts, without playing it. Returns how many samples that were.
    pub fn peek(&self, samples: &mut [i16]) -> usize {
        let mut at = 0;
        let mut sequence = self.buffer.next;
        while at < samples.len() {
            let Some(slot) = self.buffer.get(sequence) else { break };
            if let Some(encoding) = slot.encoding {
                let offset = self.at + at as i64 - slot.timestamp;
                if offset < 0 {
                    break;
                }
                if offset < slot.length() {
                    at += g711::decode(encoding, self.buffer.payload(sequence, offset as usize), &mut samples[at..]);
                }
            }
            sequence += 1;
        }
        at
    }

    /// What was peeked at has been played, so many samples of it.
    pub fn skip(&mut self, count: usize) {
        self.at += count as i64;
        while let Some(slot) = self.buffer.get(self.buffer.next) {
            // What has no audio is left for `seek`.
            if slot.encoding.is_none() || slot.timestamp + slot.length() > self.at {
                break;
            }
            self.buffer.release();
        }
    }

    /// Decodes from the packet at the cursor, as much as it has and fits.
    pub fn copy(&mut self, samples: &mut [i16]) -> usize {
        let sequence = self.buffer.next;
        let Some(slot) = self.buffer.get(sequence) else { return 0 };
        let Some(encoding) = slot.encoding else { return 0 };
        let offset = self.at - slot.timestamp;
        let count = g711::decode(encoding, self.buffer.payload(sequence, offset as usize), samples);
        self.at += count as i64;
        if self.at >= slot.timestamp + slot.length() {
            self.buffer.release();
        }
        count
    }
}

impl Default for Cursor {
    fn default() -> Self {
        Self::new()
    }
}
