//! Silence suppression (RFC 3551 §4.1): while nobody speaks, a description of the noise (RFC 3389) goes out now and then.

use crate::voice::{Activity, VoiceActivity};

/// Reflection coefficients described: as many as the receiving side makes use of.
const ORDER: usize = 10;
/// A description's length, at most.
pub const LONGEST_DESCRIPTION: usize = 1 + ORDER;
/// The noise is an average over so many packets.
const PACKETS: u32 = 8;
/// The noise is described anew after 1 s, which also keeps NATs open; after 100 ms where it has changed by 3 dB. Samples.
const REFRESH: u32 = 8_000;
const SOONEST: u32 = 800;
const CHANGED: u8 = 3;
/// Loudest square wave's power, and one decibel and half a decibel less.
const FULL: f64 = 1_073_676_289.0;
const DECIBEL: f64 = 0.794_328_234_724_281_5;
const HALF_DECIBEL: f64 = 0.891_250_938_133_745_6;
/// The level that stands for nothing at all.
const NOTHING: u8 = 127;
/// A little white noise keeps the equations solvable.
const CORRECTION: f64 = 1.001;

/// What goes out in place of a packet's audio.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The audio itself.
    Speech,
    /// A description of so many bytes.
    Description(usize),
    /// Nothing.
    Nothing,
}

/// Decides, packet by packet.
#[derive(Debug)]
pub struct Suppression {
    voice: VoiceActivity,
    /// The noise's autocorrelation for each sample, averaged over the packets since somebody spoke.
    correlation: [f64; ORDER + 1],
    packets: u32,
    /// The far end has been told of this silence: its level, and how long ago, in samples.
    described: bool,
    level: u8,
    since: u32,
}

impl Suppression {
    /// Nothing heard yet.
    #[allow(clippy::new_without_default, reason = "the twin has no Default; one way to make a thing")]
    pub fn new() -> Self {
        Self { voice: VoiceActivity::new(), correlation: [0.0; ORDER + 1], packets: 0, described: false, level: NOTHING, since: 0 }
    }

    /// Packets of another kind were sent, or none at all: what the far end knows of our silence is over.
    pub fn interrupt(&mut self) {
        self.described = false;
    }

    /// Somebody else listens from now on.
    pub fn restart(&mut self) {
        self.described = false;
        self.voice.restart();
    }

    /// The far end knows that we are silent: the next speech begins a talkspurt.
    pub fn silent(&self) -> bool {
        self.described
    }

    /// Takes a packet's audio. A description is written into `payload`, at least [`LONGEST_DESCRIPTION`] bytes.
    pub fn decide(&mut self, samples: &[i16], payload: &mut [u8]) -> Outcome {
        let activity = self.voice.judge(samples);
        if activity == Activity::Speech {
            self.packets = 0;
        } else {
            self.learn(samples);
        }
        if activity != Activity::Silence {
            self.described = false;
            return Outcome::Speech;
        }
        self.since += samples.len() as u32;
        let level = self.level_now();
        if self.described && self.since < REFRESH && (self.since < SOONEST || level.abs_diff(self.level) < CHANGED) {
            return Outcome::Nothing;
        }
        self.described = true;
        self.level = level;
        self.since = 0;
        Outcome::Description(self.describe(payload))
    }

    fn learn(&mut self, samples: &[i16]) {
        self.packets = (self.packets + 1).min(PACKETS);
        for (lag, correlation) in self.correlation.iter_mut().enumerate() {
            let pairs = samples[lag..].iter().zip(samples);
            let sum: i64 = pairs.map(|(&sample, &before)| i64::from(i32::from(sample) * i32::from(before))).sum();
            let before = if self.packets == 1 { 0.0 } else { *correlation };
            // The sum is exact as f64.
            *correlation = before + (sum as f64 / samples.len() as f64 - before) / f64::from(self.packets);
        }
    }

    /// −dBov.
    fn level_now(&self) -> u8 {
        let mut bound = FULL * HALF_DECIBEL;
        let mut level = 0;
        while self.correlation[0] < bound && level < NOTHING {
            bound *= DECIBEL;
            level += 1;
        }
        level
    }

