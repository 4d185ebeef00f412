//! Making up what was lost: the last pitch period goes on, and fades.
//!
//! Speech is nearly periodic over a few periods, so the best guess at the next 20 ms is the last period again. Three joints could
//! click. Within the repetition: the period's last quarter is blended into what came before its beginning. Where it begins: the
//! step between the last true sample and the one that the repetition continues from is added, and dies away. Where true audio
//! comes back: repetition and truth are blended. All of it without delaying good audio by a sample.

use crate::FRAME;
use std::mem::offset_of;

/// Pitch periods looked for: 66 to 200 Hz. Higher voices are found at a multiple of their period.
const SHORTEST: usize = 40;
const LONGEST: usize = 120;
/// Samples over which two stretches of the past are compared: a longer window looks back to another sound.
const WINDOW: usize = 80;
/// What is remembered of the audio played: two of the longest periods, one to be repeated and what it is blended into.
pub const HISTORY: usize = 2 * LONGEST;
/// Over so many samples the step at the beginning dies away.
const SEAM: i32 = 8;
/// Made-up audio fades from its first sample, to two fifths at 20 ms, for the guess becomes worse fast; and from there slowly to nothing at
/// 150 ms: what is left of a voice is less of a hole than silence. By PESQ the best of what was tried for single losses and bursts alike.
const KNEE: i32 = 160;
const FADE: i32 = 1_200;
/// What is left at the knee, as a fraction.
const LEFT: i32 = 2;
const WHOLE: i32 = 5;
/// Blend with true audio over 2 ms.
const JOIN: i32 = 16;
/// Silence begins with a ramp of 2 ms.
const RAMP: usize = 16;

/// Listens to all that is played, and speaks when there is nothing.
///
/// In memory, last what each frame touches; see [`crate::Session::NEAR`].
#[derive(Debug)]
#[repr(C)]
pub struct Concealment {
    cycle: [i16; LONGEST],
    period: usize,
    phase: usize,
    step: i32,
    /// Goes round: a frame then touches what it replaces, and no more.
    history: [i16; HISTORY],
    /// Where the oldest of it lies.
    oldest: usize,
    /// Samples made up since the last true one; 0: none.
    erased: i32,
    /// Samples still to be blended.
    joining: i32,
}

impl Concealment {
    /// See [`crate::Session::NEAR`]: from here to the end.
    pub const NEAR: usize = offset_of!(Self, oldest);

    /// Nothing heard yet: it would make up silence.
    #[allow(clippy::new_without_default, reason = "the twin has no Default; one way to make a thing")]
    pub fn new() -> Self {
        Self { cycle: [0; LONGEST], period: LONGEST, phase: 0, step: 0, history: [0; HISTORY], oldest: 0, erased: 0, joining: 0 }
    }

    /// True audio: remembered, and blended with what was made up before it.
    pub fn good(&mut self, samples: &mut [i16]) {
        if self.erased > 0 && self.joining == 0 {
            self.joining = JOIN;
        }
        for sample in samples.iter_mut() {
            if self.joining == 0 {
                break;
            }
            let made_up = i32::from(self.make_up());
            *sample = ((made_up * self.joining + i32::from(*sample) * (JOIN - self.joining)) / JOIN) as i16;
            self.joining -= 1;
            if self.joining == 0 {
                self.erased = 0;
            }
        }
        self.remember(samples);
    }

    /// Nothing came: makes it up.
    pub fn conceal(&mut self, samples: &mut [i16]) {
        self.bridge();
        self.joining = 0;
        for sample in samples.iter_mut() {
            *sample = self.make_up();
        }
        self.remember(samples);
    }

    /// What comes next does not continue what was played: it will be blended with the continuation.
    pub fn bridge(&mut self) {
        if self.erased == 0 {
            self.analyse();
            self.erased = 1;
        }
    }

    /// There is nothing to be heard: the far end is silent.
    pub fn silence(&mut self, samples: &mut [i16]) {
        let last = i32::from(self.history[(self.oldest + HISTORY - 1) % HISTORY]);
        for (index, sample) in samples.iter_mut().enumerate() {
            *sample = if index < RAMP { (last * (RAMP - 1 - index) as i32 / RAMP as i32) as i16 } else { 0 };
        }
        self.erased = 0;
        self.joining = 0;
        self.remember(samples);
    }

    /// The latest of what was played, oldest first.
    pub fn recall(&self) -> [i16; HISTORY] {
        let mut history = self.history;
        history.rotate_left(self.oldest);
        history
    }

    /// Where the next frame will be remembered. See [`crate::Session::ahead`].
    pub fn ahead(&self) -> [&[i16]; 2] {
        let first = FRAME.min(HISTORY - self.oldest);
        [&self.history[self.oldest..self.oldest + first], &self.history[..FRAME - first]]
    }

    fn remember(&mut self, samples: &[i16]) {
        let samples = &samples[samples.len().saturating_sub(HISTORY)..];
        let first = samples.len().min(HISTORY - self.oldest);
        self.history[self.oldest..self.oldest + first].copy_from_slice(&samples[..first]);
        self.history[..samples.len() - first].copy_from_slice(&samples[first..]);
        self.oldest = (self.oldest + samples.len()) % HISTORY;
    }

