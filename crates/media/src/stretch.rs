//! Where a sound repeats itself, and how to leave out or say twice what lies between, unheard (waveform similarity overlap-add).

/// The shortest and the longest piece that is left out or inserted: 2.5 to 15 ms.
pub const SHORTEST: usize = 20;
/// See [`SHORTEST`].
pub const LONGEST: usize = 120;
/// The samples over which two stretches of sound are compared: 16 ms, and whole vectors for the processor, also of their sums.
pub const WINDOW: usize = 128;
/// Samples are compared without their last bits, so that 32 bits hold a sum over a window.
const LESS: u32 = 4;
/// The most samples that a search looks at: its window, and the longest lag.
const ROOM: usize = 320;
/// A search first looks at sums of so many samples: a voice repeats itself in what is below 1 kHz, and a quarter of the samples at a
/// quarter of the lags is a sixteenth of the work.
const COARSE: usize = 4;
/// Weights of a blend are fractions of this power of two.
const UNIT_SHIFT: u32 = 14;
/// Below this magnitude audio is so soft that nobody hears where it was mended.
const SOFT: u16 = 200;

/// How far apart two likenesses are, and how alike: the squared correlation over the energy of both, 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Likeness {
    /// Samples.
    pub lag: usize,
    /// 1: the same but for loudness.
    pub degree: f64,
}

/// Which way to look for what is alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Towards {
    /// Back: `samples[at - lag..]`.
    Past,
    /// On: `samples[at + lag..]`.
    Future,
}

/// Which of the lags `least` to `most` leads to what is most like `samples[at..]`, over `window` samples. Window and longest lag are 320
/// samples at most.
pub fn search(samples: &[i16], at: usize, window: usize, least: usize, most: usize, towards: Towards) -> Likeness {
    // Shifted once: what remains is what a processor multiplies and adds eight at a time.
    let (from, at) = if towards == Towards::Past { (at - most, most) } else { (at, 0) };
    let mut less = [0_i16; ROOM];
    let less = &mut less[..most + window];
    for (less, &sample) in less.iter_mut().zip(&samples[from..]) {
        *less = sample >> LESS;
    }
    // One of the sums begins at `at`.
    let mut sums = [0_i16; ROOM / COARSE];
    let (skipped, sums_at) = (at % COARSE, at / COARSE);
    for (sum, four) in sums.iter_mut().zip(less[skipped..].chunks_exact(COARSE)) {
        *sum = four.iter().sum::<i16>() / COARSE as i16;
    }
    let coarse = peak(&sums, sums_at, window / COARSE, least.div_ceil(COARSE), most / COARSE, towards);
    let near = if coarse.score > 0.0 { coarse.lag * COARSE } else { most };
    let fine = peak(less, at, window, least.max(near.saturating_sub(COARSE - 1)), most.min(near + COARSE - 1), towards);
    let energy = product(&less[at..at + window], &less[at..at + window]);
    if fine.score > 0.0 { Likeness { lag: fine.lag, degree: fine.score / f64::from(energy) } } else { Likeness { lag: most, degree: 0.0 } }
}

/// A lag and its score.
struct Peak {
    lag: usize,
    score: f64,
}

/// Of the lags `least` to `most`, the one that scores most, and its score; 0 when none is like it at all.
fn peak(samples: &[i16], at: usize, window: usize, least: usize, most: usize, towards: Towards) -> Peak {
    let other = |lag: usize| if towards == Towards::Past { at - lag } else { at + lag };
    let mut best = Peak { lag: most, score: 0.0 };
    if least > most {
        return best;
    }
    let here = &samples[at..at + window];
    let start = &samples[other(least)..other(least) + window];
    let mut energy = product(start, start);
    for lag in least..=most {
        let start = other(lag);
        let score = score(product(here, &samples[start..start + window]), energy);
        if score > best.score {
            best = Peak { lag, score };
        }
        if lag < most {
            // The window moves by one: a sample leaves it, one comes in.
            let (left, came) = if towards == Towards::Past { (start + window - 1, start - 1) } else { (start, start + window) };
            energy += square(samples[came]) - square(samples[left]);
        }
    }
    best
}

/// The squared correlation over the energy of the other. Sums are exact; what follows rounds alike in both languages.
fn score(product: i32, energy: i32) -> f64 {
    if product <= 0 { 0.0 } else { f64::from(product) * f64::from(product) / f64::from(energy) }
}

fn square(sample: i16) -> i32 {
    i32::from(sample) * i32::from(sample)
}

fn product(one: &[i16], other: &[i16]) -> i32 {
    one.iter().zip(other).map(|(&one, &other)| i32::from(one) * i32::from(other)).sum()
}

/// Whether all of it is so soft that nobody hears where it was mended.
pub fn soft(samples: &[i16]) -> bool {
    samples.iter().all(|sample| sample.unsigned_abs() < SOFT)
}

/// Goes over from `samples[from..]` to `samples[to..]` within `overlap` samples.
pub fn blend(samples: &[i16], from: usize, to: usize, overlap: usize, out: &mut [i16]) {
    let (blended, rest) = out.split_at_mut(overlap.min(out.len()));
    // No division for a sample; what the last weights lack of the whole is less than a hundredth.
    let step = (1 << UNIT_SHIFT) / overlap.max(1) as i32;
    let mut weight = 0;
    for ((sample, &from), &to) in blended.iter_mut().zip(&samples[from..]).zip(&samples[to..]) {
        let (from, to) = (i32::from(from), i32::from(to));
        *sample = (from + (((to - from) * weight) >> UNIT_SHIFT)) as i16;
        weight += step;
    }
    rest.copy_from_slice(&samples[to + blended.len()..][..rest.len()]);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn saw(period: usize, count: usize) -> Vec<i16> {
        (0..count).map(|index| ((index % period) as i16 - period as i16 / 2) * 100).collect()
    }

    #[test]
    fn finds_the_period_of_a_periodic_sound() {
        for (period, towards) in [(41, Towards::Past), (64, Towards::Future), (77, Towards::Past), (119, Towards::Future)] {
            let found = search(&saw(period, 500), 240, WINDOW, SHORTEST, LONGEST, towards);
            assert_eq!(found.lag % period, 0);
            assert!(found.degree > 0.999, "{found:?}");
        }
    }

    #[test]
    fn noise_is_like_nothing() {
        let mut random = 1_u32;
        let noise: Vec<i16> = (0..400)
            .map(|_| {
                random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (random >> 16) as i16
            })
            .collect();
        assert!(search(&noise, 240, WINDOW, SHORTEST, LONGEST, Towards::Past).degree < 0.3);
        assert_eq!(search(&[0; 400], 240, WINDOW, SHORTEST, LONGEST, Towards::Past), Likeness { lag: LONGEST, degree: 0.0 });
        assert!(soft(&[-199, 199]) && !soft(&[-200]));
        assert_eq!(search(&[i16::MIN; 400], 240, 160, SHORTEST, LONGEST, Towards::Past).degree, 1.0);
    }

    #[test]
    fn a_periodic_sound_is_shortened_and_lengthened_unheard() {
        let sound = saw(80, 480);
        let mut out = [0; 160];
        blend(&sound, 160, 240, 80, &mut out);
        assert_eq!(out, sound[160..320]);
        blend(&sound, 160, 80, 80, &mut out);
        assert_eq!(out, sound[160..320]);
    }
}
