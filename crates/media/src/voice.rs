//! Voice activity detection: whether somebody speaks, so that silence need not be sent.
//!
//! Blocks of 10 ms are measured twice: their energy above 160 Hz, for what is below is mostly rumbling, and that of the difference between
//! neighbours, in which an s stands out of a hum.
//! Each is compared with the quietest that was heard in the last seconds. Nothing is delayed, so a block is judged by itself, and what
//! is doubtful is speech: a packet too many costs less than a syllable cut off.

/// Samples in a block: 10 ms.
pub const BLOCK: usize = 80;
/// The quietest of so many spans of so many blocks is the noise: of 5 s. What is said in one breath is shorter, or has gaps.
const SPANS: usize = 8;
const SPAN: u32 = 64;
/// Energies are smoothed over so many blocks before the quietest is taken: single blocks of rumbling noise vary much.
const SMOOTHING: f64 = 2.0;
/// Speech is so many times as strong as the noise (7 and 6 dB).
const STRONGER: f64 = 5.0;
const SHARPER: f64 = 4.0;
/// What is below a root mean square of 8 (−72 dB of the loudest) nobody hears.
const NOTHING: f64 = 64.0 * BLOCK as f64;
/// No noise is louder than a root mean square of 300 (−41 dB): what goes on and is louder is music, or somebody's dial tone. The
/// differences of white noise have twice its energy.
const LOUDEST: f64 = 90_000.0 * BLOCK as f64;
const SHARPEST: f64 = 2.0 * LOUDEST;
/// The mean that is subtracted follows the samples by so much of the distance: a high pass at 160 Hz.
const MEAN: f64 = 8.0;
/// After speech its tail is waited for, 200 ms: words end softly.
const HANGOVER: u32 = 20;
/// For so long at first all is speech (500 ms): the noise is not known yet, and the network and the far end have to learn of us. What
/// is queued after silence from nowhere is not known either.
const WARMING: u32 = 50;

/// The quietest of the last seconds.
#[derive(Debug)]
struct Floor {
    spans: [f64; SPANS],
    at: usize,
    blocks: u32,
    smoothed: f64,
}

impl Floor {
    fn new() -> Self {
        Self { spans: [f64::INFINITY; SPANS], at: 0, blocks: 0, smoothed: -1.0 }
    }

    /// Nothing heard yet: all is louder than that.
    fn get(&self) -> f64 {
        self.spans.iter().fold(f64::INFINITY, |least, &span| least.min(span))
    }

    fn take(&mut self, energy: f64) {
        self.smoothed = if self.smoothed < 0.0 { energy } else { self.smoothed + (energy - self.smoothed) / SMOOTHING };
        self.spans[self.at] = self.spans[self.at].min(self.smoothed);
        self.blocks += 1;
        if self.blocks == SPAN {
            self.blocks = 0;
            self.at = (self.at + 1) % SPANS;
            self.spans[self.at] = f64::INFINITY;
        }
    }
}

/// What a stretch of sound is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activity {
    /// Somebody speaks in some of it.
    Speech,
    /// Somebody has just spoken.
    Tail,
    /// Nobody speaks.
    Silence,
}

/// Listens to all that could be sent.
#[derive(Debug)]
pub struct VoiceActivity {
    loud: Floor,
    sharp: Floor,
    last: f64,
    mean: f64,
    left: u32,
    /// Blocks of any sound heard, up to [`WARMING`].
    heard: u32,
}

impl VoiceActivity {
    /// Nothing heard yet.
    #[allow(clippy::new_without_default, reason = "the twin has no Default; one way to make a thing")]
    pub fn new() -> Self {
        Self { loud: Floor::new(), sharp: Floor::new(), last: 0.0, mean: 0.0, left: WARMING, heard: 0 }
    }

    /// Other ears listen from now on, who know nothing of us.
    pub fn restart(&mut self) {
        self.left = self.left.max(WARMING);
    }

