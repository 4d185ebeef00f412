//! Where a sound repeats itself, and how to leave out or say twice what lies between, unheard (waveform similarity overlap-add).

/// The shortest and the longest piece that is left out or inserted: 2.5 to 15 ms.
pub const SHORTEST: usize = 20;
/// See [`SHORTEST`].
pub const LONGEST: usize = 120;
/// The samples over which two stretches of sound are compared.
pub const WINDOW: usize = 120;
/// Samples are compared without their last bits, so that 32 bits hold a sum over a window.
const LESS: u32 = 4;
/// The most samples that a search looks at.
const ROOM: usize = 480;
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

/// Which of the lags `least` to `most` leads to what is most like `samples[at..]`, over `window` (at most 160) samples. The first 480
/// samples count.
pub fn search(samples: &[i16], at: usize, window: usize, least: usize, most: usize, towards: Towards) -> Likeness {
    // Shifted once: what remains is what a processor multiplies and adds eight at a time.
    let mut less = [0_i16; ROOM];
    for (less, &sample) in less.iter_mut().zip(samples) {
        *less = sample >> LESS;
    }
    let window_of = |start: usize| &less[start..start + window];
    let other = |lag: usize| if towards == Towards::Past { at - lag } else { at + lag };
    let (mut best, mut best_score) = (most, 0.0);
    // Every second lag first, then the neighbours of the best.
    let mut energy = product(window_of(other(least)), window_of(other(least)));
    let mut lag = least;
    while lag <= most {
        let score = score(product(window_of(at), window_of(other(lag))), energy);
        if score > best_score {
            best = lag;
            best_score = score;
        }
        lag += 2;
        if lag <= most {
            // The window moved by two: two samples left it, two came in.
            let (from, to) = (other(lag - 2), other(lag));
            let (left, came) = if towards == Towards::Past { (from + window - 2, to) } else { (from, to + window - 2) };
            energy += product(&less[came..came + 2], &less[came..came + 2]) - product(&less[left..left + 2], &less[left..left + 2]);
        }
    }
    let coarse = best;
    for lag in [coarse - 1, coarse + 1] {
        if lag >= least && lag <= most {
            let likely = window_of(other(lag));
            let score = score(product(window_of(at), likely), product(likely, likely));
            if score > best_score {
                best = lag;
                best_score = score;
            }
        }
    }
    let energy = product(window_of(at), window_of(at));
    Likeness { lag: best, degree: if energy == 0 { 0.0 } else { best_score / f64::from(energy) } }
}

/// The squared correlation over the energy of the other. Sums are exact; what follows rounds alike in both languages.
fn score(product: i32, energy: i32) -> f64 {
    if product <= 0 { 0.0 } else { f64::from(product) * f64::from(product) / f64::from(energy) }
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
    let whole = overlap as i32;
    for (index, sample) in out.iter_mut().enumerate() {
        *sample = if index < overlap {
            let weight = index as i32;
            ((i32::from(samples[from + index]) * (whole - weight) + i32::from(samples[to + index]) * weight) / whole) as i16
        } else {
            samples[to + index]
        };
    }
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
            let found = search(&saw(period, 480), 240, WINDOW, SHORTEST, LONGEST, towards);
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
