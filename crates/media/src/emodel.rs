//! How a call sounds, as a number: the E-model of ITU-T G.107 for G.711 with concealment, all that this side cannot know at its
//! default. Only + − × ÷, so that both languages round alike.

/// Ro − Is of G.107 with every parameter at its default and no delay: the best that a narrow-band call gets.
const BEST: f64 = 93.2;
/// Id of G.107 §7.4 (talker echo, listener echo, absolute delay) at the default parameters, for each 25 ms of one-way delay.
const DELAY_IMPAIRMENT: [f64; 41] = [
    0.0, 0.82, 1.45, 2.02, 2.54, 3.04, 3.67, 4.98, 7.4, 10.6, 14.03, 17.38, 20.54, 23.47, 26.18, 28.67, 30.96, 33.06, 35.0, 36.77, 38.4,
    39.9, 41.28, 42.55, 43.72, 44.8, 45.8, 46.71, 47.56, 48.35, 49.08, 49.76, 50.38, 50.97, 51.52, 52.03, 52.5, 52.95, 53.37, 53.76, 54.13,
];
/// Between two entries of it, ms.
const DELAY_STEP: f64 = 25.0;
/// G.113 Appendix I, table I.3: how robust G.711 with concealment is against loss, percent. Its Ie is 0.
const ROBUSTNESS: f64 = 25.1;
/// Loss in bursts is counted as at most this many times worse: beyond, the formula was never tried on listeners.
const WORST_BURSTS: f64 = 8.0;

/// The transmission rating factor R, 0–100.
///
/// `delay` is one way, in ms; `loss` in percent of packets that were lost or came too late; `bursts` the burst ratio of G.107 §7.5:
/// how long the runs of lost packets are, over how long they would be by chance.
pub fn rating(delay: f64, loss: f64, bursts: f64) -> f64 {
    let bursts = bursts.clamp(1.0, WORST_BURSTS);
    let equipment = if loss > 0.0 { 95.0 * loss / (loss / bursts + ROBUSTNESS) } else { 0.0 };
    (BEST - delay_impairment(delay) - equipment).clamp(0.0, 100.0)
}

/// The mean opinion score, 1–4.5, that G.107 Annex B gives for a rating.
pub fn opinion(rating: f64) -> f64 {
    if rating <= 0.0 {
        return 1.0;
    }
    // The cubic dips below 1 for ratings under 6.5.
    (1.0 + 0.035 * rating + rating * (rating - 60.0) * (100.0 - rating) * 0.000_007).max(1.0)
}

fn delay_impairment(delay: f64) -> f64 {
    let last = DELAY_IMPAIRMENT.len() - 1;
    let at = delay / DELAY_STEP;
    if at >= last as f64 {
        return DELAY_IMPAIRMENT[last];
    }
    let index = at.max(0.0) as usize;
    let before = DELAY_IMPAIRMENT[index];
    before + (DELAY_IMPAIRMENT[index + 1] - before) * (at.max(0.0) - index as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_perfect_call_is_rated_as_the_recommendation_has_it() {
        assert_eq!(rating(0.0, 0.0, 1.0), 93.2);
        assert!((opinion(93.2) - 4.41).abs() < 0.005);
    }

    #[test]
    fn ratings_fall_with_delay_loss_and_bursts() {
        assert!(rating(150.0, 0.0, 1.0) > rating(151.0, 0.0, 1.0));
        assert!((rating(400.0, 0.0, 1.0) - 62.24).abs() < 0.05, "G.107 with its defaults and 400 ms");
        assert!((rating(0.0, 2.0, 1.0) - (93.2 - 190.0 / 27.1)).abs() < 1e-9);
        assert!(rating(0.0, 5.0, 2.0) < rating(0.0, 5.0, 1.0));
        assert_eq!(rating(5_000.0, 100.0, 100.0), 0.0);
        assert_eq!(opinion(0.0), 1.0);
        assert_eq!(opinion(3.0), 1.0);
        assert_eq!(opinion(100.0), 4.5);
    }
}
