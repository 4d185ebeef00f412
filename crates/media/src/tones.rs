//! DTMF that comes as sound (ITU-T Q.23, Q.24): one filter of Goertzel's for each of the eight tones.
//!
//! Speech must not dial. So a block counts only when two tones, one of each group, are nearly all there is in it, neither much louder
//! than the other, each well above its neighbours; and a digit only when two blocks in a row agree.

use crate::event::{Event, EventQueue, EventSource};

/// Samples in a block, 12.75 ms: a tone of the shortest digit that Q.24 has accepted, 40 ms, fills two wherever they begin.
const BLOCK: usize = 102;
/// 2 cos(2πf ÷ 8,000) of 697, 770, 852, 941 and 1,209, 1,336, 1,477, 1,633 Hz.
const COEFFICIENTS: [f64; 8] = [
    1.707_737_809_3,
    1.645_281_036_0,
    1.568_686_983_9,
    1.478_204_568_2,
    1.164_104_023_0,
    0.996_370_210_7,
    0.798_618_389_2,
    0.568_532_706_8,
];
/// Event codes (RFC 4733 §3.2) by row and column: 1 2 3 A, 4 5 6 B, 7 8 9 C, * 0 # D.
const KEYS: [u8; 16] = [1, 2, 3, 12, 4, 5, 6, 13, 7, 8, 9, 14, 10, 0, 11, 15];
/// The power that a filter shows for a tone of amplitude 250, which is −39 dBm0: (51 × 250)².
const SOFTEST: f64 = 162_562_500.0;
/// Q.24: one tone may be this much louder than the other (8 dB) ...
const TWIST: f64 = 6.31;
/// ... and each must stand out this much from the others of its group (8 dB).
const PEAK: f64 = 6.31;
/// Share of a block's energy that its two tones must have. In clear tones 1; with frequencies 1.5 % off, 0.7.
const PURITY: f64 = 0.6;

/// ```text
///            two blocks in a row show a key: DtmfStart
///   silent ────────────────────────────────────────────► sounding
///      ▲                                                    │
///      └────────── two blocks in a row do not: DtmfEnd ─────┘
/// ```
#[derive(Debug)]
pub struct ToneDetector {
    /// Each filter's last two values.
    last: [f64; 8],
    before: [f64; 8],
    energy: f64,
    filled: usize,
    /// What the last block showed.
    shown: Option<u8>,
    /// The key that sounds, for how many samples, and the blocks since that did not show it.
    sounding: Option<u8>,
    duration: u32,
    missed: u32,
}

impl ToneDetector {
    /// Nothing heard yet.
    #[allow(clippy::new_without_default, reason = "the twin has no Default; one way to make a thing")]
    pub fn new() -> Self {
        Self { last: [0.0; 8], before: [0.0; 8], energy: 0.0, filled: 0, shown: None, sounding: None, duration: 0, missed: 0 }
    }

    /// Listens to what is played.
    pub fn listen(&mut self, samples: &[i16], events: &mut EventQueue) {
        for &sample in samples {
            let value = f64::from(sample);
            self.energy += value * value;
            for ((coefficient, last), before) in COEFFICIENTS.iter().zip(&mut self.last).zip(&mut self.before) {
                let next = coefficient * *last - *before + value;
                *before = *last;
                *last = next;
            }
            self.filled += 1;
            if self.filled == BLOCK {
                let shown = self.judge();
                self.take(shown, events);
                self.last = [0.0; 8];
                self.before = [0.0; 8];
                self.energy = 0.0;
                self.filled = 0;
            }
        }
    }

    /// Nobody listens any more: a key that sounds is over.
    pub fn reset(&mut self, events: &mut EventQueue) {
        self.end(events);
        self.last = [0.0; 8];
        self.before = [0.0; 8];
        self.energy = 0.0;
        self.filled = 0;
        self.shown = None;
    }

    /// The key that the block shows.
    fn judge(&self) -> Option<u8> {
        let mut powers = [0.0; 8];
        for (index, power) in powers.iter_mut().enumerate() {
            let (last, before) = (self.last[index], self.before[index]);
            *power = last * last + before * before - COEFFICIENTS[index] * last * before;
        }
        let row = loudest(&powers, 0);
        let column = loudest(&powers, 4);
        let (low, high) = (powers[row], powers[column]);
        let clear = low >= SOFTEST
            && high >= SOFTEST
            && low <= high * TWIST
            && high <= low * TWIST
            && stands_out(&powers, 0, row)
            && stands_out(&powers, 4, column)
            && (low + high) * 2.0 >= self.energy * BLOCK as f64 * PURITY;
        clear.then(|| KEYS[row * 4 + column - 4])
    }