    /// RFC 3389 §3: the level, then the reflection coefficients, by Levinson's and Durbin's recursion. Returns the length.
    fn describe(&self, payload: &mut [u8]) -> usize {
        payload[0] = self.level;
        if self.level == NOTHING {
            return 1;
        }
        let mut predictor = [0.0_f64; ORDER];
        let mut error = self.correlation[0] * CORRECTION;
        for order in 0..ORDER {
            let mut sum = self.correlation[order + 1];
            for (&coefficient, &correlation) in predictor[..order].iter().zip(self.correlation[1..=order].iter().rev()) {
                sum -= coefficient * correlation;
            }
            let reflection = sum / error;
            let before = predictor;
            for index in 0..order {
                predictor[index] = before[index] - reflection * before[order - 1 - index];
            }
            predictor[order] = reflection;
            error *= 1.0 - reflection * reflection;
            payload[1 + order] = (reflection * 32_768.0 / 258.0 + 127.5).floor().clamp(0.0, 254.0) as u8;
        }
        LONGEST_DESCRIPTION
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::noise::ComfortNoise;

    /// Noise as the receiving side makes it.
    fn noise(payload: &[u8], count: usize) -> Vec<i16> {
        let mut noise = ComfortNoise::new();
        noise.describe(payload);
        let mut samples = vec![0; count];
        noise.fill(&mut samples);
        samples
    }

    #[test]
    fn describes_the_noise_so_that_it_sounds_the_same() {
        let theirs = [50, 200, 90, 140, 127];
        let mut suppression = Suppression::new();
        let mut descriptions = Vec::new();
        for packet in noise(&theirs, 40_000).chunks_exact(160) {
            let mut payload = [0; LONGEST_DESCRIPTION];
            if let Outcome::Description(length) = suppression.decide(packet, &mut payload) {
                descriptions.push(payload[..length].to_vec());
            }
        }
        // 5 s: 700 ms until the noise is known, then once a second.
        assert_eq!(descriptions.len(), 5);
        for description in descriptions {
            assert!(description[0].abs_diff(50) <= 1, "{description:?}");
            for (ours, theirs) in description[1..].iter().zip([200_u8, 90, 140, 127, 127]) {
                assert!(ours.abs_diff(theirs) <= 16, "{description:?}");
            }
        }
    }

    #[test]
    fn louder_noise_is_told_soon_and_silence_has_the_least_level() {
        let mut suppression = Suppression::new();
        let mut payload = [0; LONGEST_DESCRIPTION];
        let mut told = Vec::new();
        let sound = [noise(&[60], 16_000), noise(&[56], 8_000)].concat();
        for (index, packet) in sound.chunks_exact(160).enumerate() {
            if let Outcome::Description(_) = suppression.decide(packet, &mut payload) {
                told.push((index, payload[0]));
            }
        }
        assert!(told.iter().any(|&(index, level)| (100..115).contains(&index) && level <= 57), "{told:?}");
        let mut suppression = Suppression::new();
        for _ in 0..25 {
            assert_eq!(suppression.decide(&[0; 160], &mut payload), Outcome::Speech);
        }
        assert_eq!(suppression.decide(&[0; 160], &mut payload), Outcome::Description(1));
        assert_eq!(payload[0], 127);
        assert_eq!(suppression.decide(&[0; 160], &mut payload), Outcome::Nothing);
        suppression.interrupt();
        assert_eq!(suppression.decide(&[0; 160], &mut payload), Outcome::Description(1));
    }

    #[test]
    fn full_scale_does_not_overflow() {
        let mut suppression = Suppression::new();
        let mut payload = [0; LONGEST_DESCRIPTION];
        let loudest: Vec<i16> = (0..480).map(|index| if index & 8 == 0 { i16::MIN } else { i16::MAX }).collect();
        for _ in 0..100 {
            suppression.decide(&[i16::MIN; 480], &mut payload);
            assert_eq!(suppression.decide(&loudest, &mut payload), Outcome::Speech);
        }
    }
}