    /// The next made-up sample.
    fn make_up(&mut self) -> i16 {
        let mut sample = i32::from(self.cycle[self.phase]);
        self.phase += 1;
        if self.phase == self.period {
            self.phase = 0;
        }
        if self.erased <= SEAM {
            sample = (sample + self.step * (SEAM + 1 - self.erased) / (SEAM + 1)).clamp(-32_768, 32_767);
        }
        sample = if self.erased < KNEE {
            sample * (WHOLE * KNEE - (WHOLE - LEFT) * self.erased) / (WHOLE * KNEE)
        } else {
            sample * (LEFT * (FADE - self.erased)) / (WHOLE * (FADE - KNEE))
        };
        // Counting on would overflow after days of silence.
        self.erased = (self.erased + 1).min(FADE);
        sample as i16
    }

    /// Finds the pitch period of what was played last, and makes a cycle of it that can go round.
    fn analyse(&mut self) {
        let history = self.recall();
        // Every second lag and sample first, then the neighbours of the best in full.
        let mut best = LONGEST;
        let mut best_score = 0.0;
        let mut lag = SHORTEST;
        while lag <= LONGEST {
            let score = likeness(&history, lag, 2);
            if score > best_score {
                best = lag;
                best_score = score;
            }
            lag += 2;
        }
        let coarse = best;
        best_score = likeness(&history, coarse, 1);
        for lag in [coarse - 1, coarse + 1] {
            if (SHORTEST..=LONGEST).contains(&lag) {
                let score = likeness(&history, lag, 1);
                if score > best_score {
                    best = lag;
                    best_score = score;
                }
            }
        }
        self.period = best;
        let start = HISTORY - best;
        let blend = best >> 2;
        for index in 0..best {
            let sample = i32::from(history[start + index]);
            self.cycle[index] = if index + blend < best {
                sample as i16
            } else {
                let weight = (index + blend + 1 - best) as i32;
                let whole = blend as i32 + 1;
                ((sample * (whole - weight) + i32::from(history[start + index - best]) * weight) / whole) as i16
            };
        }
        self.phase = 0;
        self.step = i32::from(history[HISTORY - 1]) - i32::from(history[start - 1]);
    }
}

/// How well the last [`WINDOW`] samples repeat those `lag` before them: the squared correlation over the energy.
fn likeness(history: &[i16; HISTORY], lag: usize, stride: usize) -> f64 {
    let mut product = 0_i64;
    let mut energy = 0_i64;
    let mut index = HISTORY - WINDOW;
    while index < HISTORY {
        let before = i64::from(history[index - lag]);
        product += i64::from(history[index]) * before;
        energy += before * before;
        index += stride;
    }
    // Both sums are exact as f64; what follows rounds alike in both languages.
    if product <= 0 { 0.0 } else { product as f64 * product as f64 / energy as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A triangle wave, which needs no sine.
    fn wave(from: usize, count: usize, period: usize) -> Vec<i16> {
        (from..from + count)
            .map(|index| {
                let phase = (index % period) as i32 * 4 * 8_000 / period as i32;
                (if phase < 8_000 {
                    phase
                } else if phase < 24_000 {
                    16_000 - phase
                } else {
                    phase - 32_000
                }) as i16
            })
            .collect()
    }

    #[test]
    fn goes_on_with_a_periodic_sound_and_fades_it() {
        let mut concealment = Concealment::new();
        concealment.good(&mut wave(0, 480, 75));
        let mut made_up = [0; 480];
        concealment.conceal(&mut made_up);
        let truth = wave(480, 480, 75);
        for index in 0..80 {
            let faded = i32::from(truth[index]) * (800 - 3 * (index as i32 + 1)) / 800;
            let error = i32::from(made_up[index]) - faded;
            assert!(error.abs() <= 450, "sample {index}: {} for {}", made_up[index], truth[index]);
        }
        let loudest = |samples: &[i16]| samples.iter().map(|sample| sample.abs()).max();
        assert!(loudest(&made_up[160..]) <= Some(3_200), "two fifths are left after 20 ms");
        concealment.conceal(&mut made_up);
        assert!(loudest(&made_up) > Some(1_500) && loudest(&made_up[240..]) < Some(1_500));
        concealment.conceal(&mut made_up);
        assert_eq!(made_up[240..], [0; 240], "nothing after 150 ms");
    }

    #[test]
    fn leaves_no_step_where_truth_returns() {
        let mut concealment = Concealment::new();
        concealment.good(&mut wave(0, 480, 80));
        let mut made_up = [0; 160];
        concealment.conceal(&mut made_up);
        let mut truth = wave(640, 160, 80);
        concealment.good(&mut truth);
        assert_eq!(truth[16..], wave(656, 144, 80));
        let mut all = made_up.to_vec();
        all.extend(&truth);
        assert!(all.windows(2).all(|pair| (i32::from(pair[0]) - i32::from(pair[1])).abs() < 1_500));
    }

    #[test]
    fn silence_begins_without_a_click() {
        let mut concealment = Concealment::new();
        concealment.good(&mut [16_000; 200]);
        let mut samples = [1; 20];
        concealment.silence(&mut samples);
        assert_eq!((samples[0], samples[14], samples[15], samples[19]), (15_000, 1_000, 0, 0));
        let recalled = concealment.recall();
        assert_eq!((recalled[HISTORY - 22], recalled[HISTORY - 20], recalled[HISTORY - 1]), (16_000, 15_000, 0));
    }
}