    /// Judges whole blocks: speech where any of it is, or its tail.
    pub fn judge(&mut self, samples: &[i16]) -> Activity {
        let mut activity = Activity::Silence;
        for block in samples.chunks_exact(BLOCK) {
            let before = self.left;
            self.left = self.left.saturating_sub(1);
            if self.speaks(block) {
                activity = Activity::Speech;
                self.left = self.left.max(HANGOVER);
            } else if before > 0 && activity == Activity::Silence {
                activity = Activity::Tail;
            }
        }
        activity
    }

    fn speaks(&mut self, block: &[i16]) -> bool {
        if block.iter().all(|&sample| sample == 0) {
            // Nobody's microphone: nothing is queued. That says nothing of the noise there will be.
            return false;
        }
        let mut energy = 0.0;
        let mut difference = 0.0;
        for &sample in block {
            let sample = f64::from(sample);
            self.mean += (sample - self.mean) / MEAN;
            energy += (sample - self.mean) * (sample - self.mean);
            difference += (sample - self.last) * (sample - self.last);
            self.last = sample;
        }
        self.loud.take(energy);
        self.sharp.take(difference);
        if self.heard < WARMING {
            self.heard += 1;
            return energy > NOTHING;
        }
        let loud = (self.loud.get().min(LOUDEST) * STRONGER).max(NOTHING);
        let sharp = (self.sharp.get().min(SHARPEST) * SHARPER).max(NOTHING);
        energy > loud || difference > sharp
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Evenly distributed noise up to `peak`.
    fn noise(random: &mut u32, peak: i32, count: usize) -> Vec<i16> {
        (0..count)
            .map(|_| {
                *random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (((*random >> 16) as i32 * 2 * peak / 65_536) - peak) as i16
            })
            .collect()
    }

    fn judge_each(voice: &mut VoiceActivity, samples: &[i16]) -> Vec<Activity> {
        samples.chunks_exact(BLOCK).map(|block| voice.judge(block)).collect()
    }

    #[test]
    fn steady_noise_is_silence_and_what_stands_out_is_speech_at_once() {
        let mut voice = VoiceActivity::new();
        let mut random = 1;
        let before = judge_each(&mut voice, &noise(&mut random, 100, 16_000));
        assert!(before[..70].iter().all(|&each| each != Activity::Silence));
        assert!(before[70..].iter().all(|&each| each == Activity::Silence), "{before:?}");
        assert_eq!(voice.judge(&noise(&mut random, 400, BLOCK)), Activity::Speech);
        let after = judge_each(&mut voice, &noise(&mut random, 100, 8_000));
        assert!(after[..20].iter().all(|&each| each == Activity::Tail));
        assert!(after[20..].iter().all(|&each| each == Activity::Silence));
    }

    #[test]
    fn noise_that_becomes_louder_is_silence_again_after_a_while() {
        let mut voice = VoiceActivity::new();
        let mut random = 1;
        judge_each(&mut voice, &noise(&mut random, 20, 32_000));
        let louder = judge_each(&mut voice, &noise(&mut random, 200, 64_000));
        assert_eq!(louder[0], Activity::Speech);
        assert!(louder[650..].iter().all(|&each| each == Activity::Silence));
    }

    #[test]
    fn loud_sound_that_goes_on_for_ever_is_speech() {
        let mut voice = VoiceActivity::new();
        let tone: Vec<i16> = (0..80_000).map(|index| if index % 20 < 10 { 1_000 } else { -1_000 }).collect();
        assert!(judge_each(&mut voice, &tone).iter().all(|&each| each == Activity::Speech));
    }

    #[test]
    fn nothing_queued_is_silence_and_no_noise() {
        let mut voice = VoiceActivity::new();
        let mut random = 1;
        judge_each(&mut voice, &noise(&mut random, 100, 16_000));
        judge_each(&mut voice, &[0; 80_000]);
        assert!(judge_each(&mut voice, &noise(&mut random, 100, 16_000)).iter().all(|&each| each == Activity::Silence));
    }
}