    fn take(&mut self, shown: Option<u8>, events: &mut EventQueue) {
        if self.sounding.is_some() && shown == self.sounding {
            self.duration += (self.missed + 1) * BLOCK as u32;
            self.missed = 0;
        } else if self.sounding.is_some() {
            self.missed += 1;
            if self.missed == 2 {
                self.end(events);
            }
        }
        if let Some(event) = shown
            && self.sounding.is_none()
            && shown == self.shown
        {
            self.sounding = shown;
            self.duration = 2 * BLOCK as u32;
            self.missed = 0;
            events.push(Event::DtmfStart { event, source: EventSource::Inband });
        }
        self.shown = shown;
    }

    fn end(&mut self, events: &mut EventQueue) {
        if let Some(event) = self.sounding.take() {
            events.push(Event::DtmfEnd { event, duration: self.duration, source: EventSource::Inband });
        }
    }
}

/// Which of the four filters from `first` on shows the most.
fn loudest(powers: &[f64; 8], first: usize) -> usize {
    let mut best = first;
    for index in first + 1..first + 4 {
        if powers[index] > powers[best] {
            best = index;
        }
    }
    best
}

fn stands_out(powers: &[f64; 8], first: usize, best: usize) -> bool {
    (first..first + 4).all(|index| index == best || powers[index] * PEAK <= powers[best])
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROWS: [f64; 4] = [697.0, 770.0, 852.0, 941.0];
    const COLUMNS: [f64; 4] = [1_209.0, 1_336.0, 1_477.0, 1_633.0];

    /// Two tones of these amplitudes for `count` samples, then 50 ms of nothing.
    fn press(row: f64, column: f64, low: f64, high: f64, count: usize) -> Vec<i16> {
        let turn = std::f64::consts::TAU / 8_000.0;
        let tone = |at: usize| low * (turn * row * at as f64).sin() + high * (turn * column * at as f64).sin();
        (0..count + 400).map(|at| if at < count { tone(at) as i16 } else { 0 }).collect()
    }

    fn heard(samples: &[i16]) -> Vec<Event> {
        let mut detector = ToneDetector::new();
        let mut events = EventQueue::new();
        for frame in samples.chunks(160) {
            detector.listen(frame, &mut events);
        }
        detector.reset(&mut events);
        std::iter::from_fn(|| events.poll()).collect()
    }

    fn keys(samples: &[i16]) -> Vec<u8> {
        heard(samples).iter().filter_map(|event| if let Event::DtmfStart { event, .. } = event { Some(*event) } else { None }).collect()
    }

    #[test]
    fn every_key_is_told_from_every_other() {
        for (row, low) in ROWS.into_iter().enumerate() {
            for (column, high) in COLUMNS.into_iter().enumerate() {
                assert_eq!(keys(&press(low, high, 6_000.0, 6_000.0, 800)), [KEYS[row * 4 + column]]);
            }
        }
    }

    #[test]
    fn a_digit_of_40_ms_counts_and_one_of_15_does_not() {
        for offset in 0..102 {
            let mut samples = vec![0; offset];
            samples.extend(press(770.0, 1_336.0, 6_000.0, 6_000.0, 320));
            assert_eq!(keys(&samples), [5], "offset {offset}");
            let mut samples = vec![0; offset];
            samples.extend(press(770.0, 1_336.0, 6_000.0, 6_000.0, 120));
            assert_eq!(keys(&samples), [], "offset {offset}");
        }
    }

    #[test]
    fn twist_of_6_decibels_and_frequencies_off_by_a_hundredth_and_a_half_are_taken() {
        assert_eq!(keys(&press(697.0, 1_633.0, 4_000.0, 8_000.0, 400)), [12]);
        assert_eq!(keys(&press(697.0, 1_633.0, 8_000.0, 4_000.0, 400)), [12]);
        for factor in [0.985, 1.015] {
            assert_eq!(keys(&press(941.0 * factor, 1_336.0 * factor, 6_000.0, 6_000.0, 400)), [0], "{factor}");
        }
    }

    #[test]
    fn one_tone_alone_twist_beyond_reason_and_whispers_are_not() {
        assert_eq!(keys(&press(697.0, 1_209.0, 6_000.0, 0.0, 800)), []);
        assert_eq!(keys(&press(697.0, 1_209.0, 8_000.0, 2_500.0, 800)), []);
        assert_eq!(keys(&press(697.0, 1_209.0, 150.0, 150.0, 800)), []);
        // Dial tone, and busy tone.
        assert_eq!(keys(&press(350.0, 440.0, 6_000.0, 6_000.0, 8_000)), []);
        assert_eq!(keys(&press(480.0, 620.0, 6_000.0, 6_000.0, 8_000)), []);
    }

    #[test]
    fn the_same_key_twice_is_two_and_its_length_is_told() {
        let press = press(852.0, 1_477.0, 6_000.0, 6_000.0, 800);
        let events = heard(&[press.clone(), press].concat());
        assert_eq!(events.len(), 4, "{events:?}");
        for event in events {
            match event {
                Event::DtmfStart { event, source } => assert_eq!((event, source), (9, EventSource::Inband)),
                Event::DtmfEnd { event, duration, .. } => assert!(event == 9 && (600..=900).contains(&duration), "{duration}"),
                other => panic!("{other:?}"),
            }
        }
    }
}
