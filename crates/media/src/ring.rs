//! A first-in, first-out buffer of samples.

/// Samples between a writer and a reader. Its size is a power of two, so that a running count, masked, is a position. It begins with
/// nothing and doubles up to its capacity when more has to wait: a thousand calls whose readers keep up take little memory.
#[derive(Debug)]
pub struct Ring {
    samples: Vec<i16>,
    capacity: usize,
    /// Position of the oldest sample.
    start: usize,
    length: usize,
}

/// Less than a frame would make the session stutter by construction; more than this (8.7 min) is a mistake.
const CAPACITIES: (usize, usize) = (256, 1 << 22);

/// Samples that a ring has room for from the first one on: 32 ms.
const FIRST: usize = 256;

impl Ring {
    /// An empty ring for at least `capacity` samples: the next power of two, 256 to 4,194,304.
    pub fn new(capacity: usize) -> Self {
        let capacity = capacity.clamp(CAPACITIES.0, CAPACITIES.1).next_power_of_two();
        Self { samples: Vec::new(), capacity, start: 0, length: 0 }
    }

    /// Makes room for `length` samples in all, as far as the capacity goes.
    fn grow(&mut self, length: usize) {
        let size = length.next_power_of_two().clamp(FIRST, self.capacity);
        if size <= self.samples.len() {
            return;
        }
        let mut samples = vec![0; size];
        let count = self.read(&mut samples);
        self.samples = samples;
        self.start = 0;
        self.length = count;
    }

    /// Samples inside.
    pub fn length(&self) -> usize {
        self.length
    }

    /// Appends as many as fit. Returns how many that were.
    pub fn write(&mut self, samples: &[i16]) -> usize {
        self.grow(self.length + samples.len());
        let count = samples.len().min(self.samples.len() - self.length);
        let mask = self.samples.len() - 1;
        let at = (self.start + self.length) & mask;
        let first = count.min(self.samples.len() - at);
        self.samples[at..at + first].copy_from_slice(&samples[..first]);
        self.samples[..count - first].copy_from_slice(&samples[first..count]);
        self.length += count;
        count
    }

    /// Appends all of at most a ring's capacity, dropping the oldest for want of room. Returns how many were dropped.
    pub fn push(&mut self, samples: &[i16]) -> usize {
        let dropped = (self.length + samples.len()).saturating_sub(self.capacity).min(self.length);
        self.start = (self.start + dropped) & self.samples.len().saturating_sub(1);
        self.length -= dropped;
        self.write(samples);
        dropped
    }

    /// Moves the oldest into `samples`. Returns how many that were.
    pub fn read(&mut self, samples: &mut [i16]) -> usize {
        let [first, second] = self.front(samples.len());
        let count = first.len() + second.len();
        samples[..first.len()].copy_from_slice(first);
        samples[first.len()..count].copy_from_slice(second);
        self.skip(count);
        count
    }

    /// The oldest so many, or all if there are fewer: up to the end of the memory, and from its beginning on.
    pub fn front(&self, count: usize) -> [&[i16]; 2] {
        let count = count.min(self.length);
        let first = count.min(self.samples.len() - self.start);
        [&self.samples[self.start..self.start + first], &self.samples[..count - first]]
    }

    /// Drops the oldest, at most as many as there are.
    pub fn skip(&mut self, count: usize) {
        self.length -= count;
        // An empty ring begins at its beginning: a reader who keeps up leaves most of the memory untouched.
        self.start = if self.length == 0 { 0 } else { (self.start + count) & (self.samples.len() - 1) };
    }

    /// Where the next so many samples will be read from and where others will be written to, up to the end of the memory. See
    /// [`crate::Session::ahead`].
    pub fn ahead(&self, count: usize) -> [&[i16]; 2] {
        let at = (self.start + self.length) & self.samples.len().saturating_sub(1);
        let until = |start: usize, count: usize| &self.samples[start..(start + count).min(self.samples.len())];
        [until(self.start, count.min(self.length)), until(at, count)]
    }

    /// Drops everything. Returns how many samples that were.
    pub fn clear(&mut self) -> usize {
        let dropped = self.length;
        self.start = 0;
        self.length = 0;
        dropped
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_order_across_its_end_and_takes_no_more_than_fits() {
        let mut ring = Ring::new(200);
        let mut out = [0; 300];
        assert_eq!(ring.write(&[7; 200]), 200);
        assert_eq!(ring.read(&mut out), 200);
        let count: Vec<i16> = (0..300).collect();
        assert_eq!(ring.write(&count), 256);
        assert_eq!(ring.write(&count), 0);
        assert_eq!(ring.read(&mut out[..100]), 100);
        assert_eq!(ring.read(&mut out[100..]), 156);
        assert_eq!(out[..256], count[..256]);
    }

    #[test]
    fn grows_when_more_waits_and_keeps_the_order() {
        let mut ring = Ring::new(4_096);
        let count: Vec<i16> = (0..5_000).collect();
        let mut out = [0; 5_000];
        assert_eq!((ring.read(&mut out), ring.samples.capacity()), (0, 0));
        assert_eq!(ring.write(&count[..900]), 900);
        assert_eq!(ring.read(&mut out[..500]), 500);
        assert_eq!(ring.write(&count[900..1_500]), 600);
        assert_eq!(ring.samples.len(), 1_024);
        assert_eq!(ring.write(&count[1_500..2_000]), 500);
        assert_eq!(ring.samples.len(), 2_048);
        assert_eq!(ring.write(&count[2_000..5_000]), 2_596);
        assert_eq!(ring.samples.len(), 4_096);
        assert_eq!(ring.read(&mut out), 4_096);
        assert_eq!(out[..4_096], count[500..4_596]);
    }

    #[test]
    fn drops_the_oldest_when_pushed_over() {
        let mut ring = Ring::new(256);
        assert_eq!(ring.push(&[1; 200]), 0);
        assert_eq!(ring.push(&[2; 100]), 44);
        let mut out = [0; 256];
        assert_eq!(ring.read(&mut out), 256);
        assert_eq!((out[155], out[156]), (1, 2));
        assert_eq!(ring.push(&[3; 10]), 0);
        assert_eq!(ring.clear(), 10);
        assert_eq!(ring.length(), 0);
    }
}
